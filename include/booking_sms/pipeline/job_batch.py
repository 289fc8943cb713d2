"""The jobs of one window with their texts, and the hash that an approval refers to."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from booking_sms.domain.job_change import JobChange
from booking_sms.domain.rule_counts import RuleCounts
from booking_sms.domain.sms_job import (
    JobState,
    SmsJob,
)

AWAITING_APPROVAL = "awaiting_approval"


@dataclass(frozen=True, kw_only=True)
class JobBatch:
    """The jobs of one window with their texts; an empty text belongs to a held job only.

    ``outcomes`` counts what became of every decision: a job state, with the reason for held
    ones, or ``shadow`` (counted, never loaded) and ``failed`` (a booking nobody could decide).
    ``rules`` says by rule what was looked at and what came of it. ``gaps`` are the earlier windows
    of each store that this one heals, by name, each with what it has lost by rule. ``changes``
    are made before any job is loaded; a job whose key was used before is loaded by a change of
    its own. ``shadowed`` are the texts that rules at stage shadow decided: never loaded, and looked
    at by comparison mode only. ``catalog`` is the digest of the rules, texts and stores that
    decided.
    """

    window: str
    jobs: tuple[tuple[SmsJob, str], ...] = field(default=(), repr=False)
    outcomes: Mapping[str, int] = field(default_factory=dict)
    not_matched: Mapping[str, int] = field(default_factory=dict)
    rules: Mapping[str, RuleCounts] = field(default_factory=dict)
    gaps: Mapping[str, Mapping[str, Mapping[str, int]]] = field(default_factory=dict)
    changes: tuple[JobChange, ...] = field(default=(), repr=False)
    shadowed: tuple[SmsJob, ...] = field(default=(), repr=False)
    catalog: str = ""

    @property
    def plan_hash(self) -> str:
        """Hash over every item: who would get what, until when."""
        return plan_hash(job for job, _ in self.jobs)

    def counts(self) -> dict[str, Any]:
        """Counts for logs and XCom: no person, no text."""
        return {
            "planned": len(self.jobs),
            "outcomes": dict(self.outcomes),
            "not_matched": dict(self.not_matched),
            "rules": {name: counts.as_dict() for name, counts in self.rules.items()},
            "changes": dict(Counter(change.action.value for change in self.changes)),
        }


def plan_hash(jobs: Iterable[SmsJob]) -> str:
    """Short hash of a set of jobs, independent of their order; what an approval refers to."""
    items = (
        f"{job.booking_num}|{job.sort_key}|{job.payload_hash}|{job.not_after.isoformat()}"
        for job in jobs
    )
    return hashlib.sha256("\n".join(sorted(items)).encode()).hexdigest()[:16]


def await_approval(job: SmsJob, approval: str) -> SmsJob:
    """Hours are judged when the approved job is due, not now: a dropped one is held as well."""
    problem = job.reason if job.state is JobState.HELD else ""
    reason = problem or AWAITING_APPROVAL
    return job.evolve(state=JobState.HELD, reason=reason, plan_hash=approval)
