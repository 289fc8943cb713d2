"""``booking-sms monitoring drill`` where nothing is installed: no connection, no server."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from booking_sms.cli import monitoring
from booking_sms.domain.errors import ConnectionInvalid

pytestmark = pytest.mark.slow


@pytest.fixture(autouse=True)
def _nothing_installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("AIRFLOW_CONN_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("BOOKING_SMS_WORLD", str(tmp_path / "no-world"))


def drilled(*arguments: str, exit_code: int = 0) -> Any:
    result = CliRunner().invoke(monitoring.app, ["drill", "--json", *arguments])
    assert result.exit_code == exit_code, result.output
    return json.loads(result.stdout)


def test_every_alarm_fires_and_clears_without_a_connection() -> None:
    found = drilled()

    assert found["medium"] == "memory"
    assert found["alarms"] == found["fired"] == found["cleared"] == 39


def test_a_renamed_metric_is_one_alarm_less() -> None:
    found = drilled("--rename", "HeldJobs=HeldTexts", exit_code=1)

    assert (found["alarms"], found["fired"]) == (39, 38)
    assert [one["alarm"] for one in found["failures"]] == ["held-jobs"]


def test_a_connection_that_is_wrong_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_AWS_DEFAULT", "{no json")

    result = CliRunner().invoke(monitoring.app, ["drill"])

    assert isinstance(result.exception, ConnectionInvalid)
    assert "AIRFLOW_CONN_AWS_DEFAULT: not JSON" in str(result.exception)
