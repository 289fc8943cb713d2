"""The booking API's parameters and headers, as the partner site's own page sends them."""

from __future__ import annotations

from datetime import UTC, datetime
from urllib.parse import urlsplit

from booking_sms.domain.booking import BookingStatus
from booking_sms.domain.fetch_plan import DateFilter, FetchQuery

PAGE_SIZE = 50
DEFAULT_USER_AGENT = (
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/120.0.0.0 Safari/537.36"
)

_CODES = {
    BookingStatus.REQUESTED: "RC02",
    BookingStatus.CONFIRMED: "RC03",
    BookingStatus.CANCELLED: "RC04",
    BookingStatus.NO_SHOW: "RC05",
    BookingStatus.COMPLETED: "RC08",
}
_DATE_FILTERS = {DateFilter.VISIT: "USEDATE", DateFilter.REGISTRATION: "REGDATE"}
# Naver's page sends these although they are empty.
_EMPTY = ("nPayChargedStatusCodes", "orderBy", "paymentStatusCodes", "searchValue")


def build_params(
    query: FetchQuery | None, page: int, now_ms: int, size: int = PAGE_SIZE
) -> dict[str, str]:
    """Parameters of count and list. Without a query: confirmed bookings of any date."""
    statuses = query.statuses if query else (BookingStatus.CONFIRMED,)
    date_filter = query.date_filter if query else DateFilter.VISIT
    params = {
        "bizItemTypes": "STANDARD",
        "bookingStatusCodes": ",".join(_CODES[status] for status in statuses),
        "dateDropdownType": "ENTIRE",
        "dateFilter": _DATE_FILTERS[date_filter],
        "maxDays": "31",
        **dict.fromkeys(_EMPTY, ""),
        "orderByStartDate": "ASC",
        "page": str(page),
        "size": str(size),
        "noCache": str(now_ms),
    }
    if query:
        params |= {
            "startDateTime": utc_milliseconds(query.since),
            "endDateTime": utc_milliseconds(query.until),
        }
    return params


def utc_milliseconds(instant: datetime) -> str:
    """``2026-03-01T15:00:00.000Z``: Naver refuses an offset and a time without a zone."""
    return f"{instant.astimezone(UTC):%Y-%m-%dT%H:%M:%S}.000Z"


def describe(query: FetchQuery | None, page: int) -> str:
    """A query in a few words, for errors; it names nobody."""
    if query is None:
        return "any date"
    codes = ",".join(_CODES[status] for status in query.statuses)
    span = f"{utc_milliseconds(query.since)}/{utc_milliseconds(query.until)}"
    return f"{_DATE_FILTERS[query.date_filter]} {codes} {span} page {page}"


def build_headers(booking_url: str, referer: str, user_agent: str) -> dict[str, str]:
    """Headers of the partner site's own calls, which the predecessor sent as well."""
    return {
        "authority": urlsplit(booking_url).netloc,
        "accept": "*/*",
        "accept-language": "en-US,en;q=0.9,ko-KR;q=0.8,ko;q=0.7",
        "referer": referer,
        "sec-ch-ua": '"Not_A Brand";v="8", "Chromium";v="120"',
        "sec-ch-ua-mobile": "?0",
        "sec-ch-ua-platform": '"Linux"',
        "sec-fetch-dest": "empty",
        "sec-fetch-mode": "cors",
        "sec-fetch-site": "same-origin",
        "user-agent": user_agent,
        "x-booking-naver-role": "OWNER",
    }
