"""``booking-sms guard``: the visit guard, a process of its own beside Airflow."""

from __future__ import annotations

import signal
import threading
from typing import Any

import typer

from booking_sms import workflow
from booking_sms.bootstrap import Application
from booking_sms.cli.composition import application
from booking_sms.cli.console import JsonOption, fail, print_facts
from booking_sms.cli.rounds import Rounds

LEAST_PAUSE_S = 10
WORDS = ("방문 확인을 할 수 없습니다", "방문 확인을 다시 합니다")


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

    def look() -> None:
        facts: dict[str, Any] = workflow.guard_visits(app).as_dict()
        print_facts("visit guard", facts, as_json=as_json)

    Rounds(name="visit_guard", look=look, page=app.page, words=WORDS).repeat(every, stop)


def stop_event() -> threading.Event:
    """An event that SIGTERM and SIGINT set: the round under way is finished."""
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    return stop
