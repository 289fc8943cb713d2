"""The conditions that the predecessor promised or never had; each with its edges."""

from datetime import timedelta
from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from booking_sms.domain.booking import Booking, BookingOption, BookingStatus
from booking_sms.domain.condition_checks import compile_condition
from booking_sms.domain.condition_model import Condition
from booking_sms.domain.conditions import explain
from booking_sms.domain.errors import FieldUnreadable
from booking_sms.domain.facts import Facts
from booking_sms.domain.ledger import FailedSms
from booking_sms.domain.payload_fields import PayloadFields
from booking_sms.testing import NOW, make_booking, make_ledger_row

CONDITION: TypeAdapter[Any] = TypeAdapter(Condition)
MINUTE = timedelta(minutes=1)
SECOND = timedelta(seconds=1)


def holds(condition: dict[str, Any], booking: Booking | None = None, **facts: Any) -> bool:
    given = {"booking": booking or make_booking(), "row": None, "as_of": NOW, **facts}
    return compile_condition(CONDITION.validate_python(condition))(Facts(**given))


def options(*found: tuple[str, int]) -> Booking:
    return make_booking(options=tuple(BookingOption(name=n, quantity=q) for n, q in found))


def with_fields(**fields: Any) -> Booking:
    return make_booking(fields=PayloadFields(fields))


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        pytest.param([("전문가 보정", 2)], True, id="one option twice"),
        pytest.param([("전문가 보정 A", 1), ("전문가 보정 B", 1)], True, id="two options once"),
        pytest.param([("전문가 보정", 1), ("배경지", 5)], False, id="others do not count"),
        pytest.param([("전문가 보정 원본", 1)], False, id="two keywords in one name count once"),
        pytest.param([], False, id="none"),
    ],
)
def test_has_multiple_options_adds_quantities_up(
    found: list[tuple[str, int]], expected: bool
) -> None:
    condition = {"type": "has_multiple_options", "keywords": ["전문가 보정", "원본"]}

    assert holds({**condition, "min_count": 2}, options(*found)) is expected


def test_the_expert_retouch_is_known_by_its_name() -> None:
    assert holds({"type": "has_pro_edit_option"}, options(("사진 전문가 보정 1장", 1)))
    assert not holds({"type": "has_pro_edit_option"}, options(("사진 보정 추가", 1)))


@pytest.mark.parametrize(
    ("days", "expected"), [(-1, False), (0, True), (2, True), (3, False)], ids=str
)
def test_date_range_includes_both_ends(days: int, expected: bool) -> None:
    booking = make_booking(starts_at=NOW.replace(hour=23, minute=59) + timedelta(days=days))
    condition = {"type": "date_range", "start_date": "2026-03-02", "end_date": "2026-03-04"}

    assert holds(condition, booking) is expected


def test_weekday_is_the_visit_s_or_today_s() -> None:
    tomorrow = make_booking(starts_in=timedelta(hours=12))

    assert holds({"type": "weekday", "days": ["tue"]}, tomorrow)
    assert not holds({"type": "weekday", "days": ["mon"]}, tomorrow)
    assert holds({"type": "weekday", "days": ["mon"], "of": "today"}, tomorrow)


@pytest.mark.parametrize(
    ("day", "expected"),
    [
        pytest.param("2026-03-01", True, id="Independence Movement Day, a Sunday"),
        pytest.param("2026-03-02", True, id="its substitute"),
        pytest.param("2026-03-03", False, id="an ordinary Tuesday"),
        pytest.param("2026-03-07", False, id="a Saturday is no holiday"),
        pytest.param("2026-09-25", True, id="Chuseok"),
    ],
)
def test_holidays_are_korea_s(day: str, expected: bool) -> None:
    year, month, date = map(int, day.split("-"))
    booking = make_booking(starts_at=NOW.replace(year=year, month=month, day=date))

    assert holds({"type": "holiday"}, booking) is expected
    assert holds({"type": "holiday", "of": "today"}, as_of=booking.starts_at) is expected


@pytest.mark.parametrize(
    ("starts_in", "expected"),
    [
        pytest.param(121 * MINUTE, False, id="too early"),
        pytest.param(120 * MINUTE, True, id="the far end is in"),
        pytest.param(60 * MINUTE + SECOND, True, id="just before the near end"),
        pytest.param(60 * MINUTE, False, id="the near end is out"),
    ],
)
def test_before_visit_windows_join_without_overlap(starts_in: timedelta, expected: bool) -> None:
    condition = {"type": "before_visit", "within_minutes": 120, "at_least_minutes": 60}

    assert holds(condition, make_booking(starts_in=starts_in)) is expected


def test_before_visit_without_an_end_is_any_visit_ahead() -> None:
    assert holds({"type": "before_visit"}, make_booking(starts_in=timedelta(days=300)))
    assert not holds({"type": "before_visit"}, make_booking(starts_in=timedelta(0)))


@pytest.mark.parametrize(
    ("started_ago", "during", "first_half_hour", "after"),
    [
        pytest.param(-SECOND, False, False, False, id="not yet"),
        pytest.param(timedelta(0), True, True, False, id="at the start"),
        pytest.param(30 * MINUTE, True, False, False, id="half way"),
        pytest.param(60 * MINUTE, False, False, True, id="at the end"),
        pytest.param(79 * MINUTE, False, False, True, id="within 20 minutes"),
        pytest.param(80 * MINUTE, False, False, False, id="20 minutes after"),
    ],
)
def test_during_and_after_the_visit(
    started_ago: timedelta, during: bool, first_half_hour: bool, after: bool
) -> None:
    booking = make_booking(starts_in=-started_ago)

    assert holds({"type": "during_visit"}, booking) is during
    assert holds({"type": "during_visit", "first_minutes": 30}, booking) is first_half_hour
    assert holds({"type": "after_visit", "within_minutes": 20}, booking) is after


def test_after_visit_can_wait_and_have_no_end() -> None:
    ended = make_booking(starts_in=-180 * MINUTE)

    assert holds({"type": "after_visit", "from_minutes": 120}, ended)
    assert not holds({"type": "after_visit", "from_minutes": 121}, ended)


@pytest.mark.parametrize(
    ("limits", "expected"),
    [
        ({"at_least": 3}, True),
        ({"at_least": 4}, False),
        ({"at_most": 3}, True),
        ({"at_most": 2}, False),
        ({"at_least": 1, "at_most": 5}, True),
    ],
)
def test_counts_and_amounts_include_their_ends(limits: dict[str, int], expected: bool) -> None:
    booking = with_fields(completedCount=3, totalPrice=3)

    assert holds({"type": "visit_count", **limits}, booking) is expected
    assert holds({"type": "amount", **limits}, booking) is expected


def test_source_is_naver_s_word() -> None:
    booking = with_fields(bookingOrigin="NAVERBOOKING")

    assert holds({"type": "source", "any_of": ["NAVERBOOKING", "X"]}, booking)
    assert not holds({"type": "source", "any_of": ["X"]}, booking)


@pytest.mark.parametrize(
    ("condition", "fields"),
    [
        ({"type": "visit_count", "at_least": 1}, {}),
        ({"type": "visit_count", "at_least": 1}, {"completedCount": "3"}),
        ({"type": "amount", "at_most": 1}, {"totalPrice": True}),
        ({"type": "source", "any_of": ["X"]}, {"bookingOrigin": 7}),
    ],
)
def test_what_naver_promised_and_does_not_give_is_no_answer(
    condition: dict[str, Any], fields: dict[str, Any]
) -> None:
    with pytest.raises(FieldUnreadable):
        holds(condition, with_fields(**fields))


def test_a_booking_changed_when_it_replaces_another_or_moved() -> None:
    condition = {"type": "booking_changed"}

    assert not holds(condition, row=make_ledger_row())
    assert holds(condition, make_booking(previous_booking_id="6"))
    assert holds(condition, make_booking(starts_in=timedelta(hours=5)), row=make_ledger_row())
    assert not holds(condition, row=make_ledger_row(booking_time=None))


def test_a_cancelled_booking_may_have_to_be_a_fresh_one() -> None:
    gone = make_booking(status=BookingStatus.CANCELLED, cancelled_at=NOW - 39 * MINUTE)

    assert holds({"type": "booking_cancelled"}, gone)
    assert holds({"type": "booking_cancelled", "within_minutes": 40}, gone)
    assert not holds({"type": "booking_cancelled", "within_minutes": 39}, gone)
    assert not holds({"type": "booking_cancelled"})
    undated = make_booking(status=BookingStatus.CANCELLED)
    with pytest.raises(FieldUnreadable, match="cancelled_at"):
        holds({"type": "booking_cancelled", "within_minutes": 40}, undated)


def test_a_changed_phone_is_one_that_the_ledger_does_not_know() -> None:
    assert holds({"type": "phone_changed"}, other_phone=True)
    assert not holds({"type": "phone_changed"})


def failed(kind: str, minutes: int) -> FailedSms:
    return FailedSms(kind=kind, due_at=NOW - minutes * MINUTE)


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        pytest.param({}, True, id="any kind in the last day"),
        pytest.param({"kind": "guide"}, True, id="the kind"),
        pytest.param({"kind": "event"}, False, id="another kind"),
        pytest.param({"failure_threshold": 2}, True, id="two of them"),
        pytest.param({"failure_threshold": 3}, False, id="three of them"),
        pytest.param({"lookback_minutes": 10}, False, id="longer ago"),
        pytest.param({"lookback_minutes": 11}, True, id="just within"),
    ],
)
def test_failed_texts_are_counted(condition: dict[str, Any], expected: bool) -> None:
    past = (failed("guide", 10), failed("confirm", 100), failed("guide", 9000))

    assert holds({"type": "sms_send_failed", **condition}, failed=past) is expected


FIELDS = {
    "count": 3,
    "price": 1.5,
    "paid": True,
    "origin": "NAVERBOOKING",
    "day": "2026-03-05",
    "at": "2026-03-05T00:30:00+09:00",
    "list": ["a", 2],
    "null": None,
    "deep": {"er": [{"name": "x"}]},
}


@pytest.mark.parametrize(
    ("path", "op", "value", "expected"),
    [
        ("count", "eq", 3, True),
        ("count", "eq", 3.0, True),
        ("count", "ne", 4, True),
        ("count", "lt", 3, False),
        ("count", "le", 3, True),
        ("price", "gt", 1, True),
        ("price", "ge", 2, False),
        ("paid", "eq", True, True),
        ("paid", "ne", True, False),
        ("origin", "eq", "naverbooking", False),
        ("origin", "in", ["X", "NAVERBOOKING"], True),
        ("count", "in", [1, 2], False),
        ("origin", "contains", "BOOK", True),
        ("list", "contains", "a", True),
        ("list", "contains", "2", False),
        ("day", "ge", "2026-03-05", True),
        ("at", "lt", "2026-03-05", False),
        ("at", "lt", "2026-03-04T16:00:00+00:00", True),
        ("deep.er.0.name", "eq", "x", True),
        ("starts_at", "eq", "2026-03-02", True),
        ("starts_at", "gt", "2026-03-02T15:59:00+09:00", True),
        ("status", "eq", "confirmed", True),
        ("options", "contains", "배경지", True),
        ("count", "exists", True, True),
        ("nobody", "exists", False, True),
        ("null", "exists", True, False),
        ("nobody", "eq", 3, False),
        ("null", "ne", 3, False),
    ],
)
def test_any_field_can_be_compared(path: str, op: str, value: Any, expected: bool) -> None:
    booking = make_booking(
        fields=PayloadFields(FIELDS), options=(BookingOption(name="배경지", quantity=1),)
    )

    assert holds({"type": "field", "path": path, "op": op, "value": value}, booking) is expected


@pytest.mark.parametrize(
    ("path", "op", "value"),
    [
        ("count", "eq", "3"),
        ("count", "eq", True),
        ("paid", "eq", 1),
        ("origin", "ge", 3),
        ("origin", "lt", "2026-03-05"),
        ("day", "lt", "2026-03-05T00:00:00+09:00"),
        ("count", "contains", 3),
        ("list", "eq", "a"),
        ("deep", "in", ["x"]),
    ],
)
def test_a_field_of_another_type_is_no_answer(path: str, op: str, value: Any) -> None:
    condition = {"type": "field", "path": path, "op": op, "value": value}

    with pytest.raises(FieldUnreadable, match=path):
        holds(condition, with_fields(**FIELDS))
    facts = Facts(booking=with_fields(**FIELDS), row=None, as_of=NOW)
    assert explain(CONDITION.validate_python(condition), facts).value is None


@pytest.mark.parametrize(
    ("condition", "said"),
    [
        ({"path": "phone", "op": "exists"}, "who the person is"),
        ({"path": "snapshotJson.phone", "op": "exists"}, "who the person is"),
        ({"path": "a", "op": "eq"}, "eq needs a value"),
        ({"path": "a", "op": "in", "value": 3}, "a list of values"),
        ({"path": "a", "op": "eq", "value": [3]}, "the others one value"),
        ({"path": "a", "op": "exists", "value": "yes"}, "true or false"),
        ({"path": "a", "op": "lt", "value": "high"}, "a number or a date"),
        ({"path": "a", "op": "lt", "value": "2026-03-05T00:00:00"}, "a number or a date"),
    ],
)
def test_a_comparison_that_means_nothing_is_refused(condition: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        CONDITION.validate_python({"type": "field", **condition})


@pytest.mark.parametrize(
    ("condition", "said"),
    [
        ({"type": "has_pro_edit_option"}, "options: none"),
        ({"type": "has_multiple_options", "keywords": ["x"], "min_count": 2}, "quantity is 0"),
        ({"type": "holiday"}, "visit is 2026-03-02, 삼일절"),
        ({"type": "weekday", "days": ["sun"]}, "visit is 2026-03-02, mon"),
        ({"type": "before_visit"}, "starts in 120 min"),
        ({"type": "after_visit"}, "ends in 180 min"),
        ({"type": "field", "path": "status", "op": "exists"}, "status is confirmed"),
        ({"type": "field", "path": "nobody", "op": "exists"}, "nobody is missing"),
        ({"type": "booking_changed"}, "not changed"),
        ({"type": "booking_cancelled"}, "status is confirmed"),
        ({"type": "phone_changed"}, "known under no other phone"),
        ({"type": "sms_send_failed"}, "failed: none"),
    ],
)
def test_every_condition_says_what_it_saw(condition: dict[str, Any], said: str) -> None:
    facts = Facts(booking=make_booking(), row=None, as_of=NOW)

    assert explain(CONDITION.validate_python(condition), facts).reason.startswith(said)
