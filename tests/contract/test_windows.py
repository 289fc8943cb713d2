"""Coverage: a better report stands, and a missed window is the absence of a row."""

from datetime import UTC, timedelta

import pytest

from booking_sms.domain.window import CoverageStatus, HealedWindow, Window
from booking_sms.testing import NOW, make_coverage, make_window

COVERED, PARTIAL, FAILED = CoverageStatus.COVERED, CoverageStatus.PARTIAL, CoverageStatus.FAILED
STORE = "900101"


def test_what_is_recorded_comes_back(stores):
    coverage = make_coverage(status=PARTIAL, quarantined=1, reason="1 quarantined")

    stores.windows.record(coverage)

    assert stores.windows.of_store(STORE, NOW, NOW) == (coverage,)


def test_what_a_window_heals_comes_back_with_what_was_lost(stores):
    steps = [timedelta(minutes=20 * n) for n in (2, 1)]
    subsumed, lost = (Window(NOW - step) for step in steps)
    heals = (
        HealedWindow(window=subsumed),
        HealedWindow(window=lost, lost=(("event-at-eight", 2), ("guide", 1))),
    )
    coverage = make_coverage(heals=heals, reconstructed=True)

    stores.windows.record(coverage)

    assert stores.windows.of_store(STORE, NOW, NOW) == (coverage,)


@pytest.mark.parametrize(
    ("first", "second", "stands"),
    [
        (FAILED, COVERED, COVERED),
        (FAILED, PARTIAL, PARTIAL),
        (PARTIAL, COVERED, COVERED),
        (COVERED, FAILED, COVERED),
        (COVERED, PARTIAL, COVERED),
        (PARTIAL, FAILED, PARTIAL),
    ],
)
def test_the_better_report_stands(stores, first, second, stands):
    for status in (first, second):
        stores.windows.record(make_coverage(status=status, reason=status.value))

    [coverage] = stores.windows.of_store(STORE, NOW, NOW)
    assert (coverage.status, coverage.reason) == (stands, stands.value)


@pytest.mark.parametrize("status", list(CoverageStatus))
def test_a_later_report_of_the_same_kind_replaces_the_first(stores, status):
    stores.windows.record(make_coverage(status=status, bookings=1))
    stores.windows.record(make_coverage(status=status, bookings=5))

    assert stores.windows.of_store(STORE, NOW, NOW)[0].bookings == 5


def test_windows_of_a_store_come_oldest_first_and_between_the_bounds(stores):
    steps = [timedelta(minutes=20 * n) for n in (3, 0, 2, 1)]
    for step in steps:
        stores.windows.record(make_coverage(window=Window(NOW + step)))
    stores.windows.record(make_coverage(store_id="900102"))

    found = stores.windows.of_store(STORE, NOW + timedelta(minutes=20), NOW + timedelta(minutes=40))

    assert [row.window.as_of - NOW for row in found] == sorted(steps)[1:3]
    assert all(row.store_id == STORE for row in found)


def test_a_window_is_named_in_kst_however_it_was_written(stores):
    stores.windows.record(make_coverage(window=Window(NOW.astimezone(UTC))))

    [coverage] = stores.windows.of_store(STORE, NOW.astimezone(UTC), NOW)
    assert coverage.window.name == make_window().name


def test_no_row_means_missed(stores):
    assert stores.windows.of_store(STORE, NOW - timedelta(days=1), NOW) == ()
    assert stores.windows.of_store(STORE, NOW, NOW - timedelta(days=1)) == ()
