"""``booking-sms plan``, ``parity``, ``rules`` and ``message``: decide and show, send nothing."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import typer
from rich.progress import track

from booking_sms.adapters.clock import SystemClock
from booking_sms.adapters.naver.parsing import parse_booking
from booking_sms.cli import messages
from booking_sms.cli import rules as rule_commands
from booking_sms.cli.catalogs import catalog_of, include_folder
from booking_sms.cli.console import JsonOption, err, fail, print_facts, print_json, print_table
from booking_sms.domain.rule import RuleSet
from booking_sms.parity.compare import ParityReport, compare
from booking_sms.parity.explained import Explanation, explained_file, read_explained
from booking_sms.parity.golden import recorded_outcome
from booking_sms.parity.masking import shown
from booking_sms.parity.outcome import Outcome, decide
from booking_sms.parity.scenario import Scenario, read_scenarios

SHOWN_DIFFERENCES = 20

ScenariosOption = typer.Option(..., "--scenarios", help="Scenarios to decide, JSONL.")
OutOption = typer.Option(None, "--out", help="Where outcomes go, JSONL; default: stdout.")
GoldenOption = typer.Option(..., "--golden", help="Scenarios with recorded outcomes, JSONL.")
RulesOption = typer.Option("legacy", "--rules", help="Name of the rule set.")
ExplainedOption = typer.Option(None, "--explained", help="Intended differences, YAML.")


def register(app: typer.Typer) -> None:
    """Add the commands to the main application."""
    app.command("plan")(plan)
    app.command("parity")(parity)
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
        decide(scenario, catalog.rules, catalog.stores, parse_booking)
        for scenario in _tracked(found, "deciding")
    ]
    _write(outcomes, out)
    errors = [outcome["id"] for outcome in outcomes if "error" in outcome]
    if out is not None:
        facts = {"scenarios": len(outcomes), "errors": len(errors), "out": str(out)}
        print_facts("plan", facts | _totals(outcomes), as_json=as_json)
    if errors:
        raise fail(f"{len(errors)} scenarios could not be decided, first {errors[0]}", code=1)


def parity(
    golden: Path = GoldenOption,
    rules: str = RulesOption,
    explained: Path | None = ExplainedOption,
    as_json: bool = JsonOption,
) -> None:
    """Compare the rules' decisions with recorded ones; 0 only if nothing is left unexplained."""
    catalog = catalog_of(rules)
    scenarios = read_scenarios(golden, recorded=True)
    actual = [
        decide(scenario, catalog.rules, catalog.stores, parse_booking)
        for scenario in _tracked(scenarios, "deciding")
    ]
    entries = _explanations(explained, catalog.rules)
    expected = [recorded_outcome(scenario) for scenario in scenarios]
    report = compare(expected, actual, catalog.rules, entries, today=SystemClock().now().date())
    _print_report(report, as_json=as_json)
    if not report.passed:
        raise typer.Exit(1)


def _explanations(path: Path | None, rules: RuleSet) -> tuple[Explanation, ...]:
    """Entries of the named file, which must exist, or of the rule set's own, which need not."""
    own = explained_file(include_folder(), rules.name)
    if path is None and not own.exists():
        return ()
    return read_explained(path or own, rules)


def _tracked(scenarios: list[Scenario], what: str) -> Any:
    """A progress bar on stderr for long work, nothing where nobody watches."""
    return track(
        scenarios, description=what, console=err, transient=True, disable=not err.is_terminal
    )


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


def _print_report(report: ParityReport, *, as_json: bool) -> None:
    document = report.as_dict()
    if as_json:
        print_json(document)
    else:
        counts = [(channel, *document[channel].values()) for channel in report.channels]
        print_table("parity", ("channel", "expected", "actual", "mismatches"), counts)
        rest = ("scenarios", "match_percentage", "explained", "unexplained")
        print_table("result", ("what", "value"), ((name, document[name]) for name in rest))
    for reason in report.vacuous:
        err.print(f"[red]vacuous:[/red] {reason}", highlight=False)
    for difference in report.unexplained[:SHOWN_DIFFERENCES]:
        err.print(shown(difference), highlight=False, markup=False, soft_wrap=True)
    hidden = len(report.unexplained) - SHOWN_DIFFERENCES
    if hidden > 0:
        err.print(f"... and {hidden} more", highlight=False)
