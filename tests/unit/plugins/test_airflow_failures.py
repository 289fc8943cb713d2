"""A failure is told once, whoever sees it, and taken back when a run ends well."""

from __future__ import annotations

import subprocess
from types import SimpleNamespace
from typing import Any

import pytest
from workflow_world import InMemoryApplication

from booking_sms.domain.errors import AlertFailed, ConnectionMissing

pytestmark = [pytest.mark.airflow, pytest.mark.filterwarnings("default")]


@pytest.fixture
def app(monkeypatch: pytest.MonkeyPatch) -> InMemoryApplication:
    from booking_sms_airflow import application

    app = InMemoryApplication()
    monkeypatch.setattr(application, "current_application", lambda: app)
    return app


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """What the listener handed over, and a scheduler that knows of nothing."""
    from booking_sms_airflow import run_listener

    commands: list[list[str]] = []
    monkeypatch.setattr(subprocess, "Popen", lambda command, **_: commands.append(command[3:]))
    monkeypatch.setattr(run_listener, "_quiet_since", {})
    return commands


def context(**fields: Any) -> dict[str, Any]:
    known = {
        "dag_id": "sms_audit",
        "task_id": "audit_day",
        "map_index": -1,
        "run_id": "scheduled__1",
        "try_number": 2,
        "log_url": "http://127.0.0.1:1/log",
    }
    error = ValueError("no text to 01000001234")
    return {"ti": SimpleNamespace(**{**known, **fields}), "exception": error}


def run(dag_id: str = "sms_audit") -> Any:
    return SimpleNamespace(dag_id=dag_id, run_id="scheduled__1")


def test_a_failed_task_is_told_with_its_errors_name_and_not_its_words(app: Any) -> None:
    from booking_sms_airflow.callbacks import announce_task_failure

    announce_task_failure(context())

    (text,) = app.channels["slack"].texts
    assert text == (
        "[HIGH] sms_audit failed\n"
        "where: sms_audit, run scheduled__1\n"
        "task: audit_day\n"
        "error: ValueError\n"
        "try: 2\n"
        "since: 2026-03-02 14:00 KST\n"
        "Logs: http://127.0.0.1:1/log"
    )


def test_task_run_and_further_runs_are_one_notice(app: Any) -> None:
    from booking_sms_airflow import announce
    from booking_sms_airflow.callbacks import announce_task_failure

    announce_task_failure(context())
    announce_task_failure(context(map_index=3))
    announce.main(["failed", "sms_audit", "scheduled__1"])

    assert len(app.channels["slack"].texts) == 1


def test_a_run_that_was_killed_is_told_by_the_scheduler_alone(app: Any) -> None:
    from booking_sms_airflow import announce

    assert announce.main(["failed", "sms_dispatch", "scheduled__1"]) == 0

    assert app.channels["slack"].texts[0].startswith("[HIGH] sms_dispatch failed")


def test_a_good_end_takes_failure_and_lateness_back(app: Any) -> None:
    from booking_sms_airflow import announce, deadlines

    announce.main(["failed", "booking_sms_etl", "scheduled__1"])
    deadlines.current_application, kept = (lambda: app), deadlines.current_application
    try:
        deadlines._tell_late("booking_sms_etl", "scheduled__1", 15)
    finally:
        deadlines.current_application = kept

    announce.main(["ended-well", "booking_sms_etl", "scheduled__2"])
    announce.main(["ended-well", "booking_sms_etl", "scheduled__3"])

    ends = [t for t in app.channels["slack"].texts if t.startswith("RECOVERED")]
    assert len(ends) == 2


def test_a_channel_that_is_down_fails_nothing(app: Any) -> None:
    from booking_sms_airflow import announce
    from booking_sms_airflow.callbacks import announce_task_failure

    app.channels["slack"].failure = AlertFailed(channel="slack", reason="no_service")
    announce_task_failure(context())

    assert announce.main(["failed", "sms_audit", "scheduled__1"]) == 1


def test_connections_that_are_missing_fail_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    from booking_sms_airflow import application
    from booking_sms_airflow.callbacks import announce_task_failure

    def broken() -> None:
        raise ConnectionMissing("aws_default is not defined")

    monkeypatch.setattr(application, "current_application", broken)

    announce_task_failure(context())


def test_the_scheduler_hands_failures_over_and_waits_for_nothing(started: Any) -> None:
    from booking_sms_airflow.run_listener import on_dag_run_failed

    for _ in range(2):
        on_dag_run_failed(dag_run=run(), msg="task_failure")

    assert started == [["failed", "sms_audit", "scheduled__1"]] * 2


def test_good_ends_are_handed_over_after_a_failure_and_once_an_hour(started: Any) -> None:
    from booking_sms_airflow.run_listener import (
        ASK_AGAIN_S,
        is_worth_asking,
        on_dag_run_failed,
        on_dag_run_success,
    )

    for _ in range(3):
        on_dag_run_success(dag_run=run(), msg="success")
    on_dag_run_failed(dag_run=run(), msg="task_failure")
    on_dag_run_success(dag_run=run(), msg="success")

    assert [command[0] for command in started] == ["ended-well", "failed", "ended-well"]
    assert is_worth_asking("sms_dispatch", 0.0)
    assert not is_worth_asking("sms_dispatch", ASK_AGAIN_S - 1)
    assert is_worth_asking("sms_dispatch", ASK_AGAIN_S)


def test_dags_of_others_are_none_of_our_business(started: Any) -> None:
    from booking_sms_airflow.run_listener import on_dag_run_failed, on_dag_run_success

    on_dag_run_failed(dag_run=run("somebody_elses"), msg="")
    on_dag_run_success(dag_run=run("somebody_elses"), msg="")

    assert started == []


def test_a_process_that_cannot_start_fails_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    from booking_sms_airflow.run_listener import hand_over

    def full(*_: Any, **__: Any) -> None:
        raise BlockingIOError

    monkeypatch.setattr(subprocess, "Popen", full)

    hand_over("failed", "sms_audit", "scheduled__1")


def test_every_dag_of_ours_has_a_severity() -> None:
    from pathlib import Path

    from booking_sms_airflow.failures import SEVERITY

    dags = Path(__file__).resolve().parents[3] / "dags"

    assert set(SEVERITY) == {path.stem for path in dags.glob("*.py") if path.stem[0] != "_"}
