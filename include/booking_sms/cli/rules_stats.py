"""``booking-sms rules stats``: what each rule did on a day."""

from __future__ import annotations

from datetime import date, datetime, time
from typing import Any

import typer

from booking_sms.bootstrap import Application
from booking_sms.cli.composition import application
from booking_sms.cli.console import JsonOption, fail, print_json, print_table
from booking_sms.domain.booking import KST
from booking_sms.pipeline.day_totals import rule_totals
from booking_sms.pipeline.rule_stats import day_stats

COLUMNS = (
    "rule", "kind", "action", "stage", "active", "matched", "planned", "held", "shadow", "sent",
    "failed",
)  # fmt: skip


def stats(
    day: str = typer.Option("", "--day", help="YYYY-MM-DD in Korea; default: today."),
    as_json: bool = JsonOption,
) -> None:
    """Print by rule what matched, was planned, held, only counted (shadow), sent and failed."""
    given = _parse_day(day) if day else None
    composed = application()
    wanted = given or composed.clock.now().astimezone(KST).date()
    rows = stats_rows(composed, wanted)
    if as_json:
        print_json({"day": wanted.isoformat(), "rules": rows})
        return
    table = ([_shown(row[name]) for name in COLUMNS] for row in rows)
    print_table(f"rules on {wanted}", COLUMNS, table)


def stats_rows(app: Application, day: date) -> list[dict[str, Any]]:
    """One row a rule, JSON-able; counts only."""
    end = datetime.combine(day, time.max, tzinfo=KST)
    totals = rule_totals(end, app.stage, app.sealer, app.jobs)
    rules = app.catalog().rules
    return list(day_stats(day, rules, app.rollout_stages(), app.control, totals))


def _parse_day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise fail(f"--day: {text!r} is no date; write for example 2026-03-02") from None


def _shown(value: Any) -> str:
    if value is None:
        return "-"
    return ("yes" if value else "no") if isinstance(value, bool) else str(value)
