"""``booking-sms caps``: how many texts went out, how many may, and when it will be too many."""

from __future__ import annotations

from typing import Any

import typer

from booking_sms.cli.composition import application
from booking_sms.cli.console import JsonOption, print_json, print_table
from booking_sms.domain.booking import KST
from booking_sms.pipeline.cap_forecast import CapStanding
from booking_sms.workflow import look_at_caps

COLUMNS = ("cap", "level", "used", "planned", "forecast", "of", "reached")


def register(app: typer.Typer) -> None:
    """Add the command to the main application."""
    app.command("caps")(caps)


def caps(as_json: bool = JsonOption) -> None:
    """Texts of the day and the month: used, due today, forecast at the end, and when none is left.

    The month counts every text; its cap for advertising leaves a reserve to information.
    """
    composed = application()
    standings = look_at_caps(composed)
    at = composed.clock.now().astimezone(KST).isoformat(timespec="minutes")
    if as_json:
        print_json({"at": at, "caps": [standing.as_dict() for standing in standings]})
        return
    print_table(f"caps at {at}", COLUMNS, map(_cells, standings))


def _cells(standing: CapStanding) -> tuple[Any, ...]:
    """A row for people: no cap and no end in sight are dashes."""
    limit = "-" if standing.cap is None else standing.cap
    at = standing.reached_at
    reached = f"{at.astimezone(KST):%m-%d %H:%M}" if at else "-"
    facts = (standing.name, standing.level, standing.used, standing.planned, standing.forecast)
    return (*facts, limit, reached)
