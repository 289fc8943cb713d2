"""``booking-sms rules``: check and schema; its other commands have their own modules."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import typer

from booking_sms.adapters.clock import SystemClock
from booking_sms.cli import (
    composition,
    rules_apply,
    rules_diff,
    rules_explain,
    rules_preview,
    rules_stats,
)
from booking_sms.cli.catalogs import catalog_of, include_folder
from booking_sms.cli.console import (
    JsonOption,
    err,
    print_facts,
    print_json,
)
from booking_sms.config.rules_check import CheckedFile, Note, check_rule_files, rule_files
from booking_sms.config.yaml_source import display_path
from booking_sms.domain.booking import KST
from booking_sms.domain.errors import ConfigError, LoadError
from booking_sms.domain.rule import RuleSet
from booking_sms.pipeline.applied_catalog import standing
from booking_sms.pipeline.preview import text_problems

rules_app = typer.Typer(no_args_is_help=True, help="Rules: check, look ahead, apply.")
RulesOption = typer.Option("legacy", "--rules", help="Name of the rule set.")
rules_app.command()(rules_diff.diff)
rules_app.command()(rules_preview.preview)
rules_app.command()(rules_apply.apply)
rules_app.command()(rules_apply.revert)
rules_app.command()(rules_apply.history)
rules_app.command()(rules_stats.stats)
rules_app.command()(rules_explain.explain)


def register(app: typer.Typer) -> None:
    """Add the command group to the main application."""
    app.add_typer(rules_app, name="rules")


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
        facts |= _live_facts()
    facts["rules"] = sum(len(catalog.rules.rules) for catalog in sound)
    if sound:
        facts["messages"] = len(sound[0].messages.templates)
        facts["stores"] = len(sound[0].stores.stores)
    return facts


def _live_facts() -> dict[str, str]:
    """Whether the files are live, where the tables can be asked: checking works without them."""
    try:
        return {"live": standing(composition.application().control, catalog_of)}
    except ConfigError:
        return {}
    except LoadError as error:
        return {"live": f"cannot be told: {error.code}"}


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
