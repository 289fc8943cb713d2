"""The watch: gaps within one interval, failures, losses and a silent zero, each told once a day."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from booking_sms.domain.window import WINDOW_LENGTH, CoverageStatus, HealedWindow, Window
from booking_sms.pipeline.watch import WatchPolicy, WatchServices, watch_windows
from booking_sms.testing import (
    NOW,
    FixedClock,
    InMemoryControlRepository,
    InMemoryWindowRepository,
    make_coverage,
    make_store_directory,
)

STORE, OTHER = "900101", "900102"


class Watched:
    """A chain of two stores whose windows are written by hand."""

    def __init__(self, now: datetime = NOW, **policy) -> None:
        self.windows = InMemoryWindowRepository()
        self.clock = FixedClock(now)
        self.control = InMemoryControlRepository(self.clock)
        self.pages: list[str] = []
        self.is_reached = True
        self.policy = WatchPolicy(**policy)

    def cover(self, since: datetime, until: datetime, *stores: str, **fields) -> None:
        """A row for every window from ``since`` to ``until``."""
        as_of = since
        while as_of <= until:
            for store_id in stores or (STORE, OTHER):
                self.windows.record(
                    make_coverage(store_id=store_id, window=Window(as_of), **fields)
                )
            as_of += WINDOW_LENGTH

    def page(self, text: str) -> bool:
        self.pages.append(text)
        return self.is_reached

    def look(self):
        return watch_windows(
            WatchServices(
                windows=self.windows,
                control=self.control,
                clock=self.clock,
                stores=make_store_directory(STORE, OTHER),
                page=self.page,
                policy=self.policy,
            )
        )

    def found(self) -> list[tuple[str, str]]:
        return [(one.code, one.store_id) for one in self.look().findings]


@pytest.fixture
def watched() -> Watched:
    watched = Watched()
    watched.cover(NOW - timedelta(hours=3), NOW)
    return watched


def test_all_windows_covered_is_no_finding_and_no_page(watched):
    assert watched.found() == []
    assert watched.pages == []


@pytest.mark.parametrize(
    ("after", "is_found"),
    [
        (timedelta(minutes=20), False),
        (timedelta(minutes=39, seconds=59), False),
        (timedelta(minutes=40), True),
    ],
)
def test_a_missed_window_is_seen_one_interval_after_its_end(watched, after, is_found):
    watched.clock.set(NOW + after)

    missed = [("window_missed", STORE), ("window_missed", OTHER)]

    assert watched.found() == (missed if is_found else [])


@pytest.mark.parametrize(
    ("first_day", "is_found"),
    [
        pytest.param(None, True, id="ever"),
        pytest.param(NOW - WINDOW_LENGTH, True, id="since the first day"),
        pytest.param(NOW, False, id="the first window may still come"),
        pytest.param(NOW + timedelta(days=1), False, id="before the first day"),
    ],
)
def test_it_is_seen_that_nothing_ran_at_all(first_day, is_found):
    watched = Watched(effective_from=first_day)

    assert bool(watched.found()) is is_found


def test_one_store_alone_may_be_missing(watched):
    watched.cover(NOW + WINDOW_LENGTH, NOW + WINDOW_LENGTH, OTHER)
    watched.clock.set(NOW + 2 * WINDOW_LENGTH)

    assert watched.found() == [("window_missed", STORE)]
    assert "03-02 14:20" in watched.pages[0]


def test_the_latest_window_that_failed_is_found_until_one_is_covered(watched):
    end = NOW + WINDOW_LENGTH
    watched.cover(end, end, status=CoverageStatus.FAILED, reason="CaptchaRequired")
    watched.clock.set(end)

    assert watched.found() == [("window_failed", STORE), ("window_failed", OTHER)]
    assert "CaptchaRequired" in watched.pages[0]

    healed = (HealedWindow(window=Window(end)),)
    watched.cover(end + WINDOW_LENGTH, end + WINDOW_LENGTH, heals=healed)
    watched.clock.set(end + WINDOW_LENGTH)
    assert watched.found() == []


def test_what_is_lost_is_found_with_the_command_until_it_is_repaired(watched):
    lost = HealedWindow(window=Window(NOW + WINDOW_LENGTH), lost=(("event-at-eight", 3),))
    end = NOW + 2 * WINDOW_LENGTH
    watched.cover(end, end, STORE, heals=(lost,))
    watched.cover(NOW + WINDOW_LENGTH, end, OTHER)
    watched.clock.set(end)

    assert watched.found() == [("windows_lost", STORE)]
    assert "event-at-eight 3건" in watched.pages[0]
    assert f"repair preview --from {lost.window.name}" in watched.pages[0]

    watched.cover(lost.window.as_of, lost.window.as_of, STORE)
    assert watched.found() == []


def test_quarantined_rows_are_shown_and_alarm_nobody(watched):
    watched.cover(NOW + WINDOW_LENGTH, NOW + WINDOW_LENGTH, STORE, status=CoverageStatus.PARTIAL,
                  quarantined=2)  # fmt: skip
    watched.cover(NOW + WINDOW_LENGTH, NOW + WINDOW_LENGTH, OTHER)
    watched.clock.set(NOW + WINDOW_LENGTH)

    report = watched.look()

    assert (report.findings, report.partial) == ((), {STORE: 2})


@pytest.mark.parametrize(
    ("hours", "bookings_before", "about"),
    [
        pytest.param(5, 4, None, id="not yet long enough"),
        pytest.param(6, 4, "stopped", id="they stopped"),
        pytest.param(6, 0, "never", id="there never was one"),
    ],
)
def test_a_store_without_bookings_is_found_after_the_configured_hours(
    hours, bookings_before, about
):
    watched = Watched(no_bookings_hours=6)
    silent_since = NOW - timedelta(hours=hours) + WINDOW_LENGTH
    watched.cover(NOW - timedelta(hours=10), NOW, OTHER)
    watched.cover(
        NOW - timedelta(hours=10), silent_since - WINDOW_LENGTH, STORE, bookings=bookings_before
    )
    watched.cover(silent_since, NOW, STORE, bookings=0)

    found = {one.about for one in watched.look().findings if one.code == "no_bookings"}

    assert found == ({about} if about else set())


def test_a_new_store_is_given_the_hours_first():
    watched = Watched(no_bookings_hours=6)
    watched.cover(NOW - timedelta(hours=5), NOW, bookings=0)

    assert watched.found() == []


@pytest.mark.parametrize(
    ("days", "bookings", "found"),
    [
        pytest.param(7, 10, None, id="as usual"),
        pytest.param(7, 5, None, id="the lower edge"),
        pytest.param(7, 4, "low", id="below"),
        pytest.param(3, 0, "low", id="a silent zero"),
        pytest.param(7, 20, None, id="the upper edge"),
        pytest.param(7, 21, "high", id="above"),
        pytest.param(2, 0, None, id="too few days to know"),
    ],
)
def test_the_chain_is_compared_with_the_same_time_of_other_days(days, bookings, found):
    watched = Watched()
    watched.cover(NOW - timedelta(hours=3), NOW - WINDOW_LENGTH, bookings=7)
    for day in range(1, days + 1):
        then = NOW - timedelta(days=day)
        watched.cover(then, then, STORE, bookings=10)
        watched.cover(then, then, OTHER, bookings=0)
    watched.cover(NOW, NOW, STORE, bookings=bookings)
    watched.cover(NOW, NOW, OTHER, bookings=0)

    outside = [one.about for one in watched.look().findings if one.code == "bookings_outside_band"]

    assert outside == ([found] if found else [])


# -- telling -----------------------------------------------------------------------------------


def test_a_finding_is_told_once_a_day(watched):
    watched.clock.set(NOW + timedelta(hours=1))
    for _ in range(3):
        watched.look()
    assert len(watched.pages) == 1

    watched.clock.set(NOW + timedelta(hours=11))
    watched.look()

    assert len(watched.pages) == 2


def test_a_second_gap_of_the_day_is_told_as_well(watched):
    watched.clock.set(NOW + 2 * WINDOW_LENGTH)
    watched.look()
    healed = (HealedWindow(window=Window(NOW + WINDOW_LENGTH)),)
    watched.cover(NOW + 2 * WINDOW_LENGTH, NOW + 2 * WINDOW_LENGTH, heals=healed)

    watched.clock.set(NOW + 4 * WINDOW_LENGTH)
    watched.look()

    assert ["14:20" in watched.pages[0], "15:00" in watched.pages[1]] == [True, True]


def test_a_page_that_reached_nobody_is_tried_again(watched):
    watched.clock.set(NOW + timedelta(hours=1))
    watched.is_reached = False
    assert watched.look().reached is False

    watched.is_reached = True
    report = watched.look()

    assert len(watched.pages) == 2
    assert report.told
