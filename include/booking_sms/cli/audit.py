"""``booking-sms audit``: SENS's list of a day against our jobs, both ways."""

from __future__ import annotations

from dataclasses import asdict
from datetime import date

import typer

from booking_sms import workflow
from booking_sms.cli.composition import application
from booking_sms.cli.console import JsonOption, fail, print_facts, print_json, print_table
from booking_sms.pipeline.audit import AuditReport

COLUMNS = ("kind", "request_id", "job_id", "booking_num", "state", "to", "at")


def register(app: typer.Typer) -> None:
    """Add the command to the main application."""
    app.command("audit")(audit)


def audit(
    day: str = typer.Option("", "--day", help="YYYY-MM-DD, SENS's day in Korea; else yesterday."),
    as_json: bool = JsonOption,
) -> None:
    """Prove that each of SENS's rows is one job's, and each accepted job has one row."""
    wanted = parse_day(day) if day else None
    composed = application()
    composed.check_tables()
    found = workflow.audit_day(composed, wanted)
    if as_json:
        print_json(found.as_dict())
    else:
        show(found)
    if not found.is_clean:
        raise fail(f"list and jobs of {found.day} do not agree, or items are unreadable", code=1)


def show(found: AuditReport) -> None:
    """Counts, then a table of what does not agree."""
    lists = {"residue", "unreadable"}
    counts = {name: value for name, value in found.as_dict().items() if name not in lists}
    print_facts(f"audit {found.day}", counts, as_json=False)
    rows = (asdict(residue) for residue in found.residue)
    print_table("residue", COLUMNS, ([row[name] for name in COLUMNS] for row in rows))
    items = ((item.booking_num, item.sort_key, item.reason) for item in found.unreadable)
    print_table("unreadable items", ("booking_num", "sort_key", "reason"), items)


def parse_day(text: str) -> date:
    """A day; one clear line otherwise."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise fail(f"--day: not a day: {text!r}; write for example 2026-03-02") from None
