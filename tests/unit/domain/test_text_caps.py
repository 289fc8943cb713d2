"""Counts by day and month, and how much room the caps leave."""

from datetime import date

import pytest

from booking_sms.domain.text_caps import CapReached, TextCaps
from booking_sms.domain.text_counts import TextCounts, month_of, next_month

MARCH_30, MARCH_31, APRIL_1 = date(2026, 3, 30), date(2026, 3, 31), date(2026, 4, 1)
COUNTS = TextCounts({
    (MARCH_30, "information"): 5,
    (MARCH_31, "information"): 7,
    (MARCH_31, "advertising"): 2,
    (APRIL_1, "information"): 11,
})
CAPS = TextCaps(daily_text=20, daily_advertising=10, monthly_text=100, reserve_percent=25)


def test_counts_are_read_by_day_by_month_and_by_class():
    assert COUNTS.of_day(MARCH_31) == 9
    assert COUNTS.of_day(MARCH_31, "advertising") == 2
    assert COUNTS.of_month(MARCH_31) == COUNTS.of_month(MARCH_30) == 14
    assert COUNTS.of_month(APRIL_1, "information") == 11
    assert COUNTS.first_day == MARCH_30


def test_nothing_was_counted_yet():
    nothing = TextCounts().added(APRIL_1, "information", 0)

    assert nothing.of_month(APRIL_1) == 0
    assert nothing.first_day is None


def test_months_are_added_up_and_put_together():
    april = TextCounts().added(APRIL_1, "information", 3).added(APRIL_1, "information", -1)

    both = TextCounts({(MARCH_31, "information"): 7}).merged(april)

    assert (both.of_month(MARCH_31), both.of_month(APRIL_1)) == (7, 2)


@pytest.mark.parametrize(
    ("day", "first", "following"),
    [
        pytest.param(date(2026, 12, 31), date(2026, 12, 1), date(2027, 1, 1), id="a year's end"),
        pytest.param(date(2028, 2, 29), date(2028, 2, 1), date(2028, 3, 1), id="a leap day"),
        pytest.param(date(2026, 1, 31), date(2026, 1, 1), date(2026, 2, 1), id="before a short"),
    ],
)
def test_months_of_every_length(day, first, following):
    assert (month_of(day), next_month(day)) == (first, following)


@pytest.mark.parametrize(
    ("counts", "message_class", "room", "cap"),
    [
        pytest.param({}, "information", 20, None, id="the day's cap is the nearer one"),
        pytest.param({"information": 20}, "information", 0, CapReached.DAY, id="the day is full"),
        pytest.param({"information": 20}, "advertising", 10, None, id="classes have their own day"),
        pytest.param({"gossip": 96}, "information", 4, None, id="the month counts every class"),
        pytest.param({"gossip": 75}, "advertising", 0, CapReached.MONTH, id="the reserve is kept"),
        pytest.param({"gossip": 75}, "information", 20, None, id="the reserve is information's"),
        pytest.param({"information": 120}, "information", 0, CapReached.MONTH, id="both are full"),
    ],
)
def test_room_and_the_cap_that_leaves_none(counts, message_class, room, cap):
    texts = TextCounts({(MARCH_30, name): number for name, number in counts.items()})

    assert CAPS.room(texts, MARCH_30, message_class) == room
    assert CAPS.reached(texts, MARCH_30, message_class) is cap


def test_a_month_without_a_cap_has_no_reserve_either():
    caps = TextCaps(daily_text=5, daily_advertising=4, monthly_text=0, reserve_percent=50)

    assert caps.of_month("advertising") is None
    assert caps.room(COUNTS, date(2026, 3, 1), "advertising") == 4


def test_a_reserve_is_rounded_up():
    caps = TextCaps(daily_text=1, daily_advertising=1, monthly_text=10, reserve_percent=25)

    assert caps.reserve == 3


def test_a_cap_counts_anew_the_next_day_or_month():
    assert CapReached.DAY.ends_on(MARCH_31) == APRIL_1
    assert CapReached.MONTH.ends_on(MARCH_30) == APRIL_1
