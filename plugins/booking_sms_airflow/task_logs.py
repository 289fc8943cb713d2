"""Airflow's logging configuration with redaction: named by ``[logging] logging_config_class``.

Airflow gives every line of a task's log, whoever wrote it (our events, a library, a print, a
traceback), to the processors of its remote log before it is written to the file or shipped. So
this one place covers both. Without remote logging the lines are redacted all the same.
"""

from __future__ import annotations

from collections.abc import MutableMapping
from functools import cached_property
from typing import Any

from airflow.config_templates.airflow_local_settings import DEFAULT_LOGGING_CONFIG

from booking_sms.telemetry.redaction import Redactor

__all__ = ["LOGGING_CONFIG", "REMOTE_TASK_LOG"]

LOGGING_CONFIG = DEFAULT_LOGGING_CONFIG
Event = MutableMapping[str, Any]


class RedactedTaskLog:
    """A remote task log that gets redacted lines only; without one, redaction alone.

    :param remote: Airflow's own remote log (CloudWatch, S3), or None.
    """

    def __init__(self, remote: Any) -> None:
        self._remote = remote
        self._redact = Redactor()

    @cached_property
    def processors(self) -> tuple[Any, ...]:
        """What Airflow passes each line through, in order; the shipping comes last."""
        shipping = getattr(self._remote, "processors", ())
        return (self._redact, *(_as_shipped(one) for one in shipping))

    def upload(self, path: Any, ti: Any = None) -> None:
        """End of a task's log."""
        if self._remote is not None:
            self._remote.upload(path, ti)

    def read(self, path: str, ti: Any = None) -> tuple[list[str], list[str]]:
        """Sources and lines of a task's log; none of its own without a remote log."""
        return ([], []) if self._remote is None else self._remote.read(path, ti)

    def __getattr__(self, name: str) -> Any:
        """Whatever else Airflow asks of the remote log; AttributeError where it has none."""
        return getattr(self._remote, name)


def _as_shipped(ship: Any) -> Any:
    """The shipped line has ``message`` too, as every line of ours outside Airflow has."""

    def processor(logger: Any, method: str, event: Event) -> Event:
        ship(logger, method, {**event, "message": event.get("event", "")})
        return event

    return processor


def _remote() -> Any:
    """Airflow's own remote log, if one is configured."""
    from airflow.sdk.configuration import conf

    if not conf.getboolean("logging", "remote_logging", fallback=False):
        return None
    from airflow.providers.amazon.aws.log.cloudwatch_task_handler import CloudWatchRemoteLogIO

    return CloudWatchRemoteLogIO.from_config()


REMOTE_TASK_LOG = RedactedTaskLog(_remote())
