"""Leaving ``off``: what came due long before waits for a person, and only then may texts leave.

After a restore nobody knows of any text whether it went out: all of them wait for a person.

Texts of the last window go out by themselves. Older ones were decided for an hour that is gone:
somebody looks at them first. The order makes a crash safe: jobs are held, then the mode changes.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from booking_sms.domain.errors import ActionRefused
from booking_sms.domain.sms_job import CLAIMABLE, IN_DOUBT, OPEN_SHARDS, JobState, Move, SmsJob
from booking_sms.domain.window import WINDOW_LENGTH
from booking_sms.pipeline.job_batch import AWAITING_APPROVAL, plan_hash
from booking_sms.pipeline.operator import Person
from booking_sms.pipeline.send_gate import LIVE
from booking_sms.ports import Clock, ControlRepository, SmsJobRepository, StoredJob

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


@dataclass(frozen=True, kw_only=True)
class HeldAll:
    """How many texts now wait for approval, and how many are still under way or in doubt."""

    held: int = 0
    in_doubt: int = 0
    unreadable: int = 0
    plan_hash: str = ""

    @property
    def is_whole(self) -> bool:
        """Whether no text can leave by itself any more, once the kill switch is released."""
        return not (self.in_doubt or self.unreadable)


def hold_everything(control: ControlRepository, jobs: SmsJobRepository, person: Person) -> HeldAll:
    """Hold each text that waits, due or not: none leaves without somebody's approval.

    Raises ActionRefused unless the kill switch for all is thrown: what moves on meanwhile would
    be missed. Reads the whole table, not its index. Raises LoadError; asking again is safe.
    """
    if "all" not in control.kill_switches():
        raise ActionRefused("throw the kill switch first: booking-sms control kill all")
    control.record_change("outbox", "hold all", by=person.by, reason=person.reason)
    items = list(jobs.everything())
    texts = [one.job for one in items if isinstance(one, StoredJob) and one.job.is_text]
    waiting = [job for job in texts if job.state in WAITING]
    approval = plan_hash(waiting)
    changes = {"reason": AWAITING_APPROVAL, "plan_hash": approval}
    held = [job for job in waiting if jobs.move(job, Move.HOLD, **changes) is not None]
    return HeldAll(
        held=len(held),
        # Who lost the race was moved by somebody: the next call says where to.
        in_doubt=sum(job.state in IN_DOUBT for job in texts) + len(waiting) - len(held),
        unreadable=len(items) - sum(isinstance(one, StoredJob) for one in items),
        plan_hash=approval if held else "",
    )


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
