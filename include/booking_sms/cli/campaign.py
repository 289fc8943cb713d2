"""``booking-sms campaign``: the candidate beside the running predecessor, and its rehearsal."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import typer
from rich.progress import Progress

from booking_sms import workflow
from booking_sms.cli.composition import application
from booking_sms.cli.console import JsonOption, err, fail, print_facts, print_json, print_table
from booking_sms.domain.window import Window, last_end
from booking_sms.rehearsal.run import Orders, rehearse
from booking_sms.telemetry.log_stream import be_silent
from booking_sms.workflow import campaign_start

SHOWN = 6
"""Windows that a list names before it only counts them."""
app = typer.Typer(no_args_is_help=True, help="Compare with the predecessor while it runs.")

NameOption = typer.Option(
    "", "--name", help="Default: validation-<UTC seconds>; status: the open one."
)
DryRunOption = typer.Option(False, "--dry-run", help="Look at the prerequisites; write nothing.")
VerboseOption = typer.Option(False, "--verbose", help="Every prerequisite, and every window.")
TextsOption = typer.Option(True, help="Read the gateway's list: the predecessor sends through it.")
ByOption = typer.Option(..., "--by", help="Who.")
ReasonOption = typer.Option(..., "--reason", help="Why.")
BugOption = typer.Option([], "--bug", help="A defect of the stand-in; may be repeated.")


@app.command("bootstrap")
def bootstrap(
    name: str = NameOption,
    dry_run: bool = DryRunOption,
    verbose: bool = VerboseOption,
    texts: bool = TextsOption,
    as_json: bool = JsonOption,
) -> None:
    """Check what a campaign needs, each with its fix, then open one on the table as it is."""
    composed = application()
    looked = campaign_start.prerequisites(composed)
    rows = campaign_start.as_rows(looked)
    missing = [one for one in rows if not one["ok"]]
    facts = (
        {} if missing else campaign_start.bootstrap(composed, name, dry_run=dry_run, texts=texts)[0]
    )
    told = {**facts, "opened": bool(facts) and not dry_run}
    if as_json:
        print_json({**told, "prerequisites": rows})
    else:
        _print_prerequisites(rows if verbose or dry_run else missing)
        print_facts("campaign", _readable(told), as_json=False)
    if missing:
        raise fail(f"not opened: {len(missing)} of {len(rows)} prerequisites do not hold", code=1)


@app.command("status")
def status(
    name: str = NameOption, verbose: bool = VerboseOption, as_json: bool = JsonOption
) -> None:
    """The result so far, the differences, and with --verbose every window."""
    report = workflow.campaign_report(application(), name or None)
    if as_json:
        print_json(report if verbose else {**report, "windows": len(report["windows"])})
        return
    print_facts("campaign", _readable(report["result"]), as_json=False)
    _print_rows("differences", report["differences"])
    if verbose:
        _print_rows("windows", report["windows"])


@app.command("observe")
def observe(
    window: str = typer.Option("", help="The window's end; default: the last that ended."),
    as_json: bool = JsonOption,
) -> None:
    """What the DAG does each window: read the predecessor's table, compare, report."""
    composed = application()
    ended = Window(last_end(composed.clock.now()))
    try:
        wanted = Window.from_name(window) if window else ended
    except ValueError:
        raise fail(f"{window!r} is no instant with a time zone") from None
    read = workflow.read_legacy(composed, wanted)
    reported = workflow.report_shadow(composed, wanted, workflow.compare_window(composed, wanted))
    facts = {**read, **reported}
    print_facts("window", facts if as_json else _readable(facts), as_json=as_json)


@app.command("close")
def close(by: str = ByOption, reason: str = ReasonOption, as_json: bool = JsonOption) -> None:
    """End the open campaign; its records stay."""
    facts = campaign_start.close_campaign(application(), by=by, reason=reason)
    print_facts("campaign", facts if as_json else _readable(facts), as_json=as_json)


@app.command("rehearse")
def rehearse_campaign(
    days: float = typer.Option(7, "--days", min=0.02, help="Length; a day is 72 windows."),
    bug: list[str] = BugOption,
    seed: int = typer.Option(1, "--seed"),
    out: Path = typer.Option(None, "--out", help="Also write the report there, JSON."),
    as_json: bool = JsonOption,
) -> None:
    """A campaign in fast time, in memory, beside a stand-in predecessor. Exit 1 if it fails."""
    orders = Orders(days=days, bugs=tuple(bug), seed=seed)
    be_silent()  # a week of windows in minutes: its lines would bury the result
    with Progress(console=err, transient=True, disable=not err.is_terminal) as progress:
        task = progress.add_task("windows", total=orders.length)
        done = rehearse(orders, lambda number: progress.update(task, completed=number))
    verdict = done.verdict(orders.bugs)
    facts = {**done.result, "bugs": list(orders.bugs), "alerts": done.alerts, **verdict}
    if out is not None:
        out.write_bytes(_document(facts, done.differences))
    print_facts("rehearsal", facts if as_json else _readable(facts), as_json=as_json)
    if not verdict["passed"]:
        raise fail("; ".join(verdict["failed"]), code=1)


def _document(facts: dict[str, Any], differences: list[dict[str, Any]]) -> bytes:
    return json.dumps({"result": facts, "differences": differences}, indent=2).encode()


def _print_prerequisites(rows: list[dict[str, Any]]) -> None:
    table = [[one["name"], "yes" if one["ok"] else "NO", one["found"], one["fix"]] for one in rows]
    print_table("prerequisites", ("what", "holds", "found", "if not"), table)


def _readable(facts: Mapping[str, Any]) -> dict[str, str]:
    """For people: counts with their names, nothing that is empty, no braces."""
    told = {name.replace("_", " "): _told(value) for name, value in facts.items()}
    return {name: text for name, text in told.items() if text}


def _told(value: Any) -> str:
    if isinstance(value, Mapping):
        return "\n".join(f"{name}: {_in_line(one)}" for name, one in value.items())
    if isinstance(value, list | tuple):
        more = [f"and {len(value) - SHOWN} more"] if len(value) > SHOWN else []
        return ", ".join([*map(str, value[:SHOWN]), *more])
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "" if value is None else str(value)


def _in_line(value: Any) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{_in_line(one)} {name.replace('_', ' ')}" for name, one in value.items())
    return _told(value) or "not observed"


def _print_rows(title: str, rows: list[dict[str, Any]]) -> None:
    if rows:
        names = tuple(name.replace("_", " ") for name in rows[0])
        print_table(title, names, [[_told(cell) or "-" for cell in one.values()] for one in rows])
