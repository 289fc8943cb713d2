"""What the planner says about a window: who gets which message, and why not the others."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from booking_sms.domain.booking import Booking
from booking_sms.domain.ledger import Ledger
from booking_sms.domain.rule import Rule, Scope
from booking_sms.domain.rule_counts import RuleCounts
from booking_sms.domain.window import Window


@dataclass(frozen=True, kw_only=True)
class Decision:
    """One matched rule for one booking: one message in the making.

    ``phone`` is the raw phone that was decided on; ``flag`` the legacy ledger flag that the
    accepted message sets; ``first_sight`` tells that LEGACY would put a new row here.
    ``not_before``/``not_after`` are aware business instants worked out from the rule.
    ``position`` numbers the looks at bookings in LEGACY's order; decisions of one look share it.
    ``late``: an earlier window could have decided it (``domain.lateness``).
    """

    booking: Booking
    rule: Rule
    kind: str
    phone: str = field(repr=False)
    occurrence: str
    flag: str
    first_sight: bool
    not_before: datetime
    not_after: datetime
    shadow: bool = False
    position: int = 0
    late: bool = False


@dataclass(frozen=True, kw_only=True)
class Notice:
    """One matched rule that tells colleagues: about one booking, or about all that matched.

    ``number`` is the job's partition: the booking's, or ``digest#RULE`` of a digest, whose
    ``bookings`` come in the order in which they were looked at.
    """

    rule: Rule
    number: str
    bookings: tuple[Booking, ...] = field(repr=False)
    occurrence: str
    not_before: datetime
    not_after: datetime
    shadow: bool = False
    late: bool = False

    @property
    def store_id(self) -> str:
        """The booking's store; empty for a digest, which speaks for the chain."""
        return self.bookings[0].store_id if self.rule.scope is Scope.BOOKING else ""


@dataclass(frozen=True, kw_only=True)
class BookingFailure:
    """A booking that could not be decided: LEGACY reports the phone, we report the reason.

    ``stage`` is the booking's status value; ``position`` as in Decision.
    """

    booking: Booking
    reason: str
    stage: str
    position: int = 0


@dataclass(frozen=True, kw_only=True)
class WindowPlan:
    """All decisions of one window in LEGACY's order, with counters of what did not match.

    ``notices`` go to colleagues; they change no ledger and are compared with nothing. ``rules``
    counts, by name, what each rule saw; planned and held are known once jobs are made.
    """

    window: Window
    rule_set: str
    decisions: tuple[Decision, ...] = ()
    notices: tuple[Notice, ...] = ()
    failures: tuple[BookingFailure, ...] = ()
    not_matched: Mapping[str, int] = field(default_factory=Counter)
    rules: Mapping[str, RuleCounts] = field(default_factory=dict)
    ledger_before: Ledger = field(default_factory=Ledger)
    ledger_after: Ledger = field(default_factory=Ledger)
