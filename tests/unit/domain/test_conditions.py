from datetime import timedelta
from typing import Any, get_args

import pytest
from pydantic import TypeAdapter

from booking_sms.domain.booking import Booking, BookingOption, BookingStatus
from booking_sms.domain.condition_checks import compile_condition
from booking_sms.domain.condition_model import Condition, Leaf
from booking_sms.domain.condition_seen import seen
from booking_sms.domain.conditions import compile_rule, explain, label_of
from booking_sms.domain.errors import LedgerRowIncomplete
from booking_sms.domain.facts import Facts
from booking_sms.domain.ledger import LedgerRow
from booking_sms.domain.rule import Rule
from booking_sms.testing import NOW, make_booking, make_ledger_row

CONDITION: TypeAdapter[Any] = TypeAdapter(Condition)
SECOND = timedelta(seconds=1)
TWO_HOURS = timedelta(hours=2)


def holds(
    condition: dict[str, Any],
    booking: Booking | None = None,
    row: LedgerRow | None = None,
    as_of: Any = NOW,
) -> bool:
    facts = Facts(booking=booking or make_booking(), row=row, as_of=as_of)
    return compile_condition(CONDITION.validate_python(condition))(facts)


def row_without(*flags: str) -> LedgerRow:
    row = make_ledger_row()
    item = {name: value for name, value in row.item.items() if name not in flags}
    return LedgerRow(booking_num=row.booking_num, phone=row.phone, item=item)


@pytest.mark.parametrize(
    ("starts_in", "inclusive", "exclusive"),
    [
        pytest.param(TWO_HOURS + SECOND, False, False, id="a second too early"),
        pytest.param(TWO_HOURS, True, False, id="exactly two hours"),
        pytest.param(TWO_HOURS - SECOND, True, True, id="a second inside"),
        pytest.param(SECOND, True, True, id="a second before the start"),
        pytest.param(timedelta(0), False, False, id="at the start"),
        pytest.param(-SECOND, False, False, id="a second after the start"),
    ],
)
def test_time_before_booking(starts_in: timedelta, inclusive: bool, exclusive: bool) -> None:
    booking = make_booking(starts_in=starts_in)
    lead = {"type": "time_before_booking", "hours": 2}

    assert holds({**lead, "inclusive": True}, booking) is inclusive
    assert holds({**lead, "inclusive": False}, booking) is exclusive


@pytest.mark.parametrize(
    ("offset", "expected"),
    [
        pytest.param(-SECOND, False, id="19:59:59"),
        pytest.param(timedelta(0), True, id="20:00:00"),
        pytest.param(timedelta(minutes=59, seconds=59), True, id="20:59:59"),
        pytest.param(timedelta(hours=1), False, id="21:00:00"),
    ],
)
def test_current_hour_is_the_whole_hour(offset: timedelta, expected: bool) -> None:
    as_of = NOW.replace(hour=20) + offset

    assert holds({"type": "current_hour", "hour": 20}, as_of=as_of) is expected


@pytest.mark.parametrize(
    ("value", "not_set", "is_false"),
    [
        pytest.param(True, False, False, id="true"),
        pytest.param(False, True, True, id="false"),
        pytest.param(None, True, False, id="null is not false"),
        pytest.param(0, True, True, id="zero compares as false"),
    ],
)
def test_flags_of_a_row(value: object, not_set: bool, is_false: bool) -> None:
    row = make_ledger_row(remind_sms=value)

    assert holds({"type": "flag_not_set", "flag": "remind_sms"}, row=row) is not_set
    assert holds({"type": "flag_is_false", "flag": "remind_sms"}, row=row) is is_false


def test_a_missing_flag_is_not_set() -> None:
    assert holds({"type": "flag_not_set", "flag": "remind_sms"}, row=row_without("remind_sms"))
    assert holds({"type": "flag_not_set", "flag": "remind_sms"}, row=None)


@pytest.mark.parametrize("row", [None, row_without("remind_sms")], ids=["no row", "no attribute"])
def test_flag_is_false_needs_the_attribute(row: LedgerRow | None) -> None:
    with pytest.raises(LedgerRowIncomplete, match="remind_sms"):
        holds({"type": "flag_is_false", "flag": "remind_sms"}, row=row)


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        pytest.param(["무료 인화 (네이버 리뷰 약속)"], True, id="substring"),
        pytest.param(["배경지", "원본 파일"], True, id="second option"),
        pytest.param(["네 이버"], False, id="not a substring"),
        pytest.param([], False, id="no option"),
    ],
)
def test_has_option_keyword(names: list[str], expected: bool) -> None:
    booking = make_booking(options=tuple(BookingOption(name=name) for name in names))
    condition = {"type": "has_option_keyword", "keywords": ["네이버", "원본"]}

    assert holds(condition, booking) is expected


def test_keywords_are_case_sensitive() -> None:
    booking = make_booking(options=(BookingOption(name="insta event"),))

    assert not holds({"type": "has_option_keyword", "keywords": ["Insta"]}, booking)


def test_ledger_conditions_are_each_other_s_opposite() -> None:
    row = make_ledger_row()

    assert holds({"type": "booking_in_db"}, row=row)
    assert not holds({"type": "booking_in_db"})
    assert holds({"type": "booking_not_in_db"})
    assert not holds({"type": "booking_not_in_db"}, row=row)


def test_status_conditions() -> None:
    booking = make_booking(status=BookingStatus.COMPLETED)

    assert holds({"type": "booking_status", "status": "completed"}, booking)
    assert not holds({"type": "booking_status", "status": "confirmed"}, booking)
    assert holds({"type": "booking_status_any", "statuses": ["confirmed", "completed"]}, booking)
    assert not holds({"type": "booking_status_any", "statuses": ["cancelled"]}, booking)


def test_an_unknown_status_is_never_taken_for_confirmed() -> None:
    booking = make_booking(status=BookingStatus.UNKNOWN)

    assert not holds({"type": "booking_status", "status": "confirmed"}, booking)


def test_date_is_today_goes_by_korean_midnight() -> None:
    late = make_booking(starts_at=NOW.replace(hour=23, minute=59))
    tomorrow = make_booking(starts_at=NOW.replace(hour=0) + timedelta(days=1))

    assert holds({"type": "date_is_today"}, late)
    assert not holds({"type": "date_is_today"}, tomorrow)


def test_store_id_matches() -> None:
    assert holds({"type": "store_id_matches", "store_ids": [900101, 900102]})
    assert not holds({"type": "store_id_matches", "store_ids": [900102]})


YES, NO = {"type": "booking_not_in_db"}, {"type": "booking_in_db"}
BROKEN = {"type": "flag_is_false", "flag": "remind_sms"}


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ({"all": [YES, YES]}, True),
        ({"all": [YES, NO]}, False),
        ({"any": [NO, YES]}, True),
        ({"any": [NO, NO]}, False),
        ({"not": NO}, True),
        ({"not": {"any": [NO, YES]}}, False),
        ({"all": [NO, BROKEN]}, False),
        ({"any": [YES, BROKEN]}, True),
    ],
)
def test_groups_stop_at_the_first_answer(condition: dict[str, Any], expected: bool) -> None:
    assert holds(condition) is expected


@pytest.mark.parametrize(
    "condition", [{"all": [YES, BROKEN]}, {"any": [NO, BROKEN]}, {"not": BROKEN}]
)
def test_what_cannot_be_worked_out_is_an_error(condition: dict[str, Any]) -> None:
    with pytest.raises(LedgerRowIncomplete):
        holds(condition)


def make_rule(**overrides: Any) -> Rule:
    data = {
        "name": "guide",
        "kind": "guide",
        "template": "guide",
        "message_class": "information",
        "when": {"all": [YES, {"type": "current_hour", "hour": 14}]},
        "not_after": {"visit_end": "0m"},
        "flag": "remind_sms",
    }
    return Rule.model_validate({**data, **overrides})


def test_a_compiled_rule_names_the_first_condition_that_fails() -> None:
    compiled = compile_rule(make_rule())
    facts = Facts(booking=make_booking(), row=None, as_of=NOW)

    assert compiled.first_failure(facts) == ""
    late = Facts(booking=make_booking(), row=None, as_of=NOW.replace(hour=15))
    assert compiled.first_failure(late) == "current_hour"
    known = Facts(booking=make_booking(), row=make_ledger_row(), as_of=NOW.replace(hour=15))
    assert compiled.first_failure(known) == "booking_not_in_db"


def test_a_rule_for_some_stores_looks_at_the_store_first() -> None:
    compiled = compile_rule(make_rule(stores=["900102"], when=YES))
    here = Facts(booking=make_booking(), row=None, as_of=NOW)
    there = Facts(booking=make_booking(store_id="900102"), row=None, as_of=NOW)

    assert compiled.first_failure(here) == "stores"
    assert compiled.first_failure(there) == ""


def test_labels_name_groups_too() -> None:
    labels = [
        label_of(CONDITION.validate_python(each)) for each in ({"any": [YES]}, {"not": YES}, YES)
    ]

    assert labels == ["any", "not", "booking_not_in_db"]


def table(condition: dict[str, Any], row: LedgerRow | None = None) -> Any:
    facts = Facts(booking=make_booking(), row=row, as_of=NOW)
    return explain(CONDITION.validate_python(condition), facts)


def test_explain_looks_at_every_condition_also_after_a_failure() -> None:
    verdict = table({"all": [NO, YES, {"type": "current_hour", "hour": 14}]})

    assert verdict.value is False
    assert [child.value for child in verdict.children] == [False, True, True]
    assert verdict.children[0].reason == "no row in the ledger"


def test_explain_says_what_was_wanted_and_what_was_seen() -> None:
    verdict = table({"type": "time_before_booking", "hours": 1, "inclusive": False})

    assert (verdict.label, verdict.value) == ("time_before_booking hours=1, inclusive=False", False)
    assert verdict.reason == "starts in 120 min"


@pytest.mark.parametrize(
    ("condition", "value"),
    [
        pytest.param({"all": [NO, BROKEN]}, False, id="decided before"),
        pytest.param({"all": [YES, BROKEN]}, None, id="all"),
        pytest.param({"any": [YES, BROKEN]}, True, id="decided before, any"),
        pytest.param({"any": [NO, BROKEN]}, None, id="any"),
        pytest.param({"not": BROKEN}, None, id="not"),
        pytest.param({"not": NO}, True, id="not of a no"),
    ],
)
def test_explain_marks_what_cannot_be_worked_out(condition: dict[str, Any], value: object) -> None:
    assert table(condition).value is value


@pytest.mark.parametrize(
    ("condition", "said"),
    [
        ({"type": "booking_status", "status": "completed"}, "status is confirmed"),
        ({"type": "booking_status_any", "statuses": ["completed"]}, "status is confirmed"),
        ({"type": "flag_not_set", "flag": "remind_sms"}, "remind_sms is False"),
        ({"type": "flag_not_set", "flag": "other_sms"}, "other_sms is missing"),
        ({"type": "booking_in_db"}, "a row in the ledger"),
        ({"type": "date_is_today"}, "as of 2026-03-02 14:00, visit 2026-03-02 16:00"),
        ({"type": "has_option_keyword", "keywords": ["x"]}, "options: none"),
        ({"type": "store_id_matches", "store_ids": ["1"]}, "store is 900101"),
    ],
)
def test_every_condition_says_what_it_saw(condition: dict[str, Any], said: str) -> None:
    assert table(condition, make_ledger_row()).reason == said


def test_flag_not_set_without_a_row_says_so() -> None:
    assert table({"type": "flag_not_set", "flag": "remind_sms"}).reason == "no row in the ledger"


def test_a_visit_under_way_is_said_to_have_started() -> None:
    condition = CONDITION.validate_python({"type": "time_before_booking"})
    facts = Facts(booking=make_booking(starts_in=-timedelta(minutes=5)), row=None, as_of=NOW)

    assert seen(condition, facts) == "started 5 min ago"


def test_an_unregistered_model_is_a_programming_error() -> None:
    with pytest.raises(TypeError, match="no check for object"):
        compile_condition(object())


def test_every_condition_has_a_check_and_a_reason_of_its_own_or_the_ledger_s() -> None:
    leaves = get_args(get_args(Leaf)[0])

    for model in leaves:
        assert compile_condition.dispatch(model) is not compile_condition.dispatch(object), model
