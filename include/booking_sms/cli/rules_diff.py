"""``booking-sms rules diff A B``: what a new rule set changes, before anybody is texted by it."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from datetime import timedelta
from pathlib import Path
from typing import Any

import typer
from rich.progress import Progress

from booking_sms.adapters.naver.parsing import parse_booking
from booking_sms.bootstrap import Application
from booking_sms.cli import composition
from booking_sms.cli.console import JsonOption, err, fail, out, print_json, print_table
from booking_sms.cli.rules_preview import (
    LogInOption,
    named_catalog,
    next_window,
    read_facts,
    refuse_gaps,
)
from booking_sms.domain.booking import KST
from booking_sms.domain.catalog import Catalog
from booking_sms.domain.rule_timing import duration
from booking_sms.domain.window import WINDOW_LENGTH, Window
from booking_sms.parity.forecast_diff import CHANGES, ForecastChange, forecast_changes
from booking_sms.parity.rule_diff import Change, rule_changes
from booking_sms.parity.scenario import read_scenarios
from booking_sms.pipeline.forecast import Foreseen, forecast, windows_ahead
from booking_sms.pipeline.gather import gather_ledger
from booking_sms.pipeline.live import LiveBookings, read_ahead

SHOWN = 20
LONGEST = timedelta(days=7)
_SPAN = re.compile(r"^[0-9]+[mhd]$")


def diff(
    before: str = typer.Argument(help="Rule set in use; live: what was applied."),
    after: str = typer.Argument(help="Rule set to come."),
    golden: Path | None = typer.Option(None, "--golden", help="Scenarios to decide, JSONL."),
    next_: str = typer.Option("", "--next", help="Windows to come on live bookings, e.g. 24h."),
    log_in: bool = LogInOption,
    as_json: bool = JsonOption,
) -> None:
    """Show which messages the second rule set adds, leaves out or moves; sends nothing.

    On recorded scenarios (--golden), or on the bookings of now for the hours to come (--next).
    """
    if bool(golden) == bool(next_):
        raise fail("give either --golden or --next")
    if golden:
        _diff_of_scenarios(golden, before, after, as_json=as_json)
    else:
        _diff_of_time(span_of(next_), before, after, log_in=log_in, as_json=as_json)


def span_of(text: str) -> timedelta:
    """``24h`` as a span; one clear line for anything that is no span of windows."""
    if not _SPAN.match(text):
        raise fail(f"--next: {text!r} is no span; write for example 24h")
    if not WINDOW_LENGTH <= (span := duration(text)) <= LONGEST:
        raise fail(f"--next: {text!r}: at least 20m, at most {LONGEST.days}d")
    return span


# --- recorded scenarios -----------------------------------------------------------------------


def _diff_of_scenarios(golden: Path, before: str, after: str, *, as_json: bool) -> None:
    scenarios = read_scenarios(golden, recorded=False)
    changes = list(
        rule_changes(scenarios, named_catalog(before), named_catalog(after), parse_booking)
    )
    if as_json:
        gained = sum(change.gained for change in changes)
        print_json({
            "before": before,
            "after": after,
            "scenarios": len(scenarios),
            "gained": gained,
            "lost": len(changes) - gained,
            "changes": [asdict(change) for change in changes],
        })
        return
    counts = Counter((change.kind, change.rule, _word(change)) for change in changes)
    lines = [
        f"{one.scenario}: {one.booking} {one.recipient} {one.kind} {_word(one)} ({one.rule})"
        for one in changes
    ]
    _show(f"{before} -> {after}", counts, lines)


def _word(change: Change) -> str:
    return "gained" if change.gained else "lost"


# --- the hours to come ------------------------------------------------------------------------


def _diff_of_time(span: timedelta, before: str, after: str, *, log_in: bool, as_json: bool) -> None:
    app = composition.application()
    left, right = named_catalog(before, app), named_catalog(after, app)
    app.use_catalog(right, may_log_in=log_in)
    stores = tuple(dict.fromkeys([*left.stores.stores, *right.stores.stores]))
    now = app.clock.now()
    windows = windows_ahead(next_window(now), span)
    read = read_ahead(app.source, stores, windows, now)
    was, will_be = _forecasts(app, (left, right), read, windows)
    changes = forecast_changes(was, will_be)
    if as_json:
        print_json(_document(before, after, windows, read, changes))
    else:
        counts = Counter((one.kind, f"{one.rule}{_stage(one)}", one.change) for one in changes)
        title = f"{before} -> {after}, {len(windows)} windows to {windows[-1].name}"
        _show(title, counts, [_line(one) for one in changes])
    refuse_gaps(read)


def _forecasts(
    app: Application,
    catalogs: Sequence[Catalog],
    read: LiveBookings,
    windows: Sequence[Window],
) -> list[tuple[Foreseen, ...]]:
    """Both rule sets on the same bookings and outbox, each at its own rollout stages."""
    found = []
    with Progress(console=err, transient=True, disable=not err.is_terminal) as progress:
        task = progress.add_task("deciding", total=len(windows) * len(catalogs))
        for catalog in catalogs:
            ledger = gather_ledger(app.ledger, app.jobs, read.bookings, catalog.rules)
            stages = app.rollout_stages(catalog.rules)
            found.append(
                forecast(
                    read.bookings,
                    ledger,
                    catalog,
                    windows,
                    stages,
                    lambda: progress.advance(task),
                )
            )
    return found


def _document(
    before: str,
    after: str,
    windows: Sequence[Window],
    read: LiveBookings,
    changes: Sequence[ForecastChange],
) -> dict[str, Any]:
    counts = Counter(one.change for one in changes)
    return {
        "before": before,
        "after": after,
        "windows": len(windows),
        "from": windows[0].name,
        "to": windows[-1].name,
        "read": read_facts(read),
        **{change: counts[change] for change in CHANGES},
        "changes": [one.as_dict() for one in changes],
    }


def _line(change: ForecastChange) -> str:
    times = [at for at in (change.before, change.after) if at is not None]
    when = " -> ".join(dict.fromkeys(f"{at.astimezone(KST):%m-%d %H:%M}" for at in times))
    said = f"{change.booking} {change.recipient} {change.kind}"
    return f"{said} {change.change} {when} ({change.rule}{_stage(change)})"


def _stage(change: ForecastChange) -> str:
    return "" if change.stage == "live" else f", {change.stage}"


# --- for people -------------------------------------------------------------------------------


def _show(title: str, counts: Counter[tuple[str, str, str]], lines: Sequence[str]) -> None:
    rows = [(*key, number) for key, number in sorted(counts.items())]
    print_table(title, ("kind", "rule", "change", "messages"), rows)
    for line in lines[:SHOWN]:
        out.print(line, highlight=False, markup=False, soft_wrap=True)
    if len(lines) > SHOWN:
        out.print(f"... and {len(lines) - SHOWN} more", highlight=False)
