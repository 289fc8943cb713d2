"""What became of each job that a dispatch run looked at: counts and keys, never a person."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from booking_sms.domain.sms_job import SmsJob


class Outcome(StrEnum):
    """What dispatch did with one job; ``told`` is a notice that reached colleagues."""

    SENT = "sent"
    TOLD = "told"
    IN_DOUBT = "in_doubt"
    NOT_SENT = "not_sent"
    REFUSED = "refused"
    DEFERRED = "deferred"
    SUPPRESSED = "suppressed"
    EXPIRED = "expired"
    CANCELLED = "cancelled"
    HELD = "held"
    WAITING = "waiting"
    LOST_RACE = "lost_race"
    INCIDENT = "incident"
    STORE_FAILED = "store_failed"


TEXT_UNREADABLE = "text_unreadable"
"""Reason of a text that no key of ours opens now: it waits for the key, the others go on."""

REPORTED = frozenset(Outcome) - {Outcome.WAITING, Outcome.LOST_RACE, Outcome.STORE_FAILED}
"""Outcomes whose jobs are named to the report; the others changed nothing."""


@dataclass(frozen=True)
class Result:
    """Outcome of one job and its reason, a stable word."""

    outcome: Outcome
    reason: str = ""

    def __str__(self) -> str:
        return f"{self.outcome}:{self.reason}" if self.reason else self.outcome.value


@dataclass(frozen=True)
class JobRef:
    """Key of a job. Keys hold no phone, so they may travel through XCom."""

    booking_num: str
    sort_key: str
    outcome: str


@dataclass(frozen=True, kw_only=True)
class DispatchSummary:
    """Counts by ``outcome`` or ``outcome:reason``, keys of the jobs that changed, why it stopped.

    ``stopped`` is empty when everything due was looked at. ``oldest_due_s`` is how late the
    oldest job is that was due and is still waiting, in seconds of business time.
    """

    counts: Mapping[str, int] = field(default_factory=dict)
    jobs: tuple[JobRef, ...] = ()
    stopped: tuple[str, ...] = ()
    oldest_due_s: int = 0

    def of(self, outcome: Outcome) -> int:
        """Number of jobs with an outcome, whatever the reason."""
        return sum(n for name, n in self.counts.items() if name.split(":")[0] == outcome)

    @property
    def is_idle(self) -> bool:
        """Whether nothing changed and nothing stopped it."""
        return not self.jobs and not self.stopped and not self.of(Outcome.STORE_FAILED)

    @property
    def accepted(self) -> tuple[tuple[str, str], ...]:
        """Keys of the jobs whose text was accepted in this run."""
        sent = [ref for ref in self.jobs if ref.outcome == Outcome.SENT]
        return tuple((ref.booking_num, ref.sort_key) for ref in sent)

    def as_dict(self) -> dict[str, Any]:
        """JSON-able form for XCom."""
        others = [ref for ref in self.jobs if ref.outcome != Outcome.SENT]
        return {
            "counts": dict(self.counts),
            "accepted": [list(key) for key in self.accepted],
            "others": [[ref.booking_num, ref.sort_key, ref.outcome] for ref in others],
            "stopped": list(self.stopped),
            "oldest_due_s": self.oldest_due_s,
        }

    @classmethod
    def from_dict(cls, document: Mapping[str, Any]) -> DispatchSummary:
        """Read what ``as_dict`` wrote; accepted jobs come first."""
        accepted = [
            JobRef(num, sort_key, Outcome.SENT.value) for num, sort_key in document["accepted"]
        ]
        return cls(
            counts=dict(document["counts"]),
            jobs=(*accepted, *(JobRef(*entry) for entry in document["others"])),
            stopped=tuple(document["stopped"]),
            oldest_due_s=int(document["oldest_due_s"]),
        )

    @classmethod
    def merged(cls, summaries: Iterable[DispatchSummary]) -> DispatchSummary:
        """One summary of several workers."""
        parts = tuple(summaries)
        counts: Counter[str] = Counter()
        for part in parts:
            counts.update(part.counts)
        return cls(
            counts=dict(sorted(counts.items())),
            jobs=tuple(ref for part in parts for ref in part.jobs),
            stopped=tuple(sorted({reason for part in parts for reason in part.stopped})),
            oldest_due_s=max((part.oldest_due_s for part in parts), default=0),
        )


class Tally:
    """Collects results while a run is under way."""

    def __init__(self) -> None:
        self._counts: Counter[str] = Counter()
        self._jobs: list[JobRef] = []
        self._stopped: set[str] = set()
        self._oldest_due_s = 0

    def add(self, job: SmsJob, result: Result) -> None:
        """Count one job's result."""
        self._counts[str(result)] += 1
        if result.outcome in REPORTED:
            self._jobs.append(JobRef(job.booking_num, job.sort_key, result.outcome.value))

    def note_waiting(self, late_s: float) -> None:
        """Note how late a job is that was due and waits on."""
        self._oldest_due_s = max(self._oldest_due_s, int(late_s))

    def stop(self, reason: str) -> None:
        """Note why the run, or a shard, ended early."""
        self._stopped.add(reason)

    def summary(self) -> DispatchSummary:
        """The summary so far."""
        return DispatchSummary(
            counts=dict(sorted(self._counts.items())),
            jobs=tuple(self._jobs),
            stopped=tuple(sorted(self._stopped)),
            oldest_due_s=self._oldest_due_s,
        )
