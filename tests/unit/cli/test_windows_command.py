"""``booking-sms windows`` and ``watch``, as they are typed."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
import typer
from typer.testing import CliRunner
from workflow_world import STORES, InMemoryApplication

from booking_sms.cli import watch, windows
from booking_sms.domain.errors import StoreUnavailable
from booking_sms.domain.window import WINDOW_LENGTH, HealedWindow, Window
from booking_sms.testing import NOW, make_coverage

commands = typer.Typer()
windows.register(commands)
watch.register(commands)


@pytest.fixture
def app(monkeypatch: pytest.MonkeyPatch) -> InMemoryApplication:
    """Seven stores are covered for an hour; the first lost a message at 14:20."""
    app = InMemoryApplication()
    lost = HealedWindow(window=Window(NOW + WINDOW_LENGTH), lost=(("event-at-eight", 2),))
    for store_id in STORES:
        for step in (0, 1, 2, 3):
            is_healer = store_id == STORES[0] and step == 2
            if (store_id, step) != (STORES[0], 1):
                app.windows.record(
                    make_coverage(
                        store_id=store_id,
                        window=Window(NOW + step * WINDOW_LENGTH),
                        heals=(lost,) if is_healer else (),
                    )
                )
    app.clock.set(NOW + timedelta(hours=1))
    for module in (windows, watch):
        monkeypatch.setattr(module, "application", lambda: app)
    return app


def run(*arguments: str, exit_code: int = 0) -> Any:
    result = CliRunner().invoke(commands, arguments, env={"COLUMNS": "200"})
    assert result.exit_code == exit_code, result.output
    return result


def test_equal_windows_are_one_line_and_the_repair_is_named(app):
    text = run("windows", "--store", STORES[0]).stdout

    assert "lost: event-at-eight 2" in text
    assert "03-02 14:40~15:00 (2회)" in text
    named = Window(NOW + WINDOW_LENGTH).name
    assert f"booking-sms repair preview --from {named} --to {named} --store 900101" in text


def test_nothing_to_repair_names_no_repair(app):
    assert "repair" not in run("windows", "--store", STORES[1]).stdout


def test_each_window_is_a_row_of_json(app):
    rows = json.loads(run("windows", "--json").stdout)

    assert len(rows) == 8 * 4
    assert {row["state"] for row in rows} == {"covered", "lost"}
    assert [row["lost"] for row in rows if row["state"] == "lost"] == [{"event-at-eight": 2}]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--since", "yesterday"], "not an ISO instant"),
        (["--until", "2026-03-02T14:00:00"], "has no offset"),
        (["--since", "2026-03-03T14:00:00+09:00"], "after --until"),
    ],
)
def test_an_instant_that_is_none_is_refused(app, arguments, said):
    assert said in run("windows", *arguments, exit_code=2).output


def test_the_watch_ends_with_1_while_there_are_findings(app):
    report = json.loads(run("watch", "--once", "--json", exit_code=1).stdout)

    assert [finding["code"] for finding in report["findings"]] == ["windows_lost"]
    assert len(app._team_channel.texts) == 1


def test_the_watch_ends_with_0_when_there_are_none(app):
    repaired = make_coverage(store_id=STORES[0], window=Window(NOW + WINDOW_LENGTH))
    app.windows.record(repaired)

    assert json.loads(run("watch", "--once", "--json").stdout)["findings"] == []


@pytest.mark.parametrize("arguments", [[], ["--once", "--every", "60"], ["--every", "1"]])
def test_the_watch_looks_once_or_for_ever(app, arguments):
    assert "choose --once or --every" in run("watch", *arguments, exit_code=2).output


def test_a_look_that_fails_is_paged_once_and_the_next_one_looks_again(app, monkeypatch):
    outcomes = iter([StoreUnavailable(), StoreUnavailable(), None])
    read = app.windows.of_store

    def of_store(*arguments):
        if error := next(outcomes, None):
            raise error
        return read(*arguments)

    monkeypatch.setattr(app.windows, "of_store", of_store)
    stop: Any = ThreeRounds()

    watch.rounds_of(app, as_json=True).repeat(60, stop)

    told = app._team_channel.texts
    assert told[0] == "회차를 확인할 수 없습니다: StoreUnavailable"
    assert told[1].startswith("회차 감시")
    assert told[2:] == ["회차를 다시 확인합니다"]


class ThreeRounds:
    """Stands for the stop event: each wait is one round over, the third one stops."""

    left = 3

    def is_set(self) -> bool:
        return self.left <= 0

    def wait(self, seconds: float) -> None:
        self.left -= 1
