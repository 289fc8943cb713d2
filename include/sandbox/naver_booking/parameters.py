"""Reads the query of the list and count calls as strictly as the real API was seen to."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sandbox.naver_booking.errors import unprocessable
from sandbox.replies import whole_number
from sandbox.world.life import Booking
from sandbox.world.query import BookingQuery, DateFilter

MAX_SPAN = timedelta(days=31)
_UTC_INSTANT = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d{3})?Z")
_DATE_FILTERS: dict[str, DateFilter] = {"": "USEDATE", "USEDATE": "USEDATE", "REGDATE": "REGDATE"}


@dataclass(frozen=True)
class Page:
    """A slice of the answer: 0-based number and size."""

    number: int
    size: int

    def cut(self, rows: list[Booking]) -> list[Booking]:
        """The rows of this page."""
        first = self.number * self.size
        return rows[first : first + self.size]


def read_page(params: Mapping[str, str], limit: int) -> Page:
    """``page`` and ``size``; asking for more than the limit gets the limit."""
    size = whole_number(params.get("size"), limit)
    return Page(whole_number(params.get("page"), 0), max(1, min(size, limit)))


def read_query(store: str, params: Mapping[str, str]) -> BookingQuery:
    """The filters; raises a 422 that names the parameter."""
    start, end = _range(params)
    return BookingQuery(
        store=store,
        statuses=frozenset(filter(None, params.get("bookingStatusCodes", "").split(","))),
        date_filter=_date_filter(params.get("dateFilter", "")),
        start=start,
        end=end,
        descending=_descending(params.get("orderByStartDate", "")),
    )


def _date_filter(text: str) -> DateFilter:
    if text not in _DATE_FILTERS:
        raise unprocessable("dateFilter", "must be USEDATE or REGDATE")
    return _DATE_FILTERS[text]


def _descending(text: str) -> bool:
    if text not in ("", "ASC", "DESC"):
        raise unprocessable("orderByStartDate", "must be ASC or DESC")
    return text == "DESC"


def _range(params: Mapping[str, str]) -> tuple[datetime | None, datetime | None]:
    texts = {name: params.get(name, "") for name in ("startDateTime", "endDateTime")}
    if not any(texts.values()):
        return None, None
    start, end = (_instant(name, text) for name, text in texts.items())
    if end < start:
        raise unprocessable("endDateTime", "is before startDateTime")
    if end - start > MAX_SPAN:
        raise unprocessable("endDateTime", "a range may span at most 31 days")
    return start, end


def _instant(name: str, text: str) -> datetime:
    if not text:
        raise unprocessable(name, "a range needs both ends")
    if not _UTC_INSTANT.fullmatch(text):
        raise unprocessable(name, "must be UTC, as in 2026-03-01T15:00:00.000Z")
    try:
        return datetime.fromisoformat(text)
    except ValueError as error:
        raise unprocessable(name, "is no instant") from error
