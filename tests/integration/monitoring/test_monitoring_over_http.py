"""``booking-sms monitoring`` against a moto server over HTTP, as in the embedded world."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from cryptography.fernet import Fernet
from moto.server import ThreadedMotoServer
from typer.testing import CliRunner

from booking_sms.cli import monitoring
from booking_sms.cli.composition import close_applications

pytestmark = pytest.mark.integration
NOWHERE = "http://127.0.0.1:1"


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    running = ThreadedMotoServer(ip_address="127.0.0.1", port=port, verbose=False)
    running.start()
    yield f"http://127.0.0.1:{port}"
    running.stop()


@pytest.fixture(autouse=True)
def installation(server: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    connections: dict[str, dict[str, Any]] = {
        "naver": {
            "login": "owner",
            "password": "x",
            "extra": {"login_url": NOWHERE, "booking_url": NOWHERE},
        },
        "sens": {
            "schema": "http",
            "host": "127.0.0.1",
            "login": "x",
            "password": "x",
            "extra": {"service_id": "x"},
        },
        "aws": {
            "login": "sandbox",
            "password": "sandbox",
            "extra": {"region_name": "ap-northeast-2", "endpoint_url": server},
        },
        "booking_sms": {
            "password": Fernet.generate_key().decode(),
            "extra": {"hmac_key": "x"},
        },
    }
    for name, fields in connections.items():
        text = json.dumps({"conn_type": "generic", **fields})
        monkeypatch.setenv(f"AIRFLOW_CONN_{name.upper()}_DEFAULT", text)
    monkeypatch.setenv("BOOKING_SMS_WORLD", str(tmp_path / "no-world"))
    yield
    close_applications()


def asked(*arguments: str, exit_code: int = 0) -> Any:
    result = CliRunner().invoke(monitoring.app, [*arguments, "--json"])
    assert result.exit_code == exit_code, result.output
    return json.loads(result.stdout)


def done(applied: list[dict[str, str]], kind: str) -> set[str]:
    return {one["done"] for one in applied if one["kind"] == kind}


def test_apply_twice_then_check_finds_no_drift() -> None:
    first, again = asked("apply"), asked("apply")

    assert len([one for one in first if one["kind"] == "alarm"]) == 39
    assert done(first, "alarm") == {"created"}
    assert done(again, "alarm") == done(again, "dashboard") == {"unchanged"}
    assert done(again, "log group") == done(again, "topic") == {"unchanged"}
    assert done(first, "query") == {"unsupported"}  # moto has none; when this fails, rejoice
    assert done(first, "recovery") == {"missing"}

    result = CliRunner().invoke(monitoring.app, ["check", "--json"])
    fields = {one["field"] for one in json.loads(result.stdout)["drift"]}
    assert fields <= {"runbook"}


def test_every_alarm_fires_and_clears_over_http() -> None:
    found = asked("drill")

    assert found["failures"] == []
    assert found["alarms"] == found["fired"] == found["cleared"] == 39
    assert found["medium"].startswith("cloudwatch at http://127.0.0.1:")
    assert min(one["data_points"] for one in found["drills"]) > 0


def test_a_renamed_metric_fails_the_drill() -> None:
    renamed = ["--rename", "InDoubtAge=DoubtAge", "--alarm", "in-doubt-age", "--alarm", "held-jobs"]

    found = asked("drill", *renamed, exit_code=1)

    assert (found["alarms"], found["fired"], found["cleared"]) == (2, 1, 1)
    (failure,) = found["failures"]
    assert failure["alarm"] == "in-doubt-age"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["drill", "--rename", "HeldJobs"], "not NAME=VALUE"),
        (["apply", "--parameter", "Enviroment=dev"], "no such parameter"),
        (["apply", "--parameter", "Environment=production"], "Environment is one of"),
        (["apply", "--stack", "--parameter", "Prefix=other"], "StageBucket"),
    ],
)
def test_what_cannot_be_meant_is_refused(arguments: list[str], said: str) -> None:
    result = CliRunner().invoke(monitoring.app, arguments)

    assert result.exit_code != 0
    assert said in result.output + str(result.exception)


def test_metrics_that_are_off_are_no_ground_for_alarms(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BOOKING_SMS_METRICS_NAMESPACE", "off")

    result = CliRunner().invoke(monitoring.app, ["apply"])

    assert result.exit_code == 2
    assert "no alarm could fire" in result.output
