"""The shipped examples say what they promise: the owner's wishes, from YAML alone."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from rule_world import INCLUDE, kinds_of

from booking_sms.config.catalog_loader import load_catalog
from booking_sms.config.rules_check import check_rule_files
from booking_sms.domain.booking import KST, Booking, BookingOption, BookingStatus
from booking_sms.domain.ledger import Ledger
from booking_sms.domain.payload_fields import PayloadFields
from booking_sms.domain.rule import RuleSet
from booking_sms.domain.window import Window
from booking_sms.pipeline.plan import everywhere, plan_window
from booking_sms.pipeline.preview import text_problems
from booking_sms.testing import NOW, make_booking, make_ledger_row

EXAMPLES = sorted((INCLUDE / "rules" / "examples").glob("*.yaml"))
MINUTE = timedelta(minutes=1)


def kinds(name: str, booking: Booking, as_of: datetime = NOW, known: bool = False) -> list[str]:
    catalog = load_catalog(INCLUDE, f"examples/{name}")
    row = make_ledger_row(booking_num=booking.booking_num)
    ledger = Ledger({row.key: row} if known else {})
    stages = everywhere(catalog.rules)
    plan = plan_window([booking], ledger, catalog.rules, catalog.stores, Window(as_of), stages)
    return [*kinds_of(plan), *(notice.rule.kind for notice in plan.notices)]


def chosen(*found: tuple[str, int]) -> tuple[BookingOption, ...]:
    return tuple(BookingOption(name=name, quantity=quantity) for name, quantity in found)


def test_every_example_is_sound_says_nothing_by_itself_and_renders_at_every_store() -> None:
    assert [path.stem for path in EXAMPLES] == [
        "daily-summary",
        "new-booking-everywhere",
        "option-at-store",
        "option-twice-in-dates",
        "retouch-digest",
        "seasonal-promotion",
        "sms-failure-alert",
        "two-hours-before-at-store",
        "visitors-of-tomorrow",
    ]
    for result in check_rule_files(EXAMPLES, INCLUDE):
        assert (result.errors, result.warnings) == ((), ()), result.path
        assert result.catalog is not None
        assert not list(text_problems(result.catalog))
        assert {rule.rollout for rule in result.catalog.rules.rules} == {"shadow"}


def test_an_example_brings_texts_that_no_other_rule_set_sees() -> None:
    assert "backdrop" in load_catalog(INCLUDE, "examples/option-at-store").messages.templates
    assert "backdrop" not in load_catalog(INCLUDE, "legacy").messages.templates


@pytest.mark.parametrize(
    ("overrides", "expected"),
    [
        pytest.param({}, ["backdrop"], id="the option at the store"),
        pytest.param({"store_id": "900102"}, [], id="another store"),
        pytest.param({"options": chosen(("리모컨", 1))}, [], id="another option"),
        pytest.param({"starts_in": timedelta(days=2)}, [], id="too early"),
        pytest.param({"status": BookingStatus.CANCELLED}, [], id="cancelled"),
    ],
)
def test_an_option_at_one_store(overrides: dict[str, Any], expected: list[str]) -> None:
    booking = make_booking(**{"options": chosen(("흰 배경지", 1)), **overrides})

    assert kinds("option-at-store", booking) == expected


@pytest.mark.parametrize(
    ("store_id", "minutes", "expected"),
    [("900103", 120, ["parking"]), ("900103", 121, []), ("900101", 120, [])],
)
def test_two_hours_before_at_one_store(store_id: str, minutes: int, expected: list[str]) -> None:
    booking = make_booking(store_id=store_id, starts_in=minutes * MINUTE)

    assert kinds("two-hours-before-at-store", booking) == expected


@pytest.mark.slow
def test_every_new_booking_at_every_store() -> None:
    for number in range(1, 9):
        booking = make_booking(store_id=f"90010{number}", starts_in=timedelta(days=9))
        assert kinds("new-booking-everywhere", booking) == ["welcome"]
        assert kinds("new-booking-everywhere", booking, known=True) == []


@pytest.mark.parametrize(
    ("day", "options", "expected"),
    [
        pytest.param(
            24, [("전문가 보정", 2)], ["retouch_roster"], id="first day, one option twice"
        ),
        pytest.param(
            31, [("전문가 보정 A", 1), ("전문가 보정 B", 1)], ["retouch_roster"], id="last day"
        ),
        pytest.param(23, [("전문가 보정", 2)], [], id="the day before"),
        pytest.param(24, [("전문가 보정", 1)], [], id="one only"),
    ],
)
def test_an_option_twice_in_a_date_range(
    day: int, options: list[tuple[str, int]], expected: list[str]
) -> None:
    start = datetime(2026, 12, day, 23, 0, tzinfo=KST)
    booking = make_booking(starts_at=start, options=chosen(*options))

    at_nine = datetime(2026, 12, 20, 21, 20, tzinfo=KST)
    assert kinds("option-twice-in-dates", booking, at_nine) == expected
    assert kinds("option-twice-in-dates", booking, at_nine - timedelta(hours=1)) == []


TODAY_AT_10 = NOW.replace(hour=22)


@pytest.mark.parametrize(
    ("name", "overrides", "as_of", "expected"),
    [
        pytest.param(
            "daily-summary", {}, TODAY_AT_10, ["day_summary", "day_summary_team"], id="summary"
        ),
        pytest.param("daily-summary", {}, NOW, [], id="summary, another hour"),
        pytest.param(
            "daily-summary", {"starts_in": timedelta(days=1)}, TODAY_AT_10, [], id="nobody today"
        ),
        pytest.param(
            "retouch-digest",
            {"options": chosen(("전문가 보정 1장", 1))},
            TODAY_AT_10,
            ["retouch_digest"],
            id="retouch",
        ),
        pytest.param("retouch-digest", {}, TODAY_AT_10, [], id="no retouch"),
        pytest.param(
            "visitors-of-tomorrow",
            {"starts_in": timedelta(days=1)},
            NOW.replace(hour=20),
            ["roster_tomorrow"],
            id="tomorrow",
        ),
        pytest.param(
            "visitors-of-tomorrow",
            {"starts_in": timedelta(hours=7)},
            NOW.replace(hour=20),
            [],
            id="still today",
        ),
        pytest.param("sms-failure-alert", {}, NOW, [], id="nothing failed"),
    ],
)
def test_lists_for_colleagues(
    name: str, overrides: dict[str, Any], as_of: datetime, expected: list[str]
) -> None:
    assert kinds(name, make_booking(**overrides), as_of) == expected


@pytest.mark.parametrize(
    ("day", "visits", "expected"),
    [
        pytest.param(4, 3, ["spring"], id="a Thursday, third visit"),
        pytest.param(4, 2, [], id="second visit"),
        pytest.param(6, 3, [], id="a Saturday"),
        pytest.param(1, 3, [], id="a public holiday"),
    ],
)
def test_a_seasonal_promotion(day: int, visits: int, expected: list[str]) -> None:
    start = datetime(2027, 3, day, 12, 0, tzinfo=KST)
    booking = make_booking(
        starts_at=start,
        status=BookingStatus.COMPLETED,
        fields=PayloadFields({"completedCount": visits}),
    )

    assert kinds("seasonal-promotion", booking, start + timedelta(hours=2)) == expected


def test_examples_can_be_put_together_in_one_set() -> None:
    rules = [
        rule
        for path in EXAMPLES
        for rule in load_catalog(INCLUDE, f"examples/{path.stem}").rules.rules
    ]

    assert len(RuleSet(name="all", rules=tuple(rules)).rules) == 11
