"""``booking-sms doctor``: is everything there that a run needs? ``--fix`` makes what it can."""

from __future__ import annotations

from collections.abc import Sequence

import typer
from rich.markup import escape
from rich.table import Table

from booking_sms.cli.composition import application
from booking_sms.cli.console import JsonOption, out, print_json
from booking_sms.diagnosis import Finding, diagnose, diagnose_without
from booking_sms.domain.errors import ConfigError


def register(app: typer.Typer) -> None:
    """Add the command to the main application."""
    app.command("doctor")(doctor)


def doctor(
    fix: bool = typer.Option(False, "--fix", help="Create missing tables."),
    as_json: bool = JsonOption,
) -> None:
    """Check machine, storage, files, services, each with its fix; exit 1 if a must fails.

    A configuration that cannot be used is a finding too, and ends as with every command.
    """
    try:
        composed = application()
    except ConfigError as problem:
        _tell(diagnose_without(problem), as_json=as_json)
        raise
    findings = diagnose(composed, fix=fix)
    _tell(findings, as_json=as_json)
    if any(finding.is_grave for finding in findings):
        raise typer.Exit(1)


def _tell(findings: Sequence[Finding], *, as_json: bool) -> None:
    if as_json:
        print_json([finding.as_dict() for finding in findings])
    else:
        _show(findings)


def _show(findings: Sequence[Finding]) -> None:
    """What is wrong stands last, where the eye is, each with its fix below."""
    table = Table(title="doctor", title_justify="left", header_style="bold")
    table.add_column("check", no_wrap=True)
    table.add_column("result", no_wrap=True)
    table.add_column("detail", overflow="fold")
    for finding in sorted(findings, key=lambda one: (not one.ok, one.is_grave)):
        table.add_row(finding.name, _word(finding), escape(_told(finding)))
    out.print(table)
    failed, warned = (sum(map(rule, findings)) for rule in (_is_failed, _is_warning))
    out.print(f"{len(findings)} checks: {failed} failed, {warned} warnings")


def _is_failed(finding: Finding) -> bool:
    return finding.is_grave


def _is_warning(finding: Finding) -> bool:
    return not finding.ok and not finding.is_grave


def _word(finding: Finding) -> str:
    if finding.ok:
        return "ok"
    return "[red]FAILED[/red]" if finding.is_grave else "[yellow]warn[/yellow]"


def _told(finding: Finding) -> str:
    return finding.detail if finding.ok else f"{finding.detail}\nfix: {finding.fix}"
