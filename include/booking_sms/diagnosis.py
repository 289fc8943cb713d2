"""Is everything there that a run needs? Every finding names what and where."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from typing import Any

import httpx

from booking_sms.bootstrap import Application
from booking_sms.domain.errors import BookingSmsError
from booking_sms.pipeline.applied_catalog import standing
from booking_sms.pipeline.cap_watch import cap_line, is_holding
from booking_sms.workflow import look_at_caps

SECRET = "secret:"  # noqa: S105 (the mark of a reference, not a secret)


@dataclass(frozen=True)
class Finding:
    """One check: what was looked at, whether it is well, and what was seen."""

    name: str
    ok: bool
    detail: str

    def as_dict(self) -> dict[str, Any]:
        """JSON-able form."""
        return asdict(self)


def diagnose(app: Application, *, fix: bool) -> list[Finding]:
    """Run every check; ``fix`` creates missing tables first. Never raises for a finding."""
    return [_guarded(name, check) for name, check in _checks(app, fix=fix)]


def _guarded(name: str, check: Callable[[], str]) -> Finding:
    try:
        return Finding(name, True, check())
    except BookingSmsError as error:
        return Finding(name, False, str(error))
    except httpx.HTTPError as error:
        return Finding(name, False, f"unreachable: {type(error).__name__}")


def _checks(app: Application, *, fix: bool) -> Iterator[tuple[str, Callable[[], str]]]:
    yield "tables", lambda: app.create_tables() if fix else app.check_tables()
    yield "rules, messages, stores", lambda: _catalog(app)
    yield "rules in use", lambda: standing(app.control, app.load_catalog)
    yield "secrets", lambda: _secrets(app)
    yield "delivery mode", lambda: _mode(app)
    yield "caps", lambda: _caps(app)
    yield "naver login host", lambda: _reachable(app.connections.naver.login_url)
    yield "naver booking host", lambda: _reachable(app.connections.naver.booking_url)
    yield "sens host", lambda: _reachable(app.connections.sens.base_url)
    yield "browser", _browser
    yield "payload stage", lambda: app.settings.staging


def _catalog(app: Application) -> str:
    catalog = app.load_catalog()
    return f"rule set {catalog.rules.name}, {len(catalog.stores.stores)} stores"


def _secrets(app: Application) -> str:
    """Every ``secret:`` reference of every store resolves."""
    names = [
        str(value).removeprefix(SECRET)
        for store in app.load_catalog().stores.stores.values()
        for value in store.facts.values()
        if str(value).startswith(SECRET)
    ]
    for name in names:
        app.secrets.get(name)
    return f"{len(names)} references resolve"


def _mode(app: Application) -> str:
    mode = app.control.delivery_mode()
    return mode if mode == "live" else f"{mode}: jobs are made and wait, nothing is sent"


def _caps(app: Application) -> str:
    """No cap holds texts of information."""
    standings = look_at_caps(app)
    holding = [cap_line(standing) for standing in standings if is_holding(standing)]
    if holding:
        raise BookingSmsError("; ".join(holding))
    return "; ".join(cap_line(standing) for standing in standings)


def _reachable(url: str) -> str:
    """Any HTTP answer will do: the service is there."""
    answer = httpx.get(url, timeout=5, trust_env=False)
    return f"{url} answers {answer.status_code}"


def _browser() -> str:
    names = ("chromium", "chromium-browser", "google-chrome")
    found = next((path for name in names if (path := shutil.which(name))), None)
    if not found or not shutil.which("chromedriver"):
        raise BookingSmsError("chromium or chromedriver is not installed")
    return found
