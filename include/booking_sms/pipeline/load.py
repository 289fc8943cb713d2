"""From a plan to jobs in the outbox: body first, then job, each put only if absent.

A message that cannot go out as it is (odd phone, missing text or secret, unknown store) becomes
a job too, held with its reason: what a rule matched is never dropped in silence.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol, TypeVar

from booking_sms.domain.booking import Booking
from booking_sms.domain.catalog import Catalog
from booking_sms.domain.decision import Decision, Notice, WindowPlan
from booking_sms.domain.errors import (
    BookingSmsError,
    JobUnreadable,
    MessageTextMissing,
    PayloadConflict,
    PhoneInvalid,
    SecretMissing,
    StoreThrottled,
    StoreUnavailable,
    TransformError,
    UnknownStore,
)
from booking_sms.domain.job_change import WITHDRAWING, Action, JobChange
from booking_sms.domain.lateness import LATE
from booking_sms.domain.ledger import Ledger, project_ledger
from booking_sms.domain.message import MessageType, RenderedMessage
from booking_sms.domain.phone import ledger_phone, recipient_of, textable_digits
from booking_sms.domain.rule import Rule, RuleSet, Scope
from booking_sms.domain.rule_counts import RuleCounts, add_up
from booking_sms.domain.rule_timing import LatePolicy, OutOfHours
from booking_sms.domain.sms_job import (
    OUTSIDE_HOURS,
    JobState,
    LedgerEntry,
    SmsJob,
    job_sort_key,
    recipient_digest,
)
from booking_sms.domain.window import Window
from booking_sms.pipeline.apply_changes import Applied, apply_change
from booking_sms.pipeline.plan import digest_number
from booking_sms.pipeline.render import render
from booking_sms.pipeline.render_notice import DayTotals, render_notice
from booking_sms.ports import (
    BodyStore,
    LegacyLedger,
    PlanRepository,
    SecretSource,
    SmsJobRepository,
)

WORKERS = 8
NOTICE_TYPE = "NOTICE"
AWAITING_APPROVAL = "awaiting_approval"
HOLDING = (TransformError, UnknownStore, MessageTextMissing, SecretMissing)
"""What keeps one message back and leaves the others alone."""
T = TypeVar("T")
R = TypeVar("R")


class PromisedJobs(Protocol):
    """What is asked of the outbox to project the ledger."""

    def of_booking(self, booking_num: str) -> tuple[SmsJob, ...]:
        """All jobs of a booking."""
        ...


@dataclass(frozen=True, kw_only=True)
class JobBatch:
    """The jobs of one window with their texts; an empty text belongs to a held job only.

    ``outcomes`` counts what became of every decision: a job state, with the reason for held
    ones, or ``shadow`` (counted, never loaded) and ``failed`` (a booking nobody could decide).
    ``rules`` says by rule what was looked at and what came of it. ``gaps`` are the earlier windows
    of each store that this one heals, by name, each with what it has lost by rule. ``changes``
    are made before any job is loaded; a job whose key was used before is loaded by a change of
    its own.
    """

    window: str
    jobs: tuple[tuple[SmsJob, str], ...] = field(default=(), repr=False)
    outcomes: Mapping[str, int] = field(default_factory=dict)
    not_matched: Mapping[str, int] = field(default_factory=dict)
    rules: Mapping[str, RuleCounts] = field(default_factory=dict)
    gaps: Mapping[str, Mapping[str, Mapping[str, int]]] = field(default_factory=dict)
    changes: tuple[JobChange, ...] = field(default=(), repr=False)

    @property
    def plan_hash(self) -> str:
        """Hash over every item: who would get what, until when."""
        return plan_hash(job for job, _ in self.jobs)

    def counts(self) -> dict[str, Any]:
        """Counts for logs and XCom: no person, no text."""
        return {
            "planned": len(self.jobs),
            "outcomes": dict(self.outcomes),
            "not_matched": dict(self.not_matched),
            "rules": {name: counts.as_dict() for name, counts in self.rules.items()},
            "changes": dict(Counter(change.action.value for change in self.changes)),
        }


def plan_hash(jobs: Iterable[SmsJob]) -> str:
    """Short hash of a set of jobs, independent of their order; what an approval refers to."""
    items = (
        f"{job.booking_num}|{job.sort_key}|{job.payload_hash}|{job.not_after.isoformat()}"
        for job in jobs
    )
    return hashlib.sha256("\n".join(sorted(items)).encode()).hexdigest()[:16]


def build_jobs(
    plan: WindowPlan,
    catalog: Catalog,
    secrets: SecretSource,
    *,
    hmac_key: bytes,
    code_version: str,
    now: datetime,
    held_plan_hash: str | None = None,
    day_totals: DayTotals = dict,
) -> JobBatch:
    """Render every decision of one plan into a job; see ``build_batch``."""
    return build_batch(
        [plan],
        plan.window,
        catalog,
        secrets,
        hmac_key=hmac_key,
        code_version=code_version,
        now=now,
        held_plan_hash=held_plan_hash,
        day_totals=day_totals,
    )


def build_batch(
    plans: Iterable[WindowPlan],
    window: Window,
    catalog: Catalog,
    secrets: SecretSource,
    *,
    hmac_key: bytes,
    code_version: str,
    now: datetime,
    held_plan_hash: str | None = None,
    day_totals: DayTotals = dict,
    hold_old: bool = True,
) -> JobBatch:
    """Render every decision of one window's plans into a job; a plan is let go when it is done.

    ``now`` is the business clock's instant. An old window's jobs are held for approval under
    ``held_plan_hash``, or the batch's own hash, unless the caller asks for the approval itself
    (``hold_old``). ``day_totals`` counts the day's messages for the digests that tell of them.
    """
    builder = _JobBuilder(window, catalog, secrets, hmac_key, code_version, now, day_totals)
    built = _Built()
    # map, not a loop over plans: a loop's variable would keep a plan while the next is made.
    for part in map(builder.build_all, plans):
        built.add(part)
    if hold_old and window.is_old(now):
        approval = held_plan_hash or plan_hash(job for job, _ in built.jobs)
        built.jobs = [(await_approval(job, approval), text) for job, text in built.jobs]
    return built.batch(window)


@dataclass
class _Built:
    """What came of a window's plans so far: jobs and counts, no booking."""

    jobs: list[tuple[SmsJob, str]] = field(default_factory=list)
    shadow: Counter[str] = field(default_factory=Counter)
    failed: int = 0
    not_matched: Counter[str] = field(default_factory=Counter)
    rules: dict[str, RuleCounts] = field(default_factory=dict)

    def add(self, part: _Built) -> None:
        self.jobs += part.jobs
        self.shadow += part.shadow
        self.failed += part.failed
        self.not_matched += part.not_matched
        self.rules = add_up(self.rules, part.rules)

    def batch(self, window: Window) -> JobBatch:
        outcomes = Counter(_outcome(job) for job, _ in self.jobs)
        outcomes["shadow"] = self.shadow.total()
        outcomes["failed"] = self.failed
        return JobBatch(
            window=window.name,
            jobs=tuple(self.jobs),
            outcomes=dict(+outcomes),
            not_matched=dict(self.not_matched),
            rules=add_up(self.rules, self._made()),
        )

    def _made(self) -> dict[str, RuleCounts]:
        planned = Counter(job.rule for job, _ in self.jobs)
        held = Counter(job.rule for job, _ in self.jobs if job.state is JobState.HELD)
        return {
            name: RuleCounts(planned=planned[name], held=held[name], shadow=self.shadow[name])
            for name in dict.fromkeys((*planned, *self.shadow))
        }


def await_approval(job: SmsJob, approval: str) -> SmsJob:
    """Hours are judged when the approved job is due, not now: a dropped one is held as well."""
    problem = job.reason if job.state is JobState.HELD else ""
    reason = problem or AWAITING_APPROVAL
    return job.evolve(state=JobState.HELD, reason=reason, plan_hash=approval)


def _outcome(job: SmsJob) -> str:
    if job.state is not JobState.HELD:
        return job.state.value
    return f"held: {job.reason.split(' ')[0]}"


@dataclass(frozen=True)
class _JobBuilder:
    """What all jobs of a batch have in common."""

    window: Window
    catalog: Catalog
    secrets: SecretSource
    hmac_key: bytes
    code_version: str
    now: datetime
    day_totals: DayTotals

    def build_all(self, plan: WindowPlan) -> _Built:
        """The jobs of one plan, and what it counted."""
        messages: tuple[Decision | Notice, ...] = (*plan.decisions, *plan.notices)
        jobs = [self.build(decision) for decision in plan.decisions if not decision.shadow]
        jobs += [self.build_notice(notice) for notice in plan.notices if not notice.shadow]
        return _Built(
            jobs=jobs,
            shadow=Counter(message.rule.name for message in messages if message.shadow),
            failed=len(plan.failures),
            not_matched=Counter(plan.not_matched),
            rules=dict(plan.rules),
        )

    def build(self, decision: Decision) -> tuple[SmsJob, str]:
        """The job of one decision and its text."""
        message, problem = self._message(decision)
        problem = _phone_problem(decision.phone) or problem
        job = SmsJob(
            **self._identity(decision),
            **self._wire(decision, message),
            **self._origin(decision, message),
            **self._start(decision, problem),
            not_after=decision.not_after,
        )
        return job, message.content if message else ""

    def build_notice(self, notice: Notice) -> tuple[SmsJob, str]:
        """The job of one notice to colleagues and its text; it names no customer."""
        text, problem = self._notice_text(notice)
        rule, channel = notice.rule, notice.rule.action.channel
        job = SmsJob(
            booking_num=notice.number,
            sort_key=job_sort_key(rule.kind, notice.occurrence, channel),
            kind=rule.kind,
            occurrence=notice.occurrence,
            store_id=notice.store_id,
            channel=channel,
            to=channel,
            sender="",
            ledger=LedgerEntry(phone="", name=""),
            message_class=rule.message_class.value,
            message_type=NOTICE_TYPE,
            body_sha=_sha256(text),
            window=self.window.name,
            **self._policy(rule),
            **self._start(notice, problem),
            not_after=notice.not_after,
        )
        return job, text

    def _start(self, decided: Decision | Notice, problem: str) -> dict[str, Any]:
        """State, reason and first instant: dropped, held, put off, or due."""
        as_of = self.window.as_of
        if is_dropped(decided.rule, as_of, self.now):
            return _begin(JobState.SUPPRESSED, OUTSIDE_HOURS, as_of)
        if decided.late and decided.rule.late_policy is not LatePolicy.SEND_NOW:
            return self._start_late(decided, problem)
        not_before = not_before_of(decided, self.now)
        if problem:
            return _begin(JobState.HELD, problem, not_before)
        if not_before <= self.now:
            return _begin(JobState.AVAILABLE, "", not_before)
        is_put_off = not_before > as_of
        return _begin(JobState.SCHEDULED, OUTSIDE_HOURS if is_put_off else "", not_before)

    def _start_late(self, decided: Decision | Notice, problem: str) -> dict[str, Any]:
        """Skipped, or put off to the next opening of its hours if it is still of use then."""
        hours, latest = decided.rule.hours, max(self.window.as_of, self.now)
        shifted = hours.next_opening(latest) if hours is not None else latest
        is_skipped = decided.rule.late_policy is LatePolicy.SKIP or shifted >= decided.not_after
        if is_skipped:
            return _begin(JobState.SUPPRESSED, LATE, self.window.as_of)
        return _begin(JobState.HELD if problem else JobState.SCHEDULED, problem or LATE, shifted)

    def _notice_text(self, notice: Notice) -> tuple[str, str]:
        stores, messages = self.catalog.stores, self.catalog.messages
        try:
            return render_notice(notice, self.window, stores, messages, self.day_totals), ""
        except HOLDING as error:
            return "", reason_of(error)

    def _message(self, decision: Decision) -> tuple[RenderedMessage | None, str]:
        try:
            message = render(decision, self.catalog.stores, self.catalog.messages, self.secrets)
        except HOLDING as error:
            return None, reason_of(error)
        return message, ""

    def _identity(self, decision: Decision) -> dict[str, Any]:
        recipient = recipient_of(decision.phone)
        digest = recipient_digest(self.hmac_key, recipient)
        booking = decision.booking
        return {
            "booking_num": booking.booking_num,
            "sort_key": job_sort_key(decision.kind, decision.occurrence, digest),
            "kind": decision.kind,
            "occurrence": decision.occurrence,
            "store_id": booking.store_id,
            "to": recipient,
            "visit_at": booking.starts_at,
            "ledger": LedgerEntry(
                phone=ledger_phone(decision.phone),
                name=booking.name,
                booking_time=booking.booking_time,
                flag=decision.flag,
            ),
        }

    def _wire(self, decision: Decision, message: RenderedMessage | None) -> dict[str, Any]:
        rule = decision.rule
        if message is None:
            sender = self.catalog.stores.sender_for(
                decision.booking.store_id, store_specific=rule.store_specific_sender
            )
            wire = {"sender": sender, "message_type": MessageType.LMS.value, "body_sha": ""}
        else:
            wire = {
                "sender": message.sender,
                "subject": message.subject,
                "message_type": message.message_type.value,
                "outside_euc_kr": message.outside_euc_kr,
                "body_sha": _sha256(message.content),
            }
        return wire | {"message_class": rule.message_class.value}

    def _origin(self, decision: Decision, message: RenderedMessage | None) -> dict[str, Any]:
        return {
            **self._policy(decision.rule),
            "window": self.window.name,
            "template_digest": message.template_digest if message else self._digest(decision),
            "booking_version": decision.booking.version,
            "doubt_resend_minutes": decision.rule.doubt_resend_minutes,
        }

    def _digest(self, decision: Decision) -> str:
        """Version of a text that could not be rendered, where there is one."""
        template = self.catalog.messages.templates.get(decision.rule.template)
        try:
            return template.digest_for(decision.booking.store_id) if template else ""
        except MessageTextMissing:
            return ""

    def _policy(self, rule: Rule) -> dict[str, Any]:
        """What every job takes from its rule."""
        return {
            "rule": rule.name,
            "rule_digest": rule.digest,
            "template": rule.template,
            "code_version": self.code_version,
            "priority": rule.priority,
            "allowed_hours": rule.allowed_hours or "",
            "out_of_hours": rule.out_of_hours.value,
            "deferred_to": f"{rule.hours.resumes:%H:%M}" if rule.hours else "",
        }


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest() if text else ""


def _begin(state: JobState, reason: str, not_before: datetime) -> dict[str, Any]:
    return {"state": state, "reason": reason, "not_before": not_before, "due_at": not_before}


def is_dropped(rule: Rule, as_of: datetime, now: datetime) -> bool:
    """Whether the rule drops what was decided at ``as_of`` and can go ``now`` at the earliest."""
    if rule.hours is None or rule.out_of_hours is not OutOfHours.DROP:
        return False
    return not (rule.hours.contains(as_of) and rule.hours.contains(max(as_of, now)))


def not_before_of(decision: Decision | Notice, now: datetime) -> datetime:
    """When the message may go: as decided, or put off if that is out of hours by now."""
    return put_off(decision.rule, decision.not_before, now)


def put_off(rule: Rule, not_before: datetime, now: datetime) -> datetime:
    """The instant itself, or when the rule's hours resume if it has come out of them by now."""
    earliest = max(not_before, now)
    if rule.hours is None or rule.hours.contains(earliest):
        return not_before
    return rule.hours.earliest(earliest)


def reason_of(error: BookingSmsError) -> str:
    """Reason on a held job: the error's code, then its details (ids and codes only)."""
    details = " ".join(f"{key}={value}" for key, value in error.context.items())
    return f"{error.code} {details}".strip()[:120]


def _phone_problem(raw: str) -> str:
    try:
        textable_digits(raw)
    except PhoneInvalid as error:
        return reason_of(error)
    return ""


# --- into the outbox --------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class LoadSummary:
    """What became of a batch: planned = loaded + already_there + conflicts + overtaken.

    ``held`` counts the held ones among the loaded, ``renewed`` those whose key was used before;
    ``incidents`` are job ids of conflicts. ``changed`` counts changes of older jobs that were
    made, ``lost_changes`` those that lost their race; ``overtaken`` are keys of messages that
    were not loaded for that reason: the next window decides on them again.
    """

    planned: int
    loaded: int = 0
    already_there: int = 0
    held: int = 0
    conflicts: int = 0
    renewed: int = 0
    changed: int = 0
    lost_changes: int = 0
    incidents: tuple[str, ...] = ()
    overtaken: tuple[tuple[str, str], ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """JSON-able, for XCom and logs; keys hold no phone."""
        counts = {
            "planned": self.planned,
            "loaded": self.loaded,
            "already_there": self.already_there,
            "held": self.held,
            "conflicts": self.conflicts,
            "renewed": self.renewed,
            "changed": self.changed,
            "lost_changes": self.lost_changes,
            "overtaken": len(self.overtaken),
        }
        overtaken = [list(key) for key in self.overtaken]
        return {"counts": counts, "incidents": list(self.incidents), "overtaken": overtaken}


def load_jobs(
    batch: JobBatch, jobs: SmsJobRepository, bodies: BodyStore, *, is_late: bool = False
) -> LoadSummary:
    """Change the jobs that wait, then enqueue; running it again writes nothing new.

    New messages of a booking whose old ones could not be withdrawn are not loaded: overtaken.
    ``is_late``: the plan has become old since it was made, so what it knew of the bookings may be
    wrong by now and changes nothing. A PayloadConflict is counted as an incident and the rest goes
    on. Raises StoreUnavailable at the end when something could not be written: trying the whole
    batch again is safe.
    """
    changes = [change for change in batch.changes if change.action is not Action.RENEW]
    texts = {job.body_sha: text for job, text in batch.jobs if text}
    texts |= {one.after.body_sha: one.text for one in changes if one.after and one.text}
    in_parallel(bodies.put, list(texts.values()))
    # Old jobs first: a crash before the inserts leaves the next window to plan them again.
    made = _make_changes(changes, jobs, is_late=is_late)
    again = {one.key: one for one in batch.changes if one.action in (Action.RENEW, Action.LEAVE)}
    loading = _Loading(jobs, again, _blocked(changes, made), is_late=is_late)
    results = in_parallel(lambda item: loading.load(item[0]), batch.jobs)
    unwritten = results.count("unwritten") + made.count(Applied.UNWRITTEN)
    if unwritten:
        raise StoreUnavailable("jobs could not be stored", jobs=unwritten, window=batch.window)
    return _summary(batch, results, made)


def _make_changes(
    changes: Sequence[JobChange], jobs: SmsJobRepository, *, is_late: bool
) -> list[Applied]:
    if is_late:
        return [Applied.THERE if one.action is Action.LEAVE else Applied.LOST for one in changes]
    return in_parallel(lambda change: apply_change(change, jobs), changes)


def _blocked(changes: Iterable[JobChange], made: Iterable[Applied]) -> frozenset[str]:
    """Bookings that must get nothing new now: their old messages were not withdrawn."""
    blocked: set[str] = set()
    for change, result in zip(changes, made, strict=True):
        if change.action in WITHDRAWING and result is not Applied.DONE:
            blocked |= change.dependents
    return frozenset(blocked)


def _summary(batch: JobBatch, results: Sequence[str], made: Sequence[Applied]) -> LoadSummary:
    def those(*words: str) -> list[SmsJob]:
        pairs = zip(batch.jobs, results, strict=True)
        return [job for (job, _), result in pairs if result in words]

    loaded, conflicts = those("new", "renewed"), those("conflict")
    return LoadSummary(
        planned=len(batch.jobs),
        loaded=len(loaded),
        already_there=results.count("there"),
        held=sum(job.state is JobState.HELD for job in loaded),
        conflicts=len(conflicts),
        renewed=results.count("renewed"),
        changed=made.count(Applied.DONE),
        lost_changes=made.count(Applied.LOST),
        incidents=tuple(job.job_id for job in conflicts),
        overtaken=tuple((job.booking_num, job.sort_key) for job in those("overtaken")),
    )


@dataclass(frozen=True)
class _Loading:
    """How the jobs of one batch are put into the outbox."""

    jobs: SmsJobRepository
    again: Mapping[tuple[str, str], JobChange]
    blocked: frozenset[str]
    is_late: bool

    def load(self, job: SmsJob) -> str:
        """One job: inserted, or renewed where its key was used before; what came of it."""
        if job.is_text and job.booking_num in self.blocked:
            return "overtaken"
        change = self.again.get((job.booking_num, job.sort_key))
        if change is None:
            return _enqueue(job, self.jobs)
        if self.is_late and change.action is Action.RENEW and job.state is not JobState.HELD:
            return "overtaken"
        words = {Applied.DONE: "renewed", Applied.LOST: "overtaken"}
        result = apply_change(change, self.jobs)
        return words.get(result, result.value)


def _enqueue(job: SmsJob, jobs: SmsJobRepository) -> str:
    try:
        return "new" if jobs.insert_if_absent(job) else "there"
    except (PayloadConflict, JobUnreadable):
        return "conflict"
    except (StoreThrottled, StoreUnavailable):
        return "unwritten"


def store_comparison(batch: JobBatch, window: Window, plans: PlanRepository) -> LoadSummary:
    """Comparison mode: keep what would have been loaded; it can never become sendable."""
    items = [
        {
            "booking_num": job.booking_num,
            "sort_key": job.sort_key,
            "flag": job.ledger.flag,
            "state": job.state.value,
            "reason": job.reason,
            "body_sha": job.body_sha,
        }
        for job, _ in batch.jobs
        if job.is_text
    ]
    plans.put(
        f"comparison#{window.name}",
        {"window": window.name, "hash": batch.plan_hash, "items": items, **batch.counts()},
    )
    return LoadSummary(planned=len(items))


# --- out of the tables ------------------------------------------------------------------------


def gather_ledger(
    legacy: LegacyLedger,
    jobs: PromisedJobs,
    bookings: Sequence[Booking],
    rules: RuleSet | None = None,
    foresee: Callable[[Sequence[Booking], Iterable[SmsJob]], Iterable[SmsJob]] | None = None,
) -> Ledger:
    """What is known of these bookings, and of those they replace: rows overlaid with jobs.

    ``foresee`` turns the jobs into what they will be once changed bookings have had their effect.

    With ``rules`` also the digests that they sent, as ``plan_window`` wants it; who plans store
    by store asks for those once, by ``gather_digests``.
    """
    numbers = sorted({number for booking in bookings for number in _known_as(booking)})
    digests = digest_numbers(rules) if rules is not None else []
    found = _jobs_of([*numbers, *digests], jobs)
    return project_ledger(legacy.rows(numbers), foresee(bookings, found) if foresee else found)


def gather_digests(jobs: PromisedJobs, rules: RuleSet) -> Ledger:
    """Which digests the rules have sent: they stand under no booking."""
    return project_ledger((), _jobs_of(digest_numbers(rules), jobs))


def digest_numbers(rules: RuleSet) -> list[str]:
    """Partitions of the digests' jobs."""
    return [digest_number(rule) for rule in rules.rules if rule.scope is Scope.RUN]


def _jobs_of(numbers: Sequence[str], jobs: PromisedJobs) -> Iterable[SmsJob]:
    found = in_parallel(jobs.of_booking, numbers)
    return (job for part in found for job in part)


def _known_as(booking: Booking) -> Iterable[str]:
    yield booking.booking_num
    if booking.previous_booking_id is not None:
        yield f"{booking.store_id}_{booking.previous_booking_id}"


def in_parallel(call: Callable[[T], R], items: Sequence[T]) -> list[R]:
    """Call for each item in a few threads; results in order, the first error is raised."""
    if len(items) <= 1:
        return [call(item) for item in items]
    with ThreadPoolExecutor(max_workers=WORKERS) as pool:
        return list(pool.map(call, items))
