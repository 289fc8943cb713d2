"""``booking-sms watchdog``: what a round prints, and by what it ends."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
import typer
from typer.testing import CliRunner
from workflow_world import InMemoryApplication

from booking_sms.cli import watchdog
from booking_sms.cli.rounds import Rounds
from booking_sms.testing import NOW, InMemoryAirflowView
from booking_sms.workflow import Watchdog

commands = typer.Typer()
watchdog.register(commands)


@pytest.fixture
def airflow(monkeypatch: pytest.MonkeyPatch) -> InMemoryAirflowView:
    app = InMemoryApplication(effective_from=NOW + timedelta(days=1))
    view = InMemoryAirflowView(app.settings.watched_dag_ids)
    app.__dict__["airflow"] = view
    monkeypatch.setattr("booking_sms.cli.watchdog.application", lambda: app)
    return view


def run(*arguments: str) -> Any:
    return CliRunner().invoke(commands, arguments)


def test_one_quiet_round_ends_well(airflow: InMemoryAirflowView) -> None:
    result = run("--once", "--json")

    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout)["open"] == {}


def test_trouble_is_the_exit_code_and_says_how_it_was_noticed(
    airflow: InMemoryAirflowView,
) -> None:
    airflow.ill["scheduler"] = "unhealthy"
    result = run("--once", "--json")

    assert result.exit_code == 1
    assert "unhealthy" in json.loads(result.stdout)["open"]["airflow#scheduler"]
    assert "airflow#scheduler" in run("--once").output


@pytest.mark.parametrize("arguments", [(), ("--once", "--every", "300"), ("--every", "1")])
def test_a_round_or_rounds_for_ever(
    airflow: InMemoryAirflowView, arguments: tuple[str, ...]
) -> None:
    assert run(*arguments).exit_code == 2


def test_each_round_of_the_loop_beats_once(airflow: InMemoryAirflowView) -> None:
    app = InMemoryApplication()
    rounds: Rounds = watchdog.rounds_of(app, Watchdog(app, airflow), as_json=True)

    class Stop:
        left = 3

        def is_set(self) -> bool:
            return self.left == 0

        def wait(self, seconds: float) -> None:
            assert seconds == 300
            self.left -= 1

    rounds.repeat(300, Stop())  # type: ignore[arg-type]

    assert app.operations_metrics.values("WatchdogHeartbeat") == [1, 1, 1]
