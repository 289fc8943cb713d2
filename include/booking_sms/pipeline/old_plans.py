"""A plan that comes to the outbox late: looked at once more, then held for a person.

By age, whatever ran it: a native backfill, a cleared task, a run that was late. Each planned
message ends in one place that can be counted:

- still wanted: ``held(awaiting_approval)``, for a repair to release;
- past its useful life: ``expired``;
- its visit was cancelled or missed: ``cancelled``, with the reason;
- its visit was moved, has another phone or is gone: taken out of the plan and counted. A row of
  it would stand under the key of the message that the moved visit still needs.

A booking that cannot be read now stays held: its release looks again.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from booking_sms.domain.rule_counts import RuleCounts
from booking_sms.domain.sms_job import FINAL, JobState, SmsJob
from booking_sms.pipeline.job_batch import JobBatch, await_approval, plan_hash
from booking_sms.pipeline.recheck import OVER_FOR_GOOD, BookingReader, recheck
from booking_sms.ports import BookingSource

NOT_AFTER = "not_after"
Planned = tuple[SmsJob, str]


@dataclass(frozen=True, kw_only=True)
class OldPlan:
    """An old batch as it may be loaded; ``dropped`` counts what was taken out, by reason."""

    batch: JobBatch
    dropped: Counter[str]


def settle_old_plan(batch: JobBatch, source: BookingSource, now: datetime) -> OldPlan:
    """Re-read every planned booking and settle each message; raises ConfigError."""
    reader, dropped = BookingReader(source), Counter[str]()
    kept: list[Planned] = []
    for job, text in batch.jobs:
        settled, reason = _settled(job, reader, now)
        if settled is None:
            dropped[reason] += 1
        else:
            kept.append((settled, text))
    approval = plan_hash(job for job, _ in kept)
    jobs = tuple((_held(job, approval), text) for job, text in kept)
    outcomes = _outcomes(batch, (job for job, _ in jobs), dropped)
    loadable = replace(batch, jobs=jobs, outcomes=outcomes, rules=_rules(batch, jobs))
    return OldPlan(batch=loadable, dropped=dropped)


def _settled(job: SmsJob, reader: BookingReader, now: datetime) -> tuple[SmsJob | None, str]:
    reason = _objection(job, reader)
    if reason in OVER_FOR_GOOD:
        return job.evolve(state=JobState.CANCELLED, reason=reason), reason
    if reason:
        return None, reason
    if job.not_after < now:
        return job.evolve(state=JobState.EXPIRED, reason=NOT_AFTER), NOT_AFTER
    return job, ""


def _objection(job: SmsJob, reader: BookingReader) -> str:
    """A notice to colleagues is about a window that was, and is not asked about."""
    if not job.is_text:
        return ""
    booking, unread = reader.read(job.booking_num)
    return "" if unread else recheck(job, booking)


def _held(job: SmsJob, approval: str) -> SmsJob:
    """Hours are judged when the message is released: one dropped for them is held as well."""
    settled_for_good = job.state in FINAL - {JobState.SUPPRESSED}
    return job if settled_for_good else await_approval(job, approval)


def _rules(batch: JobBatch, jobs: Iterable[Planned]) -> dict[str, RuleCounts]:
    """By rule what is planned and held now; what it looked at is as it was."""
    made = [job for job, _ in jobs]
    planned = Counter(job.rule for job in made)
    held = Counter(job.rule for job in made if job.state is JobState.HELD)
    return {
        name: replace(counts, planned=planned[name], held=held[name])
        for name, counts in batch.rules.items()
    }


def _outcomes(batch: JobBatch, jobs: Iterable[SmsJob], dropped: Counter[str]) -> dict[str, int]:
    """What became of every decision; shadow and failed ones are as they were counted."""
    counts = Counter(_outcome(job) for job in jobs)
    counts.update({f"dropped: {reason}": number for reason, number in dropped.items()})
    counts.update({name: batch.outcomes.get(name, 0) for name in ("shadow", "failed")})
    return dict(+counts)


def _outcome(job: SmsJob) -> str:
    if job.state is JobState.HELD:
        return f"held: {job.reason.split(' ')[0]}"
    return f"{job.state.value}: {job.reason}" if job.reason else job.state.value
