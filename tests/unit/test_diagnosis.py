"""Checks of doctor that need no server: each fails once, and names its fix."""

from __future__ import annotations

import shutil
from collections import namedtuple
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfoNotFoundError

import httpx
import pytest
from workflow_world import InMemoryApplication

from booking_sms import diagnosis
from booking_sms.config.connections import TelegramConnection
from booking_sms.diagnosis import machine, services, storage
from booking_sms.testing import NOW_MS, InMemorySecretSource

TOKEN = "000000000:canary-token"


@pytest.fixture
def app(tmp_path: Path) -> InMemoryApplication:
    return InMemoryApplication(stage_url=(tmp_path / "stage").as_uri())


def finding(app: InMemoryApplication, name: str) -> diagnosis.Finding:
    checks = {check.name: check for check in diagnosis.checks_of(app)}
    return diagnosis.look(checks[name])


def failed(app: InMemoryApplication, name: str) -> diagnosis.Finding:
    found = finding(app, name)
    assert not found.ok, found
    assert found.fix
    return found


def test_every_check_has_a_fix_and_a_name_of_its_own(app: InMemoryApplication) -> None:
    checks = list(diagnosis.checks_of(app))

    assert len({check.name for check in checks}) == len(checks)
    assert all(check.fix for check in checks)


def test_another_python_is_found(app: InMemoryApplication, monkeypatch: pytest.MonkeyPatch) -> None:
    assert finding(app, "python").ok
    monkeypatch.setattr(machine, "PYTHON", (3, 99))

    assert "install Python" in failed(app, "python").fix


def test_packages_other_than_locked_are_named(tmp_path: Path) -> None:
    (tmp_path / "requirements.txt").write_text("httpx==0.0.1\nno-such-package==1.0\n")
    (tmp_path / "requirements.lock").write_text("httpx==0.0.1 \\\nno-such-package==1.0 \\\n")
    check = diagnosis.Check(name="p", see=lambda: machine.packages(tmp_path), fix="f")

    said = diagnosis.look(check).detail
    assert f"httpx {httpx.__version__}, locked 0.0.1" in said
    assert "no-such-package not installed, locked 1.0" in said


def test_packages_as_locked_are_well(tmp_path: Path) -> None:
    for name in ("requirements.txt", "requirements.lock"):
        (tmp_path / name).write_text(f"httpx=={httpx.__version__} \\\n")

    assert machine.packages(tmp_path) == "1 direct packages as in requirements.lock"


def test_a_machine_without_korea_is_found(
    app: InMemoryApplication, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unknown(name: str) -> None:
        raise ZoneInfoNotFoundError(name)

    assert finding(app, "time zones").ok
    monkeypatch.setattr(machine, "ZoneInfo", unknown)

    assert "tzdata" in failed(app, "time zones").fix


def program(path: Path, said: str) -> str:
    path.write_text(f"#!/bin/sh\necho '{said}'\n")
    path.chmod(0o755)
    return str(path)


def test_browser_and_driver_of_two_versions_are_found(tmp_path: Path) -> None:
    app = InMemoryApplication(
        chrome_binary=program(tmp_path / "chromium", "Chromium 140.0.1"),
        chromedriver=program(tmp_path / "chromedriver", "ChromeDriver 139.0.2 (x)"),
    )

    found = failed(app, "browser")
    assert found.detail == "chromium 140.0.1 and chromedriver 139.0.2 do not match"
    assert "BOOKING_SMS_CHROMEDRIVER" in found.fix


def test_a_missing_browser_is_found() -> None:
    app = InMemoryApplication(chrome_binary="/nowhere/chromium")

    assert "BOOKING_SMS_CHROME_BINARY" in failed(app, "browser").detail


def test_a_full_disk_is_found(app: InMemoryApplication, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage(1, 1, 100 * 2**20))

    found = failed(app, "disk")
    assert "stage 100 MB" in found.detail
    assert "ledger_maintenance" in found.fix


def test_a_world_without_node_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    app = InMemoryApplication(clock_url="http://127.0.0.1:1/clock")
    monkeypatch.setattr(shutil, "which", lambda name: None)

    assert failed(app, "embedded world").fix == "make install"


def test_every_missing_secret_is_named_and_no_value(app: InMemoryApplication) -> None:
    kept = finding(app, "secrets")
    app.__dict__["secrets"] = InMemorySecretSource({"booking-sms/stores/900101#door_code": "7788*"})

    found = failed(app, "secrets")
    assert kept.ok
    assert "booking-sms/stores/900102#door_code (SecretMissing)" in found.detail
    assert "put-secret-value" in found.fix
    assert "7788" not in str(found.as_dict())


@pytest.mark.parametrize("keys", [(), ("no-fernet-key",)])
def test_an_unusable_key_is_found(app: InMemoryApplication, keys: tuple[str, ...]) -> None:
    own = replace(app.connections.own, fernet_keys=keys)
    app.connections = replace(app.connections, own=own)
    app.__dict__.pop("sealer", None)

    found = failed(app, "encryption key")
    assert "booking_sms_default" in found.fix
    assert "no-fernet-key" not in found.detail


def test_an_empty_digest_key_is_found(app: InMemoryApplication) -> None:
    app.connections = replace(app.connections, own=replace(app.connections.own, hmac_key=b""))

    assert failed(app, "encryption key").detail == "hmac_key is empty"


def test_a_stage_that_cannot_be_written_is_found(app: InMemoryApplication) -> None:
    class Full:
        def write(self, key: str, document: Any) -> str:
            raise PermissionError(13, "denied", key)

        def read(self, key: str) -> Any:
            raise AssertionError("nothing was written")

    app.__dict__["stage"] = Full()

    assert "BOOKING_SMS_STAGE_URL" in failed(app, "payload stage").fix


def test_evidence_that_cannot_be_written_is_found(
    app: InMemoryApplication, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert finding(app, "evidence").ok
    monkeypatch.setattr(storage, "access", lambda path, mode: False)

    assert "BOOKING_SMS_EVIDENCE_URL" in failed(app, "evidence").fix


class Backups:
    """DynamoDB that tells of recovery."""

    def __init__(self, state: str) -> None:
        self.state = state

    def describe_continuous_backups(self, **_: Any) -> Any:
        told = {"PointInTimeRecoveryDescription": {"PointInTimeRecoveryStatus": self.state}}
        return {"ContinuousBackupsDescription": told}


def test_recovery_that_is_off_is_found(app: InMemoryApplication) -> None:
    app.__dict__["_dynamodb"] = Backups("ENABLED")
    on = finding(app, "table recovery")
    app.__dict__["_dynamodb"] = Backups("DISABLED")

    found = failed(app, "table recovery")
    assert on.ok
    assert (found.severity, found.fix) == ("should", "booking-sms monitoring apply")


def test_files_that_are_wrong_are_found(tmp_path: Path) -> None:
    app = InMemoryApplication(home=tmp_path)

    assert failed(app, "rules, messages, stores").fix == "booking-sms rules check"


def test_metrics_that_are_off_are_found() -> None:
    app = InMemoryApplication(metrics_namespace="off")

    assert "BOOKING_SMS_METRICS_NAMESPACE" in failed(app, "metrics").fix


def test_a_topic_that_is_not_set_is_found(app: InMemoryApplication) -> None:
    assert "BOOKING_SMS_NOTICES_TOPIC_ARN" in failed(app, "sns topic").fix


@pytest.mark.parametrize("name", ["telegram", "slack"])
def test_a_channel_that_is_not_defined_is_found(app: InMemoryApplication, name: str) -> None:
    assert f"{name}_default" in failed(app, name).fix


@pytest.mark.parametrize(("apart_s", "ok"), [(0, True), (59, True), (-120, False), (120, False)])
def test_a_clock_that_drifts_is_found(
    app: InMemoryApplication, monkeypatch: pytest.MonkeyPatch, apart_s: int, ok: bool
) -> None:
    theirs = datetime.fromtimestamp(NOW_MS / 1000, UTC) - timedelta(seconds=apart_s)
    date = format_datetime(theirs, usegmt=True)
    answer = httpx.Response(404, headers={"date": date})
    monkeypatch.setattr(services.httpx, "get", lambda *_, **__: answer)

    found = finding(app, "clock")
    assert found.ok is ok
    assert ok or "timedatectl" in found.fix


def test_the_bots_token_is_in_no_finding(
    app: InMemoryApplication, monkeypatch: pytest.MonkeyPatch
) -> None:
    telegram = TelegramConnection(base_url="http://127.0.0.1:1", token=TOKEN, chat_id="1")
    app.connections = replace(app.connections, telegram=telegram)

    def refuse(url: str, **_: Any) -> None:
        raise httpx.ConnectError(f"no way to {url}")

    monkeypatch.setattr(services.httpx, "get", refuse)

    assert TOKEN not in str(failed(app, "telegram").as_dict())
