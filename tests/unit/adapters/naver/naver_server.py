"""A tiny booking API as a callable: what it holds, how it pages, what it was asked."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import httpx
from naver_payloads import STORE

from booking_sms.adapters.naver.addresses import NaverAddresses
from booking_sms.adapters.naver.booking_api import BookingApi, BookingApiConfig
from booking_sms.testing.clocks import FixedTransportClock
from booking_sms.testing.factories import NOW_MS

ADDRESSES = NaverAddresses("https://nid.example", "https://partner.example")
COOKIES = (
    {"name": "NID_AUT", "value": "aut-1", "domain": "partner.example", "path": "/"},
    {"name": "NID_SES", "value": "ses-1", "domain": "partner.example", "path": "/"},
)
Answer = Callable[[httpx.Request], httpx.Response]


class BookingServer:
    """Answers count, list and detail for its payloads by store, whatever range is asked.

    ``scripted`` answers go out first, one a request; ``good_sessions`` are values of NID_SES.
    """

    def __init__(self, payloads: Iterable[Any] = (), *, store: str = STORE) -> None:
        self.payloads: dict[str, list[Any]] = {store: list(payloads)}
        self.page_size = 50
        self.good_sessions: set[str] | None = None
        self.scripted: list[httpx.Response | Exception | None] = []
        self.requests: list[httpx.Request] = []
        self.before_page: Callable[[int], None] = lambda page: None

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        scripted = self.scripted.pop(0) if self.scripted else None
        if isinstance(scripted, Exception):
            raise scripted
        if scripted is not None:
            return scripted
        if not self._is_signed_in(request):
            return httpx.Response(401)
        return self._answer(request)

    def asked(self, *parts: str) -> list[httpx.Request]:
        """Requests whose address holds all parts."""
        return [r for r in self.requests if all(part in str(r.url) for part in parts)]

    def _is_signed_in(self, request: httpx.Request) -> bool:
        sent = request.headers.get("cookie", "")
        return self.good_sessions is None or any(f"NID_SES={s}" in sent for s in self.good_sessions)

    def _answer(self, request: httpx.Request) -> httpx.Response:
        _, _, rest = request.url.path.partition("/businesses/")
        store, _, call = rest.partition("/bookings")
        if store not in self.payloads:
            return httpx.Response(404)
        rows = self.payloads[store]
        if call == "/count":
            return httpx.Response(200, json={"count": len(rows)})
        if call:
            found = [row for row in rows if str(row["bookingId"]) == call[1:]]
            return httpx.Response(200, json=found[0]) if found else httpx.Response(404)
        page = int(request.url.params["page"])
        self.before_page(page)
        rows = self.payloads[store]
        return httpx.Response(200, json=rows[page * self.page_size : (page + 1) * self.page_size])


def make_api(server: Answer, sleeps: list[float] | None = None, **overrides: Any) -> BookingApi:
    """The real client in front of a callable; what it would sleep goes to ``sleeps``."""
    return BookingApi(
        BookingApiConfig(**{"addresses": ADDRESSES, **overrides}),
        clock=FixedTransportClock(NOW_MS),
        sleep=(sleeps if sleeps is not None else []).append,
        transport=httpx.MockTransport(server),
    )
