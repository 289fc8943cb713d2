"""``booking-sms watchdog``: everything that has to be seen from outside Airflow, in one process."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing
from functools import partial

import typer

from booking_sms.bootstrap import Application, build_application
from booking_sms.cli.composition import application
from booking_sms.cli.console import JsonOption, fail, print_json, print_table
from booking_sms.cli.rounds import EveryOption, OnceOption, Rounds, require_choice, stop_event
from booking_sms.pipeline.troubles import Remembered
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
    if every:
        compose = partial(fresh, composed)
        rounds_of(compose, composed.page, as_json=as_json).repeat(every, stop_event())
        return
    report = _round(Watchdog(composed, composed.airflow), as_json=as_json)
    if not report.is_quiet:
        raise fail(f"open: {', '.join(_open(report))}", code=1)


Compose = Callable[[], AbstractContextManager[Application]]


def fresh(like: Application) -> AbstractContextManager[Application]:
    """Another application of the same settings, for one round.

    What the owner edits is read anew, and a session may be renewed once a round, not once a life.
    """
    return closing(build_application(like.settings, like.connections))


def rounds_of(compose: Compose, page: Callable[[str], object], *, as_json: bool) -> Rounds:
    """Rounds for ever; a round looks with every part, whatever became of the others."""
    memory: Remembered = {}

    def look() -> None:
        with compose() as app:
            _round(Watchdog(app, app.airflow, memory), as_json=as_json)

    return Rounds(name="watchdog", look=look, page=page, words=WORDS)


def _round(dog: Watchdog, *, as_json: bool) -> WatchdogReport:
    report = dog.round()
    if as_json:
        print_json(report.as_dict())
    else:
        print_table(f"watchdog at {report.at}", COLUMNS, _rows(report))
    return report


def _open(report: WatchdogReport) -> list[str]:
    counts = {name: number for name, number in report.told_elsewhere.items() if number}
    return [*sorted(report.open), *(f"{name} {number}" for name, number in counts.items())]


def _rows(report: WatchdogReport) -> Iterator[tuple[str, ...]]:
    """One row a trouble, then those that are over."""
    for key, said in report.open.items():
        told = "now" if key in report.new else "before"
        yield key, told if report.reached else "nobody reached", said
    for name, number in report.told_elsewhere.items():
        if number:
            yield name, "by its own part", f"{number}: booking-sms watch, guard"
    for key in report.over:
        yield key, "over", ""
