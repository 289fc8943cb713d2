"""The list of metrics: nothing on it that CloudWatch refuses, nothing beside it."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from booking_sms.domain.metric_catalogue import CATALOGUE, COMPARISON, data_point, of_block
from booking_sms.parity.publishing import metrics_of

NOW = datetime(2026, 3, 2, 11, tzinfo=UTC)


@pytest.mark.parametrize("name", CATALOGUE)
def test_each_metric_can_be_published(name: str) -> None:
    spec = CATALOGUE[name]
    dimensions = dict.fromkeys(spec.dimensions, "one")

    assert data_point(name, 1, NOW, **dimensions).problem() == ""
    assert spec.meaning.endswith(".")


def test_a_name_beside_the_list_is_refused() -> None:
    with pytest.raises(KeyError):
        data_point("SMSSentTotl", 1, NOW)


def test_other_dimensions_than_the_list_has_are_refused() -> None:
    with pytest.raises(ValueError, match="Store"):
        data_point("TextsSent", 1, NOW, Store="900101")


def test_a_comparison_publishes_names_of_the_list_only() -> None:
    result = {
        "kind": "golden_parity",
        "ran_at": NOW.isoformat(),
        "sms": {"expected": 1, "actual": 1, "mismatches": 0},
        "telegram": {"expected": 1, "actual": 1, "mismatches": 0},
        "writes": {"expected": 1, "actual": 1, "mismatches": 0},
        "compared": 3,
        "unexplained": 0,
        "critical": 0,
        "warnings": 0,
        "duration_ms": 12,
    }
    published = {(metric.name, tuple(sorted(metric.dimensions))) for metric in metrics_of(result)}
    listed = {(spec.name, tuple(sorted(spec.dimensions))) for spec in of_block(COMPARISON)}

    assert published == listed
