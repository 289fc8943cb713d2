"""Our rules against the second statement of the predecessor's, at every hour and every edge."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest
from clock_grid import (
    COMPLETED_ROWS,
    CONFIRMED_ROWS,
    EDGE_DAYS,
    KOREA,
    LEADS,
    MINUTES,
    ORDINARY,
    SECONDS,
    distances,
    instants,
    scenario_at,
)
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from legacy_oracle import legacy_run, outcome_of_run

from booking_sms.adapters.naver.parsing import parse_booking
from booking_sms.config.catalog_loader import load_catalog
from booking_sms.parity.outcome import decide
from booking_sms.parity.scenario import parse_scenario

CATALOG = load_catalog(Path(__file__).resolve().parents[2] / "include", "legacy")
TWO_HOURS = 7200
EDGES = {0, TWO_HOURS}
ALL_HOURS = frozenset(range(24))
BRANCHES = {
    "new, inside",
    "new, before",
    "new, after",
    "known, due",
    "known, due, not confirmed",
    "known, not due",
    "known, reminded",
    "known, row incomplete",
}
BRANCHES_AT_EIGHT = BRANCHES | {
    "completed, unknown",
    "completed, event",
    "completed, nothing to do",
    "completed, row incomplete",
}


class Sweep:
    """Compares instants, and remembers where it has been."""

    def __init__(self, at: Iterable[datetime]) -> None:
        self.branches: dict[int, Counter[str]] = {}
        self.scenarios = self.bookings = 0
        self.differing: list[str] = []
        self.edges: Counter[int] = Counter()
        for now in at:
            self._compare(now)

    def _compare(self, now: datetime) -> None:
        line = scenario_at(now)
        run = legacy_run(line)
        if decided(line) != outcome_of_run(run):
            self.differing.append(line["id"])
        self.branches.setdefault(now.hour, Counter()).update(run.branches)
        self.edges.update(distances(now))
        self.scenarios += 1
        self.bookings += len(line["confirmed"]) + len(line["completed"])


def decided(line: dict[str, Any]) -> dict[str, Any]:
    scenario = parse_scenario(json.dumps(line), line["id"])
    outcome = decide(scenario, CATALOG.rules, CATALOG.stores, parse_booking)
    return {key: value for key, value in outcome.items() if key != "id"}


def assert_swept(sweep: Sweep, days: int) -> None:
    """Each hour was there, with every branch that it has, and each edge from both sides."""
    each = len(LEADS) * len(CONFIRMED_ROWS) + 2 * len(COMPLETED_ROWS)
    assert sweep.scenarios == days * 24 * len(MINUTES) * len(SECONDS)
    assert sweep.bookings == sweep.scenarios * each
    assert set(sweep.branches) == ALL_HOURS
    for hour, gone in sweep.branches.items():
        assert set(gone) == (
            BRANCHES_AT_EIGHT if hour == 20 else BRANCHES | {"completed, other hour"}
        ), hour
    for edge in EDGES:
        assert all(sweep.edges[edge + off] >= days * 24 for off in (-60, -59, -1, 0, 1, 60)), edge


@pytest.mark.slow
def test_every_hour_and_every_edge_of_an_ordinary_day() -> None:
    sweep = Sweep(instants(ORDINARY))

    assert sweep.differing == []
    assert_swept(sweep, days=1)


def test_hour_of_the_event_begins_and_ends_to_the_second() -> None:
    sweep = Sweep(now for now in instants(ORDINARY, range(19, 22)) if now.second != 1)

    events = {hour: gone["completed, event"] for hour, gone in sweep.branches.items()}
    assert sweep.differing == []
    assert events == {19: 0, 20: 4, 21: 0}


@pytest.mark.long
@pytest.mark.timeout(600)
def test_every_hour_and_every_edge_where_months_and_years_end() -> None:
    sweep = Sweep(now for day in EDGE_DAYS for now in instants(day))

    assert sweep.differing == []
    assert_swept(sweep, days=len(EDGE_DAYS))


def test_midnight_at_the_end_of_a_year_belongs_to_both() -> None:
    last, first = EDGE_DAYS[2], EDGE_DAYS[3]
    at = [*instants(last, range(22, 24)), *instants(first, range(2))]
    sweep = Sweep(now for now in at if now.minute == 59 or now.second == 0)

    assert sweep.differing == []
    assert set(sweep.branches) == {22, 23, 0, 1}


@settings(max_examples=40, suppress_health_check=[HealthCheck.too_slow])
@given(epoch=st.integers(1_735_657_200, 1_893_423_600))  # 2025 to 2029 in Korea
@pytest.mark.slow
def test_any_instant(epoch: int) -> None:
    line = scenario_at(datetime.fromtimestamp(epoch, KOREA))

    assert decided(line) == outcome_of_run(legacy_run(line))


def test_the_sweep_sees_a_rule_that_is_a_second_off() -> None:
    """Without this the sweep could agree because it looks nowhere."""
    rules = [
        rule.model_copy(update={"when": rule.when.model_copy(update={"all": rule.when.all[:-1]})})
        if rule.name == "guide-first-sight"
        else rule
        for rule in CATALOG.rules.rules
    ]
    weaker = CATALOG.rules.model_copy(update={"rules": tuple(rules)})
    line = scenario_at(datetime.combine(date(2026, 3, 2), datetime.min.time(), KOREA))

    scenario = parse_scenario(json.dumps(line), "swept")
    outcome = decide(scenario, weaker, CATALOG.stores, parse_booking)

    assert outcome["sms"] != outcome_of_run(legacy_run(line))["sms"]
