from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from naver_payloads import NAME, PHONE, STORE, make_payload

from booking_sms.adapters.naver.parsing import parse_booking, scrub_payload
from booking_sms.domain.booking import BookingOption, BookingStatus
from booking_sms.domain.errors import BookingMalformed


def parse(**overrides: Any):
    return parse_booking(STORE, make_payload(**overrides))


def test_booking_is_read_in_korean_time():
    booking = parse()

    assert booking.booking_num == "900101_7000000001"
    assert booking.status is BookingStatus.CONFIRMED
    assert booking.booking_time == "2026-03-02 16:00:00"
    assert booking.ends_at.isoformat() == "2026-03-02T17:00:00+09:00"
    assert booking.registered_at.isoformat() == "2026-03-01T10:00:05+09:00"
    assert (booking.name, booking.phone) == (NAME, PHONE)


@pytest.mark.parametrize(
    ("code", "status"),
    [
        ("RC02", BookingStatus.REQUESTED),
        ("RC03", BookingStatus.CONFIRMED),
        ("RC04", BookingStatus.CANCELLED),
        ("RC05", BookingStatus.NO_SHOW),
        ("RC06", BookingStatus.CANCELLED),
        ("RC08", BookingStatus.COMPLETED),
        ("RC07", BookingStatus.UNKNOWN),
        ("", BookingStatus.UNKNOWN),
        (None, BookingStatus.UNKNOWN),
        (3, BookingStatus.UNKNOWN),
    ],
)
def test_unknown_codes_are_never_confirmed(code, status):
    assert parse(bookingStatusCode=code).status is status


@pytest.mark.parametrize(
    ("overrides", "field"),
    [
        pytest.param({"bookingId": None}, "bookingId", id="no id"),
        pytest.param({"bookingId": "a b"}, "bookingId", id="an id that fits no key"),
        pytest.param({"bookingId": True}, "bookingId", id="an id that is no id"),
        pytest.param({"businessId": 900102}, "businessId", id="another store's booking"),
        pytest.param({"snapshotJson": None}, "snapshotJson", id="no snapshot"),
        pytest.param({"snapshotJson": []}, "snapshotJson", id="snapshot of another shape"),
        pytest.param(
            {"snapshot": {"startDateTime": None}}, "snapshotJson.startDateTime", id="no start"
        ),
        pytest.param(
            {"snapshot": {"startDateTime": "2026-03-02T07:00:00"}},
            "snapshotJson.startDateTime",
            id="a start without zone",
        ),
        pytest.param(
            {"snapshot": {"startDateTime": "0001-01-01T00:00:00Z"}},
            "snapshotJson.startDateTime",
            id="a start that nobody believes",
        ),
    ],
)
def test_malformed_booking_names_store_booking_and_field_only(overrides, field):
    with pytest.raises(BookingMalformed) as caught:
        parse(**overrides)

    assert caught.value.context["store"] == STORE
    assert caught.value.context["field"] == field
    assert NAME not in str(caught.value)
    assert PHONE not in str(caught.value)


def test_a_missing_business_id_is_the_store_that_was_asked():
    payload = make_payload()
    del payload["businessId"]

    assert parse_booking(STORE, payload).store_id == STORE


def test_seconds_are_cut_as_legacy_did():
    booking = parse(snapshot={"startDateTime": "2026-03-02T07:00:59.9Z"})

    assert booking.booking_time == "2026-03-02 16:00:00"


@pytest.mark.parametrize(
    "end",
    [
        pytest.param(None, id="null"),
        pytest.param("soon", id="unreadable"),
        pytest.param("2026-03-02T07:00:00Z", id="the start"),
        pytest.param("2026-03-02T06:00:00Z", id="before the start"),
    ],
)
def test_an_unusable_end_is_an_hour_after_the_start(end):
    booking = parse(snapshot={"endDateTime": end})

    assert booking.ends_at.isoformat() == "2026-03-02T17:00:00+09:00"


def test_missing_name_and_phone_do_not_lose_the_booking():
    payload = make_payload()
    del payload["name"], payload["phone"]

    booking = parse_booking(STORE, payload)

    assert (booking.name, booking.phone) == ("", "")


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        pytest.param(None, (), id="null"),
        pytest.param({}, (), id="an object"),
        pytest.param([], (), id="empty"),
        pytest.param(["plain"], (BookingOption(name="plain"),), id="plain strings"),
        pytest.param([{"price": 1}, None, 5, ""], (), id="nothing with a name"),
        pytest.param(
            [{"name": "n", "bookingCount": "2", "price": None}],
            (BookingOption(name="n"),),
            id="odd numbers",
        ),
        pytest.param(
            [{"name": "n", "bookingCount": 3, "price": 500, "optionId": 9}],
            (BookingOption(name="n", quantity=3, price=500, option_id="9"),),
            id="a full one",
        ),
    ],
)
def test_options_of_any_shape(options, expected):
    assert parse(snapshot={"bookingOptionJson": options}).options == expected


def test_absent_options_are_no_options():
    payload = make_payload()
    del payload["snapshotJson"]["bookingOptionJson"]

    assert parse_booking(STORE, payload).options == ()


@pytest.mark.parametrize(
    ("value", "expected"), [(None, None), (0, None), ("", None), (6999, "6999"), ("6999", "6999")]
)
def test_previous_booking(value, expected):
    assert parse(previousBookingId=value).previous_booking_id == expected


def test_unknown_fields_reach_the_rules_by_path():
    booking = parse(memberGrade={"level": 3}, visits=[{"on": "2026-01-01"}])

    assert booking.fields["memberGrade"]["level"] == 3
    assert booking.fields["memberGrade.level"] == 3
    assert booking.fields["visits.0.on"] == "2026-01-01"
    assert booking.fields.get("visits.1.on") is None
    assert booking.fields["snapshotJson.bizItemName"] == "60분 촬영"


def test_fields_hold_no_person():
    document = json.dumps(dict(parse().fields), ensure_ascii=False)

    assert NAME not in document
    assert PHONE not in document


def test_version_changes_with_what_a_message_depends_on():
    base = parse().version

    assert parse(completedCount=9, totalPrice=1, somethingNew=1).version == base
    assert parse(bookingStatusCode="RC04").version != base
    assert parse(phone="01000009999").version != base
    assert parse(snapshot={"startDateTime": "2026-03-02T08:00:00Z"}).version != base
    assert parse(snapshot={"endDateTime": "2026-03-02T09:00:00Z"}).version != base
    assert parse(snapshot={"bookingOptionJson": []}).version != base


def test_device_and_payment_fields_stop_at_the_door():
    scrubbed = scrub_payload(make_payload())
    text = json.dumps(scrubbed, ensure_ascii=False)

    for secret in ("192.0.2.1", "CT02", "2026030100000001", "p-1", "ABCD1234", "비밀", "@"):
        assert secret not in text
    assert "nPayOrderJson" not in scrubbed
    assert "userAgentJson" not in scrubbed["snapshotJson"]
    assert "userCouponSeq" not in scrubbed["snapshotJson"]["couponJson"][0]


def test_what_rules_may_ask_for_stays():
    scrubbed = scrub_payload(make_payload())

    assert scrubbed["isNPayUsed"] is True
    assert scrubbed["totalPrice"] == 30000
    assert scrubbed["requestMessage"] == "창가 자리"
    assert scrubbed["bookingCoupons"] == [{"couponName": "평일 +1시간"}]
    assert scrubbed["snapshotJson"]["customFormInputJson"][0]["value"] == "프로필"
    assert scrubbed["phone"] == PHONE
    assert "phone" not in scrubbed["snapshotJson"]


def test_lone_surrogates_cannot_break_what_comes_later():
    booking = parse(name="\ud800김")

    assert booking.name == "?김"
    booking.name.encode()


def deep(levels: int) -> Any:
    value: Any = "bottom"
    for _ in range(levels):
        value = {"inner": value}
    return value


def test_bottomless_payloads_are_cut():
    assert "bottom" not in json.dumps(scrub_payload({"odd": deep(300)}))


scalars = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text()
json_values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=12,
)
KNOWN = [
    *("bookingId", "businessId", "bookingStatusCode", "name", "phone", "regDateTime"),
    *("confirmedDateTime", "previousBookingId", "snapshotJson", "isPersonalInfo", "payments"),
]
odd_payloads = st.dictionaries(st.sampled_from(KNOWN) | st.text(), json_values, max_size=8)


@settings(deadline=None, max_examples=150)
@given(payload=odd_payloads, snapshot=odd_payloads)
@pytest.mark.slow
def test_odd_payloads_are_a_booking_or_malformed_and_nothing_else(payload, snapshot):
    for candidate in (payload, {**make_payload(), **payload}, make_payload(snapshot=snapshot)):
        try:
            booking = parse_booking(STORE, candidate)
        except BookingMalformed:
            continue
        assert booking.ends_at > booking.starts_at
        assert booking.starts_at.second == 0
        assert booking.version


@pytest.mark.slow
@settings(deadline=None, max_examples=100)
@given(payload=odd_payloads)
def test_scrubbing_twice_changes_nothing(payload):
    once = scrub_payload(payload)

    assert scrub_payload(once) == once
