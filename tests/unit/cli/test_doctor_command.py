"""``booking-sms doctor`` where nothing is configured yet: it is made for that."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from booking_sms.cli import doctor


@pytest.fixture
def app() -> typer.Typer:
    made = typer.Typer()
    doctor.register(made)
    return made


@pytest.fixture(autouse=True)
def _nothing_configured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("AIRFLOW_CONN_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("BOOKING_SMS_WORLD", str(tmp_path / "no-world"))


def test_connections_that_are_missing_are_a_finding_with_its_fix(app: typer.Typer) -> None:
    result = CliRunner().invoke(app, ["--json"])

    found = {one["name"]: one for one in json.loads(result.stdout)}
    assert result.exit_code == 1
    assert "AIRFLOW_CONN_NAVER_DEFAULT" in found["configuration"]["detail"]
    assert "env.template" in found["configuration"]["fix"]
    assert found["time zones"]["ok"]


def test_settings_that_are_wrong_are_named(
    app: typer.Typer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BOOKING_SMS_PERSONAL_DAYS", "soon")

    result = CliRunner().invoke(app, [], env={"COLUMNS": "200"})

    assert result.exit_code == 1
    assert "PERSONAL_DAYS" in result.output
    assert "4 checks: 1 failed" in result.output
