"""The state machine of one message. Every state and move is defined here, once.

A job is one message to one recipient: `(booking_num, kind, phone, occurrence)`. The intent is
the claim: ``sending`` is written with t0 and a lease before the POST, so a crash at any point
leaves either a job that was certainly not sent or one that is reconciled against SENS's list.

| state | meaning | moved by | if nobody does |
|---|---|---|---|
| scheduled | deferred: hours, shift, retry later | dispatch, when it is time | expires |
| available | due, nobody has it | dispatch (intent) | expires |
| sending | the POST may be under way | its sender; past the lease, reconcile | lapses |
| outcome_unknown | may or may not have gone out | reconcile | stays, alarms by age |
| accepted | SENS took it, request_id stored | delivery poll | alarms by age |
| retryable | certainly not sent, waits for its next time | dispatch (intent) | expires |
| held | needs a person, ``reason`` says why | a person | expires past not_after |
| delivered, undelivered | the carrier's final word | nobody | - |
| rejected | refused for good | nobody | - |
| cancelled | no longer wanted | a person, who may reopen it: held again; the planner (renew) | - |
| superseded | another job took its place | the planner, if its booking changed back (renew) | - |
| suppressed | blocked by opt-out, by the hours of its rule or by the advertising gap | nobody | - |
| expired | its useful life is over | nobody | - |
"""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass, field, fields, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

from booking_sms.domain.booking import require_aware
from booking_sms.domain.errors import IllegalMove

SMS_CHANNEL = "sms"
"""Every other channel carries notices to colleagues: at least once, and never through SENS."""

OUTSIDE_HOURS = "outside_hours"
"""Reason of a message that its rule's hours put off or dropped."""

START_MARK = "start-"
"""How the occurrence of a message begins that is sent once for each start of the visit."""

OPEN_SHARDS = 16
MAX_ATTEMPT_HISTORY = 5


class JobState(StrEnum):
    """See the table above; values are what the tables and the UI show."""

    SCHEDULED = "scheduled"
    AVAILABLE = "available"
    SENDING = "sending"
    OUTCOME_UNKNOWN = "outcome_unknown"
    ACCEPTED = "accepted"
    RETRYABLE = "retryable"
    HELD = "held"
    DELIVERED = "delivered"
    UNDELIVERED = "undelivered"
    REJECTED = "rejected"
    CANCELLED = "cancelled"
    SUPERSEDED = "superseded"
    SUPPRESSED = "suppressed"
    EXPIRED = "expired"


FINAL = frozenset({
    JobState.DELIVERED,
    JobState.UNDELIVERED,
    JobState.REJECTED,
    JobState.CANCELLED,
    JobState.SUPERSEDED,
    JobState.SUPPRESSED,
    JobState.EXPIRED,
})
CLAIMABLE = frozenset({JobState.AVAILABLE, JobState.RETRYABLE})
UNSENT = frozenset({JobState.SCHEDULED, JobState.AVAILABLE, JobState.RETRYABLE, JobState.HELD})
"""Certainly not sent and not under way: may be cancelled, superseded, suppressed or expired."""
IN_DOUBT = frozenset({JobState.SENDING, JobState.OUTCOME_UNKNOWN})
SENT = frozenset({JobState.ACCEPTED, JobState.DELIVERED, JobState.UNDELIVERED})
FORGOTTEN = frozenset({JobState.CANCELLED, JobState.SUPERSEDED})
"""States that do not count as "this message exists" in the projected ledger."""

ACCOUNTING: dict[str, frozenset[JobState]] = {
    "sent": SENT,
    "refused": frozenset({JobState.REJECTED}),
    "skipped": frozenset({JobState.CANCELLED, JobState.SUPPRESSED}),
    "superseded": frozenset({JobState.SUPERSEDED}),
    "expired": frozenset({JobState.EXPIRED}),
    "held": frozenset({JobState.HELD}),
    "in_flight": frozenset({
        JobState.SCHEDULED,
        JobState.AVAILABLE,
        JobState.SENDING,
        JobState.RETRYABLE,
        JobState.OUTCOME_UNKNOWN,
    }),
}
"""planned = the sum of these groups, asserted at every run; each state is in exactly one."""


class Withdrawal(StrEnum):
    """Why a message is no longer wanted, in the pipeline's own words; a person has others.

    ``no_resend``: it was in doubt when it was withdrawn, and turned out not to be sent.
    """

    BOOKING_CANCELLED = "booking_cancelled"
    BOOKING_REPLACED = "booking_replaced"
    BOOKING_MOVED = "booking_moved"
    PHONE_CHANGED = "phone_changed"
    NO_SHOW = "booking_no_show"
    NO_RESEND = "no_resend"


class Move(StrEnum):
    """Every legal change of state; the store's conditions refuse all others."""

    RELEASE = "release"
    INTENT = "intent"
    ACCEPT = "accept"
    NOT_SENT = "not_sent"
    DEFER = "defer"
    REFUSE = "refuse"
    DOUBT = "doubt"
    LAPSE = "lapse"
    SETTLE_ABSENT = "settle_absent"
    HOLD = "hold"
    APPROVE = "approve"
    DELIVER = "deliver"
    FAIL_DELIVERY = "fail_delivery"
    CANCEL = "cancel"
    REOPEN = "reopen"
    RENEW = "renew"
    RENEW_HELD = "renew_held"
    SUPERSEDE = "supersede"
    SUPPRESS = "suppress"
    EXPIRE = "expire"


MOVES: dict[Move, tuple[frozenset[JobState], JobState]] = {
    Move.RELEASE: (frozenset({JobState.SCHEDULED}), JobState.AVAILABLE),
    Move.INTENT: (CLAIMABLE, JobState.SENDING),
    Move.ACCEPT: (IN_DOUBT | {JobState.HELD}, JobState.ACCEPTED),
    Move.NOT_SENT: (frozenset({JobState.SENDING}), JobState.RETRYABLE),
    Move.DEFER: (CLAIMABLE, JobState.SCHEDULED),
    Move.REFUSE: (frozenset({JobState.SENDING}), JobState.REJECTED),
    Move.DOUBT: (frozenset({JobState.SENDING}), JobState.OUTCOME_UNKNOWN),
    Move.LAPSE: (frozenset({JobState.SENDING}), JobState.OUTCOME_UNKNOWN),
    Move.SETTLE_ABSENT: (frozenset({JobState.OUTCOME_UNKNOWN}), JobState.RETRYABLE),
    Move.HOLD: (UNSENT | {JobState.OUTCOME_UNKNOWN}, JobState.HELD),
    Move.APPROVE: (frozenset({JobState.HELD}), JobState.AVAILABLE),
    Move.DELIVER: (frozenset({JobState.ACCEPTED}), JobState.DELIVERED),
    Move.FAIL_DELIVERY: (frozenset({JobState.ACCEPTED}), JobState.UNDELIVERED),
    Move.CANCEL: (UNSENT, JobState.CANCELLED),
    Move.REOPEN: (frozenset({JobState.CANCELLED}), JobState.HELD),
    Move.RENEW: (FORGOTTEN, JobState.SCHEDULED),
    Move.RENEW_HELD: (FORGOTTEN, JobState.HELD),
    Move.SUPERSEDE: (UNSENT, JobState.SUPERSEDED),
    Move.SUPPRESS: (UNSENT, JobState.SUPPRESSED),
    Move.EXPIRE: (UNSENT | {JobState.OUTCOME_UNKNOWN}, JobState.EXPIRED),
}
"""EXPIRE from outcome_unknown is reconcile's: provably absent and past not_after.

ACCEPT from held: a person settles it as sent, or the 202 of that very attempt comes late; the
attempt in its condition refuses both once somebody sent again.

Two ways lead out of a final state. REOPEN undoes a cancellation: it leads to a person again and
never straight to a send. RENEW undoes what the pipeline itself withdrew, when the booking changed
back and a window plans the same message anew: it is the only way in which that key can be used
again, with the new text. What a person cancelled stays cancelled."""


@dataclass(frozen=True, kw_only=True)
class Attempt:
    """One try to send: number, t0 (epoch ms), what came of it. No text, no phone."""

    number: int
    t0: int
    outcome: str
    code: str = ""
    request_id: str = ""


@dataclass(frozen=True, kw_only=True)
class LedgerEntry:
    """What the legacy ledger row of this job needs once the message is accepted."""

    phone: str = field(repr=False)
    name: str = field(repr=False)
    booking_time: str = ""
    flag: str = ""


@dataclass(frozen=True, kw_only=True)
class SmsJob:
    """One message to one recipient. All datetimes are aware; ``t0`` is epoch milliseconds.

    ``out_of_hours`` says what its rule wants out of ``allowed_hours``: ``defer`` or ``drop``,
    ``deferred_to`` when such a day's message resumes (``20:00``).
    ``outside_euc_kr`` are code points of its text that SENS may refuse.
    ``not_before``, ``not_after`` and ``due_at`` are business time; ``t0`` and
    ``lease_until`` (epoch ms) are transport time. ``attempt`` is the fencing token.
    """

    booking_num: str
    sort_key: str
    kind: str
    occurrence: str
    store_id: str
    state: JobState
    to: str = field(repr=False)
    sender: str
    message_class: str
    message_type: str
    subject: str = ""
    body_sha: str
    not_before: datetime
    not_after: datetime
    due_at: datetime
    window: str
    rule: str
    ledger: LedgerEntry
    attempt: int = 0
    t0: int = 0
    lease_until: int = 0
    priority: int = 0
    channel: str = SMS_CHANNEL
    rule_digest: str = ""
    template: str = ""
    template_digest: str = ""
    booking_version: str = ""
    code_version: str = ""
    doubt_resend_minutes: int | None = None
    allowed_hours: str = ""
    out_of_hours: str = "defer"
    deferred_to: str = ""
    outside_euc_kr: str = ""
    visit_at: datetime | None = None
    request_id: str = ""
    message_id: str = ""
    reason: str = ""
    plan_hash: str = ""
    no_resend: bool = False
    looks: int = 0
    attempts: tuple[Attempt, ...] = ()

    def __post_init__(self) -> None:
        for name in ("not_before", "not_after", "due_at", "visit_at"):
            require_aware(name, getattr(self, name))

    @property
    def job_id(self) -> str:
        """Short public id for logs, URLs and the UI; tells nothing of the person."""
        digest = hashlib.sha256(f"{self.booking_num}|{self.sort_key}".encode()).hexdigest()
        return digest[:12]

    @property
    def is_text(self) -> bool:
        """Whether it goes to a customer; else it is a notice to colleagues."""
        return self.channel == SMS_CHANNEL

    @property
    def is_withdrawn(self) -> bool:
        """Whether the pipeline ended it unsent, so that it may be wanted again."""
        return self.state in FORGOTTEN and self.reason in set(Withdrawal)

    @property
    def open_shard(self) -> int:
        """Shard of the open index: the same recipient is always in the same shard."""
        return open_shard_of(self.to)

    @property
    def payload_hash(self) -> str:
        """Hash of what would be sent; the same key with another hash is an incident.

        A notice that is planned again may count other bookings by then: that is no incident.
        """
        body = self.body_sha if self.is_text else ""
        parts = (self.to, self.sender, self.subject, self.message_type, body)
        return hashlib.sha256("\x1f".join(parts).encode()).hexdigest()

    def evolve(self, **changes: Any) -> SmsJob:
        """Return a changed copy."""
        return replace(self, **changes)

    def moved(self, move: Move, **changes: Any) -> SmsJob:
        """Return the job after ``move``; raise IllegalMove if its state forbids it."""
        sources, target = MOVES[move]
        if self.state not in sources:
            raise IllegalMove(job=self.job_id, state=self.state.value, move=move.value)
        return self.evolve(state=target, **changes)

    def with_attempt(self, outcome: str, code: str = "", request_id: str = "") -> SmsJob:
        """Return the job with the running attempt's outcome added to its short history."""
        entry = Attempt(
            number=self.attempt, t0=self.t0, outcome=outcome, code=code, request_id=request_id
        )
        return self.evolve(attempts=(*self.attempts, entry)[-MAX_ATTEMPT_HISTORY:])

    def log_context(self) -> dict[str, Any]:
        """Fields for structured logs: ids and states, never a person."""
        return {
            "job_id": self.job_id,
            "booking_num": self.booking_num,
            "kind": self.kind,
            "state": self.state.value,
            "attempt": self.attempt,
        }


JOB_FIELDS = tuple(f.name for f in fields(SmsJob))


def recipient_digest(hmac_key: bytes, phone: str) -> str:
    """Keyed digest of a phone number (first 10 hex): keys never carry the number itself."""
    return hmac.new(hmac_key, phone.encode(), hashlib.sha256).hexdigest()[:10]


def job_sort_key(kind: str, occurrence: str, digest: str) -> str:
    """Sort key of a job: never a run id, a clock, a rule's name or version."""
    return f"{kind}#{occurrence}#{digest}"


def open_shard_of(recipient: str) -> int:
    """Shard 0..15 of a recipient (stable across processes, unlike ``hash``)."""
    return int(hashlib.sha256(recipient.encode()).hexdigest()[:8], 16) % OPEN_SHARDS


def attempt_reference(job: SmsJob, attempt: int) -> str:
    """Short reference of (job, attempt), 6 characters, that ends the LMS subject.

    SENS's list returns the subject, so reconcile finds the very attempt by it.
    """
    seed = f"{job.booking_num}|{job.sort_key}|{attempt}"
    digest = hashlib.sha256(seed.encode()).digest()
    alphabet = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"
    return "".join(alphabet[byte % len(alphabet)] for byte in digest[:6])
