"""What Airflow cannot tell of itself is noticed by the watchdog, a process that needs no Airflow.

A task killed in the midst of its work, a paused DAG, a dead triggerer, a dead scheduler: each is
found by a round of ``booking-sms watchdog``, told to people once, and so is its end. The steps
depend on each other, so each is a fixture that asks for the one before.
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from operating import DISPATCH, ETL, STORE, Operator, at, operating

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.airflow,
    pytest.mark.browser,
    pytest.mark.filterwarnings("default"),
    pytest.mark.timeout(900),
]

INTERVAL = timedelta(minutes=5)
"""Between two rounds, on the business clock."""
THRESHOLD_S = 32.0
"""Airflow calls a component healthy until its heartbeat is half a minute old."""
START = at("14:00")
KILLED = "manual__killed"


@pytest.fixture(scope="module")
def operator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Operator]:
    with operating(tmp_path_factory.mktemp("stack")) as ready:
        ready.seen["rounds"] = 0
        yield ready


def one_round(operator: Operator) -> dict[str, Any]:
    """The next round, one interval later on the business clock; prints what it noticed."""
    from local_stack.environment import watchdog_environ

    operator.seen["rounds"] += 1
    operator.world.set_clock(START + operator.seen["rounds"] * INTERVAL)
    account = watchdog_environ(operator.airflow.layout, operator.airflow.state.port)
    report = operator.world.booking_sms("watchdog", "--once", good_codes=(0, 1), more=account)
    for key in report["new"]:
        print(f"noticed: {report['open'][key]}")
    for key in report["over"]:
        print(f"over: {key}")
    return report


def round_that_finds(operator: Operator, key: str, rounds: int = 2) -> dict[str, Any]:
    """The first of the next rounds that knows of this trouble; the last one if none does."""
    for _ in range(rounds):
        report = one_round(operator)
        if any(name.startswith(key) for name in report["open"]):
            break
    return report


@pytest.fixture(scope="module")
def quiet(operator: Operator) -> dict[str, Any]:
    """A window has run and all is well."""
    operator.day.run_window("13:40")
    return one_round(operator)


@pytest.fixture(scope="module")
def killed(operator: Operator, quiet: dict[str, Any]) -> dict[str, Any]:
    """A store's task, held up by a Naver that does not answer, is killed as by the kernel."""
    operator.world.add_fault(
        service="naver_booking", kind="hang", operation="*", times=None, match={"store": STORE}
    )
    operator.airflow.api.trigger(ETL, KILLED, {"window_end": START.isoformat()})
    pid = wait_for("the task runs", lambda: pid_of_extract(operator))
    os.kill(pid, signal.SIGKILL)
    operator.world.clear_faults()
    wait_for("Airflow has seen it", lambda: pid_of_extract(operator) != pid)
    return round_that_finds(operator, f"killed#{ETL}#{KILLED}")


def pid_of_extract(operator: Operator) -> int:
    """The process that reads the store; 0 while there is none."""
    tasks = operator.airflow.api.task_instances(ETL, KILLED)
    running = [
        task["pid"]
        for task in tasks
        if task["task_id"] == "extract_store"
        and task["rendered_map_index"] in (STORE, None)
        and task["map_index"] == 0
        and task["state"] == "running"
    ]
    return int(running[0] or 0) if running else 0


@pytest.fixture(scope="module")
def paused(operator: Operator, killed: dict[str, Any]) -> dict[str, Any]:
    operator.airflow.api.pause(DISPATCH)
    return one_round(operator)


@pytest.fixture(scope="module")
def dead(operator: Operator, paused: dict[str, Any]) -> dict[str, Any]:
    """Triggerer and scheduler die at once, by SIGKILL."""
    for component in operator.airflow.state.components:
        if component.name in ("triggerer", "scheduler"):
            os.kill(component.pid, signal.SIGKILL)
    time.sleep(THRESHOLD_S)
    return round_that_finds(operator, "airflow#scheduler")


@pytest.fixture(scope="module")
def again(operator: Operator, dead: dict[str, Any]) -> dict[str, Any]:
    """Both are started again, and the DAG is unpaused."""
    start_again(operator, ("triggerer", "scheduler"))
    operator.airflow.api.unpause(DISPATCH)
    return one_round(operator)


def start_again(operator: Operator, names: tuple[str, ...]) -> None:
    from local_stack.environment import airflow_environ
    from local_stack.processes import start_component, stop_components

    stack = operator.airflow
    stop_components(one for one in stack.state.components if one.name in names)  # its orphans
    environ = airflow_environ(stack.layout, stack.state.port)
    logs = stack.layout.component_logs
    started = tuple(start_component(name, environ, logs) for name in names)
    others = tuple(one for one in stack.state.components if one.name not in names)
    stack.state = replace(stack.state, components=(*others, *started))
    wait_for("Airflow is well again", stack.api.is_healthy)


def wait_for(what: str, question: Callable[[], Any]) -> Any:
    from local_stack.processes import wait_for

    return wait_for(what, question, within_s=90)


def told(operator: Operator, words: str) -> int:
    """In how many pages both Slack and Telegram of the sandbox got these words."""
    slack = sum(words in text for text in operator.world.pages())
    telegram = sum(words in text for text in operator.world.notes())
    assert slack == telegram
    return slack


def test_a_round_in_which_all_is_well_finds_nothing(quiet: dict[str, Any]) -> None:
    assert quiet["open"] == {}
    assert quiet["blind"] == {}
    assert set(quiet["facts"]["airflow_health"].values()) == {"healthy"}
    assert quiet["facts"]["runs"]["ended"] >= 3
    assert quiet["published"] > 20


def test_a_killed_task_is_noticed_by_its_log(killed: dict[str, Any], operator: Operator) -> None:
    found = [task for task in killed["facts"]["killed_tasks"] if task["run_id"] == KILLED]

    assert [task["task_id"] for task in found] == ["extract_store"]
    assert "signal" in found[0]["how"]
    assert told(operator, KILLED) == 1


def test_a_paused_dag_is_noticed(paused: dict[str, Any], operator: Operator) -> None:
    assert paused["facts"]["paused_dags"] == {DISPATCH: "일시 중지"}
    assert f"paused#{DISPATCH}" in paused["new"]
    assert told(operator, f"DAG {DISPATCH}") >= 1


def test_dead_components_are_noticed_within_two_intervals(
    dead: dict[str, Any], operator: Operator
) -> None:
    health = dead["facts"]["airflow_health"]

    assert (health["scheduler"], health["triggerer"]) == ("unhealthy", "unhealthy")
    assert health["metadatabase"] == "healthy"
    assert told(operator, "Airflow scheduler") >= 1
    assert told(operator, "Airflow triggerer") >= 1


def test_their_end_is_told_once_and_nothing_is_told_twice(
    again: dict[str, Any], operator: Operator
) -> None:
    assert {"airflow#scheduler", "airflow#triggerer", f"paused#{DISPATCH}"} <= set(again["over"])
    assert told(operator, "해결됐습니다") >= 1
    assert told(operator, KILLED) == 1
