from __future__ import annotations

from datetime import datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from booking_sms.domain.booking import KST, BookingStatus
from booking_sms.domain.fetch_plan import (
    ANY_STATUS,
    LONGEST_RANGE,
    DateFilter,
    FetchPolicy,
    fetch_plan,
    split_range,
)
from booking_sms.domain.window import Window
from booking_sms.testing.factories import make_booking

FIRST = datetime(2020, 1, 1, tzinfo=KST)
instants = st.timedeltas(timedelta(0), timedelta(days=5_000)).map(lambda later: FIRST + later)
windows = instants.map(
    lambda at: Window(at.replace(minute=at.minute // 20 * 20, second=0, microsecond=0))
)


def ranges(as_of: str, **policy: int) -> list[tuple[str, str, str]]:
    plan = fetch_plan(Window(datetime.fromisoformat(as_of)), FetchPolicy(**policy))
    return [
        (query.date_filter.value, f"{query.since:%m-%d}", f"{query.until:%m-%d}")
        for query in plan.queries
    ]


def test_an_ordinary_window():
    assert ranges("2026-03-02T14:00:00+09:00") == [
        ("visit", "03-01", "04-01"),
        ("visit", "04-01", "04-03"),
        ("registration", "02-27", "03-03"),
    ]


@pytest.mark.parametrize("minute", ["00", "20", "40"])
def test_the_three_windows_of_20_look_back_a_month_for_completed_visits(minute):
    plan = fetch_plan(Window(datetime.fromisoformat(f"2026-03-02T20:{minute}:00+09:00")))

    back = plan.queries[-1]
    assert back.statuses == (BookingStatus.COMPLETED,)
    assert (f"{back.since:%m-%d %H:%M}", f"{back.until:%m-%d %H:%M}") == (
        "01-30 00:00",
        "03-01 00:00",
    )


def test_one_window_a_night_sweeps_half_a_year():
    swept = ranges("2026-03-02T04:00:00+09:00")

    assert swept[3][1] == "04-03"
    assert swept[-1][2] == "08-30"
    assert len(ranges("2026-03-02T04:20:00+09:00")) == 3


def test_today_is_the_windows_day_in_korea():
    assert ranges("2026-03-02T15:00:00+00:00") == ranges("2026-03-03T00:00:00+09:00")


def test_the_policy_moves_the_ranges():
    assert ranges("2026-03-02T14:00:00+09:00", past_days=0, ahead_days=2, registered_days=1) == [
        ("visit", "03-02", "03-05"),
        ("registration", "03-01", "03-03"),
    ]


@settings(deadline=None)
@given(since=instants, length=st.timedeltas(timedelta(0), timedelta(days=400)))
def test_pieces_are_short_touch_and_cover_the_range(since, length):
    until = since + length

    pieces = split_range(since, until)

    assert all(timedelta(0) < end - start <= LONGEST_RANGE for start, end in pieces)
    assert all(left[1] == right[0] for left, right in pairwise(pieces))
    if pieces:
        assert (pieces[0][0], pieces[-1][1]) == (since, until)
    else:
        assert since == until


@settings(deadline=None)
@given(window=windows)
def test_every_window_asks_for_all_visits_of_its_next_month(window):
    plan = fetch_plan(window)

    assert all(query.until - query.since <= LONGEST_RANGE for query in plan.queries)
    for days in range(-1, 32):
        visit = make_booking(starts_at=window.as_of + timedelta(days=days), registered_at=None)
        assert plan.covers(visit)
        asked = [q for q in plan.queries if q.date_filter is DateFilter.VISIT and q.covers(visit)]
        assert any(q.statuses == ANY_STATUS for q in asked)


@settings(deadline=None)
@given(window=windows, days=st.integers(0, 3))
def test_every_window_asks_for_far_bookings_made_lately(window, days):
    far = make_booking(
        starts_at=window.as_of + timedelta(days=300),
        registered_at=window.as_of - timedelta(days=days),
    )

    assert fetch_plan(window).covers(far)


def test_a_booking_far_in_time_and_long_known_is_not_asked_for():
    window = Window(datetime(2026, 3, 2, 14, 0, tzinfo=KST))
    far = make_booking(
        starts_at=window.as_of + timedelta(days=60),
        registered_at=window.as_of - timedelta(days=30),
    )

    assert not fetch_plan(window).covers(far)
