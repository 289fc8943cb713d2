"""What an answer of the booking API means. An error is never an empty day.

An expired session shows itself in four ways, all seen in the wild: 401 or 403, a redirect to
the login site, a landing there after a redirect, and a page of HTML where JSON is due.
"""

from __future__ import annotations

from email.utils import parsedate_to_datetime
from typing import Any

import httpx

from booking_sms.adapters.naver.addresses import NaverAddresses
from booking_sms.domain.errors import (
    BookingApiThrottled,
    BookingApiUnavailable,
    BookingQueryRefused,
    SessionExpired,
)

_REDIRECTS = frozenset({301, 302, 303, 307, 308})


def redirect_target(response: httpx.Response, addresses: NaverAddresses) -> str | None:
    """Address to follow inside the booking site; None when the answer is no redirect.

    Raises SessionExpired for a redirect to the login site, BookingApiUnavailable for one to
    anywhere else: our cookies go nowhere else.
    """
    if response.status_code not in _REDIRECTS:
        return None
    target = str(response.url.join(response.headers.get("location", "")))
    if addresses.is_login(target):
        raise SessionExpired(status=response.status_code, form="redirect")
    if not addresses.is_booking(target):
        raise BookingApiUnavailable(status=response.status_code, reason="redirected elsewhere")
    return target


def read_json(response: httpx.Response, *, now_s: float) -> Any:
    """The JSON of a good answer, or the error that says what went wrong.

    ``now_s`` (epoch seconds) serves a Retry-After that is a date.
    """
    status = response.status_code
    if status in (401, 403):
        raise SessionExpired(status=status, form="status")
    if status == 429:
        raise BookingApiThrottled(status=status, retry_after_s=_retry_after(response, now_s))
    if status >= 500 or status < 200 or 300 <= status < 400:
        raise BookingApiUnavailable(status=status)
    if status >= 400:
        raise BookingQueryRefused(status=status)
    if _is_html(response):
        raise SessionExpired(status=status, form="html")
    try:
        return response.json()
    except (ValueError, RecursionError) as error:
        raise BookingApiUnavailable(status=status, reason="not JSON") from error


def _is_html(response: httpx.Response) -> bool:
    content_type = response.headers.get("content-type", "").lower()
    return "html" in content_type or response.content.lstrip()[:1] == b"<"


def _retry_after(response: httpx.Response, now_s: float) -> float | None:
    """Seconds to wait as the server asks, in either of HTTP's two forms; None if it does not."""
    text = response.headers.get("retry-after", "").strip()
    if text.isascii() and text.isdigit():
        return float(text[:9])
    try:
        return max(0.0, parsedate_to_datetime(text).timestamp() - now_s)
    except ValueError:
        return None
