"""ports.BookingSource over the booking API and the session."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Protocol, TypeVar

from booking_sms.adapters.naver.booking_api import BookingApi, StoreBookings
from booking_sms.adapters.naver.cookies import Cookies
from booking_sms.adapters.naver.listing import read_plan
from booking_sms.adapters.naver.parsing import (
    booking_reference,
    parse_booking,
    parse_scrubbed,
    scrub_payload,
)
from booking_sms.domain.booking import Booking
from booking_sms.domain.errors import (
    BookingApiThrottled,
    BookingApiUnavailable,
    BookingMalformed,
    BookingQueryRefused,
    BookingSchemaChanged,
    SessionExpired,
)
from booking_sms.domain.fetch_plan import FetchPolicy, fetch_plan
from booking_sms.domain.window import Window
from booking_sms.ports import QuarantinedBooking, StoreExtract

T = TypeVar("T")
_REPLACEMENTS = 2
_PROBED_STORES = 3
_INCONCLUSIVE = (
    BookingApiUnavailable,
    BookingApiThrottled,
    BookingQueryRefused,
    BookingSchemaChanged,
)


class SessionCookies(Protocol):
    """The part of the session that a reader needs."""

    def cookies(self) -> Cookies:
        """The cookies to use now."""
        ...

    def replace_refused(self, refused: Cookies) -> Cookies:
        """Other cookies to try; SessionExpired or SessionNeedsPerson when there are none."""
        ...


class NaverBookingSource:
    """Reads stores by the window's fetch plan; an expired session is renewed once per run."""

    def __init__(
        self, api: BookingApi, session: SessionCookies, *, policy: FetchPolicy | None = None
    ) -> None:
        self._api = api
        self._session = session
        self._policy = policy or FetchPolicy()

    def fetch_store(self, store_id: str, window: Window) -> StoreExtract:
        """All bookings of the window's plan; malformed ones apart. Raises ExtractErrors."""
        plan = fetch_plan(window, self._policy)
        store = self._api.store(store_id)
        rows = self._with_session(store, lambda: read_plan(store, plan))
        return build_extract(store_id, rows.values(), store.calls)

    def fetch_booking(self, store_id: str, booking_id: str) -> Booking | None:
        """One booking as it is now; None when Naver does not know it.

        Raises ExtractErrors, and BookingMalformed for a payload that cannot be read.
        """
        store = self._api.store(store_id)
        payload = self._with_session(store, lambda: store.detail(booking_id))
        return None if payload is None else parse_booking(store_id, payload)

    def _with_session(self, store: StoreBookings, read: Callable[[], T]) -> T:
        """Read, and read again from the start with other cookies when these are refused."""
        for _ in range(_REPLACEMENTS):
            cookies = self._session.cookies()
            self._api.use_cookies(cookies)
            try:
                return read()
            except SessionExpired:
                self._session.replace_refused(cookies)
        self._api.use_cookies(self._session.cookies())
        return read()


def build_extract(store_id: str, rows: Iterable[Any], api_calls: int) -> StoreExtract:
    """Parse a store's payloads, oldest visit first; what cannot be parsed is quarantined."""
    bookings: list[Booking] = []
    payloads: list[dict[str, Any]] = []
    quarantined: list[QuarantinedBooking] = []
    for row in rows:
        if not isinstance(row, dict):
            quarantined.append(_quarantine(store_id, row, "not an object"))
            continue
        payloads.append(scrub_payload(row))
        try:
            bookings.append(parse_scrubbed(store_id, payloads[-1]))
        except BookingMalformed as error:
            quarantined.append(_quarantine(store_id, row, error.context["field"]))
    return StoreExtract(
        store_id=store_id,
        bookings=tuple(sorted(bookings, key=_reading_order)),
        payloads=tuple(payloads),
        quarantined=tuple(quarantined),
        api_calls=api_calls,
    )


def build_probe(api: BookingApi, store_ids: Sequence[str]) -> Callable[[Cookies], bool | None]:
    """A probe for the session: one count, of the first store that gives a clear answer.

    A store that is down says nothing about the session, so up to three are asked, once each.
    """

    def probe(cookies: Cookies) -> bool | None:
        api.use_cookies(cookies)
        for store_id in store_ids[:_PROBED_STORES]:
            try:
                api.store(store_id, tries=1).count()
            except SessionExpired:
                return False
            except _INCONCLUSIVE:
                continue
            return True
        return None

    return probe


def _quarantine(store_id: str, row: Any, field: str) -> QuarantinedBooking:
    return QuarantinedBooking(
        store_id=store_id,
        reference=booking_reference(row),
        reason=f"{BookingMalformed.__name__}: {field}",
    )


def _reading_order(booking: Booking) -> tuple[Any, ...]:
    """Oldest visit first, as Naver's list; ids settle ties, numerically where they are numbers."""
    number = int(booking.booking_id) if booking.booking_id.isdigit() else 0
    return (booking.starts_at, number, booking.booking_id)
