"""Builds the application for a command from the environment, as Airflow's tasks do from hooks."""

from __future__ import annotations

from contextlib import ExitStack
from datetime import datetime

from booking_sms.bootstrap import Application, build_application
from booking_sms.config.connections import Connections
from booking_sms.config.settings import Settings, effective_environ

_built = ExitStack()


def application(at: datetime | None = None) -> Application:
    """Compose everything; ``at`` pins the business clock. Raises ConfigError subclasses.

    Its connections stay open until ``close_applications``.
    """
    environ = effective_environ()
    settings = Settings.from_environ(environ)
    built = build_application(settings, Connections.from_environ(environ), at=at)
    _built.callback(built.close)
    return built


def close_applications() -> None:
    """Close what was composed; called once, at the end of a command."""
    _built.close()
