"""What the pipeline needs of the outside world, in our own words.

Adapters implement these for real services, ``booking_sms.testing`` in memory; one contract
suite runs against both. Conditional moves return the stored job on success and None when the
race was lost: losing is a normal answer.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple, Protocol

from booking_sms.domain.airflow_view import ComponentHealth, EndedRun, KilledTask
from booking_sms.domain.booking import Booking
from booking_sms.domain.ledger import LedgerRow
from booking_sms.domain.metric import Metric, Publication
from booking_sms.domain.sms_job import Attempt, JobState, Move, SmsJob
from booking_sms.domain.text_counts import TextCounts
from booking_sms.domain.window import StoreCoverage, Window


class Clock(Protocol):
    """Business time: due, not_after, allowed hours, caps. Real, or the sandbox's world clock."""

    def now(self) -> datetime:
        """Return the current instant, aware, Asia/Seoul."""
        ...


class TransportClock(Protocol):
    """Real time: SENS timestamps, t0, leases, settle time. Never simulated in production."""

    def now_ms(self) -> int:
        """Return epoch milliseconds."""
        ...


# --- Naver ------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class QuarantinedBooking:
    """A payload that could not become a Booking. ``reference`` is the booking id if known."""

    store_id: str
    reference: str
    reason: str


@dataclass(frozen=True, kw_only=True)
class StoreExtract:
    """Everything one store gave for a window: parsed, de-duplicated, oldest start first.

    ``payloads`` are the scrubbed raw payloads (device and payment fields dropped), kept for
    the staged snapshot; ``api_calls`` counts HTTP requests.
    """

    store_id: str
    bookings: tuple[Booking, ...]
    payloads: tuple[Mapping[str, Any], ...] = field(default=(), repr=False)
    quarantined: tuple[QuarantinedBooking, ...] = ()
    api_calls: int = 0


class BookingSource(Protocol):
    """The partner booking API, per store. Raises ExtractError subclasses; never [] on error."""

    def fetch_store(self, store_id: str, window: Window) -> StoreExtract:
        """Fetch by the window's fetch plan (USEDATE, REGDATE, RC08 look-back at hour 20)."""
        ...

    def fetch_booking(self, store_id: str, booking_id: str) -> Booking | None:
        """Detail of one booking; None when Naver does not know it."""
        ...


class NaverSession(Protocol):
    """The login state machine: probe before browser, one renewal per run, attempt budget."""

    def ensure_valid(self) -> Mapping[str, Any]:
        """Return {"state", "renewed", "browser_started"}; raise SessionNeedsPerson."""
        ...


@dataclass(frozen=True, kw_only=True)
class SessionRecord:
    """Stored session: cookies (decrypted JSON-able list), state, attempts and instants."""

    cookies: tuple[Mapping[str, Any], ...] = field(default=(), repr=False)
    state: str = "EXPIRED"
    failed_attempts: int = 0
    last_attempt_at: datetime | None = None
    renewed_at: datetime | None = None
    reason: str = ""


class SessionStore(Protocol):
    """Our item of the ``session`` table, encrypted; LEGACY's item ``1`` is never written."""

    def load(self) -> SessionRecord | None:
        """Return the stored session or None."""
        ...

    def save(self, record: SessionRecord) -> bool:
        """Write if it differs from what is stored; return whether anything was written."""
        ...


class LoginLock(Protocol):
    """At most one login at a time, on however many machines; a lock left behind lapses.

    A conditional write: free, ours already, or past its end on the real clock.
    """

    def acquire(self, owner: str, ttl: timedelta) -> bool:
        """Take the lock for ``ttl``; False while another owner holds it. Never waits."""
        ...

    def release(self, owner: str) -> None:
        """Give the lock back if this owner still holds it; else do nothing."""
        ...


# --- tables -----------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class StoredJob:
    """A job as the base table holds it; ``is_indexed`` is as its state demands."""

    job: SmsJob
    is_indexed: bool = True


@dataclass(frozen=True, kw_only=True)
class UnreadableItem:
    """An item of the outbox that is no job of ours: named, left alone."""

    booking_num: str
    sort_key: str
    reason: str


class SmsJobRepository(Protocol):
    """``sms_jobs``: one conditional write per move, on state and attempt (the fencing token)."""

    def insert_if_absent(self, job: SmsJob) -> bool:
        """True if written or already there with the same payload; PayloadConflict otherwise.

        Returns False when the very same job (same payload hash) existed before.
        """
        ...

    def get(self, booking_num: str, sort_key: str) -> SmsJob | None:
        """Strongly consistent read."""
        ...

    def of_booking(self, booking_num: str) -> tuple[SmsJob, ...]:
        """All jobs of a booking, strongly consistent, all pages."""
        ...

    def open_jobs(self, shard: int, due_until: datetime) -> tuple[SmsJob, ...]:
        """Open jobs of a shard due up to an instant: index hint, then base items re-read."""
        ...

    def move(self, job: SmsJob, move: Move, **changes: Any) -> SmsJob | None:
        """Apply a legal move if the stored item still has this job's state and attempt.

        INTENT raises attempt by one and needs ``now`` (business) < not_after in ``changes`` as
        ``t0`` and ``lease_until``; final states leave the open index. After a failed condition
        the item is read back: if the stored item already is the target of this very move
        (same attempt, same state and outcome) the write had won and is returned.
        """
        ...

    def amend(self, job: SmsJob, **changes: Any) -> SmsJob | None:
        """Change attributes without a move, on the same state and attempt."""
        ...

    def everything(self) -> Iterable[StoredJob | UnreadableItem]:
        """Every item of the base table but claims; for the audit only."""
        ...

    def index_again(self, job: SmsJob) -> bool:
        """Bring the index of open jobs in line with this job's state; False if it moved on."""
        ...

    def count_by_reason(self) -> Mapping[tuple[str, str, str], int]:
        """{(kind, state, reason): n} of jobs that have a reason; for reports only, as below."""
        ...

    def count_by_state(self, window: str | None = None) -> Mapping[tuple[str, str, str], int]:
        """{(store, kind, state): n}; reads the base table, for reports and the audit only."""
        ...


class BodyStore(Protocol):
    """``sms_bodies``: text by sha256, put if absent, encrypted."""

    def put(self, content: str) -> str:
        """Store the text, readable with the current key alone; return its sha256 hex."""
        ...

    def get(self, sha256: str) -> str:
        """Return the text; KeyError if unknown."""
        ...

    def get_many(self, sha256s: Sequence[str]) -> Mapping[str, str]:
        """Texts by sha256; what is unknown or cannot be opened is left out."""
        ...


class RequestOwner(NamedTuple):
    """The job that claimed a request of SENS's."""

    booking_num: str
    sort_key: str


class LegacyLedger(Protocol):
    """LEGACY's ``sms`` table. No row of ours before a message is accepted."""

    def rows(self, booking_nums: Iterable[str]) -> tuple[LedgerRow, ...]:
        """All rows of these bookings (every phone)."""
        ...

    def mark_accepted(self, job: SmsJob) -> None:
        """Set the job's flag; other attributes if_not_exists. Idempotent."""
        ...

    def claim_request(
        self, job: SmsJob, request_id: str, *, instead_of: RequestOwner | None = None
    ) -> bool:
        """Claim a SENS request id for this job, put if absent; True if it is ours.

        ``instead_of`` takes it from that owner, if it still is the owner.
        """
        ...

    def request_owners(self, request_ids: Sequence[str]) -> Mapping[str, RequestOwner]:
        """Who claimed these requests; nobody's are left out. Strong read."""
        ...


class WindowRepository(Protocol):
    """``sms_windows``: coverage per store and window; missed is computed by absence."""

    def record(self, coverage: StoreCoverage) -> None:
        """Write one store's coverage (a later covered beats an earlier failed)."""
        ...

    def of_store(
        self, store_id: str, since: datetime, until: datetime
    ) -> tuple[StoreCoverage, ...]:
        """Coverage of a store for windows with since <= as_of <= until."""
        ...


@dataclass(frozen=True, kw_only=True)
class SendPermission:
    """What the control table says about sending one job right now."""

    allowed: bool
    reason: str = ""


@dataclass(frozen=True, kw_only=True)
class OperatorChange:
    """One change that a person made to the control table: what, to what, who, why, when."""

    name: str
    value: str
    by: str
    reason: str
    at: datetime


@dataclass(frozen=True, kw_only=True)
class AdvertisingRecord:
    """The last advertising text to a number: which job's, and when (business time, aware)."""

    job_id: str
    at: datetime


@dataclass(frozen=True, kw_only=True)
class SendingState:
    """Whether texts may leave, as one read found it.

    ``modes`` are the effective ones by store id; the empty id is the chain. ``note`` is the
    pause that was asked for by name, None if there is none.
    """

    modes: Mapping[str, str]
    switches: frozenset[str]
    note: Mapping[str, Any] | None


class ControlRepository(Protocol):
    """``sms_control``: delivery mode (absent = off), kill switches, opt-outs, counters..."""

    def delivery_mode(self, store_id: str | None = None) -> str:
        """``live``, ``off`` or ``comparison``; absent or unknown = ``off``. Strong read."""
        ...

    def set_delivery_mode(
        self, mode: str, *, by: str, reason: str, store_id: str | None = None
    ) -> None:
        """Set the mode, with who and why."""
        ...

    def kill_switches(self) -> frozenset[str]:
        """Active kill switches: ``all``, ``store:ID``, ``rule:NAME``. Strong read."""
        ...

    def sending_state(self, store_ids: Collection[str], note: str) -> SendingState:
        """Modes of these stores, kill switches and one note together. Strong read."""
        ...

    def set_kill_switch(self, name: str, active: bool, *, by: str, reason: str) -> None:
        """Turn a kill switch on or off."""
        ...

    def is_opted_out(self, phone: str) -> bool:
        """Whether this number refused advertising. Strong read."""
        ...

    def add_opt_outs(self, phones: Iterable[str]) -> None:
        """Remember numbers that refused advertising (stored as hmac)."""
        ...

    def last_advertising(self, phone: str) -> AdvertisingRecord | None:
        """The last advertising text that went to this number, or may have. Strong read."""
        ...

    def record_advertising(self, phone: str, record: AdvertisingRecord) -> None:
        """Remember an advertising text to this number (stored as hmac) instead of the last."""
        ...

    def rollout_stage(self, rule: str) -> str | None:
        """Stored rollout stage of a rule (shadow, store:ID, all) or None: the rule's own."""
        ...

    def set_rollout_stage(self, rule: str, stage: str, *, by: str, reason: str) -> None:
        """Set a rule's rollout stage."""
        ...

    def add_to_counter(self, name: str, day: date, amount: int) -> int:
        """Add to a day's counter; return the new value."""
        ...

    def counter(self, name: str, day: date) -> int:
        """Value of a day's counter."""
        ...

    def count_texts(
        self, day: date, message_class: str, amount_of: Callable[[TextCounts], int]
    ) -> int:
        """Add ``amount_of(the month's counts)`` texts to a Korean day; return what was added.

        As if nobody else counted at that moment: ``amount_of`` may be asked again with newer
        counts. An answer that is lost counts once. Nothing is written for 0. Raises LoadError
        when the store fails; then the texts may be counted, and must not be counted back.
        """
        ...

    def texts_of_month(self, day: date) -> TextCounts:
        """Texts counted in the month that ``day`` lies in, by day and class. Strong read."""
        ...

    def put_note(self, name: str, value: Mapping[str, Any]) -> None:
        """Small state by name (last good rule set, heartbeats, dispatch pauses)."""
        ...

    def get_note(self, name: str) -> Mapping[str, Any] | None:
        """Read a note; None if absent."""
        ...

    def record_change(self, name: str, value: str, *, by: str, reason: str) -> None:
        """Keep that a person changed something that lives elsewhere: ``job#ID``, ``rules``."""
        ...

    def operator_changes(self, month: date) -> tuple[OperatorChange, ...]:
        """Who changed what and why in the month that ``month`` lies in, oldest first."""
        ...


class PlanRepository(Protocol):
    """``sms_plans``: previews and comparison plans; they can never become sendable."""

    def put(self, plan_id: str, plan: Mapping[str, Any]) -> None:
        """Store a plan."""
        ...

    def get(self, plan_id: str) -> Mapping[str, Any] | None:
        """Read a plan."""
        ...


class PayloadStage(Protocol):
    """Object storage of raw payloads: immutable objects, mode 0600, kept 7 days."""

    def write(self, key: str, document: Any) -> str:
        """Write JSON at key (store / window / attempt); return the key. Never overwrites."""
        ...

    def read(self, key: str) -> Any:
        """Read JSON."""
        ...

    def list(self, prefix: str) -> tuple[str, ...]:
        """Keys below a prefix, sorted."""
        ...

    def delete_older_than(self, days: int = 7, *, now: datetime) -> int:
        """Delete objects written more than ``days`` before ``now`` (real time); how many."""
        ...


class PersonalRecords(Protocol):
    """What erasure does to the tables: one conditional write each, all repeatable."""

    def blank_job(self, job: SmsJob) -> bool:
        """Blank recipient, name and text of a job that stands as it was read; else False."""
        ...

    def erase_job(self, job: SmsJob) -> bool:
        """Erase a job that is blank and stands as it was read; else False."""
        ...

    def ledger_rows(self) -> Iterable[tuple[str, str, datetime | None]]:
        """(booking_num, ledger phone, visit) of every row; None for a visit nobody can read."""
        ...

    def blank_row(self, booking_num: str, phone: str) -> bool:
        """Blank the name of a row; False if there was none."""
        ...

    def erase_row(self, booking_num: str, phone: str) -> bool:
        """Erase a row; False if it is gone."""
        ...

    def texts(self) -> Iterable[tuple[str, datetime]]:
        """(sha256, written) of every text, real time."""
        ...

    def erase_text(self, sha256: str, before: datetime) -> bool:
        """Erase a text that is still written before that instant; else False."""
        ...

    def plans(self) -> Iterable[tuple[str, datetime]]:
        """(plan id, over) of plans that hold people: repairs, rows of shadow campaigns."""
        ...

    def erase_plan(self, plan_id: str) -> None:
        """Erase a plan."""
        ...


@dataclass(frozen=True, kw_only=True)
class Artifact:
    """One version of a piece of a campaign's evidence: text, never a person in it."""

    campaign: str
    name: str
    at: datetime
    content: str

    @property
    def data(self) -> bytes:
        """The bytes that a checksum is of."""
        return self.content.encode()

    @property
    def sha256(self) -> str:
        """Full checksum, in hex."""
        return hashlib.sha256(self.data).hexdigest()


class EvidenceStore(Protocol):
    """What a validation campaign leaves behind: versions by time, never overwritten."""

    def put(self, campaign: str, name: str, content: str, *, at: datetime) -> Artifact:
        """Keep a version; again is harmless. PayloadConflict for other content at that instant.

        ValueError for an instant without a zone, and for names that are no file names.
        """
        ...

    def get(self, campaign: str, name: str, at: datetime | None = None) -> Artifact | None:
        """The newest version, or the one of an instant; None if there is none."""
        ...

    def names(self, campaign: str) -> tuple[str, ...]:
        """Names of a campaign's artifacts, sorted."""
        ...

    def versions(self, campaign: str, name: str) -> tuple[datetime, ...]:
        """Instants of all versions, oldest first."""
        ...


class SecretSource(Protocol):
    """Values of ``secret:`` references: door codes, Wi-Fi keys."""

    def get(self, name: str) -> str:
        """Return the value; raise SecretMissing naming the reference only."""
        ...


# --- SENS -------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class OutgoingSms:
    """One text to one recipient as the gateway needs it.

    ``store_id`` and ``rule`` are not sent: the gateway's permit judges kill switches by them.
    """

    to: str = field(repr=False)
    sender: str
    content: str = field(repr=False)
    subject: str
    message_type: str
    advertising: bool
    store_id: str = ""
    rule: str = ""


@dataclass(frozen=True, kw_only=True)
class SignedSend:
    """A signed request that was not sent yet. ``t0`` (epoch ms) is its only timestamp."""

    t0: int
    url: str
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)


@dataclass(frozen=True, kw_only=True)
class SendReceipt:
    """SENS took it (202): accepted, not delivered."""

    request_id: str
    request_time: str


@dataclass(frozen=True, kw_only=True)
class GatewayMessage:
    """One row of SENS's list. ``state``: ready, processing, delivered or undelivered."""

    request_id: str
    message_id: str
    requested_at: datetime
    to: str = field(repr=False)
    sender: str
    subject: str
    content: str | None = field(default=None, repr=False)
    state: str = "ready"
    code: str = ""
    completed_at: datetime | None = None


class SmsGateway(Protocol):
    """SENS. Never retries a send; says by error type what happened.

    send raises SmsNotSent (certainly not sent), SmsRefused (for good) or SmsOutcomeUnknown.
    """

    def sign(self, message: OutgoingSms) -> SignedSend:
        """Build and sign the request; no I/O."""
        ...

    def send(self, signed: SignedSend) -> SendReceipt:
        """POST once, within 5 s of t0, else SmsNotSent."""
        ...

    def find(
        self, to: str, sender: str, since: datetime, until: datetime
    ) -> Sequence[GatewayMessage]:
        """Rows by recipient, sender and request time, all pages; () for the empty 404."""
        ...

    def list_between(self, since: datetime, until: datetime) -> Sequence[GatewayMessage]:
        """Every row by request time, all senders and recipients, all pages; for the audit."""
        ...

    def by_request(self, request_id: str) -> Sequence[GatewayMessage]:
        """Rows of one request; () when SENS does not know it (yet)."""
        ...

    def opted_out(self) -> Iterable[str]:
        """Numbers that refused advertising, all pages."""
        ...


# --- alerts -----------------------------------------------------------------------------------


class AlertChannel(Protocol):
    """A place where people read: Slack or Telegram. Plain text, already masked."""

    name: str

    def send(self, text: str) -> None:
        """Deliver the text (split to the channel's limits) or raise AlertFailed."""
        ...


# --- metrics ----------------------------------------------------------------------------------


class MetricsSink(Protocol):
    """Where numbers go. Never raises: what cannot be published is counted and logged."""

    def put(self, metrics: Sequence[Metric]) -> Publication:
        """Publish data points; how many arrived and how many did not."""
        ...


# --- Airflow, from outside --------------------------------------------------------------------


class AirflowView(Protocol):
    """What Airflow's own API shows to somebody who only looks. Raises AirflowUnavailable."""

    def health(self) -> Sequence[ComponentHealth]:
        """Every component as Airflow's health page calls it; it needs no account."""
        ...

    def paused(self) -> Mapping[str, bool]:
        """Our DAGs by id, and whether they are paused."""
        ...

    def ended_runs(self, since: datetime, until: datetime) -> Sequence[EndedRun]:
        """Runs of our DAGs that ended from ``since`` on and before ``until``, oldest first."""
        ...

    def killed_tasks(self, since: datetime) -> Sequence[KilledTask]:
        """Tries that ended since then without telling why."""
        ...


class MonitoringLook(Protocol):
    """What monitoring itself knows. Raises StoreUnavailable when it does not answer."""

    def sum_of(self, metric: str, since: datetime, until: datetime) -> float:
        """Sum of a metric without dimensions in [since, until)."""
        ...

    def alarm_state(self, name: str) -> str:
        """``OK``, ``ALARM`` or ``INSUFFICIENT_DATA``; empty for an alarm that is not there."""
        ...


__all__ = [
    "AdvertisingRecord",
    "AirflowView",
    "AlertChannel",
    "Attempt",
    "BodyStore",
    "BookingSource",
    "Clock",
    "ControlRepository",
    "GatewayMessage",
    "JobState",
    "LegacyLedger",
    "LoginLock",
    "MetricsSink",
    "MonitoringLook",
    "NaverSession",
    "OperatorChange",
    "OutgoingSms",
    "PayloadStage",
    "PersonalRecords",
    "PlanRepository",
    "QuarantinedBooking",
    "RequestOwner",
    "SecretSource",
    "SendPermission",
    "SendReceipt",
    "SessionRecord",
    "SessionStore",
    "SignedSend",
    "SmsGateway",
    "SmsJobRepository",
    "StoreExtract",
    "StoredJob",
    "TransportClock",
    "UnreadableItem",
    "WindowRepository",
]
