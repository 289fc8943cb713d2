"""``booking-sms watchdog``: everything that has to be seen from outside Airflow, in one process."""

from __future__ import annotations

from collections.abc import Iterator

import typer

from booking_sms.bootstrap import Application
from booking_sms.cli.composition import application
from booking_sms.cli.console import JsonOption, fail, print_json, print_table
from booking_sms.cli.rounds import EveryOption, OnceOption, Rounds, require_choice, stop_event
from booking_sms.workflow import Watchdog, WatchdogReport

WORDS = ("감시를 할 수 없습니다", "다시 감시합니다")
COLUMNS = ("what", "told", "how it was noticed")


def register(app: typer.Typer) -> None:
    """Add the command to the main application."""
    app.command("watchdog")(watchdog)


def watchdog(once: bool = OnceOption, every: int = EveryOption, as_json: bool = JsonOption) -> None:
    """Watch Airflow, the outbox, windows and visits; page each trouble once, and its end."""
    require_choice(once, every)
    composed = application()
    dog = Watchdog(composed, composed.airflow)
    if every:
        rounds_of(composed, dog, as_json=as_json).repeat(every, stop_event())
        return
    report = _round(dog, as_json=as_json)
    if not report.is_quiet:
        raise fail(f"{len(report.open)} open: {', '.join(sorted(report.open))}", code=1)


def rounds_of(app: Application, dog: Watchdog, *, as_json: bool) -> Rounds:
    """Rounds for ever; a round looks with every part, whatever became of the others."""
    return Rounds(
        name="watchdog", look=lambda: _round(dog, as_json=as_json), page=app.page, words=WORDS
    )


def _round(dog: Watchdog, *, as_json: bool) -> WatchdogReport:
    report = dog.round()
    if as_json:
        print_json(report.as_dict())
    else:
        print_table(f"watchdog at {report.at}", COLUMNS, _rows(report))
    return report


def _rows(report: WatchdogReport) -> Iterator[tuple[str, ...]]:
    """One row a trouble, then those that are over."""
    for key, said in report.open.items():
        told = "now" if key in report.new else "before"
        yield key, told if report.reached else "nobody reached", said
    for key in report.over:
        yield key, "over", ""
