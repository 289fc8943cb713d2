"""The watchdog's systemd unit and compose service, judged by systemd and docker compose."""

from __future__ import annotations

import configparser
import importlib.util
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner

from booking_sms.cli.app import app

PROJECT = Path(__file__).resolve().parents[2]
UNIT = PROJECT / "deploy/systemd/booking-sms-watchdog.service"
COMPOSE = PROJECT / "deploy/compose.watchdog.yaml"
ARGUMENTS = ["watchdog", "--every", "300", "--json"]
MOST_EXPOSED = 42
"""Tenths of systemd's exposure level, 0 to 100: medium begins at 50."""


@pytest.fixture(scope="module")
def unit() -> configparser.ConfigParser:
    parser = configparser.ConfigParser(strict=False, interpolation=None)
    parser.optionxform = str  # type: ignore[method-assign,assignment]
    parser.read_string(UNIT.read_text(encoding="utf-8"))
    return parser


@pytest.fixture(scope="module")
def service() -> Any:
    package = importlib.util.find_spec("compose")
    assert package is not None
    assert package.origin is not None
    binary = Path(package.origin).with_name("docker-compose")
    outcome = subprocess.run(
        [binary, "--project-directory", PROJECT, "--file", COMPOSE, "config"],
        env={"ENV_FILE": str(PROJECT / "env.template"), "HOME": "/nonexistent"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (outcome.returncode, outcome.stderr) == (0, "")
    return yaml.safe_load(outcome.stdout)["services"]["watchdog"]


def test_both_run_the_same_command(unit: configparser.ConfigParser, service: Any) -> None:
    program, *arguments = unit["Service"]["ExecStart"].split()

    assert Path(program).name == "booking-sms"
    assert service["entrypoint"] == ["booking-sms", *ARGUMENTS]
    assert arguments == ARGUMENTS


def test_the_command_knows_these_options() -> None:
    text = CliRunner().invoke(app, ["watchdog", "--help"], env={"NO_COLOR": "1"}).output

    plain = re.sub(r"\x1b\[[0-9;]*m", "", text)
    assert {"--every", "--json"} <= set(plain.split())


def test_both_come_back_whatever_ended_them(unit: configparser.ConfigParser, service: Any) -> None:
    assert unit["Service"]["Restart"] == "always"
    assert unit["Unit"]["StartLimitIntervalSec"] == "0"
    assert service["restart"] == "always"


def test_the_container_is_bare_and_reaches_airflow(service: Any) -> None:
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert "ports" not in service
    assert "api-server" in service["environment"]["AIRFLOW_CONN_AIRFLOW_DEFAULT"]


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="no systemd here")
def test_systemd_takes_the_unit_as_it_is(tmp_path: Path) -> None:
    """The program alone is replaced: it is not installed where tests run."""
    text = UNIT.read_text(encoding="utf-8")
    checked = tmp_path / UNIT.name
    checked.write_text(re.sub(r"(?m)^ExecStart=\S+", "ExecStart=/bin/true", text), "utf-8")

    outcome = analyze("verify", "--man=no", str(checked))

    assert (outcome.returncode, outcome.stdout + outcome.stderr) == (0, "")


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="no systemd here")
def test_systemd_finds_little_that_is_exposed() -> None:
    outcome = analyze("security", "--offline=yes", f"--threshold={MOST_EXPOSED}", str(UNIT))

    assert outcome.returncode == 0, outcome.stdout


def analyze(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["systemd-analyze", "--no-pager", *arguments],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
