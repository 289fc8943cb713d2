"""``sms_jobs`` in memory, with the same conditions as the real table."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from booking_sms.domain.errors import BookingSmsError, PayloadConflict
from booking_sms.domain.incidents import keep_incident
from booking_sms.domain.job_moves import (
    PlannedWrite,
    incident_note,
    payload_conflict,
    plan_amendment,
    plan_move,
)
from booking_sms.domain.sms_job import FINAL, Move, SmsJob
from booking_sms.ports import ControlRepository, StoredJob, UnreadableItem

JobKey = tuple[str, str]


class InMemorySmsJobRepository:
    """Jobs by key under one lock. ``control`` receives a note of each payload conflict.

    ``unreadable`` are items that are no jobs, ``unindexed`` keys of jobs that the index lost.
    """

    def __init__(self, control: ControlRepository | None = None) -> None:
        self._jobs: dict[JobKey, SmsJob] = {}
        self._lock = threading.RLock()
        self._control = control
        self._failure: tuple[BookingSmsError, bool] | None = None
        self.writes: list[tuple[str, str]] = []
        self.unreadable: list[UnreadableItem] = []
        self.unindexed: set[JobKey] = set()

    @property
    def jobs(self) -> tuple[SmsJob, ...]:
        """Every stored job, by key."""
        with self._lock:
            return tuple(self._jobs[key] for key in sorted(self._jobs))

    def fail_next_write(self, error: BookingSmsError, *, applied: bool) -> None:
        """Let the next write raise ``error``, after it happened all the same if ``applied``."""
        self._failure = (error, applied)

    def insert_if_absent(self, job: SmsJob) -> bool:
        """Store a new job; False for the same payload again, PayloadConflict for another."""
        with self._lock:
            self._fail_before()
            stored = self._jobs.setdefault(_key(job), job)
            if stored is job:
                self.writes.append((job.job_id, "insert"))
                self._fail_after()
                return True
        if stored.payload_hash == job.payload_hash:
            return False
        raise self._conflict(stored, job)

    def get(self, booking_num: str, sort_key: str) -> SmsJob | None:
        """Return the stored job or None."""
        with self._lock:
            return self._jobs.get((booking_num, sort_key))

    def of_booking(self, booking_num: str) -> tuple[SmsJob, ...]:
        """All jobs of a booking, by sort key."""
        return tuple(job for job in self.jobs if job.booking_num == booking_num)

    def open_jobs(self, shard: int, due_until: datetime) -> tuple[SmsJob, ...]:
        """Open jobs of a shard, oldest due first."""
        found = [
            job
            for job in self.jobs
            if job.state not in FINAL and job.open_shard == shard and job.due_at <= due_until
            if _key(job) not in self.unindexed
        ]
        return tuple(sorted(found, key=lambda job: (job.due_at, *_key(job))))

    def move(self, job: SmsJob, move: Move, **changes: Any) -> SmsJob | None:
        """Apply a move under its conditions; None when the race was lost."""
        return self._write(job, plan_move(job, move, changes), move.value)

    def amend(self, job: SmsJob, **changes: Any) -> SmsJob | None:
        """Change fields on the same state and attempt; None when the job moved on."""
        return self._write(job, plan_amendment(job, changes), "amend")

    def everything(self) -> Iterator[StoredJob | UnreadableItem]:
        """Every job, then what is none."""
        for job in self.jobs:
            yield StoredJob(job=job, is_indexed=_key(job) not in self.unindexed)
        yield from self.unreadable

    def index_again(self, job: SmsJob) -> bool:
        """Put a job back into the index."""
        with self._lock:
            stored = self._jobs.get(_key(job))
            if stored is None or (stored.state, stored.attempt) != (job.state, job.attempt):
                return False
            self.unindexed.discard(_key(job))
            return True

    def count_by_reason(self) -> Mapping[tuple[str, str, str], int]:
        """{(kind, state, reason): n} of jobs that have a reason."""
        return Counter((job.kind, job.state.value, job.reason) for job in self.jobs if job.reason)

    def count_by_state(self, window: str | None = None) -> Mapping[tuple[str, str, str], int]:
        """{(store, kind, state): n}, of one window when it is given."""
        return Counter(
            (job.store_id, job.kind, job.state.value)
            for job in self.jobs
            if window is None or job.window == window
        )

    def _write(self, job: SmsJob, write: PlannedWrite, name: str) -> SmsJob | None:
        with self._lock:
            self._fail_before()
            stored = self._jobs.get(_key(job))
            if stored is None:
                return None
            if not write.allows(stored):
                return stored if write.is_already_done(stored) else None
            after = stored.evolve(**write.changes)
            self._jobs[_key(job)] = after
            self.writes.append((job.job_id, name))
            self._fail_after()
            return after

    def _conflict(self, stored: SmsJob, job: SmsJob) -> PayloadConflict:
        conflict = payload_conflict(stored, job)
        if self._control is not None:
            keep_incident(self._control, job.job_id, incident_note(conflict), conflict.context)
        return conflict

    def _fail_before(self) -> None:
        if self._failure and not self._failure[1]:
            error, self._failure = self._failure[0], None
            raise error

    def _fail_after(self) -> None:
        if self._failure:
            error, self._failure = self._failure[0], None
            raise error


def _key(job: SmsJob) -> JobKey:
    return (job.booking_num, job.sort_key)
