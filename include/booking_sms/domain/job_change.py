"""What a changed booking means for the jobs that wait for it. Pure: facts in, a verdict out.

A message is withdrawn when its booking is cancelled, replaced or moved away from the start that
it was for, or when its number is no longer the booking's. Everything else that a text may name
changes the text, never whether it is wanted. What is not seen, or not understood, changes nothing.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum

from booking_sms.domain.booking import KST, Booking, BookingStatus
from booking_sms.domain.message import MessageClass
from booking_sms.domain.phone import PhoneKind, parse_phone, recipient_of
from booking_sms.domain.sms_job import START_MARK, SmsJob, Withdrawal

MANUAL = "manual:"
"""How the occurrence of a text begins that a person asked for."""
UNREADABLE = frozenset({PhoneKind.EMPTY, PhoneKind.MASKED})
"""Numbers that Naver hides after a while: they say nothing of a new recipient."""
ENACTED = frozenset({
    BookingStatus.CONFIRMED,
    BookingStatus.COMPLETED,
    BookingStatus.NO_SHOW,
    BookingStatus.CANCELLED,
})
"""States in which a replacing booking has really taken the other's place: not a mere request."""

RENDERED = (
    "sender",
    "message_class",
    "message_type",
    "subject",
    "body_sha",
    "outside_euc_kr",
    "not_after",
    "visit_at",
    "ledger",
    "rule_digest",
    "template",
    "template_digest",
    "booking_version",
    "code_version",
    "priority",
    "allowed_hours",
    "out_of_hours",
    "deferred_to",
    "doubt_resend_minutes",
)
"""Fields of a waiting job that follow its booking. State, attempt, window and the instant at
which it may go stay as they are, and so does the hash under which it waits for approval: who
approves compares with a hash of the jobs as they stand then, and the other text shows there."""


class Action(StrEnum):
    """What is done to a job. ``leave``: a person cancelled it, so it stays as it is.

    ``mark`` and ``unmark`` set whether a text in doubt may be sent again; ``rewrite`` puts the
    new text in place of one that waits; ``hold`` does where there is no new text.
    """

    CANCEL = "cancel"
    SUPERSEDE = "supersede"
    MARK = "mark"
    UNMARK = "unmark"
    REWRITE = "rewrite"
    HOLD = "hold"
    RENEW = "renew"
    LEAVE = "leave"


WITHDRAWING = frozenset({Action.CANCEL, Action.SUPERSEDE})


@dataclass(frozen=True, kw_only=True)
class JobChange:
    """One change of one job: a single conditional write, given the job as it was judged.

    ``after`` is the job as it is rendered now and ``text`` its text, where the action writes one.
    ``replaced_by`` are the bookings whose own messages depend on this write.
    """

    job: SmsJob
    action: Action
    reason: str = ""
    after: SmsJob | None = None
    text: str = field(default="", repr=False)
    replaced_by: tuple[str, ...] = ()

    @property
    def key(self) -> tuple[str, str]:
        """Key of the job."""
        return (self.job.booking_num, self.job.sort_key)

    @property
    def dependents(self) -> frozenset[str]:
        """Bookings that must not get new messages if this write is not made."""
        return frozenset({self.job.booking_num, *self.replaced_by})


def withdrawal(job: SmsJob, booking: Booking | None, *, is_replaced: bool) -> Withdrawal | None:
    """Why a text is no longer wanted, given its booking as seen now; None if nothing says so.

    ``booking`` is None when it was not seen: then only another one that replaced it tells. What
    Naver shows of a booking itself outranks what another says of it. A text that was decided on
    exactly these facts is wanted, whatever they are: a rule may write to who cancelled.
    """
    if booking is None:
        return Withdrawal.BOOKING_REPLACED if is_replaced else None
    if booking.status is BookingStatus.UNKNOWN or is_decided_on(job, booking):
        return None
    if booking.status is BookingStatus.CANCELLED:
        return Withdrawal.BOOKING_REPLACED if is_replaced else Withdrawal.BOOKING_CANCELLED
    if booking.status is BookingStatus.NO_SHOW and job.message_class != MessageClass.INFORMATION:
        return Withdrawal.NO_SHOW
    if job.occurrence.startswith(MANUAL):
        return None  # a person chose recipient and moment
    if _has_other_number(job, booking):
        return Withdrawal.PHONE_CHANGED
    is_for_start = job.occurrence.startswith(START_MARK)
    if is_for_start and job.occurrence != start_occurrence(booking):
        return Withdrawal.BOOKING_MOVED
    return None


def is_decided_on(job: SmsJob, booking: Booking) -> bool:
    """Whether the job was made from these very facts (empty versions tell nothing)."""
    return bool(booking.version) and job.booking_version == booking.version


def start_occurrence(booking: Booking) -> str:
    """The occurrence of a message that is sent once for each start of the visit."""
    return f"{START_MARK}{booking.starts_at.astimezone(KST):%Y%m%dT%H%M}"


def replacements(bookings: Iterable[Booking]) -> dict[str, tuple[str, ...]]:
    """Booking numbers that were replaced, each with those that took its place."""
    found: dict[str, tuple[str, ...]] = {}
    for booking in bookings:
        if booking.previous_booking_id is None or booking.status not in ENACTED:
            continue
        previous = f"{booking.store_id}_{booking.previous_booking_id}"
        found[previous] = (*found.get(previous, ()), booking.booking_num)
    return found


def has_readable_number(booking: Booking) -> bool:
    """Whether the booking tells its number, be it a good one or not."""
    return parse_phone(booking.phone).kind not in UNREADABLE


def _has_other_number(job: SmsJob, booking: Booking) -> bool:
    return has_readable_number(booking) and recipient_of(booking.phone) != job.to
