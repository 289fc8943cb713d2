"""What became of every window: rows, their absence, and what a later window healed."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from booking_sms.domain.window import (
    WINDOW_LENGTH,
    CoverageStatus,
    HealedWindow,
    Window,
    windows_between,
)
from booking_sms.pipeline.window_ledger import (
    WindowState,
    fold,
    read_window_ledger,
    to_repair,
    window_ledger,
)
from booking_sms.testing import NOW, InMemoryWindowRepository, make_coverage

STORE = "900101"
LATER = NOW + timedelta(hours=1)
HEALER = Window(NOW + 2 * WINDOW_LENGTH)
LOST = (("event-at-eight", 3),)


def row(minutes: int = 0, **fields):
    return make_coverage(window=Window(NOW + timedelta(minutes=minutes)), **fields)


def healer(lost=()):
    return row(40, heals=(HealedWindow(window=Window(NOW), lost=lost),))


@pytest.mark.parametrize(
    ("rows", "state"),
    [
        ([row()], WindowState.COVERED),
        ([row(status=CoverageStatus.PARTIAL, quarantined=1)], WindowState.PARTIAL),
        ([row(status=CoverageStatus.FAILED, reason="BookingApiUnavailable")], WindowState.FAILED),
        ([], WindowState.MISSED),
        ([healer()], WindowState.SUBSUMED),
        ([healer(LOST)], WindowState.LOST),
        ([row(status=CoverageStatus.FAILED), healer()], WindowState.SUBSUMED),
        ([row(status=CoverageStatus.FAILED), healer(LOST)], WindowState.LOST),
        ([row(), healer(LOST)], WindowState.REPAIRED),
        ([row(reconstructed=True)], WindowState.REPAIRED),
        ([row(status=CoverageStatus.PARTIAL), healer(LOST)], WindowState.PARTIAL),
    ],
)
def test_a_window_is_in_one_state(rows, state):
    [entry] = window_ledger(rows, STORE, NOW, NOW, LATER)

    assert entry.state is state
    assert entry.lost == (LOST if state is WindowState.LOST else ())


@pytest.mark.parametrize(
    ("seconds", "states"),
    [(-1, []), (0, [WindowState.MISSED])],
    ids=["within one interval after its end", "one interval after its end"],
)
def test_a_window_is_missed_one_interval_after_its_end(seconds, states):
    now = NOW + WINDOW_LENGTH + timedelta(seconds=seconds)

    assert [one.state for one in window_ledger([], STORE, NOW, now, now)][:1] == states


def test_of_two_healers_the_one_that_lost_less_is_believed():
    second = row(20, heals=(HealedWindow(window=Window(NOW)),))

    [entry] = window_ledger([healer(LOST), second], STORE, NOW, NOW, LATER)

    assert (entry.state, entry.healed_by) == (WindowState.SUBSUMED, second.window.name)


@given(covered=st.sets(st.integers(0, 30)), now=st.integers(0, 40 * 20))
def test_every_window_that_is_due_has_exactly_one_entry(covered, now):
    rows = [row(20 * step) for step in covered]
    until, instant = NOW + timedelta(minutes=600), NOW + timedelta(minutes=now)

    entries = window_ledger(rows, STORE, NOW, until, instant)

    due = {one for one in windows_between(NOW, until) if one.as_of + WINDOW_LENGTH <= instant}
    assert [one.window for one in entries] == sorted(due | {one.window for one in rows})
    assert sum(len(run) for run in fold(entries)) == len(entries)


def repository(*rows):
    windows = InMemoryWindowRepository()
    for one in rows:
        windows.record(one)
    return windows


def test_a_store_misses_nothing_before_its_first_row():
    windows = repository(row(20))

    entries = read_window_ledger(windows, STORE, NOW - timedelta(hours=5), LATER, LATER)

    assert [one.state for one in entries] == [WindowState.COVERED, WindowState.MISSED]


def test_a_store_that_has_older_rows_missed_what_has_none():
    windows = repository(row(-24 * 60 * 3), row(20))

    entries = read_window_ledger(windows, STORE, NOW, LATER, LATER)

    assert [one.state.value for one in entries] == ["missed", "covered", "missed"]


def test_a_store_without_any_row_missed_all_since_the_first_day():
    entries = read_window_ledger(
        repository(), STORE, NOW - timedelta(hours=5), LATER, LATER, NOW + WINDOW_LENGTH
    )

    assert [one.window for one in to_repair(entries)] == [
        Window(NOW + WINDOW_LENGTH),
        Window(NOW + 2 * WINDOW_LENGTH),
    ]
