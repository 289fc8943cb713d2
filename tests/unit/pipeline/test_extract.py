from __future__ import annotations

import json
from datetime import timedelta

import pytest

from booking_sms.domain.booking import Booking, BookingStatus
from booking_sms.domain.errors import BookingApiUnavailable
from booking_sms.pipeline.extract import (
    as_of_filter,
    extract_store,
    find_snapshot,
    load_bookings,
    load_staged,
    staging_prefix,
)
from booking_sms.ports import QuarantinedBooking
from booking_sms.testing.factories import NOW, PHONE, STORE_ID, make_booking, make_window
from booking_sms.testing.naver import FakeBookingSource
from booking_sms.testing.tables import InMemoryPayloadStage

WINDOW = make_window()
MINUTE = timedelta(minutes=1)


@pytest.fixture
def shelf() -> InMemoryPayloadStage:
    return InMemoryPayloadStage()


def test_a_summary_has_counts_and_a_key_and_names_nobody(shelf):
    source = FakeBookingSource([make_booking(), make_booking(booking_id="2")])
    source.quarantined[STORE_ID] = (
        QuarantinedBooking(store_id=STORE_ID, reference="3", reason="BookingMalformed: x"),
    )

    told = extract_store(source, shelf, WINDOW, STORE_ID, 1).as_dict()

    assert told == {
        "store": STORE_ID,
        "window": "2026-03-02T14:00:00+09:00",
        "key": "bookings/900101/20260302T1400/1",
        "bookings": 2,
        "quarantined": 1,
        "unknown_then": 0,
        "api_calls": 1,
        "reconstructed": False,
    }
    assert PHONE not in json.dumps(told)


def test_what_was_staged_comes_back(shelf):
    bookings = [make_booking(), make_booking(booking_id="2", starts_in=timedelta(hours=5))]
    source = FakeBookingSource(bookings)
    source.quarantined[STORE_ID] = (
        QuarantinedBooking(store_id=STORE_ID, reference="3", reason="BookingMalformed: x"),
    )
    key = extract_store(source, shelf, WINDOW, STORE_ID, 1).key

    staged = load_staged(shelf, key)

    assert staged.bookings == tuple(bookings)
    assert staged.quarantined == source.quarantined[STORE_ID]
    assert (staged.store_id, staged.window) == (STORE_ID, WINDOW.name)


def test_bookings_are_loaded_in_the_order_of_the_stores(shelf):
    source = FakeBookingSource([
        make_booking(store_id="900102"),
        make_booking(starts_in=timedelta(hours=9)),
    ])
    keys = [extract_store(source, shelf, WINDOW, s, 1).key for s in (STORE_ID, "900102")]

    assert [b.store_id for b in load_bookings(shelf, keys)] == [STORE_ID, "900102"]
    assert [b.store_id for b in load_bookings(shelf, keys[::-1])] == ["900102", STORE_ID]


def test_a_second_extract_of_a_window_takes_the_next_free_attempt(shelf):
    source = FakeBookingSource([make_booking()])

    keys = [extract_store(source, shelf, WINDOW, STORE_ID, n).key for n in (1, 1, 2)]

    assert [key.rpartition("/")[2] for key in keys] == ["1", "2", "3"]


def test_an_error_stages_nothing(shelf):
    source = FakeBookingSource()
    source.failures[STORE_ID] = BookingApiUnavailable(store=STORE_ID)

    with pytest.raises(BookingApiUnavailable):
        extract_store(source, shelf, WINDOW, STORE_ID, 1)

    assert shelf.list("") == ()


def test_the_windows_own_snapshot_beats_later_reconstructions(shelf):
    source = FakeBookingSource([make_booking()])
    assert find_snapshot(shelf, WINDOW, STORE_ID) is None

    extract_store(source, shelf, WINDOW, STORE_ID, 1, reconstruct=True)
    own = extract_store(source, shelf, WINDOW, STORE_ID, 2).key
    for attempt in range(3, 12):
        extract_store(source, shelf, WINDOW, STORE_ID, attempt, reconstruct=attempt > 5)

    assert find_snapshot(shelf, WINDOW, STORE_ID) == own
    assert find_snapshot(shelf, make_window(NOW + timedelta(minutes=20)), STORE_ID) is None


def test_no_store_id_is_the_prefix_of_another(shelf):
    assert not staging_prefix(WINDOW, "9001011").startswith(staging_prefix(WINDOW, "900101"))


def test_a_reconstructed_window_tells_what_nobody_can_know(shelf):
    source = FakeBookingSource([
        make_booking(),
        make_booking(booking_id="2", status=BookingStatus.NO_SHOW),
    ])

    summary = extract_store(source, shelf, WINDOW, STORE_ID, 1, reconstruct=True)

    assert (summary.bookings, summary.unknown_then, summary.reconstructed) == (1, 1, True)
    assert [b.booking_id for b in load_staged(shelf, summary.key).unknown_then] == ["2"]
    assert len(load_bookings(shelf, [summary.key])) == 1


def stood(booking: Booking) -> str:
    """How the booking stood at NOW: its status, ``absent`` or ``unknown``."""
    kept, unknown = as_of_filter([booking], NOW)
    if unknown:
        return "unknown"
    return kept[0].status.value if kept else "absent"


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        pytest.param({}, "confirmed", id="confirmed before"),
        pytest.param({"confirmed_at": NOW}, "confirmed", id="confirmed at the instant"),
        pytest.param({"confirmed_at": NOW + MINUTE}, "requested", id="confirmed later"),
        pytest.param({"registered_at": NOW + MINUTE}, "absent", id="registered later"),
        pytest.param({"registered_at": None}, "unknown", id="nobody knows since when"),
        pytest.param({"confirmed_at": None}, "unknown", id="confirmed without an instant"),
        pytest.param(
            {"status": BookingStatus.REQUESTED, "confirmed_at": None}, "requested", id="requested"
        ),
        pytest.param(
            {"status": BookingStatus.CANCELLED, "cancelled_at": NOW - MINUTE},
            "cancelled",
            id="cancelled before",
        ),
        pytest.param(
            {"status": BookingStatus.CANCELLED, "cancelled_at": NOW + MINUTE},
            "confirmed",
            id="cancelled later",
        ),
        pytest.param(
            {
                "status": BookingStatus.CANCELLED,
                "cancelled_at": NOW + MINUTE,
                "confirmed_at": None,
            },
            "unknown",
            id="cancelled later, perhaps never confirmed",
        ),
        pytest.param(
            {"status": BookingStatus.CANCELLED}, "unknown", id="cancelled without an instant"
        ),
        pytest.param(
            {"status": BookingStatus.COMPLETED, "completed_at": NOW + MINUTE},
            "confirmed",
            id="completed later",
        ),
        pytest.param(
            {"status": BookingStatus.COMPLETED, "completed_at": NOW}, "completed", id="completed"
        ),
        pytest.param({"status": BookingStatus.NO_SHOW}, "unknown", id="a no-show has no instant"),
        pytest.param({"status": BookingStatus.UNKNOWN}, "unknown", id="an unknown status"),
    ],
)
def test_bookings_as_they_stood(facts, expected):
    assert stood(make_booking(**facts)) == expected


def test_what_came_later_is_gone_from_the_booking_as_it_stood():
    now_cancelled = make_booking(
        status=BookingStatus.CANCELLED, cancelled_at=NOW + MINUTE, version="today"
    )

    (booking,), _ = as_of_filter([now_cancelled], NOW)

    assert booking.cancelled_at is None
    assert booking.confirmed_at == now_cancelled.confirmed_at
    assert booking.version != "today"
