"""What is known of a booking when its turn comes: its row, the one it inherits, what failed.

One place for the planner and for ``explain``, so that both see a booking with the same eyes.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from datetime import datetime

from booking_sms.domain.booking import Booking
from booking_sms.domain.facts import Facts
from booking_sms.domain.ledger import FailedSms, Ledger, LedgerKey, LedgerRow
from booking_sms.domain.phone import ledger_phone
from booking_sms.domain.rule import RuleSet


class History:
    """A working copy of the projected ledger; what a plan decides is written into it."""

    def __init__(self, ledger: Ledger, rules: RuleSet) -> None:
        self.rows: dict[LedgerKey, LedgerRow] = dict(ledger.rows)
        self._failed: Mapping[LedgerKey, tuple[FailedSms, ...]] = ledger.failed
        self._inherits = rules.inherit_rescheduled
        self._phones: defaultdict[str, set[str]] = defaultdict(set)
        for booking_num, phone in self.rows:
            self._phones[booking_num].add(phone)

    def row_of(self, booking: Booking) -> LedgerRow | None:
        """The booking's own row, without what it inherits."""
        return self.rows.get(key_of(booking))

    def facts(self, booking: Booking, as_of: datetime) -> Facts:
        """What rules may look at; ``as_of`` in KST."""
        key = key_of(booking)
        return Facts(
            booking=booking,
            row=self.rows.get(key) or self._inherited(booking),
            as_of=as_of,
            failed=self._failed.get(key, ()),
            other_phone=bool(self._phones.get(booking.booking_num, set()) - {key[1]}),
        )

    def write(self, row: LedgerRow) -> None:
        """Put or replace a row."""
        self.rows[row.key] = row
        self._phones[row.booking_num].add(row.phone)

    def _inherited(self, booking: Booking) -> LedgerRow | None:
        """The row of the booking that this one replaces, where the rule set inherits history."""
        if not self._inherits or booking.previous_booking_id is None:
            return None
        previous = f"{booking.store_id}_{booking.previous_booking_id}"
        return self.rows.get((previous, ledger_phone(booking.phone)))


def key_of(booking: Booking) -> LedgerKey:
    """Where the ledger has, or would have, the booking."""
    return (booking.booking_num, ledger_phone(booking.phone))
