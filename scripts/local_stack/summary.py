"""Prints what a run of the day showed. Phones are masked here too: terminals get copied."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from rich.console import Console
from rich.table import Table

from booking_sms.domain.phone import mask_phone
from local_stack.day import DISPATCH, ETL, RECONCILE, WindowOutcome
from local_stack.layout import PROJECT, Layout
from local_stack.outcome import DayOutcome

NOTES_SHOWN = 6


def print_day(console: Console, day: DayOutcome, layout: Layout, seconds: float) -> None:
    """The whole report; the verdict is its last line."""
    console.print(_windows(day.windows), _stores(day.windows))
    console.print(_jobs(day), _reasons(day), _phones(day.texts))
    _print_notes(console, day.notes)
    _print_facts(console, day)
    _print_where_to_look(console, layout)
    _print_verdict(console, day, seconds)


def _table(title: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> Table:
    table = Table(title=title, title_justify="left", header_style="bold")
    for index, column in enumerate(columns):
        table.add_column(column, justify="right" if index else "left", overflow="fold")
    for row in rows:
        table.add_row(*(str(cell) for cell in row))
    return table


def _windows(windows: Sequence[WindowOutcome]) -> Table:
    columns = ("window", "bookings", "planned", "extract to load", "dispatch", "reconcile", "runs")
    return _table("Windows, seconds in each DAG", columns, map(_window_row, windows))


def _window_row(window: WindowOutcome) -> Sequence[Any]:
    times = (f"{window.seconds(dag_id):.1f}" for dag_id in (ETL, DISPATCH, RECONCILE))
    planned = window.accounting.get("planned", "-")
    verdict = "success" if window.succeeded else "FAILED"
    return (window.clock, sum(window.bookings.values()), planned, *times, verdict)


def _stores(windows: Sequence[WindowOutcome]) -> Table:
    stores = sorted({store for window in windows for store in window.bookings})
    columns = ("store", *(window.clock for window in windows))
    rows = ((store, *(w.bookings.get(store, "failed") for w in windows)) for store in stores)
    return _table("Bookings read per store", columns, rows)


def _jobs(day: DayOutcome) -> Table:
    counts = day.jobs_by("kind")
    states = sorted({state for _, state in counts})
    kinds = sorted({kind for kind, _ in counts})
    rows = ((kind, *(counts[kind, state] or "" for state in states)) for kind in kinds)
    return _table("Jobs by kind and state", ("kind", *states), rows)


def _reasons(day: DayOutcome) -> Table:
    columns = ("kind", "state", "reason", "jobs")
    rows = ([row[column] for column in columns] for row in day.reasons)
    return _table("Why jobs wait or ended without a delivered text", columns, rows)


def _phones(texts: Sequence[dict[str, Any]]) -> Table:
    by_phone: dict[str, list[dict[str, Any]]] = {}
    for text in texts:
        by_phone.setdefault(mask_phone(text["to"]), []).append(text)
    rows = ((phone, len(got), _titles(got), _states(got)) for phone, got in by_phone.items())
    columns = ("phone", "texts", "what", "states")
    return _table("Texts received by phones in this run", columns, sorted(rows))


def _titles(texts: Iterable[dict[str, Any]]) -> str:
    """Subjects without the reference that ends them."""
    return ", ".join(text["subject"].rpartition(" ")[0] or text["subject"] for text in texts)


def _states(texts: Iterable[dict[str, Any]]) -> str:
    return ", ".join(sorted({text["state"] for text in texts}))


def _print_notes(console: Console, notes: Sequence[str]) -> None:
    console.print(f"[bold]Telegram[/bold]: {len(notes)} notes to the owner")
    for note in notes[-NOTES_SHOWN:]:
        console.print(note, highlight=False, markup=False)
        console.print()


def _print_facts(console: Console, day: DayOutcome) -> None:
    parts = {name: value for name, value in day.totals.items() if name != "planned"}
    planned = day.totals.get("planned", 0)
    holds = all(window.adds_up for window in day.windows)
    total = " + ".join(f"{value} {name}" for name, value in parts.items() if value) or "0"
    console.print(f"accounting: {planned} planned = {total}: [bold]{holds}[/bold] in every window")
    audit = {name: day.audit[name] for name in ("rows", "matched", "accepted", "waiting")}
    shown = ", ".join(f"{number} {name}" for name, number in audit.items())
    residue = len(day.audit["residue"])
    console.print(f"audit against SENS's list: {shown}, {residue} residue", soft_wrap=True)
    console.print(f"browser logins: {day.browsers} browsers started, {day.logins} logins at Naver")
    console.print(f"texts: {len(day.texts)} sent in this run, {day.delivered} delivered")


def _print_where_to_look(console: Console, layout: Layout) -> None:
    console.print(
        f"\nwhere to look next: logs of tasks and components in {layout.airflow_home} ; "
        "make up (the same world in Airflow's UI) ; booking-sms sandbox inbox ; "
        f"docs/dags.md ({PROJECT / 'docs' / 'dags.md'})",
        highlight=False,
        soft_wrap=True,
    )


def _print_verdict(console: Console, day: DayOutcome, seconds: float) -> None:
    problems = day.problems()
    for problem in problems:
        console.print(f"[red]FAILED[/red] {problem}", highlight=False, soft_wrap=True)
    if problems:
        return
    said = f"{day.delivered} texts delivered, kinds {', '.join(sorted(day.kinds_delivered()))}"
    if day.before.had_the_whole_day:
        said = "0 further texts and no browser: this world had everything"
    console.print(f"[green]OK[/green] {len(day.windows)} windows in {seconds:.0f} s: {said}")
