"""A seeded mismatch fails the expectation that is about it, and no other one."""

from __future__ import annotations

import json
from typing import Any

import pytest

from booking_sms.parity.frames import columns_of, frames_of
from booking_sms.quality import parity
from booking_sms.quality.parity import check_parity, match_percentage

# Great Expectations and its dependencies warn on import, about themselves.
pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("default")]

KEY = {"booking_num": "900101_1", "phone": "010-0000-1234"}
ROW = {**KEY, "name": "김시험", "confirm_sms": True, "remind_sms": True}


def outcome(**parts: Any) -> dict[str, Any]:
    base: dict[str, Any] = {
        "id": "one",
        "sms": [
            {"kind": "confirm", "to": "01000001234"},
            {"kind": "guide", "to": "01000001234", "store": "900101"},
        ],
        "writes": [{"op": "put", "key": dict(KEY), "item": dict(ROW)}],
        "ledger_after": [dict(ROW)],
        "telegram": "010-0000-1234 예약확정 문자 발송 완료",
    }
    return {**base, **parts}


def sent(**changes: Any) -> list[dict[str, Any]]:
    first, second = outcome()["sms"]
    return [first, second | changes]


def test_equal_outcomes_meet_every_expectation() -> None:
    result = check_parity([outcome()], [outcome()])

    assert result.success
    assert (result.failed, result.warnings) == ([], [])
    assert result.statistics == {"rows": 5, "checks": 35, "failed": 0}


@pytest.mark.parametrize(
    ("changes", "failed", "warnings"),
    [
        pytest.param({"sms": sent(store="900102")}, ["sms.store_equal"], [], id="store"),
        pytest.param({"sms": sent(text="?")}, [], ["sms.text_equal"], id="text"),
        pytest.param({"sms": sent(note="?")}, [], ["sms.rest_equal"], id="extra field"),
        pytest.param({"sms": sent()[:1]}, ["sms.actual_present"], [], id="missing"),
        pytest.param({"sms": [*sent(), sent()[0]]}, ["sms.expected_present"], [], id="doubled"),
        pytest.param(
            {"sms": sent(to="01000005678")},
            ["sms.expected_present", "sms.actual_present"],
            [],
            id="recipient",
        ),
        pytest.param(
            {"ledger_after": [{**ROW, "confirm_sms": 1}]},
            [],
            ["ledger.confirm_sms_equal"],
            id="true is not one",
        ),
        pytest.param(
            {"writes": [{"op": "put", "key": dict(KEY), "item": {**ROW, "name": "?"}}]},
            [],
            ["writes.item_equal"],
            id="written name",
        ),
        pytest.param(
            {"telegram": "010-0000-1234 안내 문자 발송 완료"},
            ["telegram.expected_present", "telegram.actual_present"],
            [],
            id="line",
        ),
        pytest.param(
            {"slack": ["한 줄"]}, ["slack.expected_present"], [], id="only the candidate speaks"
        ),
    ],
)
def test_a_seeded_mismatch_fails_its_own_expectation(
    changes: dict[str, Any], failed: list[str], warnings: list[str]
) -> None:
    result = check_parity([outcome()], [outcome(**changes)])

    assert (result.failed, result.warnings) == (failed, warnings)
    assert result.success is (not failed)


def test_too_little_proves_nothing() -> None:
    assert "sms.volume" in check_parity([outcome(sms=[])], [outcome(sms=[])]).failed
    assert check_parity([outcome()], [outcome()], {"sms": 3}).failed == ["sms.volume"]


def test_an_error_of_a_side_is_absence_of_all_its_items() -> None:
    result = check_parity([outcome()], [{"id": "one", "error": "down"}])

    assert {"sms.actual_present", "writes.actual_present", "ledger.actual_present"} <= set(
        result.failed
    )


def test_a_percentage_that_is_none_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parity, "match_percentage", lambda rows: 100.5)

    assert check_parity([outcome()], [outcome()]).failed == ["percentage_in_range"]


def test_percentage_counts_items_that_are_alike() -> None:
    rows = frames_of([outcome()], [outcome(sms=sent(store="900102"))])

    assert match_percentage(rows["sms"]) == 50.0
    assert match_percentage(rows["ledger"]) == 100.0
    assert match_percentage([]) == 0.0


def test_frames_and_results_hold_nobody() -> None:
    spoiled = outcome(sms=[], ledger_after=[{**ROW, "name": "김다른"}])

    frames = frames_of([outcome()], [spoiled])
    text = json.dumps([frames, check_parity([outcome()], [spoiled]).as_dict()], ensure_ascii=False)

    assert '"name_equal": false' in text
    assert not any(person in text for person in ("김", "0000-1234", "00001234"))
    for channel, rows in frames.items():
        assert all(set(row) == set(columns_of(channel)) for row in rows)
