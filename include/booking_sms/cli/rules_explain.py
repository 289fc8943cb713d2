"""``booking-sms rules explain``: why a booking got, or did not get, each message."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import typer

from booking_sms.adapters.naver.parsing import parse_booking
from booking_sms.cli import composition
from booking_sms.cli.catalogs import catalog_of
from booking_sms.cli.console import JsonOption, fail, instant_of, print_json, print_table
from booking_sms.cli.rules_preview import LogInOption, named_catalog, next_window
from booking_sms.cli.scenarios import scenario_of
from booking_sms.domain.booking import Booking
from booking_sms.domain.conditions import Verdict
from booking_sms.domain.ledger import Ledger
from booking_sms.domain.rule import RuleSet
from booking_sms.parity.outcome import bookings_of
from booking_sms.pipeline.applied_catalog import rule_set_in_use
from booking_sms.pipeline.explain import RuleVerdict, explain_booking
from booking_sms.pipeline.gather import gather_ledger

MARKS = {True: "yes", False: "no", None: "cannot say"}
Documents = list[dict[str, Any]]


def explain(
    booking: str = typer.Option("", "--booking", help="{store}_{booking id}."),
    at: str = typer.Option("", "--at", help="End of the window, ISO with offset; default: next."),
    scenarios: Path | None = typer.Option(None, "--scenarios", help="Offline: scenarios, JSONL."),
    scenario: str = typer.Option("", "--id", help="Offline: id of the scenario."),
    rules: str = typer.Option("", "--rules", help="Rule set; live: as applied; default: in use."),
    log_in: bool = LogInOption,
    as_json: bool = JsonOption,
) -> None:
    """Print every rule and condition with what was seen, for a booking at an instant.

    Reads the booking and the outbox as they are; offline all bookings of a scenario, or one.
    """
    if bool(scenarios) != bool(scenario):
        raise fail("--scenarios and --id go together")
    if scenarios:
        documents = _of_scenario(scenarios, scenario, booking, catalog_of(rules or "legacy").rules)
    else:
        documents = _of_booking(booking, at, rules, log_in=log_in)
    if as_json:
        print_json(documents)
        return
    for document in documents:
        rows = [row for rule in document["rules"] for row in _rows(rule)]
        title = f"{document['booking']} as of {document['as_of']}"
        print_table(title, ("rule", "condition", "holds", "because"), rows)


def _of_scenario(path: Path, scenario: str, wanted: str, rules: RuleSet) -> Documents:
    found = scenario_of(path, scenario)
    ledger = Ledger({row.key: row for row in found.ledger_before})
    documents = [
        _document(booking, found.now, explain_booking(booking, ledger, rules, found.now))
        for booking in bookings_of(found, parse_booking)
        if wanted in ("", booking.booking_num)
    ]
    if not documents:
        raise fail(f"{scenario}: no booking {wanted}")
    return documents


def _of_booking(number: str, at: str, rules: str, *, log_in: bool) -> Documents:
    """One booking as Naver shows it now, judged at an instant."""
    store_id, _, booking_id = number.partition("_")
    if not (store_id and booking_id):
        raise fail("give --booking {store}_{booking id}, or --scenarios and --id")
    app = composition.application()
    catalog = named_catalog(rules or rule_set_in_use(app.control, app.settings.rule_set), app)
    app.use_catalog(catalog, may_log_in=log_in)
    booking = app.source.fetch_booking(catalog.stores.get(store_id).store_id, booking_id)
    if booking is None:
        raise fail(f"Naver does not know booking {number}", code=1)
    as_of = instant_of("--at", at) if at else next_window(app.clock.now()).as_of
    ledger = gather_ledger(app.ledger, app.jobs, [booking], catalog.rules)
    verdicts = explain_booking(booking, ledger, catalog.rules, as_of, app.rollout_stages())
    return [_document(booking, as_of, verdicts)]


def _document(
    booking: Booking, as_of: datetime, verdicts: tuple[RuleVerdict, ...]
) -> dict[str, Any]:
    return {
        "booking": booking.booking_num,
        "as_of": as_of.isoformat(),
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
