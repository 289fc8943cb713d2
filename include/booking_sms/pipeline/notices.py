"""Sends notices to colleagues: Telegram, Slack, the log. Never through SENS, never a customer.

A notice is delivered at least once: one that may have arrived is sent again, because a line that
comes twice costs a glance and a lost one costs what it warned of.
"""

from __future__ import annotations

import json
from collections.abc import Callable

import structlog

from booking_sms.domain.errors import AlertFailed, ConfigError
from booking_sms.domain.sms_job import JobState, Move, SmsJob
from booking_sms.pipeline.outcomes import TEXT_UNREADABLE, Outcome, Result
from booking_sms.pipeline.pacing import retry_delay
from booking_sms.pipeline.services import DispatchPolicy, DispatchServices

LOG_CHANNEL = "log"
log = structlog.get_logger(__name__)


class NoticeSender:
    """Sends one due notice at a time; a channel that fails is left alone for the rest of a run.

    So a Slack that hangs costs one timeout and not one a notice: door codes are waiting.
    """

    def __init__(self, services: DispatchServices, policy: DispatchPolicy) -> None:
        self._services = services
        self._policy = policy
        self._failed: set[str] = set()

    def send(self, job: SmsJob) -> Result:
        """Claim, deliver, record. Raises LoadError when the store fails."""
        if job.channel in self._failed:
            return Result(Outcome.WAITING, "channel_failed")
        deliver = self._way_out(job)
        if deliver is None:
            return self._move(job, Move.HOLD, Outcome.HELD, "no_channel")
        try:
            text = self._services.bodies.get(job.body_sha)
        except KeyError:
            return self._move(job, Move.HOLD, Outcome.HELD, "text_missing")
        except ConfigError:
            return Result(Outcome.WAITING, TEXT_UNREADABLE)
        return self._tell(job, deliver, text)

    def _tell(self, job: SmsJob, deliver: Callable[[str], None], text: str) -> Result:
        claimed = self._intent(job)
        if claimed is None:
            return Result(Outcome.LOST_RACE)
        # A crash from here on: the lease lapses, and reconcile lets the notice go out again.
        try:
            deliver(text)
        except AlertFailed as failure:
            return self._record_failure(claimed, failure)
        return self._record_delivery(claimed)

    def _way_out(self, job: SmsJob) -> Callable[[str], None] | None:
        if job.channel == LOG_CHANNEL:
            return lambda body: log.info(job.kind, **json.loads(body))
        channel = self._services.channels.get(job.channel)
        return channel.send if channel else None

    def _intent(self, job: SmsJob) -> SmsJob | None:
        t0 = self._services.transport_clock.now_ms()
        lease_until = t0 + self._policy.notice_lease_s * 1000
        now = self._services.clock.now()
        return self._services.jobs.move(
            job, Move.INTENT, now=now, t0=t0, lease_until=lease_until, looks=0, reason=""
        )

    def _record_delivery(self, job: SmsJob) -> Result:
        attempts = job.with_attempt("accepted").attempts
        accepted = self._services.jobs.move(job, Move.ACCEPT, reason="", attempts=attempts)
        if accepted is None:
            return Result(Outcome.LOST_RACE, "lease_lapsed")
        # A crash here: accepted; the delivery poll ends it.
        self._services.jobs.move(accepted, Move.DELIVER, reason="")
        return Result(Outcome.TOLD)

    def _record_failure(self, job: SmsJob, failure: AlertFailed) -> Result:
        self._failed.add(job.channel)
        reason = str(failure.context.get("reason") or failure.code)
        job = job.with_attempt("not_sent", code=reason)
        if not failure.retry_safe:
            return self._move(job, Move.REFUSE, Outcome.REFUSED, reason)
        policy = self._policy
        delay = retry_delay(job.attempt, policy.retry_base_s, policy.retry_limit_s)
        not_before = self._services.clock.now() + delay
        moved = self._services.jobs.move(
            job, Move.NOT_SENT, reason=reason, attempts=job.attempts, not_before=not_before
        )
        return Result(Outcome.NOT_SENT if moved else Outcome.LOST_RACE, reason)

    def _move(self, job: SmsJob, move: Move, outcome: Outcome, reason: str) -> Result:
        moved = self._services.jobs.move(job, move, reason=reason, attempts=job.attempts)
        return Result(outcome if moved else Outcome.LOST_RACE, reason)


def let_go_again(services: DispatchServices, job: SmsJob) -> bool:
    """Make a notice that its sender left behind ready to go out again; False if nothing was due.

    ``job`` is open; a live sender's lease is respected.
    """
    if job.state is JobState.SENDING:
        now_ms = services.transport_clock.now_ms()
        if job.lease_until >= now_ms:
            return False
        lapsed = services.jobs.move(job, Move.LAPSE, now_ms=now_ms, reason="lease_lapsed")
        if lapsed is None:
            return False
        job = lapsed
    if job.state is not JobState.OUTCOME_UNKNOWN:
        return False
    return services.jobs.move(job, Move.SETTLE_ABSENT, reason="told_again") is not None
