"""Jobs into the outbox: body first, then job, each put only if absent."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from booking_sms.domain.errors import (
    JobUnreadable,
    PayloadConflict,
    StoreThrottled,
    StoreUnavailable,
)
from booking_sms.domain.job_change import WITHDRAWING, Action, JobChange
from booking_sms.domain.sms_job import (
    JobState,
    SmsJob,
)
from booking_sms.pipeline.apply_changes import Applied, apply_change
from booking_sms.pipeline.job_batch import JobBatch
from booking_sms.pipeline.parallel import in_parallel
from booking_sms.ports import (
    BodyStore,
    SmsJobRepository,
)


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
