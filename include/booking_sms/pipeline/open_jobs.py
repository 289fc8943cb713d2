"""Walks the open jobs, shard by shard, for the steps that judge by state and not by due time."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from booking_sms.domain.sms_job import OPEN_SHARDS, SmsJob
from booking_sms.pipeline.services import DispatchServices

_AHEAD = timedelta(days=2)  # the business clock may have been set back since a job was due


def open_jobs_by_shard(services: DispatchServices) -> Iterator[tuple[SmsJob, ...]]:
    """All open jobs; the same recipient is always in the same shard. Raises LoadError."""
    until = services.clock.now() + _AHEAD
    for shard in range(OPEN_SHARDS):
        yield services.jobs.open_jobs(shard, until)


def instant_of(epoch_ms: int) -> datetime:
    """An aware instant of transport time."""
    return datetime.fromtimestamp(epoch_ms / 1000, UTC)
