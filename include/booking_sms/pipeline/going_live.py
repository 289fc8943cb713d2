"""Leaving ``off``: what came due long before waits for a person, and only then may texts leave.

Texts of the last window go out by themselves. Older ones were decided for an hour that is gone:
somebody looks at them first. The order makes a crash safe: jobs are held, then the mode changes.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from booking_sms.domain.sms_job import CLAIMABLE, OPEN_SHARDS, JobState, Move, SmsJob
from booking_sms.domain.window import WINDOW_LENGTH
from booking_sms.pipeline.job_batch import AWAITING_APPROVAL, plan_hash
from booking_sms.pipeline.operator import Person
from booking_sms.pipeline.send_gate import LIVE
from booking_sms.ports import Clock, ControlRepository, SmsJobRepository

WAITING = CLAIMABLE | {JobState.SCHEDULED}


@dataclass(frozen=True, kw_only=True)
class HeldTexts:
    """How many texts now wait for approval, under which hash; no hash without any."""

    number: int = 0
    plan_hash: str = ""


def go_live(
    control: ControlRepository,
    jobs: SmsJobRepository,
    clock: Clock,
    person: Person,
    store_id: str | None = None,
) -> HeldTexts:
    """Set the mode of the chain or of one store to live; what is long due is held before.

    Held is what is due for longer than a window, however long the mode was off, of each store
    that could not send until now. Raises LoadError with the mode unchanged: asking again is safe.
    """
    held = hold_long_due(control, jobs, clock.now(), store_id)
    control.set_delivery_mode(LIVE, by=person.by, reason=person.reason, store_id=store_id)
    return held


def hold_long_due(
    control: ControlRepository, jobs: SmsJobRepository, now: datetime, store_id: str | None
) -> HeldTexts:
    """Hold the texts of stores that are not live now, which were due more than a window ago."""
    found = list(_long_due(control, jobs, now, store_id))
    approval = plan_hash(found)
    changes = {"reason": AWAITING_APPROVAL, "plan_hash": approval}
    moved = [job for job in found if jobs.move(job, Move.HOLD, **changes) is not None]
    return HeldTexts(number=len(moved), plan_hash=approval if moved else "")


def _long_due(
    control: ControlRepository, jobs: SmsJobRepository, now: datetime, store_id: str | None
) -> Iterator[SmsJob]:
    """Expired ones are left to expire."""
    modes: dict[str, str] = {}
    for shard in range(OPEN_SHARDS):
        for job in jobs.open_jobs(shard, now):
            is_asked = store_id is None or job.store_id == store_id
            if is_asked and _is_long_due(job, now):
                if job.store_id not in modes:
                    modes[job.store_id] = control.delivery_mode(job.store_id)
                if modes[job.store_id] != LIVE:
                    yield job


def _is_long_due(job: SmsJob, now: datetime) -> bool:
    is_waiting = job.is_text and job.state in WAITING and job.not_after > now
    return is_waiting and now - job.not_before > WINDOW_LENGTH
