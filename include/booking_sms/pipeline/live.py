"""Reads what Naver says now, for people who look before anything happens; nothing is staged."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from booking_sms.domain.booking import Booking
from booking_sms.domain.errors import BookingSmsError, ConfigError
from booking_sms.domain.fetch_plan import fetch_plan
from booking_sms.domain.window import Window
from booking_sms.pipeline.extract import as_of_filter
from booking_sms.ports import BookingSource


@dataclass(frozen=True, kw_only=True)
class LiveBookings:
    """Bookings in store order, and what could not be read: ``failed`` is {store: error code}.

    ``unknown_then`` counts bookings whose state at an old instant nobody can know.
    """

    bookings: tuple[Booking, ...] = field(repr=False)
    failed: Mapping[str, str]
    quarantined: int = 0
    unknown_then: int = 0


def read_stores(
    source: BookingSource, stores: Iterable[str], window: Window, now: datetime
) -> LiveBookings:
    """Every store as the pipeline would read it for a window; one failing stops no other.

    An old window is seen with the states that its bookings had then. Raises ConfigError.
    """
    bookings: list[Booking] = []
    failed: dict[str, str] = {}
    quarantined = unknown_then = 0
    for store_id in stores:
        try:
            extract = source.fetch_store(store_id, window)
        except ConfigError:
            raise  # not this store's fault: none would come
        except BookingSmsError as error:
            failed[store_id] = error.code
            continue
        kept, unknown = extract.bookings, tuple[Booking, ...]()
        if window.is_old(now):
            kept, unknown = as_of_filter(extract.bookings, window.as_of)
        bookings += kept
        quarantined += len(extract.quarantined)
        unknown_then += len(unknown)
    return LiveBookings(
        bookings=tuple(bookings), failed=failed, quarantined=quarantined, unknown_then=unknown_then
    )


def read_ahead(
    source: BookingSource, stores: Sequence[str], windows: Sequence[Window], now: datetime
) -> LiveBookings:
    """Everything that these windows will ask for, read once: one look a kind of fetch plan."""
    kinds = {len(fetch_plan(window).queries): window for window in reversed(windows)}
    looks = [read_stores(source, stores, window, now) for window in kinds.values()]
    found = {booking.booking_num: booking for look in looks for booking in look.bookings}
    order = {store_id: place for place, store_id in enumerate(stores)}
    return LiveBookings(
        bookings=tuple(sorted(found.values(), key=lambda one: _order(one, order))),
        failed={store: code for look in looks for store, code in look.failed.items()},
        quarantined=max((look.quarantined for look in looks), default=0),
    )


def asked_for(bookings: Iterable[Booking], window: Window) -> tuple[Booking, ...]:
    """Those of the bookings that the pipeline would read for this very window."""
    queries = fetch_plan(window).queries
    return tuple(
        booking
        for booking in bookings
        if any(query.covers(booking) and booking.status in query.statuses for query in queries)
    )


def _order(booking: Booking, order: Mapping[str, int]) -> tuple[int, datetime, str]:
    return order[booking.store_id], booking.starts_at, booking.booking_id
