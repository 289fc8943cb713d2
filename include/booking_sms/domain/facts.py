"""What a rule may look at when it judges one booking."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime

from booking_sms.domain.booking import KST, Booking
from booking_sms.domain.ledger import FailedSms, LedgerRow


@dataclass(frozen=True, kw_only=True, slots=True)
class Facts:
    """One booking at one instant. ``as_of`` is aware, in KST; ``row`` None means "new".

    ``failed`` are our texts to this booking and phone that were refused or did not arrive;
    ``other_phone`` tells that the ledger knows the booking under another phone.
    """

    booking: Booking
    row: LedgerRow | None
    as_of: datetime
    failed: tuple[FailedSms, ...] = ()
    other_phone: bool = False

    def date_of(self, which: str) -> date:
        """Korean date of the ``visit``, or ``today``."""
        instant = self.booking.starts_at if which == "visit" else self.as_of
        # Both are in KST as a rule, and this is asked for every booking and rule.
        return (instant if instant.tzinfo is KST else instant.astimezone(KST)).date()


Check = Callable[[Facts], bool]
