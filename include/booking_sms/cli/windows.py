"""``booking-sms windows``: what became of each store's windows, and how to repair the rest."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

import typer

from booking_sms.bootstrap import Application
from booking_sms.cli.composition import application
from booking_sms.cli.console import (
    INSTANT,
    JsonOption,
    fail,
    instant_of,
    out,
    print_json,
    print_table,
)
from booking_sms.pipeline.catch_up import preview_command, span
from booking_sms.pipeline.report import alias_of
from booking_sms.pipeline.window_ledger import (
    UNHEALED,
    WindowEntry,
    WindowState,
    fold,
    read_window_ledger,
    to_repair,
)

COLUMNS = ("store", "windows", "state", "bookings", "quarantined", "what")


READ = frozenset({WindowState.COVERED, WindowState.PARTIAL, WindowState.REPAIRED})


def register(app: typer.Typer) -> None:
    """Add the command to the main application."""
    app.command("windows")(windows)


def windows(
    since: str = typer.Option("", help=f"First as_of, ISO with offset ({INSTANT})."),
    until: str = typer.Option("", help="Last as_of; default: now."),
    hours: int = typer.Option(24, min=1, max=24 * 31, help="Without --since: this far back."),
    store: str = typer.Option("", help="One store only."),
    as_json: bool = JsonOption,
) -> None:
    """Every window of each store: covered, partial, repaired, subsumed, lost, failed, missed."""
    composed = application()
    last = instant_of("--until", until) if until else composed.clock.now()
    first = instant_of("--since", since) if since else last - timedelta(hours=hours)
    if first > last:
        raise fail("--since lies after --until")
    stores = [composed.catalog().stores.get(store).store_id] if store else composed.store_ids()
    entries = [
        entry
        for one in stores
        for entry in read_window_ledger(
            composed.windows,
            one,
            first,
            last,
            composed.clock.now(),
            composed.settings.effective_from,
        )
    ]
    if as_json:
        print_json([entry.as_dict() for entry in entries])
    else:
        _print(composed, entries, store)


def _print(app: Application, entries: Sequence[WindowEntry], store: str) -> None:
    print_table("windows", COLUMNS, (_row(app, run) for run in fold(entries)))
    left = to_repair(entries)
    if left:
        command = preview_command(left[0].window, left[-1].window, store)
        out.print(f"preview of a repair: {command}", soft_wrap=True, highlight=False)


def _row(app: Application, run: Sequence[WindowEntry]) -> tuple[str, ...]:
    first = run[0]
    state = first.state.value
    return (
        f"{alias_of(first.store_id, app.catalog().stores)} {first.store_id}",
        span([entry.window for entry in run]),
        f"[bold red]{state}[/bold red]" if first.state in UNHEALED else state,
        _bookings(run),
        str(first.quarantined or ""),
        _what(first),
    )


def _bookings(run: Sequence[WindowEntry]) -> str:
    """How many were read; nothing where nobody looked."""
    numbers = {entry.bookings for entry in run}
    least, most = min(numbers), max(numbers)
    if not most and run[0].state not in READ:
        return ""
    return str(least) if least == most else f"{least}-{most}"


def _what(entry: WindowEntry) -> str:
    lost = ", ".join(f"{rule} {number}" for rule, number in entry.lost)
    parts = (
        f"lost: {lost}" if lost else "",
        entry.reason,
        "reconstructed" if entry.reconstructed else "",
        f"healed by {entry.healed_by}" if entry.healed_by else "",
    )
    return "; ".join(part for part in parts if part)
