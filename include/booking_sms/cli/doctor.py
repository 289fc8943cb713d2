"""``booking-sms doctor``: is everything there that a run needs? ``--fix`` makes what it can."""

from __future__ import annotations

import typer

from booking_sms.cli.composition import application
from booking_sms.cli.console import JsonOption, print_json, print_table
from booking_sms.diagnosis import diagnose


def register(app: typer.Typer) -> None:
    """Add the command to the main application."""
    app.command("doctor")(doctor)


def doctor(
    fix: bool = typer.Option(False, "--fix", help="Create missing tables."),
    as_json: bool = JsonOption,
) -> None:
    """Check connections, tables, texts, secrets, browser, services; exit 1 if not all well."""
    findings = diagnose(application(), fix=fix)
    if as_json:
        print_json([finding.as_dict() for finding in findings])
    else:
        rows = ((f.name, "ok" if f.ok else "FAILED", f.detail) for f in findings)
        print_table("doctor", ("check", "result", "detail"), rows)
    if not all(finding.ok for finding in findings):
        raise typer.Exit(1)
