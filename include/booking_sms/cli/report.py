"""``booking-sms report``: what was sent, for people and for spreadsheets."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import typer

from booking_sms.cli.audit import parse_day
from booking_sms.cli.composition import application
from booking_sms.cli.console import JsonOption, fail, out, print_facts, print_json, print_table
from booking_sms.reports.export import write_csv, write_parquet
from booking_sms.reports.page import page
from booking_sms.reports.texts import TextReport, week_before
from booking_sms.workflow.text_reports import text_report

app = typer.Typer(no_args_is_help=True, help="What was sent: by store, kind and hour.")
SHOWN = ("day", "hour", "alias", "kind", "accepted", "delivered", "undelivered", "refused", "krw")


@app.callback()
def main() -> None:
    """Reports read the whole outbox and change nothing."""


@app.command("texts")
def texts(
    since: str = typer.Option("", "--from", help="First day, YYYY-MM-DD; else seven days ago."),
    until: str = typer.Option("", "--to", help="Last day, included; else yesterday."),
    csv: Path | None = typer.Option(None, "--csv", help="Write the rows as CSV."),
    parquet: Path | None = typer.Option(None, "--parquet", help="Write the rows as Parquet."),
    html: Path | None = typer.Option(None, "--html", help="Write a page with plots."),
    as_json: bool = JsonOption,
) -> None:
    """Texts that SENS accepted, by store, kind and hour (KST), with what became of them."""
    composed = application()
    composed.check_tables()
    week = week_before(composed.clock.now())
    first, last = _day(since, week[0]), _day(until, week[1])
    try:
        report = text_report(composed, first, last)
    except ValueError as error:
        raise fail(str(error)) from None
    written = _write(report, csv, parquet, html)
    if as_json:
        print_json({**report.as_dict(), "written": written})
    else:
        _show(report, written)


def _day(text: str, instead: date) -> date:
    return parse_day(text) if text else instead


def _write(
    report: TextReport, csv: Path | None, parquet: Path | None, html: Path | None
) -> list[str]:
    if csv:
        write_csv(report, csv)
    if parquet:
        write_parquet(report, parquet)
    if html:
        html.write_text(page(report), encoding="utf-8")
    return [str(path) for path in (csv, parquet, html) if path]


def _show(report: TextReport, written: list[str]) -> None:
    print_facts(f"texts {report.first} to {report.last}", report.totals(), as_json=False)
    rows = (row.as_dict() for row in report.rows)
    print_table("by hour, store and kind", SHOWN, ([row[name] for name in SHOWN] for row in rows))
    for path in written:
        out.print(f"written: {path}", highlight=False, soft_wrap=True)
