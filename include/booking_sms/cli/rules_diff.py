"""``booking-sms rules diff A B``: what a new rule set changes, before anybody is texted by it."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict
from pathlib import Path

import typer

from booking_sms.adapters.naver.parsing import parse_booking
from booking_sms.cli.catalogs import catalog_of
from booking_sms.cli.console import JsonOption, out, print_json, print_table
from booking_sms.parity.rule_diff import Change, rule_changes
from booking_sms.parity.scenario import read_scenarios

SHOWN = 20


def diff(
    before: str = typer.Argument(help="Name of the rule set in use."),
    after: str = typer.Argument(help="Name of the rule set to come."),
    golden: Path = typer.Option(..., "--golden", help="Scenarios to decide with both, JSONL."),
    as_json: bool = JsonOption,
) -> None:
    """Show which messages the second rule set adds and which it leaves out; sends nothing."""
    scenarios = read_scenarios(golden, recorded=False)
    changes = list(rule_changes(scenarios, catalog_of(before), catalog_of(after), parse_booking))
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
    rows = [(*key, number) for key, number in sorted(counts.items())]
    print_table(f"{before} -> {after}", ("kind", "rule", "change", "messages"), rows)
    for change in changes[:SHOWN]:
        said = f"{change.scenario}: {change.booking} {change.recipient} {change.kind}"
        line = f"{said} {_word(change)} ({change.rule})"
        out.print(line, highlight=False, markup=False, soft_wrap=True)
    if len(changes) > SHOWN:
        out.print(f"... and {len(changes) - SHOWN} more", highlight=False)


def _word(change: Change) -> str:
    return "gained" if change.gained else "lost"
