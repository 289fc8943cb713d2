"""``booking-sms plan``, ``parity``, ``rules`` and ``message``: decide and show, send nothing."""

from __future__ import annotations

import json
from pathlib import Path

import typer

from booking_sms.adapters.naver.parsing import parse_booking
from booking_sms.cli import messages
from booking_sms.cli import rules as rule_commands
from booking_sms.cli.catalogs import catalog_of
from booking_sms.cli.console import JsonOption, fail, print_facts, tracked
from booking_sms.parity.outcome import Outcome
from booking_sms.parity.scenario import read_scenarios
from booking_sms.parity.told import decide_and_tell

SHOWN_DIFFERENCES = 20

ScenariosOption = typer.Option(..., "--scenarios", help="Scenarios to decide, JSONL.")
OutOption = typer.Option(None, "--out", help="Where outcomes go, JSONL; default: stdout.")
GoldenOption = typer.Option(..., "--golden", help="Scenarios with recorded outcomes, JSONL.")
RulesOption = typer.Option("legacy", "--rules", help="Name of the rule set.")
ExplainedOption = typer.Option(None, "--explained", help="Intended differences, YAML.")


def register(app: typer.Typer) -> None:
    """Add the commands to the main application."""
    app.command("plan")(plan)
    rule_commands.register(app)
    messages.register(app)


def plan(
    scenarios: Path = ScenariosOption,
    rules: str = RulesOption,
    out: Path | None = OutOption,
    as_json: bool = JsonOption,
) -> None:
    """Decide scenarios and write their outcomes, one line each, in the goldens' form."""
    if as_json and out is None:
        raise fail("--json needs --out: stdout cannot hold both")
    catalog = catalog_of(rules)
    found = read_scenarios(scenarios, recorded=False)
    outcomes = [
        decide_and_tell(scenario, catalog, parse_booking) for scenario in tracked(found, "deciding")
    ]
    _write(outcomes, out)
    errors = [outcome["id"] for outcome in outcomes if "error" in outcome]
    if out is not None:
        facts = {"scenarios": len(outcomes), "errors": len(errors), "out": str(out)}
        print_facts("plan", facts | _totals(outcomes), as_json=as_json)
    if errors:
        raise fail(f"{len(errors)} scenarios could not be decided, first {errors[0]}", code=1)


def _write(outcomes: list[Outcome], out: Path | None) -> None:
    lines = "".join(json.dumps(outcome, ensure_ascii=False) + "\n" for outcome in outcomes)
    if out is None:
        typer.echo(lines, nl=False)
        return
    try:
        out.write_text(lines, encoding="utf-8")
    except OSError as error:
        raise fail(f"{out}: cannot be written: {error.strerror}") from None


def _totals(outcomes: list[Outcome]) -> dict[str, int]:
    return {
        channel: sum(len(outcome.get(channel, ())) for outcome in outcomes)
        for channel in ("sms", "writes")
    }
