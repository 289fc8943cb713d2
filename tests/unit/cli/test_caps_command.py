"""``booking-sms caps`` and what ``doctor`` says of them."""

from __future__ import annotations

import json

import pytest
import typer
from typer.testing import CliRunner
from workflow_world import InMemoryApplication

from booking_sms import diagnosis
from booking_sms.cli import caps
from booking_sms.testing import NOW, make_job


@pytest.fixture
def app(monkeypatch: pytest.MonkeyPatch) -> InMemoryApplication:
    app = InMemoryApplication(daily_text_cap=20, monthly_text_cap=1000)
    app.control.count_texts(NOW.date(), "information", lambda _: 12)
    app.jobs.insert_if_absent(make_job())
    monkeypatch.setattr("booking_sms.cli.caps.application", lambda: app)
    return app


def run(*arguments: str) -> str:
    commands = typer.Typer()
    caps.register(commands)
    result = CliRunner().invoke(commands, arguments, env={"COLUMNS": "120"})
    assert result.exit_code == 0, result.output
    return result.stdout


def test_caps_are_facts_for_machines(app: InMemoryApplication) -> None:
    answer = json.loads(run("--json"))

    assert answer["at"] == "2026-03-02T14:00+09:00"
    assert [row["name"] for row in answer["caps"]] == [
        "day",
        "day_advertising",
        "month",
        "month_advertising",
    ]
    assert answer["caps"][0] == {
        "name": "day",
        "cap": 20,
        "used": 12,
        "planned": 1,
        "forecast": 18,
        "reached_at": None,
        "level": "ok",
    }
    assert answer["caps"][3]["cap"] == 800


def test_caps_are_a_table_for_people(app: InMemoryApplication) -> None:
    table = run()

    assert "caps at 2026-03-02T14:00+09:00" in table
    assert "month_advertising" in table


def test_people_read_when_no_text_will_be_left(app: InMemoryApplication) -> None:
    app.control.count_texts(NOW.date(), "information", lambda _: 5)

    assert "03-02 16:49" in run()  # the last 2 of 20, at 17 a day


def test_a_month_without_a_cap_shows_a_dash(app: InMemoryApplication) -> None:
    app.settings = app.settings.model_copy(update={"monthly_text_cap": 0})

    month = next(line for line in run().splitlines() if " month " in line)

    assert month.count(" - ") == 2


def caps_finding(app: InMemoryApplication) -> diagnosis.Finding:
    checks = {check.name: check for check in diagnosis.checks_of(app)}
    return diagnosis.look(checks["caps"])


def test_doctor_names_the_caps_and_fails_when_one_holds_texts(app: InMemoryApplication) -> None:
    well = caps_finding(app)
    app.control.count_texts(NOW.date(), "information", lambda _: 8)
    ill = caps_finding(app)

    assert well.ok
    assert "cap day: 12 of 20 texts, forecast 18" in well.detail
    assert not ill.ok
    assert ill.detail == "cap day: 20 of 20 texts; door codes and other information texts are HELD"
