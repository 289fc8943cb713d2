"""The data points of runs, by what tells them: a task, a window, a dispatch, a settling, an audit.

Counts of failures are published as zeros too: an alarm needs to see that somebody looked.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from booking_sms.domain.airflow_view import EndedRun
from booking_sms.domain.errors import (
    BrowserCrashed,
    LoginUnavailable,
    SessionExpired,
    SessionNeedsPerson,
)
from booking_sms.domain.metric import Metric
from booking_sms.domain.metric_catalogue import data_point
from booking_sms.domain.price import Prices
from booking_sms.domain.sms_job import SmsJob
from booking_sms.telemetry.call_meter import Measurement
from booking_sms.telemetry.memory import peak_memory_mb
from booking_sms.telemetry.publishing import Measured, publish

ETL, DISPATCH, RECONCILE = "booking_sms_etl", "sms_dispatch", "sms_reconcile"
OPEN_SESSION, PLAN_JOBS = "open_session", "plan_jobs"
FAILED_LOGINS = (BrowserCrashed, LoginUnavailable, SessionExpired)
MILLISECOND = timedelta(milliseconds=1)
Failed = BaseException | None


@contextmanager
def measured_task(
    app: Measured,
    dag_id: str,
    task_id: str,
    *,
    is_last: bool = False,
    peak_memory: Callable[[], float | None] = peak_memory_mb,
) -> Iterator[None]:
    """Measure one task to its end, whatever that is, and publish what it cost.

    ``is_last`` tasks also tell that their DAG came to its end: only if they ended well.
    ``peak_memory`` is this process's, in megabytes.
    """
    begun, failed = time.perf_counter(), None
    app.meter.take()  # what was read before belongs to nobody
    try:
        yield
    except BaseException as error:
        failed = error
        raise
    finally:
        task = _EndedTask(
            dag_id=dag_id,
            task_id=task_id,
            took_ms=(time.perf_counter() - begun) * 1000,
            memory_mb=peak_memory(),
            measured=app.meter.take(),
            failed=failed,
            is_last=is_last,
        )
        publish(app, task.points)


@dataclass(frozen=True, kw_only=True)
class _EndedTask:
    """One task, however it ended."""

    dag_id: str
    task_id: str
    took_ms: float
    memory_mb: float | None
    measured: Measurement
    failed: Failed
    is_last: bool

    def points(self, at: datetime) -> Iterator[Metric]:
        yield from cost_points(self.measured, at)
        if self.memory_mb is not None:
            yield data_point("TaskMemory", self.memory_mb, at)
        if self.dag_id == ETL:
            yield data_point("PhaseDuration", self.took_ms, at, Phase=self.task_id)
            yield from _etl_points(self.task_id, self.measured, self.failed, at)
        if self.is_last and self.failed is None:
            yield data_point("DagHeartbeat", 1, at, Dag=self.dag_id)


def cost_points(measured: Measurement, at: datetime) -> Iterator[Metric]:
    """What a task's calls cost: one point a service, never one a call."""
    for service, calls in measured.calls.items():
        yield data_point("ApiLatency", calls.median_ms, at, Service=service)
        yield data_point("ApiErrorRate", calls.failed_percent, at, Service=service)
    yield data_point("WriteUnits", measured.write_units, at)
    yield data_point("Throttles", measured.throttles, at)
    for start_ms in measured.browser_start_ms:
        yield data_point("BrowserStart", start_ms, at)
    for memory_mb in measured.browser_memory_mb:
        yield data_point("BrowserMemory", memory_mb, at)


def _etl_points(
    task_id: str, measured: Measurement, failed: Failed, at: datetime
) -> Iterator[Metric]:
    """Login and secrets: zeros by the tasks that always meet them, more by whoever does."""
    needs_person = isinstance(failed, SessionNeedsPerson)
    logins = int(isinstance(failed, FAILED_LOGINS))
    if task_id == OPEN_SESSION or needs_person:
        yield data_point("SessionNeedsPerson", int(needs_person), at)
    if task_id == OPEN_SESSION or logins:
        yield data_point("LoginFailureTotal", logins, at)
    if task_id == PLAN_JOBS or measured.secrets_errors:
        yield data_point("SecretsErrorTotal", measured.secrets_errors, at)


# -- what was done -----------------------------------------------------------------------------


def window_points(
    extracts: Sequence[Mapping[str, Any]], unaccounted: int | None, at: datetime
) -> Iterator[Metric]:
    """A window that was reported: what could not be read, what has not exactly one outcome.

    No number of what nobody looked at: no store was read, no message was accounted for.
    """
    if extracts:
        quarantined = sum(int(item["quarantined"]) for item in extracts)
        yield data_point("QuarantinedRows", quarantined, at)
    if unaccounted is not None:
        yield data_point("UnaccountedBookings", unaccounted, at)


def sent_points(accepted: Sequence[SmsJob], prices: Prices, at: datetime) -> Iterator[Metric]:
    """Accepted texts: how many, by store and kind, and what they cost."""
    texts = [job for job in accepted if job.is_text]
    yield data_point("SMSSentTotal", len(texts), at)
    for (store, kind), number in sorted(_by_store_and_kind(texts).items()):
        yield data_point("TextsSent", number, at, Store=store, Kind=kind)
    cost = sum(prices.of(job.message_type) for job in texts)
    yield data_point("TextsCost", float(cost), at)


def _by_store_and_kind(jobs: Iterable[SmsJob]) -> dict[tuple[str, str], int]:
    counts: dict[tuple[str, str], int] = {}
    for job in jobs:
        key = (job.store_id, job.kind)
        counts[key] = counts.get(key, 0) + 1
    return counts


def publish_count(app: Measured, name: str, number: float, **dimensions: str) -> None:
    """Publish one number of the catalogue."""
    publish(app, lambda at: [data_point(name, number, at, **dimensions)])


def run_points(runs: Iterable[EndedRun]) -> Iterator[Metric]:
    """Runs that ended, each at the instant of its end."""
    for run in runs:
        at = run.ended_at
        yield data_point("RunCount", 1, at, Dag=run.dag_id)
        yield data_point("RunErrors", run.is_failed, at, Dag=run.dag_id)
        yield data_point("RunDuration", run.duration / MILLISECOND, at, Dag=run.dag_id)
        yield data_point("PoolWait", run.longest_wait / MILLISECOND, at, Dag=run.dag_id)
