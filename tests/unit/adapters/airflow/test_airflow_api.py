"""Airflow's REST API as the watchdog reads it, over a server that is a function."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from booking_sms.adapters.airflow import AirflowApi
from booking_sms.domain.errors import AirflowUnavailable

SINCE = datetime(2026, 3, 2, 4, 0, tzinfo=UTC)
AT = "2026-03-02T04:30:00+00:00"
RUN = "dags/sms_dispatch/dagRuns/r1"


def task(**facts: Any) -> dict[str, Any]:
    return {
        "dag_id": "sms_dispatch",
        "dag_run_id": "r1",
        "task_id": "claim_and_send",
        "map_index": 0,
        "try_number": 1,
        "state": "success",
        "operator": "_PythonDecoratedOperator",
        "run_after": AT,
        "queued_when": AT,
        "start_date": "2026-03-02T04:30:03+00:00",
        **facts,
    }


class Server:
    """Answers by path; lists are empty unless a test fills them."""

    def __init__(self) -> None:
        self.answers: dict[str, Any] = {
            "monitor/health": {
                "metadatabase": {"status": "healthy"},
                "scheduler": {"status": "unhealthy", "latest_scheduler_heartbeat": AT},
                "triggerer": {"status": None, "latest_triggerer_heartbeat": None},
                "dag_processor": None,
            },
            "dags": {"dags": [{"dag_id": "sms_dispatch", "is_paused": False}]},
            "eventLogs": {"event_logs": []},
            "dags/~/dagRuns/~/taskInstances": {"task_instances": []},
            "dags/~/dagRuns/~/taskInstances/~/xcomEntries": {"xcom_entries": []},
        }
        self.requests: list[httpx.Request] = []
        self.before: Callable[[httpx.Request], httpx.Response | None] = lambda request: None

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        if (answer := self.before(request)) is not None:
            return answer
        if request.url.path == "/auth/token":
            return httpx.Response(201, json={"access_token": f"token-{len(self.requests)}"})
        found = self.answers.get(re.sub("^/api/v2/", "", request.url.path))
        if found is None:
            return httpx.Response(404)
        return httpx.Response(200, json=found)


@pytest.fixture
def server() -> Server:
    return Server()


@pytest.fixture
def api(server: Server) -> AirflowApi:
    return AirflowApi(
        "http://127.0.0.1:1",
        username="watchdog",
        password="secret",
        pause_s=0,
        transport=httpx.MockTransport(server),
    )


def killed(api: AirflowApi) -> dict[str, str]:
    return {one.key: one.how for one in api.killed_tasks(SINCE)}


def test_health_is_asked_without_an_account(server: Server, api: AirflowApi) -> None:
    health = {one.name: one for one in api.health()}

    assert [request.url.path for request in server.requests] == ["/api/v2/monitor/health"]
    assert {name: one.is_healthy for name, one in health.items()} == {
        "metadatabase": True,
        "scheduler": False,
        "triggerer": False,
        "dag_processor": False,
        "api_server": True,
    }
    assert health["scheduler"].seen_at == datetime.fromisoformat(AT)


def test_an_api_server_that_does_not_answer_is_unhealthy_itself(
    server: Server, api: AirflowApi
) -> None:
    def refuse(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("refused")

    server.before = refuse

    assert {one.status for one in api.health()} == {"unreachable"}
    with pytest.raises(AirflowUnavailable):
        api.paused()


def test_one_server_error_is_forgiven(server: Server, api: AirflowApi) -> None:
    server.before = lambda request: httpx.Response(503) if len(server.requests) == 2 else None

    assert api.paused() == {"sms_dispatch": False}


def test_a_token_that_has_run_out_is_renewed(server: Server, api: AirflowApi) -> None:
    api.paused()
    stale = server.requests[-1].headers["Authorization"]
    server.before = lambda request: (
        httpx.Response(401) if request.headers.get("Authorization") == stale else None
    )

    assert api.paused() == {"sms_dispatch": False}
    assert server.requests[-1].headers["Authorization"] != stale


def test_a_refusal_is_an_error_that_names_its_status(server: Server, api: AirflowApi) -> None:
    server.before = lambda request: httpx.Response(403) if "dags" in request.url.path else None

    with pytest.raises(AirflowUnavailable, match="403"):
        api.paused()


def test_ended_runs_are_ours_with_their_longest_wait(server: Server, api: AirflowApi) -> None:
    run = {"dag_id": "sms_dispatch", "dag_run_id": "r1", "state": "failed"}
    run |= {"start_date": "2026-03-02T04:29:00+00:00", "end_date": AT}
    server.answers["dags/~/dagRuns"] = {"dag_runs": [run, {**run, "dag_id": "somebody_elses"}]}
    waits = [task(), task(queued_when=None), task(start_date="2026-03-02T04:30:09+00:00")]
    server.answers[f"{RUN}/taskInstances"] = {"task_instances": waits}

    (ended,) = api.ended_runs(SINCE, SINCE + timedelta(hours=1))

    assert ended.is_failed
    assert ended.duration == timedelta(seconds=60)
    assert ended.longest_wait == timedelta(seconds=9)


def test_a_task_that_ended_well_and_left_its_result_is_not_killed(
    server: Server, api: AirflowApi
) -> None:
    server.answers["dags/~/dagRuns/~/taskInstances"] = {"task_instances": [task()]}
    entry = {"dag_id": "sms_dispatch", "run_id": "r1", "task_id": "claim_and_send", "map_index": 0}
    server.answers["dags/~/dagRuns/~/taskInstances/~/xcomEntries"] = {"xcom_entries": [entry]}

    assert killed(api) == {}


def test_a_success_without_a_result_was_killed(server: Server, api: AirflowApi) -> None:
    server.answers["dags/~/dagRuns/~/taskInstances"] = {
        "task_instances": [
            task(),
            task(operator="ApprovalOperator", task_id="approve_plan"),
            task(dag_id="golden_parity"),
            task(run_after="2026-03-01T04:30:00+00:00", dag_run_id="old"),
        ]
    }

    assert killed(api) == {
        "sms_dispatch#r1#claim_and_send#0#1": "called a success, and left no result"
    }


@pytest.mark.parametrize(
    ("said", "expected"),
    [("Process terminated by signal. Likely out of memory", 1), ("Task failed with exception", 0)],
)
def test_the_log_tells_a_killed_task_from_a_failed_one(
    server: Server, api: AirflowApi, said: str, expected: int
) -> None:
    server.answers["dags/~/dagRuns/~/taskInstances"] = {"task_instances": [task(state="failed")]}
    log = f"{RUN}/taskInstances/claim_and_send/logs/1"
    server.answers[log] = {"content": [{"event": "begun"}, {"event": said}]}

    assert len(killed(api)) == expected


def test_a_killed_try_is_found_after_its_retry_went_well(server: Server, api: AirflowApi) -> None:
    again = task(try_number=2, operator="other")
    server.answers["dags/~/dagRuns/~/taskInstances"] = {"task_instances": [again]}
    here = f"{RUN}/taskInstances/claim_and_send"
    tries = [task(state="failed"), again]
    server.answers[f"{here}/0/tries"] = {"task_instances": tries}
    server.answers[f"{here}/logs/1"] = {"content": [{"event": "Process terminated by signal."}]}

    assert list(killed(api)) == ["sms_dispatch#r1#claim_and_send#0#1"]


def test_a_stopped_heartbeat_is_found_by_its_event(server: Server, api: AirflowApi) -> None:
    event = {"dag_id": "sms_dispatch", "run_id": "r1", "task_id": "report_dispatch"}
    event |= {"map_index": None, "try_number": 1, "event": "heartbeat timeout"}
    server.answers["eventLogs"] = {"event_logs": [event, {**event, "dag_id": "somebody_elses"}]}

    assert killed(api) == {"sms_dispatch#r1#report_dispatch#-1#1": "its heartbeat stopped"}


def test_a_log_that_is_gone_is_no_proof(server: Server, api: AirflowApi) -> None:
    server.answers["dags/~/dagRuns/~/taskInstances"] = {"task_instances": [task(state="failed")]}

    assert killed(api) == {}
