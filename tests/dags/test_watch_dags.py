"""The DAGs that watch, maintain and report: order, schedule, and what Airflow has to enforce."""

from __future__ import annotations

import importlib
import inspect
from datetime import timedelta
from typing import Any

import pytest

pytestmark = [pytest.mark.airflow, pytest.mark.filterwarnings("default")]

SCHEDULES = {
    "alert_canary": "30 7 * * *",
    "daily_summary": "0 22 * * *",
    "ledger_maintenance": "30 3 * * *",
    "monthly_review": "30 9 1 * *",
    "weekly_report": "0 9 * * 1",
}


def edges_of(dagbag: Any, dag_id: str) -> set[tuple[str, str]]:
    tasks = dagbag.dags[dag_id].tasks
    return {(task.task_id, after) for task in tasks for after in task.downstream_task_ids}


@pytest.mark.parametrize(("dag_id", "expression"), SCHEDULES.items())
def test_when_they_run(dagbag: Any, dag_id: str, expression: str) -> None:
    assert dagbag.dags[dag_id].timetable.expression == expression


def test_the_canary_listens_whatever_became_of_its_song(dagbag: Any) -> None:
    assert edges_of(dagbag, "alert_canary") == {
        ("raise_synthetic_alarm", "send_test_notices"),
        ("send_test_notices", "listen"),
    }
    listen = dagbag.dags["alert_canary"].get_task("listen")
    assert (listen.trigger_rule, listen.retries) == ("all_done", 0)
    assert listen.execution_timeout < dagbag.dags["alert_canary"].dagrun_timeout


def test_the_canary_listens_as_long_as_its_patience(dagbag: Any) -> None:
    from booking_sms.workflow.canary import Patience

    patience = Patience()
    listen = dagbag.dags["alert_canary"].get_task("listen")

    waits = timedelta(seconds=patience.deadline_s + patience.alarm_s)
    assert listen.execution_timeout > waits + timedelta(minutes=1)


def test_the_canarys_deadline_cannot_be_met(dagbag: Any) -> None:
    from airflow.serialization.decoders import decode_deadline_alert
    from airflow.serialization.encoders import encode_deadline_alert

    from booking_sms_airflow.deadlines import FirstQueued

    (deadline,) = dagbag.dags["alert_canary"].deadline
    module, _, name = deadline.callback.path.rpartition(".")

    reference = decode_deadline_alert(encode_deadline_alert(deadline)).reference
    assert isinstance(reference.inner_ref, FirstQueued)
    assert deadline.interval == timedelta(seconds=1)
    assert inspect.iscoroutinefunction(getattr(importlib.import_module(module), name))


def test_the_works_of_the_night_do_not_wait_for_each_other(dagbag: Any) -> None:
    dag = dagbag.dags["ledger_maintenance"]

    assert set(dag.task_ids) == {"erase_personal_data", "refresh_session", "clean_airflow"}
    assert edges_of(dagbag, "ledger_maintenance") == set()
    assert dag.get_task("refresh_session").pool == "naver_login"
    days = dag.params.get_param("airflow_days")
    assert (days.value, days.schema["minimum"]) == (30, 8)


def test_a_report_is_built_and_then_told(dagbag: Any) -> None:
    assert edges_of(dagbag, "weekly_report") == {("build_report", "tell")}
    assert edges_of(dagbag, "monthly_review") == set()
    assert dagbag.dags["daily_summary"].task_ids == ["tell_day"]
