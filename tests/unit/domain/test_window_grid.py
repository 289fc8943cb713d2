"""The grid of windows: which instants end one, and which lie between two instants."""

from datetime import timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from booking_sms.domain.window import (
    WINDOW_LENGTH,
    Window,
    is_window_end,
    last_end,
    windows_between,
)
from booking_sms.testing import NOW

instants = st.timedeltas(timedelta(days=-3000), timedelta(days=3000)).map(NOW.__add__)


@given(instants)
def test_the_last_end_is_the_newest_on_the_grid(instant):
    end = last_end(instant)

    assert is_window_end(end)
    assert timedelta(0) <= instant - end < WINDOW_LENGTH


@given(instants, st.integers(-3, 200))
def test_windows_between_are_all_ends_within_the_bounds(since, minutes):
    until = since + timedelta(minutes=minutes)

    found = windows_between(since, until)

    assert all(since <= one.as_of <= until and is_window_end(one.as_of) for one in found)
    steps = {later.as_of - one.as_of for one, later in pairwise(found)}
    assert steps <= {WINDOW_LENGTH}
    assert not found or found[0].as_of - since < WINDOW_LENGTH
    assert not found or until - found[-1].as_of < WINDOW_LENGTH
    assert found or last_end(until) < since


def test_a_window_is_found_by_its_name():
    assert Window.from_name(Window(NOW).name) == Window(NOW)
