"""How measured values are judged. The values are given: no test waits for a machine."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from booking_sms.bench.parity import measure_reads
from booking_sms.quality.thresholds import THRESHOLDS, judged, percentile

AT = datetime(2026, 3, 2, 5, tzinfo=UTC)


def measure(name: str, value: float | None) -> dict[str, Any]:
    (found,) = [each for each in judged({name: value}, AT)["measures"] if each["name"] == name]
    return found


@pytest.mark.parametrize(
    ("name", "value", "ok", "light"),
    [
        ("parity_run", 120, True, "ok"),
        ("parity_run", 120.5, True, "yellow"),
        ("parity_run", 181, True, "red"),
        ("parity_run", 240, True, "red"),
        ("parity_run", 240.1, False, "critical"),
        ("pipeline_window", 241, False, "critical"),
        ("peak_memory", 256, True, "ok"),
        ("peak_memory", 257, True, "watch"),
        ("peak_memory", 401, True, "limited"),
        ("peak_memory", 513, False, "critical"),
        ("cold_start", 6.1, True, "yellow"),
        ("cold_start", 10.1, False, "critical"),
        ("dynamodb_read_p99", 100, True, "ok"),
        ("dynamodb_read_p99", 100.1, False, "critical"),
        ("rules_of_a_booking", 101, False, "critical"),
    ],
)
def test_limits_and_lights(name: str, value: float, ok: bool, light: str) -> None:
    found = measure(name, value)

    assert (found["ok"], found["light"]) == (ok, light)


@pytest.mark.parametrize("value", [None, float("nan"), float("inf")])
def test_what_was_not_measured_is_not_good(value: float | None) -> None:
    found = measure("peak_memory", value)

    assert (found["value"], found["ok"], found["light"]) == (None, None, None)


def test_nothing_measured_judges_nothing_and_names_all() -> None:
    result = judged({}, AT)

    assert (result["kind"], result["ran_at"]) == ("thresholds", "2026-03-02T05:00:00+00:00")
    assert [each["name"] for each in result["measures"]] == [each.name for each in THRESHOLDS]
    assert {each["ok"] for each in result["measures"]} == {None}


def test_a_misspelt_measure_is_refused() -> None:
    with pytest.raises(KeyError, match="peak_memry"):
        judged({"peak_memry": 1.0}, AT)


def test_percentile_is_a_value_that_was_measured() -> None:
    values = [float(number) for number in range(100, 0, -1)]

    assert percentile(values, 0.99) == 99.0
    assert percentile([5.0], 0.99) == 5.0
    assert percentile([], 0.99) is None


def test_each_read_is_timed_but_the_first() -> None:
    calls: list[int] = []

    taken = measure_reads(lambda: calls.append(1), 7)

    assert (len(taken), len(calls)) == (7, 8)
