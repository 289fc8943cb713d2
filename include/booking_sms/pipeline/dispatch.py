"""Sends what is due now, shard by shard: the only caller of the gateway's send.

It reads clocks, never a window, and it may be killed at any line: each job is in a state from
which the next run, or reconcile, goes on (the table in ``domain.sms_job``, the order of writes
in ``pipeline.send_one``). Two dispatchers on one shard are safe; the intent has one winner.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from datetime import datetime
from enum import StrEnum
from itertools import chain

from booking_sms.domain.errors import StoreThrottled, StoreUnavailable
from booking_sms.domain.sms_job import CLAIMABLE, JobState, Move, SmsJob
from booking_sms.pipeline.last_look import LastLook, Objection
from booking_sms.pipeline.notices import NoticeSender
from booking_sms.pipeline.outcomes import DispatchSummary, JobRef, Outcome, Result, Tally
from booking_sms.pipeline.pacing import TokenBucket, jittered
from booking_sms.pipeline.send_gate import SendGate, end_lapsed_pause, pause_sending, resume_sending
from booking_sms.pipeline.send_one import Sent, TextSender
from booking_sms.pipeline.services import DispatchPolicy, DispatchServices

WAITING_STATES = CLAIMABLE | {JobState.SCHEDULED}
_OUTCOME_OF = {
    Move.SUPPRESS: Outcome.SUPPRESSED,
    Move.DEFER: Outcome.DEFERRED,
    Move.HOLD: Outcome.HELD,
    Move.EXPIRE: Outcome.EXPIRED,
    Move.CANCEL: Outcome.CANCELLED,
}
_SPENT = frozenset({Outcome.SENT, Outcome.IN_DOUBT, Outcome.INCIDENT})
"""Outcomes that use up the allowance: a text is out, or may be."""


def dispatch_shards(
    services: DispatchServices,
    shards: Iterable[int],
    policy: DispatchPolicy,
    should_stop: Callable[[], bool] = lambda: False,
) -> DispatchSummary:
    """Send every due job of these shards; return counts by outcome and reason.

    Stops between two texts when ``should_stop`` says so (SIGTERM), when the drain budget is
    spent, or when an answer of SENS means that no text would go through. Raises LoadError only
    if a shard cannot be listed.
    """
    run = _Run(services, policy, should_stop)
    try:
        for shard in shards:
            run.drain(shard)
            if run.is_over():
                break
    finally:
        run.close()
    return run.tally.summary()


def by_recipient(jobs: Iterable[SmsJob]) -> list[list[SmsJob]]:
    """Jobs of each recipient in order of priority; the recipient with least time left first.

    Customers come before colleagues.
    """
    groups: defaultdict[str, list[SmsJob]] = defaultdict(list)
    for job in jobs:
        if job.state in WAITING_STATES:
            groups[job.to].append(job)
    for group in groups.values():
        group.sort(key=lambda job: (job.priority, job.due_at, job.sort_key))
    return sorted(groups.values(), key=_urgency)


def _urgency(group: list[SmsJob]) -> tuple[bool, datetime]:
    return (not group[0].is_text, min(job.not_after for job in group))


class _Halt(StrEnum):
    """How far an answer of SENS stops the run."""

    NONE = ""
    SHARD = "shard"
    ALL = "all"


class _Run:
    """State of one dispatch run: budget, rate, what SENS has said so far."""

    def __init__(
        self, services: DispatchServices, policy: DispatchPolicy, should_stop: Callable[[], bool]
    ) -> None:
        self.services = services
        self.policy = policy
        self.tally = Tally()
        self.look = LastLook(services.control, policy)
        clock = services.transport_clock
        self._gate = SendGate(services.control, clock, max_age_ms=policy.control_max_age_ms)
        self._sender = TextSender(services, policy)
        self._notices = NoticeSender(services, policy)
        self._bucket = TokenBucket(policy.worker_rate, clock, services.sleep)
        self._should_stop = should_stop
        self._ends_at_ms = clock.now_ms() + int(policy.drain_budget_s * 1000)
        self._halt = _Halt.NONE
        self._throttles = 0
        self._refusals = 0
        self._expected = 0
        self._has_sent = False

    def close(self) -> None:
        """Give back what is left of the allowance, and note that SENS sends again after a pause.

        Losing either errs on the safe side: a cap comes early, a page is not repeated.
        """
        self._attempt(self.look.close, "allowance_not_returned")
        if self._has_sent and self._gate.saw_lapsed_pause:
            self._attempt(self._end_pause, "pause_not_ended")

    def _end_pause(self) -> None:
        end_lapsed_pause(self.services.control, self.services.transport_clock.now_ms())

    def _attempt(self, act: Callable[[], None], otherwise: str) -> None:
        try:
            act()
        except (StoreThrottled, StoreUnavailable):
            self.tally.stop(otherwise)

    # -- one shard ----------------------------------------------------------------------------

    def drain(self, shard: int) -> None:
        """Send the due jobs of a shard, one recipient after the other."""
        if self._halt is _Halt.SHARD:
            self._halt = _Halt.NONE
        due = self.services.jobs.open_jobs(shard, self.services.clock.now())
        jobs = list(chain.from_iterable(by_recipient(due)))
        self._expected = len(jobs)
        self._sender.expect(jobs)
        for job in jobs:
            if self._halt is _Halt.SHARD or self.is_over():
                return
            self._take_up(job)

    def is_over(self) -> bool:
        """Whether the whole run must end now; notes why."""
        if self._halt is _Halt.ALL:
            return True
        if self._should_stop():
            self.tally.stop("told_to_stop")
            return True
        if self.services.transport_clock.now_ms() >= self._ends_at_ms:
            self.tally.stop("drain_budget")
            return True
        return False

    def _take_up(self, job: SmsJob) -> None:
        """Handle one job; a failing store ends the shard, not the run."""
        try:
            now = self.services.clock.now()
            result = self._handle(job, now)
        except (StoreThrottled, StoreUnavailable) as failure:
            result = Result(Outcome.STORE_FAILED, failure.code)
            self._stop_shard("store_failed")
        else:
            if result.outcome is Outcome.WAITING and result.reason != "not_yet":
                self.tally.note_waiting((now - max(job.due_at, job.not_before)).total_seconds())
        self.tally.add(job, result)

    # -- one job ------------------------------------------------------------------------------

    def _handle(self, job: SmsJob, now: datetime) -> Result:
        """Decide what to do with one job at business instant ``now``, and do it."""
        if refusal := self._refusal(job):
            return Result(Outcome.WAITING, refusal)
        if job.no_resend:
            return self._move(job, Objection(Move.CANCEL, "no_resend"))
        if now > job.not_after:
            return self._move(job, Objection(Move.EXPIRE, "not_after"), now=now)
        if now < job.not_before:
            return Result(Outcome.WAITING, "not_yet")
        if job.state is JobState.SCHEDULED:
            released = self.services.jobs.move(job, Move.RELEASE)
            if released is None:
                return Result(Outcome.LOST_RACE)
            job = released
        return self._send(job) if job.is_text else self._notices.send(job)

    def _refusal(self, job: SmsJob) -> str | None:
        """A pause is about SENS: it does not silence those who should hear of it."""
        return self._gate.refusal(job.store_id, job.rule, heeds_pause=job.is_text)

    def _send(self, job: SmsJob) -> Result:
        """Wait for the rate, look once more, send, learn from the answer."""
        self._bucket.take()
        now = self.services.clock.now()
        objection = self.look.objection(job, now, self._expected)
        if objection is not None:
            return self._move(job, objection)
        sent = self._sender.send(job, now)
        self._learn(job, sent)
        return sent.result

    def _move(self, job: SmsJob, objection: Objection, **facts: datetime) -> Result:
        if objection.not_before is not None:
            facts["not_before"] = objection.not_before
        moved = self.services.jobs.move(job, objection.move, reason=objection.reason, **facts)
        outcome = _OUTCOME_OF[objection.move] if moved else Outcome.LOST_RACE
        return Result(outcome, objection.reason)

    # -- what SENS teaches --------------------------------------------------------------------

    def _learn(self, job: SmsJob, sent: Sent) -> None:
        """Pause, slow down or go on, after each answer."""
        outcome = sent.result.outcome
        if outcome not in _SPENT:
            self.look.allowance(job).put_back()
        if sent.pause:
            self._pause(job, sent.pause)
        elif sent.is_throttled:
            self._slow_down()
        elif outcome is Outcome.REFUSED:
            self._count_refusal(job)
        elif outcome is Outcome.SENT:
            self._has_sent = True
            self._throttles = self._refusals = 0

    def _pause(self, job: SmsJob, reason: str) -> None:
        """Stop all sending for a while: what SENS said holds for every text."""
        self._halt = _Halt.ALL
        self.tally.stop(f"paused_{reason}")
        control, now_ms = self.services.control, self.services.transport_clock.now_ms()
        pause_sending(control, reason, now_ms, self.policy.pause_s, job_id=job.job_id)

    def _slow_down(self) -> None:
        """Sleep longer at each throttle, then leave the shard to the next tick."""
        self._throttles += 1
        if self._throttles >= self.policy.throttles_before_stop:
            self._stop_shard("throttled")
            return
        delay_s = self.policy.throttle_pause_s * 2 ** (self._throttles - 1)
        self.services.sleep(jittered(delay_s, self.services.fraction))

    def _count_refusal(self, job: SmsJob) -> None:
        """Many refusals in a row are our mistake, not the customers': stop before more burn."""
        self._refusals += 1
        if self._refusals >= self.policy.refusals_before_pause:
            self._pause(job, "refusals")

    def _stop_shard(self, reason: str) -> None:
        self.tally.stop(reason)
        self._throttles = 0
        if self._halt is _Halt.NONE:
            self._halt = _Halt.SHARD


__all__ = [
    "DispatchPolicy",
    "DispatchServices",
    "DispatchSummary",
    "JobRef",
    "Outcome",
    "by_recipient",
    "dispatch_shards",
    "resume_sending",
]
