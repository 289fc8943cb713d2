"""What follows a send: settles doubt, asks for delivery, ends what is too late. Sends nothing.

Every step may be repeated at any time and be killed at any line.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any

from booking_sms.domain.errors import StoreThrottled, StoreUnavailable
from booking_sms.domain.sms_job import UNSENT, JobState, Move, SmsJob
from booking_sms.pipeline.delivery import DeliverySummary, poll_delivery_reports
from booking_sms.pipeline.open_jobs import open_jobs_by_shard
from booking_sms.pipeline.services import DispatchServices, ReconcilePolicy
from booking_sms.pipeline.settle import SettleSummary, settle_unknown_outcomes


@dataclass(kw_only=True)
class ExpirySummary:
    """How many jobs ended by not_after; ``held`` of them had waited for a person.

    ``texts`` of them were for customers, the others for colleagues.
    """

    expired: int = 0
    texts: int = 0
    held: int = 0
    store_failed: int = 0
    kinds: dict[str, int] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        """JSON-able counts."""
        return asdict(self)


def expire_overdue(services: DispatchServices) -> ExpirySummary:
    """Expire what is certainly unsent, or held, and past its not_after.

    Raises LoadError only if a shard cannot be listed.
    """
    summary = ExpirySummary()
    now = services.clock.now()
    for shard_jobs in open_jobs_by_shard(services):
        for job in shard_jobs:
            if job.state in UNSENT and job.not_after < now:
                _expire(services, job, now, summary)
    return summary


def refresh_opt_outs(services: DispatchServices) -> int:
    """Copy SENS's list of numbers that refused advertising to where dispatch looks; how many.

    Raises GatewayListUnavailable or LoadError; what was copied before stays. Numbers are only
    added: consent that is given again is a person's decision, not this copy's.
    """
    numbers = set(services.gateway.opted_out())
    services.control.add_opt_outs(numbers)
    return len(numbers)


def _expire(services: DispatchServices, job: SmsJob, now: datetime, summary: ExpirySummary) -> None:
    """Expire one job; a held one keeps the reason why it waited for a person."""
    is_held = job.state is JobState.HELD
    reason = job.reason if is_held and job.reason else "not_after"
    try:
        moved = services.jobs.move(job, Move.EXPIRE, now=now, reason=reason)
    except (StoreThrottled, StoreUnavailable):
        summary.store_failed += 1
        return
    if moved is not None:
        summary.expired += 1
        summary.texts += job.is_text
        summary.held += is_held
        summary.kinds[job.kind] = summary.kinds.get(job.kind, 0) + 1


__all__ = [
    "DeliverySummary",
    "ExpirySummary",
    "ReconcilePolicy",
    "SettleSummary",
    "expire_overdue",
    "poll_delivery_reports",
    "refresh_opt_outs",
    "settle_unknown_outcomes",
]
