"""The outbox's table at its worst: answers that get lost, writes refused, an index that lags."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime
from random import Random

from booking_sms.domain.errors import StoreThrottled, StoreUnavailable
from booking_sms.domain.job_moves import PlannedWrite
from booking_sms.domain.sms_job import FINAL, SmsJob
from booking_sms.testing.jobs import InMemorySmsJobRepository, JobKey


class FlakyJobs(InMemorySmsJobRepository):
    """Fails ``share`` of its writes, half of them after they were made; forgets index entries.

    ``is_fenced`` False lets every move through, whoever made others meanwhile: without the fence
    a campaign must find duplicates.
    """

    def __init__(self, random: Random, *, share: float, is_fenced: bool = True) -> None:
        super().__init__()
        self._random = random
        self.share = share
        self._is_fenced = is_fenced
        self._open: defaultdict[int, dict[JobKey, None]] = defaultdict(dict)
        self.failures = 0

    def insert_if_absent(self, job: SmsJob) -> bool:
        """Store a new job, and index it."""
        self._open[job.open_shard][(job.booking_num, job.sort_key)] = None
        return super().insert_if_absent(job)

    def open_jobs(self, shard: int, due_until: datetime) -> tuple[SmsJob, ...]:
        """What the index shows now, each re-read from the base table."""
        keys = list(self._open[shard])
        lags = self.share and self._random.random() < 0.2
        shown = [key for key in keys if not lags or self._random.random() < 0.5]
        found = (self._jobs[key] for key in shown)
        return tuple(job for job in found if job.state not in FINAL and job.due_at <= due_until)

    @property
    def has_open(self) -> bool:
        """Whether any job is not final."""
        return any(self._open.values())

    def _write(self, job: SmsJob, write: PlannedWrite, name: str) -> SmsJob | None:
        fate = self._random.random()
        if fate < self.share / 2:
            self.failures += 1
            raise StoreThrottled(reason="throttled")
        written = super()._write(job, self._as_guarded(write), name)
        self._reindex(job)
        if fate < self.share:
            self.failures += 1
            raise StoreUnavailable(reason="answer lost")
        return written

    def _as_guarded(self, write: PlannedWrite) -> PlannedWrite:
        if self._is_fenced:
            return write
        return PlannedWrite(move=write.move, guards=(), changes=write.changes)

    def _reindex(self, job: SmsJob) -> None:
        key = (job.booking_num, job.sort_key)
        if self._jobs[key].state in FINAL:
            self._open[job.open_shard].pop(key, None)
        else:
            self._open[job.open_shard][key] = None
