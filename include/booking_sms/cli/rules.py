"""``booking-sms rules check|diff|explain|schema`` and ``message preview``."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import typer

from booking_sms.adapters.clock import SystemClock
from booking_sms.adapters.naver.parsing import parse_booking
from booking_sms.cli import rules_diff, rules_stats
from booking_sms.cli.catalogs import catalog_of, include_folder
from booking_sms.cli.console import (
    JsonOption,
    err,
    fail,
    out,
    print_facts,
    print_json,
    print_table,
)
from booking_sms.config.rules_check import CheckedFile, Note, check_rule_files, rule_files
from booking_sms.config.yaml_source import display_path
from booking_sms.domain.booking import KST
from booking_sms.domain.conditions import Verdict
from booking_sms.domain.ledger import Ledger
from booking_sms.domain.message import ESTIMATED_KRW
from booking_sms.domain.rule import RuleSet
from booking_sms.parity.outcome import bookings_of
from booking_sms.parity.scenario import Scenario, read_scenarios
from booking_sms.pipeline.explain import RuleVerdict, explain_booking
from booking_sms.pipeline.preview import preview, text_problems

rules_app = typer.Typer(no_args_is_help=True, help="Rules: check, diff, explain, schema.")
message_app = typer.Typer(no_args_is_help=True, help="Texts as customers get them.")
RulesOption = typer.Option("legacy", "--rules", help="Name of the rule set.")
ScenariosOption = typer.Option(..., "--scenarios", help="Scenario file, JSONL.")
rules_app.command()(rules_diff.diff)
rules_app.command()(rules_stats.stats)
MARKS = {True: "yes", False: "no", None: "cannot say"}


def register(app: typer.Typer) -> None:
    """Add the command groups to the main application."""
    app.add_typer(rules_app, name="rules")
    app.add_typer(message_app, name="message")


@rules_app.command()
def check(
    target: str = typer.Argument("", help="Name of a rule set, a file, or a folder of files."),
    rules: str = RulesOption,
    as_json: bool = JsonOption,
) -> None:
    """Check rules with texts and stores, and render every text at every store.

    Errors and warnings are lines of file:line: message; any error makes it exit 2.
    """
    home = include_folder()
    today = SystemClock().now().astimezone(KST).date()
    checked = check_rule_files(rule_files(target or rules, home / "rules"), home, today)
    found = (note for one in checked for note in (*one.errors, *_render_notes(one)))
    errors = list(dict.fromkeys(found))  # a wrong text or store is wrong for every rule file
    warnings = [note for one in checked for note in one.warnings]
    facts = _check_facts(checked) | {"problems": len(errors), "warnings": len(warnings)}
    if as_json:
        listed = {"error_list": _listed(errors), "warning_list": _listed(warnings)}
        print_json(facts | listed)
    else:
        print_facts("rules", facts, as_json=False)
        for note in warnings:
            err.print(f"{note} (warning)", highlight=False, markup=False, soft_wrap=True)
    for note in errors:
        err.print(str(note), highlight=False, markup=False, soft_wrap=True)
    if errors:
        raise typer.Exit(2)


def _check_facts(checked: list[CheckedFile]) -> dict[str, Any]:
    """What was checked; a single sound set is named with its digest."""
    sound = [one.catalog for one in checked if one.catalog is not None]
    facts: dict[str, Any] = {"files": len(checked)}
    if len(checked) == len(sound) == 1:
        facts |= {"rule_set": sound[0].rules.name, "digest": sound[0].digest}
    facts["rules"] = sum(len(catalog.rules.rules) for catalog in sound)
    if sound:
        facts["messages"] = len(sound[0].messages.templates)
        facts["stores"] = len(sound[0].stores.stores)
    return facts


def _render_notes(checked: CheckedFile) -> Iterator[Note]:
    """Texts that only rendering finds wrong, at the line of the rule's template."""
    if checked.source is None or checked.catalog is None:
        return
    names = [rule.name for rule in checked.catalog.rules.rules]
    for found in text_problems(checked.catalog):
        loc = ("rules", names.index(found.rule), "template")
        said = f"rule {found.rule}, store {found.store_id}: {found.problem}"
        yield Note(display_path(checked.path), checked.source.line_of(loc), said)


def _listed(notes: list[Note]) -> list[dict[str, Any]]:
    return [{"file": note.file, "line": note.line, "message": note.message} for note in notes]


@rules_app.command()
def schema() -> None:
    """Print the JSON Schema of a rule file, for editors; rules/rules.schema.json holds it."""
    typer.echo(schema_text(), nl=False)


def schema_text() -> str:
    """The JSON Schema as it stands in the file."""
    return json.dumps(RuleSet.model_json_schema(), ensure_ascii=False, indent=2) + "\n"


@rules_app.command()
def explain(
    scenarios: Path = ScenariosOption,
    scenario: str = typer.Option(..., "--id", help="Id of the scenario."),
    booking: str = typer.Option("", "--booking", help="{store}_{booking id}; default: all."),
    rules: str = RulesOption,
    as_json: bool = JsonOption,
) -> None:
    """Print why each booking of a scenario did or did not get each message."""
    catalog = catalog_of(rules)
    documents = list(_explained(_scenario(scenarios, scenario), booking, catalog.rules))
    if not documents:
        raise fail(f"{scenario}: no booking {booking}")
    if as_json:
        print_json(documents)
        return
    for document in documents:
        rows = [row for rule in document["rules"] for row in _rows(rule)]
        title = f"{document['booking']} as of {document['as_of']}"
        print_table(title, ("rule", "condition", "holds", "because"), rows)


def _scenario(path: Path, wanted: str) -> Scenario:
    found = [item for item in read_scenarios(path, recorded=False) if item.id == wanted]
    if not found:
        raise fail(f"{path}: no scenario {wanted!r}")
    return found[0]


def _explained(scenario: Scenario, wanted: str, rules: RuleSet) -> Iterator[dict[str, Any]]:
    ledger = Ledger({row.key: row for row in scenario.ledger_before})
    for booking in bookings_of(scenario, parse_booking):
        if wanted in ("", booking.booking_num):
            verdicts = explain_booking(booking, ledger, rules, scenario.now)
            yield {
                "booking": booking.booking_num,
                "as_of": scenario.now.isoformat(),
                "rules": [_rule_document(verdict) for verdict in verdicts],
            }


def _rule_document(verdict: RuleVerdict) -> dict[str, Any]:
    return {
        "rule": verdict.rule.name,
        "kind": verdict.rule.kind,
        "holds": verdict.value,
        "shadow": verdict.shadow,
        "conditions": [_condition_document(gate) for gate in verdict.gates]
        + [_condition_document(verdict.conditions)],
    }


def _condition_document(verdict: Verdict) -> dict[str, Any]:
    document: dict[str, Any] = {"condition": verdict.label, "holds": verdict.value}
    if verdict.reason:
        document["because"] = verdict.reason
    if verdict.children:
        document["parts"] = [_condition_document(child) for child in verdict.children]
    return document


def _rows(rule: dict[str, Any]) -> Iterator[tuple[str, str, str, str]]:
    stage = " (shadow)" if rule["shadow"] else ""
    yield f"{rule['rule']}{stage}", "", MARKS[rule["holds"]], ""
    for condition in rule["conditions"]:
        yield from _condition_rows(condition, 0)


def _condition_rows(condition: dict[str, Any], depth: int) -> Iterator[tuple[str, str, str, str]]:
    label = f"{'  ' * depth}{condition['condition']}"
    yield "", label, MARKS[condition["holds"]], condition.get("because", "")
    for part in condition.get("parts", ()):
        yield from _condition_rows(part, depth + 1)


@message_app.command("preview")
def preview_message(
    rule: str = typer.Argument(help="Name of a rule."),
    store: str = typer.Option("", "--store", help="Store id; default: the first store."),
    rules: str = RulesOption,
    as_json: bool = JsonOption,
) -> None:
    """Show a rule's text for an invented booking: text, bytes, class, estimated cost."""
    catalog = catalog_of(rules)
    known = {item.name: item for item in catalog.rules.rules}
    if rule not in known:
        raise fail(f"no rule {rule!r}; known: {', '.join(known)}")
    message = preview(catalog, known[rule], store or next(iter(catalog.stores.stores)))
    facts = {
        "subject": message.subject,
        "sender": message.sender,
        "type": message.message_type.value,
        "class": message.message_class.value,
        "bytes": message.bytes_used,
        "estimated_krw": ESTIMATED_KRW[message.message_type],
        "template": f"{message.template}@{message.template_digest}",
    }
    if as_json:
        print_json({**facts, "content": message.content})
        return
    print_facts(f"rule {rule}", facts, as_json=False)
    out.print(message.content, highlight=False, markup=False)
