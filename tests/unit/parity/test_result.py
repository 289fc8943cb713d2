"""The published result: what it counts, how it weighs, and whom it never names."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from typing import Any

import pytest
from parity_world import CATALOG, TODAY, outcome

from booking_sms.parity.compare import ParityReport, compare
from booking_sms.parity.explained import Explanation
from booking_sms.parity.mutation import Comparator
from booking_sms.parity.result import as_result
from booking_sms.parity.severity import is_critical_path

RAN_AT = datetime(2026, 3, 2, 5, tzinfo=UTC)


def entry(**fields: object) -> Explanation:
    base = {"rule": "*", "reason": "the owner wants it so", "owner": "the owner"}
    return Explanation.model_validate({**base, "expires": date(2026, 12, 31), **fields})


def report_of(*entries: Explanation, **changes: Any) -> ParityReport:
    return compare([outcome()], [outcome(**changes)], CATALOG.rules, entries, today=TODAY)


def test_old_keys_stay_first_and_nothing_is_invented() -> None:
    report = report_of()

    result = as_result(report, {"version": 3, "sha256": "ab"}, RAN_AT)

    assert list(result)[: len(report.as_dict())] == list(report.as_dict())
    assert {name: result[name] for name in ("kind", "ran_at", "passed", "slack", "critical")} == {
        "kind": "golden_parity",
        "ran_at": "2026-03-02T05:00:00+00:00",
        "passed": True,
        "slack": None,
        "critical": 0,
    }
    assert (result["warnings"], result["vacuous"], result["fields"]) == (0, [], [])
    assert result["dataset"] == {"version": 3, "sha256": "ab"}
    assert as_result(report, None, RAN_AT)["dataset"] is None


@pytest.mark.parametrize(
    ("path", "critical"),
    [
        ("sms.missing", True),
        ("writes.unexpected", True),
        ("telegram.error", True),
        ("ledger.shape", True),
        ("sms.order", True),
        ("sms.to", True),
        ("sms.store", True),
        ("writes.item.phone", True),
        ("ledger.booking_num", True),
        ("writes.op", True),
        ("sms.kind", True),
        ("ledger.name", False),
        ("ledger.remind_sms", False),
        ("writes.item.booking_time", False),
        ("sms.text", False),
    ],
)
def test_critical_is_whatever_says_whom_an_item_is_about(path: str, critical: bool) -> None:
    assert is_critical_path(path) is critical


def test_differences_are_counted_by_field_kind_and_shop() -> None:
    rows, sent = outcome()["ledger_after"], outcome()["sms"]
    rows[0]["name"], rows[1]["name"] = "김다른", "김다른"
    sent[1]["store"] = "900102"
    accepted = entry(field="ledger.name", rule="*")

    result = as_result(report_of(accepted, ledger_after=rows, sms=sent), None, RAN_AT)

    assert result["fields"] == [
        {
            "field": "sms.store",
            "kind": "guide",
            "store": "900101",
            "severity": "critical",
            "unexplained": 1,
            "explained": 0,
        },
        {
            "field": "ledger.name",
            "kind": "",
            "store": "900101",
            "severity": "warning",
            "unexplained": 0,
            "explained": 2,
        },
    ]
    assert (result["critical"], result["warnings"]) == (1, 0)


def test_a_result_names_nobody() -> None:
    rows = outcome()["ledger_after"]
    rows[0]["name"] = "김다른"

    text = json.dumps(
        as_result(report_of(ledger_after=rows, sms=[]), None, RAN_AT), ensure_ascii=False
    )

    assert '"ledger.name"' in text
    assert not any(secret in text for secret in ("김다른", "김시험", "0000-1234", "00001234"))


def test_an_expired_explanation_is_red_though_everything_agrees() -> None:
    late = entry(field="sms.order", owner="the owner", expires=date(2026, 2, 27))

    report = report_of(late)

    assert (report.unexplained, report.passed) == ((), False)
    (listed,) = as_result(report, None, RAN_AT)["expired"]
    assert (listed["owner"], listed["expired_on"], listed["days"]) == ("the owner", "2026-02-27", 3)
    assert report_of(entry(field="sms.order", expires=TODAY)).passed


def test_an_expired_explanation_proves_nothing_about_the_comparator() -> None:
    late = entry(field="sms.order", expires=date(2026, 2, 27))

    judge = Comparator.ours(CATALOG.rules, (late,), TODAY).judge

    assert judge([outcome()], [outcome()]).passed
