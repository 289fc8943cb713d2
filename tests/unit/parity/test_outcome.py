import json
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest
from parity_world import CATALOG, scenario_of

from booking_sms.domain.booking import Booking, BookingOption, BookingStatus
from booking_sms.domain.errors import BookingMalformed
from booking_sms.parity.outcome import bookings_of, decide
from booking_sms.testing import make_booking

HOUR = timedelta(hours=1)
ROW = {
    "booking_num": "900101_7000000001",
    "phone": "010-0000-1234",
    "name": "김시험",
    "booking_time": "2026-03-02 15:00:00",
    "confirm_sms": True,
    "remind_sms": False,
    "option_sms": False,
    "option_time": "",
}


def parse(store_id: str, payload: Mapping[str, Any]) -> Booking:
    """A parser of our own tiny payloads: what a test says is what it gets."""
    if payload.get("broken"):
        raise BookingMalformed(store=store_id, field="snapshotJson")
    return make_booking(
        store_id=store_id,
        booking_id=str(payload.get("bookingId", 7000000001)),
        phone=payload.get("phone", "01000001234"),
        starts_in=timedelta(minutes=payload.get("minutes", 60)),
        options=tuple(BookingOption(name=name) for name in payload.get("options", ())),
        status=BookingStatus.UNKNOWN,
    )


def outcome(*confirmed: dict[str, Any], **parts: Any) -> dict[str, Any]:
    confirmed = tuple({"businessId": 900101, **payload} for payload in confirmed)
    scenario = scenario_of(confirmed=confirmed, **parts)
    return decide(scenario, CATALOG.rules, CATALOG.stores, parse)


def test_first_sight_is_one_put_with_its_flags() -> None:
    result = outcome({})

    assert result["sms"] == [
        {"kind": "confirm", "to": "01000001234"},
        {"kind": "guide", "to": "01000001234", "store": "900101"},
    ]
    key = {"booking_num": ROW["booking_num"], "phone": ROW["phone"]}
    assert result["writes"] == [{"op": "put", "key": key, "item": {**ROW, "remind_sms": True}}]
    assert result["ledger_after"] == [{**ROW, "remind_sms": True}]
    assert result["telegram"] == (
        "010-0000-1234 예약확정 문자 발송 완료\n010-0000-1234 안내 문자 발송 완료"
    )


def test_a_known_booking_is_one_update_per_flag() -> None:
    result = outcome({}, ledger_before=({**ROW, "confirm_sms": False},))

    assert [write["op"] for write in result["writes"]] == ["update", "update"]
    assert [write["set"] for write in result["writes"]] == [
        {"confirm_sms": True},
        {"remind_sms": True},
    ]


def test_an_idle_run_says_so() -> None:
    assert outcome()["telegram"] == "문자 발송 대상 없음"


def test_a_shadow_rule_counts_here_at_full_rollout() -> None:
    done = {"businessId": 900101, "options": ["원본"]}

    result = outcome(completed=(done,), ledger_before=(ROW,), hour=20)

    assert result["sms"] == [{"kind": "event", "to": "01000001234"}]
    assert result["telegram"] == "010-0000-1234 옵션 문자 발송 완료"


@pytest.mark.parametrize(
    ("flag", "parts", "text"),
    [
        ("remind_sms", {"confirmed_too": True}, "010-0000-1234 안내 문자 발송 실패"),
        ("option_sms", {"hour": 20}, "010-0000-1234 옵션 문자 발송 실패"),
    ],
)
def test_a_broken_row_is_told_as_the_predecessor_told_it(
    flag: str, parts: dict[str, Any], text: str
) -> None:
    row = {name: value for name, value in ROW.items() if name != flag}
    confirmed = [{}] if parts.pop("confirmed_too", False) else []
    completed = () if confirmed else ({"businessId": 900101},)

    result = outcome(*confirmed, completed=completed, ledger_before=(row,), **parts)

    assert (result["telegram"], result["writes"]) == (text, [])
    assert result["ledger_after"] == [row]


def test_failures_stand_in_the_order_of_the_bookings() -> None:
    row = {name: value for name, value in ROW.items() if name != "remind_sms"}

    result = outcome(
        {"bookingId": 1, "minutes": 300}, {}, {"bookingId": 2, "minutes": 300}, ledger_before=(row,)
    )

    assert [line.split(" ")[1] for line in result["telegram"].split("\n")] == [
        "예약확정",
        "안내",
        "예약확정",
    ]


def test_the_list_that_a_payload_came_in_is_its_status() -> None:
    scenario = scenario_of(confirmed=({"businessId": 900101},), completed=({"businessId": 900101},))

    assert [booking.status for booking in bookings_of(scenario, parse)] == [
        "confirmed",
        "completed",
    ]


def test_a_payload_that_cannot_be_read_is_an_error_of_its_scenario() -> None:
    assert outcome({}, {"broken": True}) == {
        "id": "one",
        "error": "BookingMalformed: A booking payload lacks what every booking has; "
        "it is quarantined. (store=900101, field=snapshotJson)",
    }


def test_a_recipient_that_gets_no_text_is_still_decided() -> None:
    assert outcome({"phone": "020000000", "minutes": 300})["sms"] == [
        {"kind": "confirm", "to": "020000000"}
    ]


def test_an_outcome_is_plain_json() -> None:
    assert json.loads(json.dumps(outcome({}))) == outcome({})
