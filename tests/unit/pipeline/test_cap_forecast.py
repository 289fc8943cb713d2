"""Where the caps will stand at the end of a day and a month, by hand-worked examples."""

from __future__ import annotations

import json
from datetime import date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from booking_sms.domain.booking import KST
from booking_sms.domain.text_caps import TextCaps
from booking_sms.domain.text_counts import TextCounts
from booking_sms.pipeline.cap_forecast import CapLevel, CapName, cap_standings, daily_pace

CAPS = TextCaps(daily_text=200, daily_advertising=50, monthly_text=3000, reserve_percent=20)
NOON_OF_THE_11TH = datetime(2026, 3, 11, 12, 0, tzinfo=KST)


def counts_of(start: date, end: date, number: int, message_class: str = "information"):
    """So many texts on each day from ``start``, before ``end``."""
    days = [start + timedelta(days=n) for n in range((end - start).days)]
    return TextCounts({(day, message_class): number for day in days})


TEN_DAYS_OF_100 = counts_of(date(2026, 3, 1), date(2026, 3, 11), 100)


def standing_of(name, counts, now=NOON_OF_THE_11TH, planned=None, caps=CAPS):
    standings = cap_standings(counts, planned or {}, caps, now)
    return next(standing for standing in standings if standing.name is name)


# --- the pace ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("counts", "today", "pace"),
    [
        pytest.param(TEN_DAYS_OF_100, date(2026, 3, 11), 100, id="this month's days"),
        pytest.param(
            counts_of(date(2026, 2, 1), date(2026, 3, 11), 10),
            date(2026, 3, 11),
            10,
            id="not today",
        ),
        pytest.param(
            TextCounts({(date(2026, 2, 27), "information"): 70, (date(2026, 2, 1), "x"): 900}),
            date(2026, 3, 1),
            10,
            id="a week back on the first",
        ),
        pytest.param(
            TextCounts({(date(2026, 2, 28), "information"): 30}),
            date(2026, 3, 3),
            10,
            id="not the days before the system began",
        ),
        pytest.param(
            TextCounts({(date(2026, 3, 3), "information"): 12}),
            date(2026, 3, 3),
            12,
            id="the very first day",
        ),
        pytest.param(TextCounts(), date(2026, 3, 3), 0, id="nothing yet"),
    ],
)
def test_the_pace_is_the_mean_of_the_days_before(counts, today, pace):
    assert daily_pace(counts, today) == pace


def test_a_class_that_began_later_has_its_days_without_texts():
    counts = TEN_DAYS_OF_100.added(date(2026, 3, 10), "advertising", 40)

    assert daily_pace(counts, date(2026, 3, 11), "advertising") == 4


# --- the forecast ------------------------------------------------------------------------------


def test_a_day_ends_with_what_is_used_and_due_and_half_a_days_pace_at_noon():
    counts = TEN_DAYS_OF_100.added(date(2026, 3, 11), "information", 60)

    day = standing_of(CapName.DAY, counts, planned={"information": 5, "advertising": 9})

    assert (day.used, day.planned, day.forecast, day.cap) == (60, 5, 115, 200)
    assert (day.level, day.reached_at) == (CapLevel.OK, None)


def test_a_month_ends_with_the_pace_of_its_days_left():
    counts = TEN_DAYS_OF_100.added(date(2026, 3, 11), "information", 60)

    month = standing_of(CapName.MONTH, counts, planned={"information": 5, "advertising": 9})

    assert (month.used, month.planned) == (1060, 14)
    assert month.forecast == 1060 + 14 + 50 + 20 * 100  # half of today, and 20 days
    assert month.level is CapLevel.NEAR


def test_it_says_when_the_cap_will_be_reached():
    month = standing_of(CapName.MONTH, TEN_DAYS_OF_100)

    assert month.reached_at == NOON_OF_THE_11TH + timedelta(days=20)
    assert month.as_dict()["reached_at"] == "2026-03-31T12:00+09:00"


def test_a_forecast_just_below_the_cap_is_below_it():
    caps = TextCaps(daily_text=151, daily_advertising=1, monthly_text=0)
    counts = counts_of(date(2026, 3, 1), date(2026, 3, 11), 101)
    counts = counts.added(date(2026, 3, 11), "information", 100)

    day = standing_of(CapName.DAY, counts, caps=caps)

    assert (day.forecast, day.reached_at) == (150, None)  # 150.5


def test_what_is_due_now_may_reach_it_at_once():
    day = standing_of(CapName.DAY, TextCounts(), planned={"information": 200})

    assert (day.reached_at, day.level) == (NOON_OF_THE_11TH, CapLevel.NEAR)


def test_advertising_has_to_stop_where_the_months_reserve_begins():
    advertising = standing_of(CapName.MONTH_ADVERTISING, TEN_DAYS_OF_100)

    assert (advertising.cap, advertising.used) == (2400, 1000)
    assert advertising.reached_at == NOON_OF_THE_11TH + timedelta(days=14)


def test_the_months_before_count_for_the_pace_only():
    counts = counts_of(date(2026, 2, 20), date(2026, 3, 1), 100)

    month = standing_of(CapName.MONTH, counts, datetime(2026, 3, 1, 0, 0, tzinfo=KST))

    assert (month.used, month.forecast) == (0, 3100)


@pytest.mark.parametrize(
    ("used", "level"),
    [(0, "ok"), (159, "ok"), (160, "near"), (199, "near"), (200, "over"), (260, "over")],
)
def test_levels_of_a_quiet_day(used, level):
    midnight = datetime(2026, 3, 11, 23, 59, 59, tzinfo=KST)
    counts = TEN_DAYS_OF_100.added(midnight.date(), "information", used)

    assert standing_of(CapName.DAY, counts, midnight).level == level


def test_a_month_without_a_cap_is_forecast_and_never_near():
    caps = TextCaps(daily_text=1, daily_advertising=1, monthly_text=0)

    month = standing_of(CapName.MONTH, TEN_DAYS_OF_100, caps=caps)

    assert (month.cap, month.forecast, month.level) == (None, 3050, CapLevel.OK)
    assert month.reached_at is None


def test_days_and_months_are_korean():
    counts = TextCounts({(date(2026, 3, 31), "information"): 9, (date(2026, 4, 1), "x"): 1})
    utc_evening = datetime.fromisoformat("2026-03-31T15:30:00+00:00")

    assert standing_of(CapName.DAY, counts, utc_evening).used == 0
    assert standing_of(CapName.MONTH, counts, utc_evening).used == 1


def test_a_naive_instant_is_refused():
    with pytest.raises(ValueError, match="aware"):
        cap_standings(TextCounts(), {}, CAPS, datetime(2026, 3, 11))  # noqa: DTZ001


@given(
    st.dictionaries(st.dates(date(2026, 2, 1), date(2026, 3, 31)), st.integers(0, 300)),
    st.integers(0, 400),
    st.integers(0, 31 * 24 * 60 - 1),
)
def test_a_forecast_is_no_less_than_what_is_known_and_agrees_with_its_level(days, planned, minute):
    now = datetime(2026, 3, 1, tzinfo=KST) + timedelta(minutes=minute)
    counts = TextCounts({(day, "information"): n for day, n in days.items() if day <= now.date()})

    for standing in cap_standings(counts, {"information": planned}, CAPS, now):
        assert standing.forecast >= standing.used + standing.planned
        assert (standing.reached_at is not None) == (standing.forecast >= standing.cap)
        assert standing.reached_at is None or now <= standing.reached_at
        assert (standing.level is CapLevel.OVER) == (standing.used >= standing.cap)
        assert standing.reached_at is None or standing.level is not CapLevel.OK
        json.dumps(standing.as_dict())
