"""A result's metrics and events: the named ones, with real numbers, and nobody in them."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

import pytest
import structlog
from structlog.testing import capture_logs

from booking_sms.parity.differences import Difference
from booking_sms.parity.publishing import metrics_evidence, publish_parity
from booking_sms.testing import InMemoryMetricsSink

GOLDEN: dict[str, Any] = {
    "kind": "golden_parity",
    "ran_at": "2026-03-02T14:00:00+09:00",
    "scenarios": 228,
    "sms": {"expected": 747, "actual": 745, "mismatches": 3},
    "writes": {"expected": 564, "actual": 564, "mismatches": 1},
    "ledger": {"expected": 1069, "actual": 1069, "mismatches": 2},
    "telegram": {"expected": 836, "actual": 836, "mismatches": 0},
    "match_percentage": 99.12,
    "explained": 0,
    "unexplained": 6,
    "critical": 5,
    "warnings": 1,
    "vacuous": ["slack: nothing on the actual side"],
    "duration_ms": 812,
}
SHADOW: dict[str, Any] = {
    "kind": "shadow",
    "campaign": "validation-1",
    "ran_at": "2026-03-02T14:00:00+09:00",
    "compared": 400,
    "legacy_items": 300,
    "candidate_items": 299,
    "unexplained": 1,
    "channels": {"sms": {"mismatches": 1}, "db": 0},
    "vacuous": [],
}
log = structlog.get_logger("test")


def values(sink: InMemoryMetricsSink) -> dict[str, float]:
    return {metric.name: metric.value for metric in sink.metrics}


def test_golden_metrics_carry_their_names_and_numbers() -> None:
    sink = InMemoryMetricsSink()

    counts = publish_parity(GOLDEN, sink, log)

    assert counts == {"published": 14, "failed": 0}
    assert values(sink) == {
        "ComparisonRun": 1,
        "SMSMismatchCount": 3,
        "DBMismatchCount": 3,
        "TelegramMismatchCount": 0,
        "ComparisonMatchPercentage": 99.12,
        "match_percentage": 99.12,
        "DiscrepanciesDetected": 6,
        "discrepancies": 6,
        "critical_mismatches": 5,
        "warning_mismatches": 1,
        "error_count": 1,
        "processing_duration_ms": 812,
        "sms_sent_old": 747,
        "sms_sent_new": 745,
    }
    assert {metric.at for metric in sink.metrics} == {datetime.fromisoformat(GOLDEN["ran_at"])}


def test_each_side_is_told_apart_by_dimensions() -> None:
    sink = InMemoryMetricsSink()

    publish_parity(GOLDEN, sink, log)

    assert {m.name: dict(m.dimensions) for m in sink.metrics if m.dimensions} == {
        "sms_sent_old": {"LambdaVersion": "legacy", "ComparisonRun": "golden_parity"},
        "sms_sent_new": {"LambdaVersion": "new", "ComparisonRun": "golden_parity"},
    }


def test_shadow_publishes_what_it_measured_and_no_zero_for_the_rest() -> None:
    sink = InMemoryMetricsSink()

    publish_parity(SHADOW, sink, log)

    assert values(sink) == {
        "ComparisonRun": 1,
        "SMSMismatchCount": 1,
        "DBMismatchCount": 0,
        "ComparisonMatchPercentage": 99.75,
        "match_percentage": 99.75,
        "DiscrepanciesDetected": 1,
        "discrepancies": 1,
        "error_count": 0,
        "sms_sent_old": 300,
        "sms_sent_new": 299,
    }


def test_nothing_compared_has_no_percentage() -> None:
    sink = InMemoryMetricsSink()

    publish_parity({**SHADOW, "compared": 0}, sink, log)

    assert "ComparisonMatchPercentage" not in values(sink)


def test_a_share_just_below_is_not_rounded_up() -> None:
    sink = InMemoryMetricsSink()

    publish_parity({**SHADOW, "compared": 1_000_000}, sink, log)

    assert values(sink)["match_percentage"] == 99.99


def test_a_sink_that_is_down_is_counted_and_the_events_are_there() -> None:
    sink = InMemoryMetricsSink()
    sink.is_down = True

    with capture_logs() as events:
        counts = publish_parity(GOLDEN, sink, log)

    assert counts == {"published": 0, "failed": 14}
    assert metrics_evidence(GOLDEN, counts) == {
        "kind": "metrics",
        "ran_at": GOLDEN["ran_at"],
        "published": 0,
        "failed": 14,
        "dashboard_verified": None,
    }
    assert [event["event"] for event in events] == [
        "sms_comparison",
        "db_operation_comparison",
        "telegram_comparison",
        "comparison_summary",
    ]


def test_summary_has_the_fields_that_queries_name() -> None:
    with capture_logs() as events:
        publish_parity(GOLDEN, InMemoryMetricsSink(), log)

    summary = events[-1]
    assert summary["event_type"] == "comparison_summary"
    assert (summary["total_mismatches"], summary["sms_sent_count"]) == (6, 747)
    assert (summary["match_percentage"], summary["processing_duration_ms"]) == (99.12, 812)
    assert {event["match"] for event in events[:2]} == {False}
    assert events[2]["match"] is True


@pytest.mark.parametrize(
    ("difference", "event", "fields"),
    [
        pytest.param(
            Difference(
                scenario="one",
                channel="sms",
                path="sms.missing",
                kind="guide",
                expected={"kind": "guide", "to": "01000001234", "store": "900101"},
            ),
            "sms_comparison",
            {"store_id": "900101", "phone_masked": "010-****-1234", "template_type": "guide"},
            id="sms",
        ),
        pytest.param(
            Difference(
                scenario="one", channel="sms", path="sms.text", expected="가나다", actual="가마다라"
            ),
            "sms_comparison",
            {"character_diff_count": 2},
            id="text",
        ),
        pytest.param(
            Difference(
                scenario="one",
                channel="writes",
                path="writes.missing",
                expected={
                    "op": "put",
                    "key": {"booking_num": "900101_1", "phone": "010-0000-1234"},
                    "item": {"name": "김하늘"},
                },
            ),
            "db_operation_comparison",
            {"booking_id": "900101_1", "operation_type": "put", "table_name": "sms"},
            id="write",
        ),
        pytest.param(
            Difference(
                scenario="one",
                channel="telegram",
                path="telegram.unexpected",
                actual="010-0000-1234 안내 문자 발송 완료",
            ),
            "telegram_comparison",
            {"event_type": "summary", "old_sent": False, "new_sent": True},
            id="telegram",
        ),
    ],
)
def test_a_difference_is_an_event_without_a_person(
    difference: Difference, event: str, fields: dict[str, Any]
) -> None:
    with capture_logs() as events:
        publish_parity(GOLDEN, InMemoryMetricsSink(), log, [difference])

    (told,) = [each for each in events if "mismatch_details" in each]
    assert told["event"] == event
    assert fields.items() <= told.items()
    text = json.dumps(events, ensure_ascii=False)
    assert not {p for p in ("0000-1234", "01000001234", "김하늘") if p in text}
