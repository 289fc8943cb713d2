"""This machine: Python and its packages, browser, time zones, room on the disks."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from datetime import datetime, timedelta
from importlib import metadata
from os import environ
from pathlib import Path
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from booking_sms.bootstrap import Application
from booking_sms.config.settings import INCLUDE
from booking_sms.diagnosis.finding import Check
from booking_sms.domain.errors import SettingsInvalid

PROJECT = INCLUDE.parent
PYTHON = (3, 11)
ROOM_MB = 500
"""A window stages some 10 MB, a day of logs some 100: with less, a day may not be over."""
SHOWN = 5
_PINNED = re.compile(r"^([A-Za-z0-9._-]+)(?:\[[^\]]*\])?==(\S+?)(?:\s|;|\\|$)", re.MULTILINE)


def bare_checks() -> Iterator[Check]:
    """What can be seen before anything is configured."""
    yield Check(name="python", see=python, fix="install Python 3.11, then: make install")
    yield Check(
        name="packages",
        see=lambda: packages(PROJECT),
        fix="make install, or build the image again from requirements.lock",
        severity="should",
    )
    yield Check(name="time zones", see=time_zones, fix="pip install tzdata")


def checks(app: Application) -> Iterator[Check]:
    """What no service is asked for."""
    yield from bare_checks()
    yield Check(
        name="browser",
        see=lambda: browser(app),
        fix="install chromium and chromedriver of one version, or name them in"
        " BOOKING_SMS_CHROME_BINARY and BOOKING_SMS_CHROMEDRIVER",
    )
    yield Check(
        name="disk",
        see=lambda: disk(folders(app)),
        fix=f"free {ROOM_MB} MB: airflow dags trigger ledger_maintenance sweeps stage and logs",
    )
    if app.settings.clock_url:
        yield Check(name="embedded world", see=dynalite, fix="make install", severity="should")


def python() -> str:
    """The version that the lock was made for."""
    found = sys.version_info[:2]
    if found != PYTHON:
        raise SettingsInvalid(f"Python {found[0]}.{found[1]}, not {PYTHON[0]}.{PYTHON[1]}")
    return sys.version.split()[0]


def packages(project: Path) -> str:
    """What the product imports is installed as the lock pins it."""
    locked = _pins(project / "requirements.lock")
    wanted = _pins(project / "requirements.txt")
    wrong = [text for name in sorted(wanted) if (text := _difference(name, locked.get(name, "")))]
    if wrong:
        more = f" and {len(wrong) - SHOWN} more" if len(wrong) > SHOWN else ""
        raise SettingsInvalid(f"{'; '.join(wrong[:SHOWN])}{more}")
    return f"{len(wanted)} direct packages as in requirements.lock"


def _pins(path: Path) -> dict[str, str]:
    try:
        return dict(_PINNED.findall(path.read_text(encoding="utf-8")))
    except FileNotFoundError:
        raise SettingsInvalid(f"no {path.name} beside the code: nothing to compare with") from None


def _difference(name: str, locked: str) -> str:
    try:
        found = metadata.version(name)
    except metadata.PackageNotFoundError:
        found = "not installed"
    return "" if found == locked else f"{name} {found}, locked {locked or 'nowhere'}"


def time_zones() -> str:
    """Korea is known, nine hours ahead."""
    try:
        offset = datetime(2026, 1, 1, tzinfo=ZoneInfo("Asia/Seoul")).utcoffset()
    except ZoneInfoNotFoundError:
        raise SettingsInvalid("this machine does not know Asia/Seoul") from None
    if offset != timedelta(hours=9):
        raise SettingsInvalid(f"Asia/Seoul is {offset} ahead, not 9 hours")
    return "Asia/Seoul is 9 hours ahead"


def browser(app: Application) -> str:
    """Browser and driver are there, start, and have the same major version."""
    from booking_sms.adapters.naver.browser import find_browser
    from booking_sms.adapters.naver.login_settings import BrowserConfig

    settings = app.settings
    config = BrowserConfig(binary=settings.chrome_binary, driver=settings.chromedriver)
    found = [_version(path) for path in find_browser(config)]
    if len({version.split(".")[0] for version in found}) > 1:
        raise SettingsInvalid(f"chromium {found[0]} and chromedriver {found[1]} do not match")
    return f"chromium {found[0]}, chromedriver {found[1]}"


def _version(path: str) -> str:
    """What a program says of itself; it gets no secret of ours in its environment."""
    kept = {name: environ[name] for name in ("PATH", "HOME", "LANG") if name in environ}
    try:
        done = subprocess.run(  # noqa: S603 (a path that the settings or the PATH name)
            [path, "--version"], capture_output=True, text=True, timeout=30, env=kept, check=False
        )
    except subprocess.TimeoutExpired:
        raise SettingsInvalid(f"{path} does not say its version in 30 s") from None
    found = re.search(r"\d+(?:\.\d+)+", done.stdout)
    if found is None:
        raise SettingsInvalid(f"{path} does not say its version")
    return found.group()


def folders(app: Application) -> dict[str, Path]:
    """Local folders that runs write to: stage, evidence, Airflow's logs."""
    named = {"stage": app.settings.staging, "evidence": app.settings.evidence}
    found = {
        name: Path(urlsplit(url).path) for name, url in named.items() if url.startswith("file:")
    }
    home = environ.get("AIRFLOW_HOME")
    logs = environ.get("AIRFLOW__LOGGING__BASE_LOG_FOLDER") or (f"{home}/logs" if home else "")
    return {**found, "logs": Path(logs)} if logs else found


def disk(places: dict[str, Path]) -> str:
    """Each has room, or its first parent that exists."""
    free = {name: _free_mb(path) for name, path in places.items()}
    tight = [f"{name} {mb} MB" for name, mb in free.items() if mb < ROOM_MB]
    if tight:
        raise SettingsInvalid(f"little room left: {', '.join(tight)}")
    return ", ".join(f"{name} {mb // 1024} GB" for name, mb in free.items()) or "no local folder"


def _free_mb(path: Path) -> int:
    existing = next(place for place in (path, *path.parents) if place.exists())
    return shutil.disk_usage(existing).free // 2**20


def dynalite() -> str:
    """Node and dynalite, the embedded world's DynamoDB."""
    node = shutil.which("node")
    if node is None or not (PROJECT / "node_modules" / "dynalite").exists():
        raise SettingsInvalid("node or dynalite is not installed")
    return f"{node}, dynalite"
