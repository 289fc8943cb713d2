"""Logs of a process that is not Airflow's: JSON lines on a stream, redacted.

Airflow's processes have their own configuration; they take the same redactor.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from io import TextIOBase
from typing import Any, TextIO, cast

import structlog

from booking_sms.telemetry.redaction import Redactor

QUIET = ("httpx", "httpcore", "botocore", "boto3", "urllib3", "selenium")
"""Libraries of which only warnings are of interest: their lines quote requests."""


def log_to(stream: TextIOBase, secrets: Iterable[str] = (), *, level: int = logging.INFO) -> None:
    """Write every log of this process to a stream, ours and the libraries', one JSON line each.

    :param secrets: known values that are never shown.
    """
    shared = _shared(Redactor(secrets))
    structlog.configure(
        processors=[*shared, structlog.processors.JSONRenderer(ensure_ascii=False)],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=lambda *_: structlog.PrintLogger(cast("TextIO", stream)),
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(cast("TextIO", stream))
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[structlog.stdlib.add_logger_name, *shared],
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.JSONRenderer(ensure_ascii=False),
            ],
        )
    )
    logging.basicConfig(handlers=[handler], level=level, force=True)
    for name in QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)


def _shared(redact: Redactor) -> list[Any]:
    return [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        structlog.processors.EventRenamer("message"),
        redact,
    ]


def be_silent() -> None:
    """Log nothing from here on: of a process whose thousands of steps are its own answer."""
    structlog.configure(processors=[_drop])


def _drop(logger: Any, method: str, event: Any) -> Any:
    raise structlog.DropEvent
