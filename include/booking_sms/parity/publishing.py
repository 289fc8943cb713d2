"""A comparison's result as metrics and events: the same for golden and shadow parity.

A number that was not measured is not published: a zero would look like a proof.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any, Protocol

from booking_sms.domain.metric import Metric, Publication, Unit
from booking_sms.parity.differences import Difference
from booking_sms.parity.masking import shown
from booking_sms.ports import MetricsSink

Result = Mapping[str, Any]
MOST_EVENTS = 100
"""Differences that are told one by one; the summary counts them all."""
DB_CHANNELS = ("db", "writes", "ledger")
RUN, VERSION = "ComparisonRun", "LambdaVersion"


class EventLog(Protocol):
    """Structured logger, as structlog's."""

    def info(self, event: str, /, **fields: Any) -> Any:
        """Write one event."""
        ...


def publish_parity(
    result: Result,
    sink: MetricsSink,
    log: EventLog,
    differences: Iterable[Difference] = (),
) -> dict[str, int]:
    """Publish a result's metrics and log its events; ``{"published", "failed"}``. Raises nothing
    of the sink's: a number that is lost must not fail the comparison.
    """
    for event, fields in events_of(result, differences):
        log.info(event, **fields)
    return sink.put(list(metrics_of(result))).as_dict()


def metrics_evidence(result: Result, counts: Mapping[str, int]) -> dict[str, Any]:
    """What was published, as proof; the dashboard is looked at by somebody else."""
    return {
        "kind": "metrics",
        "ran_at": result["ran_at"],
        **Publication(published=counts["published"], failed=counts["failed"]).as_dict(),
        "dashboard_verified": None,
    }


def metrics_of(result: Result) -> Iterator[Metric]:
    """Data points of one comparison. ``ComparisonRun`` as a dimension is the campaign's name or
    the comparison's kind: an id for each run would make a metric of its own that no alarm knows.
    """
    at = datetime.fromisoformat(str(result["ran_at"]))
    run = run_of(result)
    for name, value, unit in _numbers(result):
        if value is not None:
            yield Metric(name=name, value=float(value), unit=unit, at=at)
    for name, value, version in _sent(result):
        if value is not None:
            dimensions = {VERSION: version, RUN: run}
            yield Metric(name=name, value=float(value), unit="Count", at=at, dimensions=dimensions)


def run_of(result: Result) -> str:
    """The campaign of a comparison, or its kind."""
    return str(result.get("campaign") or result["kind"])


def _numbers(result: Result) -> Iterator[tuple[str, float | None, Unit]]:
    match, open_ones = match_percentage(result), result.get("unexplained")
    yield "ComparisonRun", 1, "Count"
    yield "SMSMismatchCount", mismatches(result, ("sms",)), "Count"
    yield "DBMismatchCount", mismatches(result, DB_CHANNELS), "Count"
    yield "TelegramMismatchCount", mismatches(result, ("telegram",)), "Count"
    yield "ComparisonMatchPercentage", match, "Percent"
    yield "match_percentage", match, "Percent"
    yield "DiscrepanciesDetected", open_ones, "Count"
    yield "discrepancies", open_ones, "Count"
    yield "critical_mismatches", result.get("critical"), "Count"
    yield "warning_mismatches", result.get("warnings"), "Count"
    yield "error_count", error_count(result), "Count"
    yield "processing_duration_ms", result.get("duration_ms"), "Milliseconds"


def _sent(result: Result) -> Iterator[tuple[str, float | None, str]]:
    sms = _channel(result, "sms")
    counted = sms if isinstance(sms, Mapping) else {}
    yield "sms_sent_old", counted.get("expected", result.get("legacy_items")), "legacy"
    yield "sms_sent_new", counted.get("actual", result.get("candidate_items")), "new"


def match_percentage(result: Result) -> float | None:
    """Share that agrees, 0 to 100, never rounded up to 100; None when nothing was compared."""
    if result.get("match_percentage") is not None:
        return float(result["match_percentage"])
    compared, open_ones = result.get("compared"), result.get("unexplained")
    if not compared or open_ones is None:
        return None
    return max(0, int((compared - open_ones) / compared * 10_000)) / 100


def mismatches(result: Result, channels: Iterable[str]) -> int | None:
    """Mismatches in these channels together; None when none of them was compared."""
    found = [_channel(result, name) for name in channels]
    counts = [each["mismatches"] if isinstance(each, Mapping) else each for each in found]
    known = [int(count) for count in counts if count is not None]
    return sum(known) if known else None


def error_count(result: Result) -> int:
    """What kept the comparison from proving anything."""
    return len(result.get("vacuous") or ()) + int(result.get("errors") or 0)


def _channel(result: Result, name: str) -> Any:
    return (result.get("channels") or {}).get(name, result.get(name))


def events_of(
    result: Result, differences: Iterable[Difference] = ()
) -> Iterator[tuple[str, dict[str, Any]]]:
    """(event, fields): one for each channel, one for each difference, then the summary."""
    base = {"run_id": str(result["ran_at"]), "comparison": run_of(result)}
    for event, channels in _CHANNELS_OF.items():
        count = mismatches(result, channels)
        if count is not None:
            yield event, {**base, **_kind_of(event), "match": not count, "mismatches": count}
    for difference in list(differences)[:MOST_EVENTS]:
        name = _EVENT_OF.get(difference.channel)
        if name:
            yield name, {**base, **_kind_of(name), **_fields(name, difference)}
    yield "comparison_summary", {**base, **_summary(result)}


_CHANNELS_OF: Mapping[str, tuple[str, ...]] = {
    "sms_comparison": ("sms",),
    "db_operation_comparison": DB_CHANNELS,
    "telegram_comparison": ("telegram",),
}
_EVENT_OF = {name: event for event, names in _CHANNELS_OF.items() for name in names}


def _kind_of(event: str) -> dict[str, str]:
    """What log filters look for, at the top of each event."""
    if event == "telegram_comparison":
        return {"event_category": event, "event_type": "summary"}
    return {"event_type": event}


def _fields(event: str, difference: Difference) -> dict[str, Any]:
    side = difference.expected if difference.expected is not None else difference.actual
    common = {"match": False, "mismatch_details": shown(difference)}
    about = side if isinstance(side, Mapping) else {}
    key = about.get("key") or about
    if event == "sms_comparison":
        return {
            **common,
            "lambda_version": "new",
            "booking_id": key.get("booking_num", difference.scenario),
            "store_id": about.get("store"),
            "phone_masked": masked_phone(about.get("to")),
            "template_type": difference.kind or None,
            "character_diff_count": _characters(difference),
        }
    if event == "db_operation_comparison":
        return {
            **common,
            "booking_id": key.get("booking_num", difference.scenario),
            "operation_type": about.get("op", "update"),
            "table_name": "sms",
        }
    return {
        **common,
        "old_sent": difference.expected is not None,
        "new_sent": difference.actual is not None,
    }


def masked_phone(phone: Any) -> str | None:
    """``010-****-1234``: enough to find a booking by, too little to call."""
    if not phone:
        return None
    digits = re.sub("[^0-9]", "", str(phone))
    return f"{digits[:3]}-****-{digits[-4:]}"


def _characters(difference: Difference) -> int | None:
    """Characters that differ between two texts, the difference in length included."""
    left, right = difference.expected, difference.actual
    if not isinstance(left, str) or not isinstance(right, str):
        return None
    unlike = sum(a != b for a, b in zip(left, right, strict=False))
    return unlike + abs(len(left) - len(right))


def _summary(result: Result) -> dict[str, Any]:
    sides = {name: _channel(result, name) for name in ("sms", "writes", "ledger", "telegram")}
    seen = {name: side.get("expected") for name, side in sides.items() if isinstance(side, Mapping)}
    known = [mismatches(result, names) for names in _CHANNELS_OF.values()]
    return {
        "event_type": "comparison_summary",
        "bookings_processed": result.get("bookings", result.get("compared")),
        "sms_comparisons_count": seen.get("sms"),
        "db_comparisons_count": seen.get("writes"),
        "telegram_comparisons_count": seen.get("telegram"),
        "total_mismatches": sum(count for count in known if count is not None),
        "match_percentage": match_percentage(result),
        "error_count": error_count(result),
        "processing_duration_ms": result.get("duration_ms"),
        "sms_sent_count": seen.get("sms", result.get("legacy_items")),
        "db_operations_count": seen.get("writes"),
        "telegram_events_count": seen.get("telegram"),
        "unexplained": result.get("unexplained"),
    }
