"""Parity with the predecessor: on every recorded run, and on runs that nobody recorded."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from legacy_oracle import legacy_outcome
from scenario_strategies import scenarios

from booking_sms.adapters.naver.parsing import parse_booking
from booking_sms.config.catalog_loader import load_catalog
from booking_sms.parity.compare import ParityReport
from booking_sms.parity.explained import explained_file, kinds_of, read_explained
from booking_sms.parity.golden import golden_parity
from booking_sms.parity.outcome import decide
from booking_sms.parity.scenario import parse_scenario, read_scenarios

INCLUDE = Path(__file__).resolve().parents[2] / "include"
GOLDEN = INCLUDE / "golden" / "legacy-decisions.jsonl"
TODAY = date(2026, 3, 2)
CATALOG = load_catalog(INCLUDE, "legacy")


def decided(line: dict[str, Any]) -> dict[str, Any]:
    scenario = parse_scenario(json.dumps(line), "drawn:1")
    outcome = decide(scenario, CATALOG.rules, CATALOG.stores, parse_booking)
    return {key: value for key, value in outcome.items() if key != "id"}


def test_manifest_pins_the_golden_file() -> None:
    manifest = json.loads((INCLUDE / "golden" / "manifest.json").read_text(encoding="utf-8"))
    pinned = manifest["files"][GOLDEN.name]
    lines = [json.loads(line) for line in GOLDEN.read_text(encoding="utf-8").splitlines()]

    assert hashlib.sha256(GOLDEN.read_bytes()).hexdigest() == pinned["sha256"]
    assert len(lines) == pinned["scenarios"] == 228
    assert Counter(line["category"] for line in lines) == pinned["categories"]
    sent = Counter(message["kind"] for line in lines for message in line["expected"]["sms"])
    assert sent == pinned["sms"]


def test_legacy_rules_decide_every_recorded_run_as_the_predecessor_did() -> None:
    report = golden_parity(GOLDEN, CATALOG, parse_booking, today=TODAY)

    assert report.as_dict() == {
        "scenarios": 228,
        "sms": {"expected": 747, "actual": 747, "mismatches": 0},
        "writes": {"expected": 564, "actual": 564, "mismatches": 0},
        "ledger": {"expected": 1069, "actual": 1069, "mismatches": 0},
        "telegram": {"expected": 836, "actual": 836, "mismatches": 0},
        "match_percentage": 100.0,
        "explained": 0,
        "unexplained": 0,
    }
    assert report.passed


@pytest.mark.parametrize("scenario", read_scenarios(GOLDEN, recorded=True), ids=lambda s: s.id)
def test_each_recorded_run_field_by_field(scenario: Any) -> None:
    outcome = decide(scenario, CATALOG.rules, CATALOG.stores, parse_booking)

    assert outcome == {"id": scenario.id, **scenario.expected}


def test_oracle_itself_agrees_with_every_recorded_run() -> None:
    for text in GOLDEN.read_text(encoding="utf-8").splitlines():
        line = json.loads(text)
        assert legacy_outcome(line) == line["expected"], line["id"]


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(line=scenarios())
@pytest.mark.slow
def test_legacy_rules_agree_with_the_oracle_on_runs_nobody_recorded(line: dict[str, Any]) -> None:
    assert decided(line) == legacy_outcome(line)


@pytest.mark.long
@pytest.mark.timeout(1200)
@settings(max_examples=3_000, deadline=None, suppress_health_check=list(HealthCheck))
@given(line=scenarios())
def test_legacy_rules_agree_with_the_oracle_at_length(line: dict[str, Any]) -> None:
    assert decided(line) == legacy_outcome(line)


@pytest.mark.slow
def test_disabling_any_rule_breaks_parity() -> None:
    named = read_scenarios(GOLDEN, recorded=True)[:28]

    for off in CATALOG.rules.rules:
        rest = tuple(rule for rule in CATALOG.rules.rules if rule is not off)
        rules = CATALOG.rules.model_copy(update={"rules": rest})
        outcomes = [decide(each, rules, CATALOG.stores, parse_booking) for each in named]

        assert any(o != {"id": s.id, **s.expected} for o, s in zip(outcomes, named, strict=True)), (
            off.name
        )


def recommended_report() -> ParityReport:
    catalog = load_catalog(INCLUDE, "recommended")
    entries = read_explained(explained_file(INCLUDE, "recommended"), catalog.rules)
    return golden_parity(GOLDEN, catalog, parse_booking, entries, today=TODAY)


@pytest.mark.slow
def test_recommended_differs_only_where_a_reason_is_written() -> None:
    report = recommended_report()

    assert report.passed
    assert Counter(d.path for d in report.explained if d.channel == "sms") == {
        "sms.missing": 66,
        "sms.unexpected": 104,
    }
    assert (len(report.explained), report.match_percentage) == (693, 100.0)


@pytest.mark.slow
def test_every_written_reason_is_about_every_run_that_it_names() -> None:
    rules = load_catalog(INCLUDE, "recommended").rules
    found = recommended_report().explained

    for entry in read_explained(explained_file(INCLUDE, "recommended"), rules):
        covered = {d.scenario for d in found if entry.covers(d, kinds_of(rules), TODAY)}
        assert covered == set(entry.scenarios), (entry.field, entry.rule)


@pytest.mark.slow
def test_a_reason_is_no_licence_for_other_runs() -> None:
    catalog = load_catalog(INCLUDE, "recommended")
    entries = read_explained(explained_file(INCLUDE, "recommended"), catalog.rules)
    fewer = tuple(rule for rule in catalog.rules.rules if rule.name != "guide-in-time")
    broken = catalog.rules.model_copy(update={"rules": fewer})

    report = golden_parity(
        GOLDEN, replace(catalog, rules=broken), parse_booking, entries, today=TODAY
    )

    assert len(report.unexplained) > 288
