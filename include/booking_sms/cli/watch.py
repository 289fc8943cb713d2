"""``booking-sms watch``: gaps and silence, seen by a process of its own beside Airflow."""

from __future__ import annotations

import typer

from booking_sms import workflow
from booking_sms.bootstrap import Application
from booking_sms.cli.composition import application
from booking_sms.cli.console import JsonOption, fail, print_json, print_table
from booking_sms.cli.rounds import EveryOption, OnceOption, Rounds, require_choice, stop_event
from booking_sms.pipeline.report import alias_of
from booking_sms.pipeline.watch import WatchReport

WORDS = ("회차를 확인할 수 없습니다", "회차를 다시 확인합니다")
COLUMNS = ("finding", "store", "told", "what")
WHOLE_CHAIN = "all"


def register(app: typer.Typer) -> None:
    """Add the command to the main application."""
    app.command("watch")(watch)


def watch(once: bool = OnceOption, every: int = EveryOption, as_json: bool = JsonOption) -> None:
    """Page when a window was missed, failed or lost, and when bookings stay away."""
    require_choice(once, every)
    composed = application()
    if every:
        rounds_of(composed, as_json=as_json).repeat(every, stop_event())
        return
    report = _look(composed, as_json=as_json)
    if report.findings:
        raise fail(f"{len(report.findings)} findings", code=1)


def rounds_of(app: Application, *, as_json: bool) -> Rounds:
    """Looks for ever: one that fails is paged once."""
    return Rounds(
        name="watch", look=lambda: _look(app, as_json=as_json), page=app.page, words=WORDS
    )


def _look(app: Application, *, as_json: bool) -> WatchReport:
    report = workflow.watch_windows(app)
    if as_json:
        print_json(report.as_dict())
    else:
        print_table(f"watch at {report.at}", COLUMNS, _rows(app, report))
    return report


def _rows(app: Application, report: WatchReport) -> list[tuple[str, ...]]:
    """One row a finding, then the stores of which some bookings could not be read."""
    stores = app.catalog().stores
    found = [
        (
            one.code,
            alias_of(one.store_id, stores) if one.store_id else WHOLE_CHAIN,
            _told(report, one.key),
            one.text,
        )
        for one in report.findings
    ]
    partial = [
        ("quarantined", alias_of(store, stores), "", f"{number} bookings could not be read")
        for store, number in report.partial.items()
    ]
    return [*found, *partial]


def _told(report: WatchReport, key: str) -> str:
    if key in report.told:
        return "now"
    return "before" if report.reached else "[bold red]nobody reached[/bold red]"
