"""``booking-sms guard``: the visit guard, a process of its own beside Airflow."""

from __future__ import annotations

import signal
import threading
from typing import Any

import structlog
import typer

from booking_sms import workflow
from booking_sms.bootstrap import Application
from booking_sms.cli.composition import application
from booking_sms.cli.console import JsonOption, fail, print_facts
from booking_sms.domain.errors import BookingSmsError

LEAST_PAUSE_S = 10
log = structlog.get_logger(__name__)


def register(app: typer.Typer) -> None:
    """Add the command to the main application."""
    app.command("guard")(guard)


def guard(
    once: bool = typer.Option(False, "--once", help="One round; exit 1 if anything is open."),
    every: int = typer.Option(0, "--every", help="Rounds for ever, this many seconds apart."),
    as_json: bool = JsonOption,
) -> None:
    """Page when a visit of the next hour has no guide. Sends no text; SIGTERM ends the loop."""
    if once == bool(every) or 0 < every < LEAST_PAUSE_S:
        raise fail(f"choose --once or --every SECONDS ({LEAST_PAUSE_S} or more)")
    composed = application()
    if every:
        watch(composed, every, stop_event(), as_json)
        return
    report = workflow.guard_visits(composed)
    print_facts("visit guard", report.as_dict(), as_json=as_json)
    if not report.is_quiet:
        raise fail(f"{len(report.open)} open: {', '.join(sorted(report.open))}", code=1)


def watch(app: Application, every: int, stop: threading.Event, as_json: bool) -> None:
    """Round after round; one that fails is paged once, and the next one tries again."""
    failed = ""
    while not stop.is_set():
        failed = _round(app, failed, as_json)
        stop.wait(every)


def _round(app: Application, failed_before: str, as_json: bool) -> str:
    """One round; the error's name if it failed, empty if it did not."""
    try:
        report: dict[str, Any] = workflow.guard_visits(app).as_dict()
    except BookingSmsError as error:
        log.error("visit_guard_failed", code=error.code)
        if error.code != failed_before:
            app.page(f"방문 확인을 할 수 없습니다: {error.code}")
        return error.code
    if failed_before:
        app.page("방문 확인을 다시 합니다")
    print_facts("visit guard", report, as_json=as_json)
    return ""


def stop_event() -> threading.Event:
    """An event that SIGTERM and SIGINT set: the round under way is finished."""
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    return stop
