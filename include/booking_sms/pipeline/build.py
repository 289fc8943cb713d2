"""From a plan to jobs: every decision rendered, with its first state.

A message that cannot go out as it is (odd phone, missing text or secret, unknown store) becomes
a job too, held with its reason: what a rule matched is never dropped in silence.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from booking_sms.domain.catalog import Catalog
from booking_sms.domain.decision import Decision, Notice, WindowPlan
from booking_sms.domain.errors import (
    BookingSmsError,
    MessageTextMissing,
    PhoneInvalid,
    SecretMissing,
    TransformError,
    UnknownStore,
)
from booking_sms.domain.lateness import LATE
from booking_sms.domain.message import MessageType, RenderedMessage
from booking_sms.domain.phone import ledger_phone, recipient_of, textable_digits
from booking_sms.domain.rule import Rule
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
from booking_sms.pipeline.job_batch import JobBatch, await_approval, plan_hash
from booking_sms.pipeline.render import render
from booking_sms.pipeline.render_notice import DayTotals, render_notice
from booking_sms.ports import (
    SecretSource,
)

NOTICE_TYPE = "NOTICE"
HOLDING = (TransformError, UnknownStore, MessageTextMissing, SecretMissing)
"""What keeps one message back and leaves the others alone."""


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
    return built.batch(window, catalog.digest)


@dataclass
class _Built:
    """What came of a window's plans so far: jobs and counts, no booking."""

    jobs: list[tuple[SmsJob, str]] = field(default_factory=list)
    shadow: Counter[str] = field(default_factory=Counter)
    shadowed: list[SmsJob] = field(default_factory=list)
    failed: int = 0
    not_matched: Counter[str] = field(default_factory=Counter)
    rules: dict[str, RuleCounts] = field(default_factory=dict)

    def add(self, part: _Built) -> None:
        self.jobs += part.jobs
        self.shadow += part.shadow
        self.shadowed += part.shadowed
        self.failed += part.failed
        self.not_matched += part.not_matched
        self.rules = add_up(self.rules, part.rules)

    def batch(self, window: Window, catalog: str) -> JobBatch:
        outcomes = Counter(_outcome(job) for job, _ in self.jobs)
        outcomes["shadow"] = self.shadow.total()
        outcomes["failed"] = self.failed
        return JobBatch(
            window=window.name,
            jobs=tuple(self.jobs),
            outcomes=dict(+outcomes),
            not_matched=dict(self.not_matched),
            rules=add_up(self.rules, self._made()),
            shadowed=tuple(self.shadowed),
            catalog=catalog,
        )

    def _made(self) -> dict[str, RuleCounts]:
        planned = Counter(job.rule for job, _ in self.jobs)
        held = Counter(job.rule for job, _ in self.jobs if job.state is JobState.HELD)
        return {
            name: RuleCounts(planned=planned[name], held=held[name], shadow=self.shadow[name])
            for name in dict.fromkeys((*planned, *self.shadow))
        }


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
        texts = [self.build(decision)[0] for decision in plan.decisions if decision.shadow]
        return _Built(
            jobs=jobs,
            shadowed=texts,
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
