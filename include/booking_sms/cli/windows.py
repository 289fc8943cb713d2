"""``booking-sms windows``: what became of each store's windows, and how to repair the rest."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

import typer

from booking_sms.bootstrap import Application
from booking_sms.cli.composition import application
from booking_sms.cli.console import JsonOption, fail, out, print_json, print_table
from booking_sms.pipeline.catch_up import preview_command, span
from booking_sms.pipeline.report import alias_of
from booking_sms.pipeline.window_ledger import (
    UNHEALED,
    WindowEntry,
    fold,
    read_window_ledger,
    to_repair,
)

COLUMNS = ("store", "windows", "state", "bookings", "quarantined", "what")
EXAMPLE = "2026-03-02T14:00:00+09:00"


def register(app: typer.Typer) -> None:
    """Add the command to the main application."""
    app.command("windows")(windows)


def windows(
    since: str = typer.Option("", help=f"First as_of, ISO with offset ({EXAMPLE})."),
    until: str = typer.Option("", help="Last as_of; default: now."),
    hours: int = typer.Option(24, min=1, max=24 * 31, help="Without --since: this far back."),
    store: str = typer.Option("", help="One store only."),
    as_json: bool = JsonOption,
) -> None:
    """Every window of each store: covered, partial, repaired, subsumed, lost, failed, missed."""
    composed = application()
    last = _instant("--until", until) if until else composed.clock.now()
    first = _instant("--since", since) if since else last - timedelta(hours=hours)
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
    numbers = {entry.bookings for entry in run}
    least, most = min(numbers), max(numbers)
    state = first.state.value
    return (
        f"{alias_of(first.store_id, app.catalog().stores)} {first.store_id}",
        span([entry.window for entry in run]),
        f"[bold red]{state}[/bold red]" if first.state in UNHEALED else state,
        str(least) if least == most else f"{least}-{most}",
        str(first.quarantined or ""),
        _what(first),
    )


def _what(entry: WindowEntry) -> str:
    lost = ", ".join(f"{rule} {number}" for rule, number in entry.lost)
    parts = (
        f"lost: {lost}" if lost else "",
        entry.reason,
        "reconstructed" if entry.reconstructed else "",
        f"healed by {entry.healed_by}" if entry.healed_by else "",
    )
    return "; ".join(part for part in parts if part)


def _instant(option: str, text: str) -> datetime:
    try:
        instant = datetime.fromisoformat(text)
    except ValueError:
        raise fail(f"{option}: not an ISO instant: {text!r}; write for example {EXAMPLE}") from None
    if instant.tzinfo is None:
        raise fail(f"{option}: {text!r} has no offset; write for example {EXAMPLE}")
    return instant
