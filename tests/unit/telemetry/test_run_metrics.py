"""What tasks tell of themselves, however they end."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from workflow_world import InMemoryApplication

from booking_sms.domain.airflow_view import EndedRun
from booking_sms.domain.errors import CaptchaRequired, LoginUnavailable
from booking_sms.telemetry.call_meter import NAVER
from booking_sms.telemetry.run_metrics import measured_task, run_points

ETL = "booking_sms_etl"
END = datetime(2026, 3, 2, 5, 0, tzinfo=UTC)


@pytest.fixture
def app() -> InMemoryApplication:
    return InMemoryApplication()


def fail(app: InMemoryApplication, task_id: str, error: Exception) -> None:
    with pytest.raises(type(error)), measured_task(app, ETL, task_id, is_last=True):
        raise error


def names(app: InMemoryApplication) -> set[str]:
    return {metric.name for metric in app.operations_metrics.metrics}


def test_a_task_that_ends_well_publishes_zeros_of_failures(app: InMemoryApplication) -> None:
    with measured_task(app, ETL, "open_session"):
        app.meter.note_call(NAVER, 12, failed=False)

    values = app.operations_metrics.values
    assert values("LoginFailureTotal") == values("SessionNeedsPerson") == [0]
    assert values("ApiLatency") == [12]
    assert values("Throttles") == [0]


def test_a_wall_is_told_as_a_state_that_needs_a_person(app: InMemoryApplication) -> None:
    fail(app, "open_session", CaptchaRequired())

    assert app.operations_metrics.values("SessionNeedsPerson") == [1]
    assert app.operations_metrics.values("LoginFailureTotal") == [0]


def test_a_login_that_may_be_tried_again_is_counted(app: InMemoryApplication) -> None:
    fail(app, "open_session", LoginUnavailable(reason="timeout"))
    fail(app, "extract_store", LoginUnavailable(reason="timeout"))

    assert app.operations_metrics.values("LoginFailureTotal") == [1, 1]
    assert app.operations_metrics.values("SessionNeedsPerson") == [0]


def test_secrets_that_could_not_be_read_are_counted(app: InMemoryApplication) -> None:
    app.meter.note_secrets_error()  # of an earlier task in this process
    with measured_task(app, ETL, "plan_jobs"):
        pass
    with measured_task(app, ETL, "plan_jobs"):
        app.meter.note_secrets_error()

    assert app.operations_metrics.values("SecretsErrorTotal") == [0, 1]


def test_only_a_last_task_that_ends_well_is_a_heartbeat(app: InMemoryApplication) -> None:
    fail(app, "report_window", ValueError())
    with measured_task(app, ETL, "report_window"):
        pass
    assert "DagHeartbeat" not in names(app)

    with measured_task(app, ETL, "report_window", is_last=True):
        pass
    assert app.operations_metrics.values("DagHeartbeat") == [1]


def test_a_task_that_fails_still_tells_its_time_and_memory(app: InMemoryApplication) -> None:
    fail(app, "extract_store", ValueError())

    assert {"PhaseDuration", "TaskMemory"} <= names(app)


def test_a_run_is_told_at_its_own_end() -> None:
    run = EndedRun(
        dag_id=ETL,
        run_id="r",
        state="failed",
        started_at=END - timedelta(seconds=90),
        ended_at=END,
        longest_wait=timedelta(seconds=2),
    )

    told = {metric.name: metric.value for metric in run_points([run])}

    assert told == {"RunCount": 1, "RunErrors": 1, "RunDuration": 90_000, "PoolWait": 2_000}
    assert {metric.at for metric in run_points([run])} == {END}
