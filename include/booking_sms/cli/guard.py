"""``booking-sms guard``: the visit guard, a process of its own beside Airflow."""

from __future__ import annotations

from typing import Any

import typer

from booking_sms import workflow
from booking_sms.bootstrap import Application
from booking_sms.cli.composition import application
from booking_sms.cli.console import JsonOption, fail, print_facts
from booking_sms.cli.rounds import EveryOption, OnceOption, Rounds, require_choice, stop_event

WORDS = ("방문 확인을 할 수 없습니다", "방문 확인을 다시 합니다")


def register(app: typer.Typer) -> None:
    """Add the command to the main application."""
    app.command("guard")(guard)


def guard(once: bool = OnceOption, every: int = EveryOption, as_json: bool = JsonOption) -> None:
    """Page when a visit of the next hour has no guide. Sends no text; SIGTERM ends the loop."""
    require_choice(once, every)
    composed = application()
    if every:
        rounds_of(composed, as_json=as_json).repeat(every, stop_event())
        return
    report = workflow.guard_visits(composed)
    print_facts("visit guard", report.as_dict(), as_json=as_json)
    if not report.is_quiet:
        raise fail(f"{len(report.open)} open: {', '.join(sorted(report.open))}", code=1)


def rounds_of(app: Application, *, as_json: bool) -> Rounds:
    """Round after round; one that fails is paged once, and the next one tries again."""

    def look() -> None:
        facts: dict[str, Any] = workflow.guard_visits(app).as_dict()
        print_facts("visit guard", facts, as_json=as_json)

    return Rounds(name="visit_guard", look=look, page=app.page, words=WORDS)
