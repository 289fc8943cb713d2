"""Naver without Naver: bookings from a list, a session that is valid or is not."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from booking_sms.domain.booking import Booking
from booking_sms.domain.errors import BookingSmsError
from booking_sms.domain.window import Window
from booking_sms.ports import QuarantinedBooking, StoreExtract


class FakeBookingSource:
    """Gives the bookings it holds, by store. ``failures`` maps a store to the error it raises."""

    def __init__(self, bookings: Iterable[Booking] = ()) -> None:
        self.bookings: list[Booking] = list(bookings)
        self.failures: dict[str, BookingSmsError] = {}
        self.quarantined: dict[str, tuple[QuarantinedBooking, ...]] = {}
        self.fetched: list[tuple[str, Window]] = []

    def fetch_store(self, store_id: str, window: Window) -> StoreExtract:
        """All bookings of the store, oldest start first, whatever the window."""
        self.fetched.append((store_id, window))
        self._raise_failure(store_id)
        found = sorted(self._of_store(store_id), key=lambda b: (b.starts_at, b.booking_id))
        return StoreExtract(
            store_id=store_id,
            bookings=tuple(found),
            payloads=tuple({"bookingId": booking.booking_id} for booking in found),
            quarantined=self.quarantined.get(store_id, ()),
            api_calls=1,
        )

    def fetch_booking(self, store_id: str, booking_id: str) -> Booking | None:
        """The booking as it is held now, or None."""
        self._raise_failure(store_id)
        return next((b for b in self._of_store(store_id) if b.booking_id == booking_id), None)

    def put(self, booking: Booking) -> None:
        """Add the booking, or replace the one with its id."""
        self.bookings = [b for b in self.bookings if b.booking_num != booking.booking_num]
        self.bookings.append(booking)

    def _of_store(self, store_id: str) -> list[Booking]:
        return [booking for booking in self.bookings if booking.store_id == store_id]

    def _raise_failure(self, store_id: str) -> None:
        if store_id in self.failures:
            raise self.failures[store_id]


class FakeNaverSession:
    """A session that is valid, or raises ``failure``. ``calls`` counts the questions."""

    def __init__(self, *, renewed: bool = False, failure: BookingSmsError | None = None) -> None:
        self.renewed = renewed
        self.failure = failure
        self.calls = 0

    def ensure_valid(self) -> Mapping[str, Any]:
        """Return the state of a valid session, or raise the failure that a test asked for."""
        self.calls += 1
        if self.failure is not None:
            raise self.failure
        return {"state": "VALID", "renewed": self.renewed, "browser_started": self.renewed}
