from __future__ import annotations

import json
from datetime import timedelta

import pytest

from booking_sms.adapters.stage.local import FilePayloadStage
from booking_sms.domain.booking import BookingStatus
from booking_sms.domain.fetch_plan import fetch_plan
from booking_sms.pipeline.extract import extract_store
from booking_sms.quality.bookings import (
    CheckResult,
    Row,
    booking_row,
    check_bookings,
    check_staged,
)
from booking_sms.testing.factories import PHONE, STORE_ID, make_booking, make_window
from booking_sms.testing.naver import FakeBookingSource

# Great Expectations and its dependencies warn on import, about themselves.
pytestmark = pytest.mark.filterwarnings("default")

PLAN = fetch_plan(make_window())


def make_rows(count: int = 3, **overrides: object) -> list[Row]:
    row = booking_row(make_booking(), PLAN)
    return [{**row, "booking_id": str(number), **overrides} for number in range(count)]


def check(rows: list[Row]) -> CheckResult:
    return check_bookings(rows, store_ids=[STORE_ID, "900102"])


def test_a_row_holds_no_person():
    row = booking_row(make_booking(), PLAN)

    assert row == {
        "store_id": STORE_ID,
        "booking_id": "7000000001",
        "status": "confirmed",
        "phone_kind": "mobile",
        "start_minute": 29540580,
        "end_minute": 29540640,
        "in_plan": True,
    }


def test_a_row_says_what_is_odd():
    odd = make_booking(
        phone="", status=BookingStatus.UNKNOWN, starts_in=timedelta(days=90), registered_at=None
    )

    row = booking_row(odd, PLAN)

    assert (row["phone_kind"], row["status"], row["in_plan"]) == ("empty", "unknown", False)


def test_good_bookings_pass():
    assert check(make_rows()) == CheckResult(
        success=True, statistics={"rows": 3, "checks": 8, "failed": 0}
    )


def test_an_empty_window_passes():
    assert check([]).success


@pytest.mark.parametrize(
    ("rows", "name"),
    [
        pytest.param(make_rows(store_id="900109"), "store_in_directory", id="a foreign store"),
        pytest.param(make_rows(booking_id=None), "booking_id_present", id="no id"),
        pytest.param(make_rows(booking_id="1"), "booking_unique_in_store", id="twice"),
        pytest.param(make_rows(end_minute=0), "start_before_end", id="ends before its start"),
    ],
)
def test_critical_failures(rows, name):
    result = check(rows)

    assert not result.success
    assert name in result.failed


def test_ids_repeat_across_stores():
    rows = make_rows(1) + make_rows(1, store_id="900102")

    assert check(rows).failed == []


@pytest.mark.parametrize(
    ("rows", "name"),
    [
        pytest.param(make_rows(status="unknown"), "status_known", id="an unknown status"),
        pytest.param(make_rows(in_plan=False), "start_in_fetch_plan", id="out of range"),
        pytest.param(make_rows(phone_kind="landline"), "phones_textable", id="no mobile at all"),
    ],
)
def test_warnings_do_not_fail(rows, name):
    result = check(rows)

    assert result.success
    assert result.warnings == [name]


def test_a_few_odd_numbers_are_ordinary():
    assert check(make_rows(19) + make_rows(1, phone_kind="foreign", booking_id="x")).warnings == []


def test_results_are_plain_json_without_values():
    text = json.dumps(check(make_rows(store_id="900109")).as_dict())

    assert "900109" not in text
    assert PHONE not in text


def test_what_was_staged_is_checked(tmp_path):
    stage = FilePayloadStage(tmp_path.as_uri())
    source = FakeBookingSource([make_booking(), make_booking(booking_id="2", phone="")])
    key = extract_store(source, stage, make_window(), STORE_ID, 1).key

    told = check_staged(stage, [key], [STORE_ID], make_window())

    assert told["success"] is True
    assert told["warnings"] == ["phones_textable"]
    assert told["statistics"]["rows"] == 2
