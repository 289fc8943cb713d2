"""The local stack's own promises: nothing foreign gets in, nothing of ours stays behind."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

import local_stack.processes as processes
from local_stack.day import Step, WindowOutcome
from local_stack.environment import Keys, airflow_environ, clean_environ, free_port
from local_stack.layout import Layout, StackError
from local_stack.outcome import Before, DayOutcome
from local_stack.processes import (
    Component,
    StackState,
    start_component,
    stop_components,
    this_process,
    wait_for,
)

pytestmark = pytest.mark.slow

WHOLE_DAY = ("13:40", "14:00", "14:20", "20:00", "20:20", "20:40")
KINDS = ("confirm", "guide", "event")
# A parent whose child has outlived it, as a killed scheduler's workers would.
SLEEPER = "import time; time.sleep(60)"
ORPHAN_MAKER = f"import subprocess, sys; subprocess.Popen([sys.executable, '-c', '{SLEEPER}'])"
STUBBORN = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(60)"


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    return Layout(world=tmp_path / "world", airflow_home=tmp_path / "airflow")


def start(script: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Component:
    monkeypatch.setattr(processes, "airflow", lambda *_: [sys.executable, "-c", script])
    component = start_component("triggerer", {}, tmp_path)
    time.sleep(0.3)
    return component


def make_window(clock: str, *, state: str = "success", planned: int = 1) -> WindowOutcome:
    return WindowOutcome(
        clock,
        steps=[Step("booking_sms_etl", "run", state, 1.0)],
        accounting={"planned": planned, "sent": 1, "held": 0, "accounts": {}},
        session={"browser_started": clock == WHOLE_DAY[0]},
    )


def make_day(**changes: Any) -> DayOutcome:
    texts = [{"state": "delivered"}] * 20
    facts: dict[str, Any] = {
        "before": Before(texts=0, logins=0, notes=0, had_the_whole_day=False),
        "windows": [make_window(clock) for clock in WHOLE_DAY],
        "texts": texts,
        "all_texts": texts,
        "logins": 1,
        "notes": [],
        "jobs": [
            {"kind": k, "state": "delivered", "jobs": 7} for k in ("confirm", "guide", "event")
        ],
        "audit": {"rows": 20, "matched": 20, "is_clean": True, "residue": []},
    }
    return DayOutcome(**{**facts, **changes})


def test_the_shells_connections_never_get_in() -> None:
    environ = {
        "PATH": "/usr/bin",
        "AIRFLOW_CONN_SENS_DEFAULT": "production",
        "AIRFLOW__CORE__EXECUTOR": "CeleryExecutor",
        "BOOKING_SMS_RULE_SET": "mine",
        "PYTHONPATH": "/elsewhere",
    }

    assert set(clean_environ(environ)) == {"PATH", "NO_PROXY", "no_proxy"}


def test_airflow_listens_on_loopback_with_secrets_of_its_own(layout: Layout) -> None:
    environ = airflow_environ(layout, 18080)

    assert environ["AIRFLOW__API__HOST"] == "127.0.0.1"
    assert environ["AIRFLOW__CORE__LOAD_EXAMPLES"] == "False"
    assert environ["BOOKING_SMS_LOOPBACK_ONLY"] == "true"
    keys = Keys.of(layout.airflow_home)
    assert environ["AIRFLOW__API_AUTH__JWT_SECRET"] == keys.jwt
    assert keys == Keys.of(layout.airflow_home)
    assert (layout.airflow_home / "keys.json").stat().st_mode & 0o077 == 0


def test_a_component_is_stopped_with_what_its_parent_left_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    component = start(ORPHAN_MAKER, tmp_path, monkeypatch)
    assert [p.name() for p in component.members()]

    stop_components([component], grace_s=1)

    assert component.members() == []


def test_a_component_that_ignores_the_request_is_killed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    component = start(STUBBORN, tmp_path, monkeypatch)
    assert component.is_running

    stop_components([component], grace_s=0.5)

    assert not component.is_running


def test_a_process_that_took_over_the_id_is_left_alone() -> None:
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as other:
        reused = Component("scheduler", other.pid, born=1.0)

        stop_components([reused], grace_s=0.1)

        assert reused.members() == []
        assert other.poll() is None
        other.communicate(b"\n")


def test_what_runs_is_written_down_for_the_next_command(tmp_path: Path) -> None:
    state = StackState(18080, (Component("scheduler", 1, 2.0),))
    state.write(tmp_path / "state.json")

    assert StackState.read(tmp_path / "state.json") == state
    assert StackState.read(tmp_path / "absent.json") is None
    assert not state.is_running


def test_what_a_killed_start_left_is_told_from_what_up_keeps(tmp_path: Path) -> None:
    dead = Component("local_airflow", 2**22 + 1, 1.0)
    another = Component("local_airflow", os.getpid(), 1.0)
    states = {owner: StackState(18080, (), owner) for owner in (dead, another, this_process())}
    states[None] = StackState(18080, ())
    path = tmp_path / "state.json"

    for owner, state in states.items():
        state.write(path)
        found = StackState.read(path)
        assert found == state
        assert found.is_left_behind == (owner in (dead, another))


@pytest.mark.enable_socket
def test_a_free_port_is_the_preferred_one_if_it_can_be() -> None:
    port = free_port()

    assert free_port(port) == port


def test_waiting_ends_with_what_was_waited_for() -> None:
    with pytest.raises(StackError, match="the moon is full: not within 0 s"):
        wait_for("the moon is full", lambda: None, within_s=0, pause_s=0)


def test_a_whole_day_holds() -> None:
    assert make_day().problems() == []


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        pytest.param({"all_texts": []}, "0 texts delivered", id="too few texts"),
        pytest.param({"jobs": []}, "no text of kind confirm, event, guide", id="kinds missing"),
        pytest.param(
            {"windows": [make_window(c, state="failed") for c in WHOLE_DAY]},
            "a run is not a success",
            id="red run",
        ),
        pytest.param(
            {"windows": [make_window(c, planned=2) for c in WHOLE_DAY]},
            "the accounting identity does not hold",
            id="a message without outcome",
        ),
        pytest.param(
            {"jobs": [{"kind": "guide", "state": "accepted", "jobs": 1}]},
            "1 texts have no final word",
            id="on their way",
        ),
        pytest.param(
            {"audit": {"matched": 20, "is_clean": False, "residue": ["row_without_job"]}},
            "our jobs do not agree: ['row_without_job']",
            id="residue",
        ),
        pytest.param(
            {"audit": {"matched": 19, "is_clean": True, "residue": []}},
            "the audit matched 19 of 20 texts",
            id="a text without job",
        ),
    ],
)
def test_what_does_not_hold_is_named(changes: dict[str, Any], problem: str) -> None:
    assert any(problem in found for found in make_day(**changes).problems())


def test_a_repeated_day_must_send_nothing() -> None:
    before = Before(texts=20, logins=1, notes=3, had_the_whole_day=True)
    quiet = {"before": before, "texts": [], "logins": 0}
    windows = [make_window(clock) for clock in WHOLE_DAY[1:]]

    assert make_day(**quiet, windows=windows).problems() == []
    assert make_day(**{**quiet, "texts": [{"state": "delivered"}]}, windows=windows).problems()
    assert make_day(**{**quiet, "logins": 1}, windows=windows).problems()
