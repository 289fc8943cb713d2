"""``booking-sms watchdog``: what a round prints, and by what it ends."""

from __future__ import annotations

import json
from contextlib import AbstractContextManager, nullcontext
from datetime import timedelta
from typing import Any

import pytest
import typer
from typer.testing import CliRunner
from workflow_world import InMemoryApplication

from booking_sms.cli import watchdog
from booking_sms.cli.rounds import Rounds
from booking_sms.testing import NOW, InMemoryAirflowView

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
    app.__dict__["airflow"] = airflow
    composed = []

    def compose() -> AbstractContextManager[InMemoryApplication]:
        composed.append(app)
        return nullcontext(app)

    rounds: Rounds = watchdog.rounds_of(compose, app.page, as_json=True)

    class Stop:
        left = 3

        def is_set(self) -> bool:
            return self.left == 0

        def wait(self, seconds: float) -> None:
            assert seconds == 300
            self.left -= 1

    rounds.repeat(300, Stop())  # type: ignore[arg-type]

    assert app.operations_metrics.values("WatchdogHeartbeat") == [1, 1, 1]
    assert len(composed) == 3


def test_each_round_composes_anew_from_the_same_settings() -> None:
    like = InMemoryApplication(watched_dags="sms_dispatch")

    with watchdog.fresh(like) as first, watchdog.fresh(like) as second:
        assert first is not second
        assert first.settings is second.settings is like.settings
        assert first.connections is like.connections
