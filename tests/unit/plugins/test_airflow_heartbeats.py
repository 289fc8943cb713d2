"""Every scheduled DAG tells that it came to its end: the steps that tell it, at Airflow's edge."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest
from workflow_world import InMemoryApplication

from booking_sms import workflow
from booking_sms.domain.errors import LoadError, StoresFailed
from booking_sms.domain.window import Window
from booking_sms_airflow import canary, etl, golden, maintenance, shadow
from booking_sms_airflow.results import Counts

END = datetime(2026, 3, 2, 5, 0, tzinfo=UTC)
NOTHING = Counts({})


def context(dag_id: str, task_id: str) -> dict[str, Any]:
    run = SimpleNamespace(run_type="scheduled", data_interval_end=END)
    ti = SimpleNamespace(dag_id=dag_id, task_id=task_id, try_number=1)
    return {"run_id": "r", "ti": ti, "dag_run": run, "data_interval_end": END, "params": {}}


def of(dag_id: str, task_id: str, step: Callable[..., Any], *given: Counts) -> Callable[[], Any]:
    return lambda: step(context(dag_id, task_id), *given)


LAST_STEPS = [
    ("alert_canary", "listen", of("alert_canary", "listen", canary.listen, NOTHING)),
    ("daily_summary", "tell_day", of("daily_summary", "tell_day", maintenance.tell_day)),
    (
        "golden_parity",
        "publish_golden",
        of("golden_parity", "publish", golden.publish, NOTHING, NOTHING, NOTHING),
    ),
    (
        "ledger_maintenance",
        "erase_personal_data",
        maintenance.erase_personal_data,
    ),
    ("monthly_review", "review_month", maintenance.review_month),
    (
        "shadow_parity",
        "report_shadow",
        of("shadow_parity", "report", shadow.report_shadow, NOTHING),
    ),
    (
        "weekly_report",
        "tell_week",
        of("weekly_report", "tell", maintenance.tell_week, NOTHING),
    ),
]
named = pytest.mark.parametrize(
    ("dag_id", "work", "step"), LAST_STEPS, ids=[row[0] for row in LAST_STEPS]
)


@pytest.fixture
def app(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> InMemoryApplication:
    application = InMemoryApplication()
    for module in (canary, etl, golden, maintenance, shadow):
        monkeypatch.setattr(module, "current_application", lambda: application)
    monkeypatch.setattr(maintenance, "log_folder", lambda: tmp_path)
    return application


def beats(app: InMemoryApplication) -> list[str]:
    points = app.operations_metrics.metrics
    return [dict(one.dimensions)["Dag"] for one in points if one.name == "DagHeartbeat"]


@named
def test_a_good_end_is_a_heartbeat(
    app: InMemoryApplication,
    monkeypatch: pytest.MonkeyPatch,
    dag_id: str,
    work: str,
    step: Callable[[], Any],
) -> None:
    monkeypatch.setattr(workflow, work, lambda *args, **kwargs: {})

    step()

    assert beats(app) == [dag_id]


@named
def test_a_failure_is_none(
    app: InMemoryApplication,
    monkeypatch: pytest.MonkeyPatch,
    dag_id: str,
    work: str,
    step: Callable[[], Any],
) -> None:
    def fail(*args: Any, **kwargs: Any) -> None:
        raise LoadError(table="sms_jobs")

    monkeypatch.setattr(workflow, work, fail)

    with pytest.raises(LoadError):
        step()
    assert beats(app) == []


@pytest.mark.parametrize("loaded", [NOTHING, None], ids=["decided", "nothing decided"])
def test_a_window_without_some_stores_is_a_heartbeat_and_red(
    app: InMemoryApplication, monkeypatch: pytest.MonkeyPatch, loaded: Counts | None
) -> None:
    window = Window.from_name("2026-03-02T14:00:00+09:00")
    monkeypatch.setattr(etl, "resolve", lambda app, context: window)
    monkeypatch.setattr(workflow, "window_report", lambda *args: ({}, ["900101"]))

    with pytest.raises(StoresFailed):
        etl.report_window(context("booking_sms_etl", "report_window"), [], NOTHING, loaded)

    assert beats(app) == ([] if loaded is None else ["booking_sms_etl"])
