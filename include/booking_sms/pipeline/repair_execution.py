"""Carries an approved repair out: a subset of what was approved, each difference with its reason.

Safe to run again at any point: a new job is put only if absent, a held one is let go only while
it is held. What was done is written into the plan; what could not be asked or written waits for
the next execution.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from booking_sms.domain.errors import (
    JobUnreadable,
    PayloadConflict,
    StoreThrottled,
    StoreUnavailable,
)
from booking_sms.domain.job_change import Action as ChangeAction
from booking_sms.domain.job_change import JobChange
from booking_sms.domain.sms_job import JobState, Move, SmsJob
from booking_sms.pipeline.apply_changes import Applied, apply_change
from booking_sms.pipeline.operator import Person
from booking_sms.pipeline.repair_plan import (
    DONE_AS,
    VALID_FOR,
    Action,
    Approval,
    Execution,
    ItemResult,
    Outcome,
    RepairItem,
    RepairPlan,
    read_repair,
    store_plan,
)
from booking_sms.pipeline.repair_services import RepairServices
from booking_sms.pipeline.repair_verdict import Judge, Verdict

INCIDENT, LOST_RACE = "incident", "moved_on"
MOVE_OF: Mapping[Outcome, Move] = {
    Outcome.WOULD_SEND: Move.APPROVE,
    Outcome.WOULD_DEFER: Move.APPROVE,
    Outcome.EXPIRED: Move.EXPIRE,
    Outcome.SUPPRESSED: Move.SUPPRESS,
    Outcome.CANCELLED: Move.CANCEL,
}
"""What is done to a held job; every other outcome leaves it held."""
INSERTED = frozenset({
    Outcome.WOULD_SEND,
    Outcome.WOULD_DEFER,
    Outcome.EXPIRED,
    Outcome.SUPPRESSED,
    Outcome.HELD,
})
"""Outcomes that a new job is written for."""
RENEWABLE = frozenset({Outcome.WOULD_SEND, Outcome.WOULD_DEFER, Outcome.HELD})


@dataclass(frozen=True, kw_only=True)
class ExecutionReport:
    """What was done, or would be; ``repeated``: it had been done before, nothing changed now."""

    plan: RepairPlan
    dry_run: bool
    repeated: bool
    results: tuple[ItemResult, ...]

    @property
    def pending(self) -> int:
        """Items that wait for another execution."""
        return sum(result.outcome is Outcome.PENDING for result in self.results)

    def counts(self) -> dict[str, Any]:
        """JSON-able, no person: for XCom and logs."""
        return {
            "plan_id": self.plan.plan_id,
            "hash": self.plan.plan_hash,
            "dry_run": self.dry_run,
            "repeated": self.repeated,
            "outcomes": dict(Counter(result.outcome.value for result in self.results)),
            "differences": dict(Counter(_told(one) for one in self.results if one.differs)),
        }


def approve_repair(
    services: RepairServices, plan_id: str, plan_hash: str, person: Person
) -> RepairPlan:
    """Record that a person allows this very hash; the same approval again changes nothing.

    Raises ActionRefused: another hash, changed items, older than 30 minutes, over a cap, or
    executed before.
    """
    plan = read_repair(services.plans, services.sealer, plan_id)
    if plan.approval is not None and plan.approval.plan_hash != plan_hash:
        plan.refuse("it was approved under another hash", approved=plan.approval.plan_hash)
    plan.require_hash(plan_hash)
    if plan.execution is not None and plan.execution.done_at is not None:
        plan.refuse("it was executed already")
    if plan.approval is not None:
        return plan
    now = services.clock.now()
    if now - plan.created_at > VALID_FOR:
        plan.refuse("it is older than 30 minutes: preview it again", created=_name(plan.created_at))
    if plan.over_caps:
        plan.refuse(f"it is over a cap: {'; '.join(plan.over_caps)}")
    services.control.record_change(
        f"repair#{plan_id}", f"approve {plan_hash}", by=person.by, reason=person.reason
    )
    approval = Approval(plan_hash=plan_hash, by=person.by, reason=person.reason, at=now)
    approved = replace(plan, approval=approval)
    store_plan(services.plans, services.sealer, approved)
    return approved


def execute_repair(
    services: RepairServices, plan_id: str, plan_hash: str, *, dry_run: bool = True
) -> ExecutionReport:
    """Carry the plan out, or say what would be done now: a dry run writes nothing at all.

    A dry run asks for the plan's own hash and no approval. Raises ActionRefused without a valid
    approval, or in comparison mode; LoadError when the plan cannot be read or written. Then,
    and after a crash, executing again goes on where it ended.
    """
    plan = read_repair(services.plans, services.sealer, plan_id)
    plan.require_hash(plan_hash)
    now = services.clock.now()
    if not dry_run:
        _require_approval(plan, now)
    done = plan.execution
    if done is not None and done.done_at is not None:
        return ExecutionReport(plan=plan, dry_run=dry_run, repeated=True, results=done.results)
    executor = _Executor(services, plan, now)
    if dry_run:
        results = tuple(executor.rehearse(item) for item in plan.items)
        return ExecutionReport(plan=plan, dry_run=True, repeated=False, results=results)
    _refuse_comparison(services, plan)
    return _carry_out(services, plan, executor, now)


def _carry_out(
    services: RepairServices, plan: RepairPlan, executor: _Executor, now: datetime
) -> ExecutionReport:
    """The beginning is written before the first job, the end after the last."""
    if plan.execution is None:
        plan = replace(plan, execution=Execution(begun_at=now))
        store_plan(services.plans, services.sealer, plan)
    begun_at = plan.execution.begun_at if plan.execution else now
    results = tuple(executor.carry_out(item) for item in plan.items)
    is_done = all(result.outcome is not Outcome.PENDING for result in results)
    if is_done:
        _record_coverage(services, plan)
    execution = Execution(begun_at=begun_at, done_at=now if is_done else None, results=results)
    plan = replace(plan, execution=execution)
    store_plan(services.plans, services.sealer, plan)
    return ExecutionReport(plan=plan, dry_run=False, repeated=False, results=results)


def _record_coverage(services: RepairServices, plan: RepairPlan) -> None:
    """A repair of some kinds only has not decided its windows: they stay as they are."""
    for coverage in () if plan.request.kinds else plan.coverage:
        services.windows.record(coverage)


def _require_approval(plan: RepairPlan, now: datetime) -> None:
    """What has begun may be finished later: every item is looked at anew."""
    approval = plan.approval
    if approval is None or approval.plan_hash != plan.plan_hash:
        plan.refuse("this hash was not approved")
    elif plan.execution is None and now - approval.at > VALID_FOR:
        plan.refuse("its approval is older than 30 minutes", approved=_name(approval.at))


def _refuse_comparison(services: RepairServices, plan: RepairPlan) -> None:
    if services.control.delivery_mode() == "comparison":
        plan.refuse("comparison mode: no job may be made")


class _Executor:
    """Judges each item once more, then writes it."""

    def __init__(self, services: RepairServices, plan: RepairPlan, now: datetime) -> None:
        self._services = services
        self._plan = plan
        self._now = now
        self._judge = Judge(services, now)

    def rehearse(self, item: RepairItem) -> ItemResult:
        """What would become of the item now."""
        verdict = self._verdict(item)
        return self._result(item, _done(verdict.outcome), verdict.reason)

    def carry_out(self, item: RepairItem) -> ItemResult:
        """Do it; a table that fails leaves the item for the next execution."""
        try:
            verdict = self._verdict(item)
            outcome, reason = self._write(item, verdict)
        except (StoreThrottled, StoreUnavailable) as failure:
            return self._result(item, Outcome.PENDING, failure.code)
        except (PayloadConflict, JobUnreadable):
            return self._result(item, Outcome.ALREADY_THERE, INCIDENT)
        return self._result(item, outcome, reason)

    def _verdict(self, item: RepairItem) -> Verdict:
        """What was not to be sent when it was approved is not sent now either."""
        verdict = self._judge.judge(item.action, item.job, item.text, item.rule_digest)
        if verdict.outcome in DONE_AS and not item.leaves:
            return replace(verdict, outcome=Outcome.NOT_SENT, reason=f"not_approved: {item.reason}")
        return verdict

    def _write(self, item: RepairItem, verdict: Verdict) -> tuple[Outcome, str]:
        if verdict.outcome is Outcome.ALREADY_THERE:
            return self._told_of_ours(item, verdict)
        if item.action is Action.RELEASE:
            return self._release(verdict)
        if verdict.outcome in INSERTED:
            return self._insert(verdict)
        return _done(verdict.outcome), verdict.reason

    def _insert(self, verdict: Verdict) -> tuple[Outcome, str]:
        """Body first, then the job, each put only if absent."""
        job = verdict.job.evolve(plan_hash=self._plan.plan_hash)
        if verdict.text:
            self._services.bodies.put(verdict.text)
        stored = self._services.jobs.get(job.booking_num, job.sort_key)
        if stored is not None and stored.is_withdrawn:
            return self._renew(stored, job, verdict)
        if self._services.jobs.insert_if_absent(job):
            return _done(verdict.outcome), verdict.reason
        return Outcome.ALREADY_THERE, LOST_RACE

    def _renew(self, stored: SmsJob, job: SmsJob, verdict: Verdict) -> tuple[Outcome, str]:
        """Bring a message back that was withdrawn, unless it would end at once."""
        if verdict.outcome not in RENEWABLE:
            return Outcome.ALREADY_THERE, stored.state.value
        change = JobChange(
            job=stored, action=ChangeAction.RENEW, reason=job.reason, after=job, text=verdict.text
        )
        applied = apply_change(change, self._services.jobs)
        if applied is Applied.UNWRITTEN:
            return Outcome.PENDING, applied.value
        if applied is Applied.DONE:
            return _done(verdict.outcome), verdict.reason
        return Outcome.ALREADY_THERE, LOST_RACE

    def _release(self, verdict: Verdict) -> tuple[Outcome, str]:
        """One conditional move of the held job; its approval's hash stays on it."""
        move, stored = MOVE_OF.get(verdict.outcome), verdict.stored
        if move is None or stored is None:
            return _done(verdict.outcome), verdict.reason
        moved = self._services.jobs.move(stored, move, **self._changes(move, verdict))
        if moved is None:
            return Outcome.ALREADY_THERE, LOST_RACE
        if verdict.outcome is Outcome.WOULD_DEFER:
            # A crash before this line leaves it available, and not before its time all the same.
            self._services.jobs.move(moved, Move.DEFER, reason=verdict.reason)
        return _done(verdict.outcome), verdict.reason

    def _changes(self, move: Move, verdict: Verdict) -> dict[str, Any]:
        changes: dict[str, Any] = {"reason": verdict.reason}
        if move is Move.APPROVE:
            changes["not_before"] = verdict.job.not_before
        return {**changes, "now": self._now} if move is Move.EXPIRE else changes

    def _told_of_ours(self, item: RepairItem, verdict: Verdict) -> tuple[Outcome, str]:
        """After a crash: what this very plan had written counts as done by it."""
        stored = verdict.stored
        is_ours = stored is not None and stored.plan_hash == self._plan.plan_hash
        if stored is None or item.action is not Action.SEND or not is_ours:
            return verdict.outcome, verdict.reason
        return _outcome_of(stored), stored.reason

    def _result(self, item: RepairItem, outcome: Outcome, reason: str) -> ItemResult:
        job = item.job
        return ItemResult(
            job_id=job.job_id,
            booking_num=job.booking_num,
            kind=job.kind,
            store_id=job.store_id,
            window=job.window,
            planned=item.outcome,
            outcome=outcome,
            reason=reason,
        )


_OUTCOME_OF_STATE = {
    JobState.SCHEDULED: Outcome.DEFERRED,
    JobState.HELD: Outcome.HELD,
    JobState.SUPPRESSED: Outcome.SUPPRESSED,
    JobState.EXPIRED: Outcome.EXPIRED,
}


def _outcome_of(job: SmsJob) -> Outcome:
    return _OUTCOME_OF_STATE.get(job.state, Outcome.QUEUED)


def _done(outcome: Outcome) -> Outcome:
    return DONE_AS.get(outcome, outcome)


def _told(result: ItemResult) -> str:
    return f"{result.planned} -> {result.outcome}: {result.reason}".removesuffix(": ")


def _name(instant: datetime) -> str:
    return instant.isoformat(timespec="seconds")
