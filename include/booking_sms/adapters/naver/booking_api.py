"""Client of Naver's partner booking API. It reads and never writes.

Reads are safe to repeat, so failures and throttling are retried a few times; an expired session
and a refused query are not. Errors name store, call and query, never a person.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import httpx
from tenacity import RetryCallState, Retrying, retry_if_exception, stop_after_attempt

from booking_sms.adapters.naver.addresses import NaverAddresses
from booking_sms.adapters.naver.cookies import Cookies, build_jar
from booking_sms.adapters.naver.query import (
    DEFAULT_USER_AGENT,
    PAGE_SIZE,
    build_headers,
    build_params,
    describe,
)
from booking_sms.adapters.naver.replies import read_json, redirect_target
from booking_sms.domain.errors import (
    BookingApiThrottled,
    BookingApiUnavailable,
    BookingQueryRefused,
    BookingSchemaChanged,
    ExtractError,
)
from booking_sms.domain.fetch_plan import FetchQuery
from booking_sms.ports import TransportClock
from booking_sms.telemetry.call_meter import NAVER, CallMeter

_MOST_REDIRECTS = 3
_FIRST_WAIT_S, _LONGEST_BACKOFF_S = 0.5, 5.0


@dataclass(frozen=True, kw_only=True)
class BookingApiConfig:
    """Addresses, pace and patience. Durations are seconds.

    ``pace_s`` is the pause between two requests (1 s in production, as the predecessor kept);
    a Retry-After above ``longest_wait_s`` is not waited for but raised.
    """

    addresses: NaverAddresses
    pace_s: float = 0.0
    timeout_s: float = 10.0
    connect_timeout_s: float = 5.0
    tries: int = 3
    longest_wait_s: float = 20.0
    user_agent: str = DEFAULT_USER_AGENT


class BookingApi:
    """One pooled HTTP connection set to the booking site. The constructor does no I/O.

    :param clock: real time, for ``noCache`` and for dates in Retry-After.
    :param sleep: how to wait between requests and retries.
    :param transport: what carries the requests; tests give a server as a callable.
    :param meter: counts requests and their times.
    """

    def __init__(
        self,
        config: BookingApiConfig,
        *,
        clock: TransportClock,
        sleep: Callable[[float], None] = time.sleep,
        transport: httpx.BaseTransport | None = None,
        meter: CallMeter | None = None,
    ) -> None:
        self.config = config
        self._meter = meter or CallMeter()
        self._clock = clock
        self._sleep = sleep
        self._pacing = threading.Lock()
        self._has_called = False
        timeout = httpx.Timeout(config.timeout_s, connect=config.connect_timeout_s)
        self._client = httpx.Client(
            timeout=timeout,
            transport=transport,
            follow_redirects=False,
            trust_env=not config.addresses.is_loopback,
            limits=httpx.Limits(max_connections=8, max_keepalive_connections=8),
        )

    def use_cookies(self, cookies: Cookies) -> None:
        """Send these cookies from now on, each to its own domain and path."""
        self._client.cookies = httpx.Cookies(build_jar(cookies))

    def store(self, store_id: str, *, tries: int | None = None) -> StoreBookings:
        """The calls of one store; ``tries`` overrides the configured number."""
        return StoreBookings(self, store_id, tries or self.config.tries)

    def close(self) -> None:
        """Close pooled connections."""
        self._client.close()

    def now_ms(self) -> int:
        """Epoch milliseconds, for ``noCache``."""
        return self._clock.now_ms()

    def wait(self, seconds: float) -> None:
        """Wait before trying again."""
        self._sleep(seconds)

    def get(self, path: str, params: Mapping[str, str], headers: Mapping[str, str]) -> Any:
        """GET once, following redirects inside the booking site; return the JSON.

        Raises SessionExpired, BookingApiThrottled, BookingApiUnavailable or
        BookingQueryRefused.
        """
        url = httpx.URL(self.config.addresses.booking_url.rstrip("/") + path, params=params)
        for _ in range(_MOST_REDIRECTS + 1):
            response = self._request(url, headers)
            target = redirect_target(response, self.config.addresses)
            if target is None:
                return read_json(response, now_s=self._clock.now_ms() / 1000)
            url = httpx.URL(target)
        raise BookingApiUnavailable(reason="too many redirects")

    def _request(self, url: httpx.URL, headers: Mapping[str, str]) -> httpx.Response:
        self._keep_pace()
        try:
            with self._meter.timed(NAVER) as call:
                response = self._client.get(url, headers=dict(headers))
                call.judge(response.status_code)
            return response
        except httpx.RequestError as error:
            raise BookingApiUnavailable(reason=type(error).__name__) from None

    def _keep_pace(self) -> None:
        """Pause before every request but the first; threads queue up here."""
        with self._pacing:
            if self._has_called and self.config.pace_s:
                self._sleep(self.config.pace_s)
            self._has_called = True


class StoreBookings:
    """Count, pages and details of one store. ``calls`` counts HTTP requests, retries too."""

    def __init__(self, api: BookingApi, store_id: str, tries: int) -> None:
        self.store_id = store_id
        self.calls = 0
        self._api = api
        self._tries = tries
        store = quote(store_id, safe="")
        self._count_path = f"/v3.1/businesses/{store}/bookings/count"
        self._list_path = f"/api/businesses/{store}/bookings"
        config = api.config
        referer = config.addresses.booking_list_page(store_id)
        self._headers = build_headers(config.addresses.booking_url, referer, config.user_agent)

    def count(self, query: FetchQuery | None = None) -> int:
        """How many bookings a query has; without one, all confirmed (the session probe)."""
        answer = self._get("count", self._count_path, query)
        count = answer.get("count") if isinstance(answer, Mapping) else None
        if not isinstance(count, int) or isinstance(count, bool) or count < 0:
            raise self._changed("count")
        return count

    def page(self, query: FetchQuery, page: int) -> list[Any]:
        """One page of at most 50 payloads, 0-based; as they come, unparsed."""
        answer = self._get("list", self._list_path, query, page)
        if not isinstance(answer, list):
            raise self._changed("list")
        return answer

    def detail(self, booking_id: str) -> Mapping[str, Any] | None:
        """One payload; None when Naver does not know the booking (404)."""
        path = f"{self._list_path}/{quote(booking_id, safe='')}"
        try:
            answer = self._get("detail", path, None)
        except BookingQueryRefused as error:
            if error.context.get("status") == 404:
                return None
            raise
        if not isinstance(answer, Mapping):
            raise self._changed("detail")
        return answer

    def _get(self, call: str, path: str, query: FetchQuery | None, page: int = 0) -> Any:
        """GET with retries; what goes wrong names the store, the call and the query."""
        retrying = Retrying(
            stop=stop_after_attempt(self._tries),
            retry=retry_if_exception(self._is_worth_retrying),
            wait=_wait_before_retry,
            sleep=self._api.wait,
            reraise=True,
        )
        try:
            return retrying(self._get_once, call, path, query, page)
        except ExtractError as error:
            context = {"store": self.store_id, "call": call, "query": describe(query, page)}
            raise type(error)(**{**error.context, **context}) from error

    def _get_once(self, call: str, path: str, query: FetchQuery | None, page: int) -> Any:
        self.calls += 1
        now_ms = self._api.now_ms()
        params = {"noCache": str(now_ms)}
        if call != "detail":
            params = build_params(query, page, now_ms, PAGE_SIZE)
        return self._api.get(path, params, self._headers)

    def _is_worth_retrying(self, error: BaseException) -> bool:
        if isinstance(error, BookingApiThrottled):
            return (error.context["retry_after_s"] or 0) <= self._api.config.longest_wait_s
        return isinstance(error, BookingApiUnavailable)

    def _changed(self, call: str) -> BookingSchemaChanged:
        return BookingSchemaChanged(store=self.store_id, call=call)


def _wait_before_retry(state: RetryCallState) -> float:
    """What the server asked for, else half a second, doubled each time."""
    error = state.outcome.exception() if state.outcome else None
    asked = error.context["retry_after_s"] if isinstance(error, BookingApiThrottled) else None
    backoff = _FIRST_WAIT_S * 2 ** (state.attempt_number - 1)
    return float(min(backoff, _LONGEST_BACKOFF_S) if asked is None else asked)
