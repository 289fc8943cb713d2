"""Tasks that fail, are slow, or take too much; told by what measures every task."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress

from booking_sms import workflow
from booking_sms.domain.errors import BookingSmsError, LoginUnavailable, SessionNeedsPerson
from booking_sms.monitoring.drill.world import Act, Drill, DrillWorld, repeated
from booking_sms.telemetry.call_meter import DYNAMODB, SENS, CallMeter
from booking_sms.telemetry.publishing import publish
from booking_sms.telemetry.run_metrics import (
    ETL,
    OPEN_SESSION,
    PLAN_JOBS,
    measured_task,
    window_points,
)

WINDOW_MIN, TICK_MIN, SETTLE_MIN, LATE_MIN = 20, 5, 10, 15
DISPATCH, RECONCILE = "sms_dispatch", "sms_reconcile"
CALLS = 40
"""Calls of one task, of which some fail."""


def task(dag_id: str, task_id: str, note: Callable[[CallMeter], object] | None = None) -> Act:
    """One task that meets what ``note`` tells the meter."""

    def act(world: DrillWorld) -> None:
        with measured_task(world.app, dag_id, task_id):
            if note is not None:
                note(world.app.meter)

    return act


def open_session(error: BookingSmsError | None = None) -> Act:
    """A window's first task; it fails with this error."""

    def act(world: DrillWorld) -> None:
        with suppress(BookingSmsError), measured_task(world.app, ETL, OPEN_SESSION):
            if error is not None:
                raise error

    return act


def last_task(dag_id: str) -> Act:
    """The task that tells that its DAG came to its end."""

    def act(world: DrillWorld) -> None:
        with measured_task(world.app, dag_id, "last", is_last=True):
            pass

    return act


def reported_window(*, quarantined: int = 0, unaccounted: int = 0) -> Act:
    """A window's report."""
    extracts = [{"quarantined": quarantined}]
    return lambda world: publish(world.app, lambda at: window_points(extracts, unaccounted, at))


def late_run(dag_id: str) -> Act:
    """What Airflow calls when a run's deadline has passed."""
    return lambda world: workflow.tell_late(world.app, dag_id, "drill", LATE_MIN)


def _filling(memory_mb: float) -> Act:
    """A task whose process grew so large; the drill's own does not."""

    def act(world: DrillWorld) -> None:
        with measured_task(world.app, ETL, PLAN_JOBS, peak_memory=lambda: memory_mb):
            pass

    return act


def _calls(service: str, *, took_ms: float = 5.0, failed: int = 0) -> Act:
    def note(meter: CallMeter) -> None:
        for number in range(CALLS):
            meter.note_call(service, took_ms, failed=number < failed)

    return task(DISPATCH, "claim_and_send", note)


def _browser(*, start_ms: float, memory_mb: float) -> Act:
    return task(
        ETL, OPEN_SESSION, lambda meter: meter.note_browser(start_ms=start_ms, memory_mb=memory_mb)
    )


def _heartbeat(dag_id: str, minutes: float, silence_min: float) -> Drill:
    """Beats at the DAG's own pace; then nothing."""
    return Drill(
        fire=lambda world: world.wait(silence_min),
        clear=repeated(minutes, 6, last_task(dag_id)),
    )


QUIET_WINDOWS = repeated(WINDOW_MIN, 3, task(ETL, PLAN_JOBS))
GOOD_LOGINS = repeated(WINDOW_MIN, 6, open_session())
GOOD_REPORTS = repeated(WINDOW_MIN, 4, reported_window())
GOOD_BROWSER = repeated(WINDOW_MIN, 2, _browser(start_ms=900, memory_mb=410))
SCENARIOS: Mapping[str, Drill] = {
    "deadline-missed": Drill(
        fire=repeated(TICK_MIN, 1, late_run(ETL)),
        clear=lambda world: world.wait(20),
    ),
    "secrets-errors": Drill(
        fire=repeated(
            WINDOW_MIN, 1, task(ETL, PLAN_JOBS, lambda meter: meter.note_secrets_error())
        ),
        clear=QUIET_WINDOWS,
    ),
    "login-needs-person": Drill(
        fire=repeated(WINDOW_MIN, 2, open_session(SessionNeedsPerson(state="CAPTCHA"))),
        clear=GOOD_LOGINS,
    ),
    "login-failures": Drill(
        fire=repeated(WINDOW_MIN, 4, open_session(LoginUnavailable())), clear=GOOD_LOGINS
    ),
    "texts-unaccounted": Drill(
        fire=repeated(TICK_MIN, 1, reported_window(unaccounted=1)), clear=GOOD_REPORTS
    ),
    "quarantined-rows": Drill(
        fire=repeated(WINDOW_MIN, 1, reported_window(quarantined=2)), clear=GOOD_REPORTS
    ),
    "throttles": Drill(
        fire=repeated(TICK_MIN, 1, task(DISPATCH, "claim_and_send", CallMeter.note_throttles)),
        clear=repeated(TICK_MIN, 4, task(DISPATCH, "claim_and_send")),
    ),
    "api-error-rate": Drill(
        fire=repeated(TICK_MIN, 10, _calls(SENS, failed=4)),
        clear=repeated(TICK_MIN, 20, _calls(SENS, failed=2)),
    ),
    "database-latency": Drill(
        fire=repeated(TICK_MIN, 10, _calls(DYNAMODB, took_ms=130)),
        clear=repeated(TICK_MIN, 16, _calls(DYNAMODB, took_ms=8)),
    ),
    "browser-start": Drill(
        fire=repeated(TICK_MIN, 1, _browser(start_ms=11_000, memory_mb=410)), clear=GOOD_BROWSER
    ),
    "browser-memory": Drill(
        fire=repeated(TICK_MIN, 1, _browser(start_ms=900, memory_mb=800)), clear=GOOD_BROWSER
    ),
    "task-memory": Drill(
        fire=repeated(TICK_MIN, 1, _filling(600)), clear=repeated(TICK_MIN, 4, _filling(300))
    ),
    "etl-heartbeat": _heartbeat(ETL, WINDOW_MIN, 45),
    "dispatch-heartbeat": _heartbeat(DISPATCH, TICK_MIN, 20),
    "reconcile-heartbeat": _heartbeat(RECONCILE, SETTLE_MIN, 30),
}
