"""``booking-sms watch``: gaps and silence, seen by a process of its own beside Airflow."""

from __future__ import annotations

from typing import Any

import typer

from booking_sms import workflow
from booking_sms.bootstrap import Application
from booking_sms.cli.composition import application
from booking_sms.cli.console import JsonOption, fail, print_facts
from booking_sms.cli.guard import LEAST_PAUSE_S, stop_event
from booking_sms.cli.rounds import Rounds

WORDS = ("회차를 확인할 수 없습니다", "회차를 다시 확인합니다")


def register(app: typer.Typer) -> None:
    """Add the command to the main application."""
    app.command("watch")(watch)


def watch(
    once: bool = typer.Option(False, "--once", help="One look; exit 1 if there are findings."),
    every: int = typer.Option(0, "--every", help="Looks for ever, this many seconds apart."),
    as_json: bool = JsonOption,
) -> None:
    """Page when a window was missed, failed or lost, and when bookings stay away."""
    if once == bool(every) or 0 < every < LEAST_PAUSE_S:
        raise fail(f"choose --once or --every SECONDS ({LEAST_PAUSE_S} or more)")
    composed = application()
    if every:
        rounds_of(composed, as_json=as_json).repeat(every, stop_event())
        return
    report = workflow.watch_windows(composed)
    print_facts("watch", report.as_dict(), as_json=as_json)
    if report.findings:
        raise fail("; ".join(finding.text for finding in report.findings), code=1)


def rounds_of(app: Application, *, as_json: bool) -> Rounds:
    """Looks for ever: one that fails is paged once."""

    def look() -> None:
        facts: dict[str, Any] = workflow.watch_windows(app).as_dict()
        print_facts("watch", facts, as_json=as_json)

    return Rounds(name="watch", look=look, page=app.page, words=WORDS)
