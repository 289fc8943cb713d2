"""A run that is late is told once, by ids alone; a backfilled run is never late."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

pytestmark = [pytest.mark.airflow, pytest.mark.filterwarnings("default")]


@pytest.fixture
def app(monkeypatch: pytest.MonkeyPatch) -> Any:
    from workflow_world import InMemoryApplication

    from booking_sms.testing import InMemoryMetricsSink
    from booking_sms_airflow import deadlines

    app = InMemoryApplication()
    app.__dict__["operations_metrics"] = InMemoryMetricsSink()
    monkeypatch.setattr(deadlines, "current_application", lambda: app)
    return app


def miss(**run: Any) -> None:
    from booking_sms_airflow.deadlines import tell_missed_deadline

    asyncio.run(tell_missed_deadline(minutes=15, context=context_of(**run)))


def context_of(**run: Any) -> dict[str, Any]:
    run = {"dag_id": "booking_sms_etl", "dag_run_id": "run-1", "conf": {"who": "김시험"}} | run
    return {"dag_run": run, "deadline": {"id": "1", "deadline_time": "2026-03-02T14:15:00Z"}}


@pytest.mark.parametrize("run_type", ["scheduled", "manual", "asset_triggered"])
def test_a_late_run_is_told_by_its_ids(app: Any, run_type: str) -> None:
    miss(run_type=run_type)

    (text,) = app.channels["slack"].texts
    assert text == (
        "[HIGH] booking_sms_etl has not ended well 15 minutes after it was queued\n"
        "where: booking_sms_etl, run run-1\n"
        "since: 2026-03-02 14:00 KST"
    )


def test_a_late_run_is_a_number(app: Any) -> None:
    miss(run_type="scheduled")

    (metric,) = app.operations_metrics.metrics
    assert (metric.name, metric.value) == ("DeadlineMissed", 1)
    assert metric.dimensions == {"Dag": "booking_sms_etl"}


def test_a_backfilled_run_is_never_late(app: Any) -> None:
    miss(run_type="backfill")

    assert app.channels["slack"].texts == []
    assert app.operations_metrics.metrics == []


def test_the_canary_hears_for_which_run_its_deadline_was_missed(app: Any) -> None:
    from booking_sms.workflow.canary import DEADLINE_NOTE
    from booking_sms_airflow.deadlines import note_canary

    asyncio.run(note_canary(context=context_of(dag_id="alert_canary", dag_run_id="run-7")))

    assert app.control.get_note(f"{DEADLINE_NOTE}#run-7")["run"] == "run-7"
