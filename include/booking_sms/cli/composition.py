"""Builds the application for a command from the environment, as Airflow's tasks do from hooks."""

from __future__ import annotations

from contextlib import ExitStack
from datetime import datetime

from booking_sms.bootstrap import Application, build_application
from booking_sms.cli.console import log_to_stderr
from booking_sms.cli.places import place_of
from booking_sms.config.connections import Connections
from booking_sms.config.settings import Settings, effective_environ
from booking_sms.domain.errors import BookingSmsError, SessionNeedsPerson

AFTERWARDS = "when that is settled: booking-sms control reset-session"
_opened = ExitStack()
_built: list[Application] = []


def application(at: datetime | None = None) -> Application:
    """Compose everything; ``at`` pins the business clock. Raises ConfigError subclasses.

    Its connections stay open until ``close_applications``.
    """
    environ = effective_environ()
    settings, connections = Settings.from_environ(environ), Connections.from_environ(environ)
    log_to_stderr(connections.secrets())
    built = build_application(settings, connections, at=at)
    _opened.callback(built.close)
    _built.append(built)
    return built


def described(error: BookingSmsError) -> str:
    """What happened, and with which connection and address if it was about one."""
    place = place_of(error, _built[-1].connections) if _built else ""
    remedy = f"; {AFTERWARDS}" if isinstance(error, SessionNeedsPerson) else ""
    return f"{error} [{place}]{remedy}" if place else str(error)


def close_applications() -> None:
    """Close what was composed; called once, at the end of a command."""
    _opened.close()
    _built.clear()
