"""Which bookings a window asks for: pure arithmetic on its as_of, never on a clock.

Per window: visits from yesterday to a month ahead in any status, and what was registered in the
last days (bookings made for further ahead). At 20:00 the completed visits of the last month, for
the review texts. Once a night, a sweep half a year ahead finds what all windows missed.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, time, timedelta
from enum import StrEnum

from booking_sms.domain.booking import KST, Booking, BookingStatus
from booking_sms.domain.window import Window

LONGEST_RANGE = timedelta(days=31)
"""Naver answers 422 to a query over more."""

ANY_STATUS = (
    BookingStatus.REQUESTED,
    BookingStatus.CONFIRMED,
    BookingStatus.CANCELLED,
    BookingStatus.NO_SHOW,
    BookingStatus.COMPLETED,
)


class DateFilter(StrEnum):
    """Which date of a booking a range is about."""

    VISIT = "visit"
    REGISTRATION = "registration"


@dataclass(frozen=True, kw_only=True)
class FetchQuery:
    """One query: bookings in these statuses whose date lies in [since, until], aware, KST."""

    date_filter: DateFilter
    statuses: tuple[BookingStatus, ...]
    since: datetime
    until: datetime

    def covers(self, booking: Booking) -> bool:
        """Whether this query may have returned the booking by its date."""
        visit = self.date_filter is DateFilter.VISIT
        instant = booking.starts_at if visit else booking.registered_at
        return instant is not None and self.since <= instant <= self.until


@dataclass(frozen=True, kw_only=True)
class FetchPolicy:
    """How far a window looks, in days around its today; hours are KST hours of as_of."""

    past_days: int = 1
    ahead_days: int = 31
    registered_days: int = 3
    completed_days: int = 31
    completed_hour: int = 20
    sweep_days: int = 180
    sweep_at: time = time(4, 0)


@dataclass(frozen=True)
class FetchPlan:
    """The queries of one window, each at most 31 days long."""

    queries: tuple[FetchQuery, ...]

    def covers(self, booking: Booking) -> bool:
        """Whether any query may have returned the booking."""
        return any(query.covers(booking) for query in self.queries)


def fetch_plan(window: Window, policy: FetchPolicy | None = None) -> FetchPlan:
    """The queries of a window. Whole days in KST; the last day is included."""
    days = policy or FetchPolicy()
    as_of = window.as_of.astimezone(KST)
    today = datetime.combine(as_of.date(), time.min, tzinfo=KST)
    first, end = _day(today, -days.past_days), _day(today, days.ahead_days + 1)
    queries = _queries(DateFilter.VISIT, ANY_STATUS, first, end)
    registered = _day(today, -days.registered_days)
    queries += _queries(DateFilter.REGISTRATION, ANY_STATUS, registered, _day(today, 1))
    if as_of.hour == days.completed_hour:
        back = _day(today, -days.completed_days)
        queries += _queries(DateFilter.VISIT, (BookingStatus.COMPLETED,), back, first)
    if as_of.time() == days.sweep_at:
        far = _day(today, days.sweep_days + 1)
        queries += _queries(DateFilter.VISIT, ANY_STATUS, end, far)
    return FetchPlan(tuple(queries))


def split_range(
    since: datetime, until: datetime, longest: timedelta = LONGEST_RANGE
) -> tuple[tuple[datetime, datetime], ...]:
    """Cut [since, until] into touching pieces of at most ``longest``; () when it is empty."""
    pieces = []
    while since < until:
        end = min(since + longest, until)
        pieces.append((since, end))
        since = end
    return tuple(pieces)


def _day(today: datetime, days: int) -> datetime:
    return today + timedelta(days=days)


def _queries(
    date_filter: DateFilter,
    statuses: tuple[BookingStatus, ...],
    since: datetime,
    until: datetime,
) -> list[FetchQuery]:
    return [
        FetchQuery(date_filter=date_filter, statuses=statuses, since=start, until=end)
        for start, end in split_range(since, until)
    ]
