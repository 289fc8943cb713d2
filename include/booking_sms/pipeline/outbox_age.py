"""How old what waits in the outbox is: due texts, doubts, and what a person has to decide."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import timedelta
from functools import cache
from typing import Any

from booking_sms.domain.sms_job import CLAIMABLE, JobState, SmsJob
from booking_sms.pipeline.open_jobs import open_jobs_by_shard
from booking_sms.pipeline.send_gate import LIVE
from booking_sms.pipeline.services import DispatchServices

WAITING = CLAIMABLE | {JobState.SCHEDULED}


@dataclass(frozen=True, kw_only=True)
class OutboxAge:
    """Counts of texts, and the ages of the oldest in seconds; 0 where there is none.

    A text whose time is over is no backlog: it can only expire. Nor is one of a store where
    sending is not switched on: it waits on purpose, and is counted in ``not_live``.
    """

    due: int = 0
    oldest_due_s: float = 0.0
    not_live: int = 0
    in_doubt: int = 0
    oldest_doubt_s: float = 0.0
    held: int = 0

    def as_dict(self) -> dict[str, Any]:
        """JSON-able."""
        return asdict(self)


def measure_outbox(services: DispatchServices) -> OutboxAge:
    """Walk the open texts. Raises LoadError when a shard cannot be listed.

    Due texts age by business time, doubts by transport time, as dispatch and reconcile judge them.
    """
    now, now_ms = services.clock.now(), services.transport_clock.now_ms()
    is_live = cache(lambda store_id: services.control.delivery_mode(store_id) == LIVE)
    due: list[timedelta] = []
    doubts: list[float] = []
    held = not_live = 0
    for jobs in open_jobs_by_shard(services):
        for job in (job for job in jobs if job.is_text):
            late = now - max(job.due_at, job.not_before)
            if job.state in WAITING and late >= timedelta(0) and now <= job.not_after:
                if is_live(job.store_id):
                    due.append(late)
                else:
                    not_live += 1
            if _is_doubt(job, now_ms):
                doubts.append((now_ms - job.t0) / 1000)
            held += job.state is JobState.HELD
    return OutboxAge(
        due=len(due),
        oldest_due_s=max(due, default=timedelta(0)).total_seconds(),
        not_live=not_live,
        in_doubt=len(doubts),
        oldest_doubt_s=max(doubts, default=0.0),
        held=held,
    )


def _is_doubt(job: SmsJob, now_ms: int) -> bool:
    """Also a send whose sender is gone: reconcile has not looked at it yet."""
    has_lapsed = job.state is JobState.SENDING and job.lease_until < now_ms
    return has_lapsed or job.state is JobState.OUTCOME_UNKNOWN
