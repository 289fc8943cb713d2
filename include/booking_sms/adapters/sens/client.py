"""SENS as ports.SmsGateway. It never retries a send: its error type says what happened.

Three guards stand in front of the wire, whatever the caller decided before: the permit
(delivery mode and kill switches), the host (tests and CI reach loopback only) and the age of
the signature. Each of them means that no byte left.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime

import httpx

from booking_sms.adapters.sens.errors import (
    Verdict,
    error_code,
    failure_error,
    judge_failure,
    judge_reply,
    read_object,
    reply_error,
    reply_reason,
)
from booking_sms.adapters.sens.listing import (
    PAGE_SIZE,
    Page,
    encode_query,
    parse_opt_outs,
    parse_page,
    window_params,
)
from booking_sms.adapters.sens.payload import build_send_body
from booking_sms.adapters.sens.signature import ApiKey, signed_headers
from booking_sms.adapters.sens.wire import Reply, Timeouts, Wire, is_loopback_host
from booking_sms.domain.errors import (
    GatewayListUnavailable,
    LoadError,
    SendingForbidden,
    SmsNotSent,
    SmsOutcomeUnknown,
)
from booking_sms.ports import (
    GatewayMessage,
    OutgoingSms,
    SendReceipt,
    SignedSend,
    TransportClock,
)
from booking_sms.telemetry.call_meter import CallMeter

MAX_SIGNATURE_AGE_MS = 5_000
"""A send later than this after t0 is not made: certainly not sent."""

MAX_PAGES = 1_000
_JSON = "application/json; charset=utf-8"

Permit = Callable[[OutgoingSms], str | None]


@dataclass(frozen=True, kw_only=True)
class SensConfig:
    """Where SENS is and who we are there. ``loopback_only`` is set in tests and CI.

    ``max_age_ms`` is how old a signature may be at the POST. It must not be above the lease:
    a sender that wakes up after its lease sends nothing, whatever others have settled by then.
    """

    service_id: str
    key: ApiKey
    base_url: str = "https://sens.apigw.ntruss.com"
    loopback_only: bool = False
    timeouts: Timeouts = field(default_factory=Timeouts)
    max_age_ms: int = MAX_SIGNATURE_AGE_MS


@dataclass(frozen=True, kw_only=True)
class PermittedSend(SignedSend):
    """A signed request that still knows its message, so that the permit is asked again."""

    message: OutgoingSms = field(repr=False)


class SensGateway:
    """Implements ports.SmsGateway over HTTP/1.1 with kept-alive connections.

    ``permit`` returns the reason to refuse a message right now, or None. ``transport`` replaces
    the network in tests, ``meter`` counts calls. The constructor opens nothing.
    """

    def __init__(
        self,
        config: SensConfig,
        clock: TransportClock,
        permit: Permit,
        *,
        transport: httpx.BaseTransport | None = None,
        meter: CallMeter | None = None,
    ) -> None:
        self._config = config
        self._clock = clock
        self._permit = permit
        self._wire = Wire(transport, config.timeouts, meter)
        root = f"{config.base_url.rstrip('/')}/sms/v2/services/{config.service_id}"
        self._messages_url, self._opt_outs_url = f"{root}/messages", f"{root}/unsubscribes"

    def close(self) -> None:
        """Close the kept connections."""
        self._wire.close()

    def sign(self, message: OutgoingSms) -> PermittedSend:
        """Build and sign; no I/O. Raises PhoneInvalid. The timestamp becomes the job's t0."""
        t0 = self._clock.now_ms()
        headers = self._headers("POST", self._messages_url, t0) | {"Content-Type": _JSON}
        body = build_send_body(message)
        return PermittedSend(
            t0=t0, url=self._messages_url, headers=headers, body=body, message=message
        )

    def send(self, signed: SignedSend) -> SendReceipt:
        """POST once, within ``max_age_ms`` (5 s) of t0.

        Raises SendingForbidden, SmsThrottled, SmsQuotaSpent, SignatureRejected or SmsNotSent
        (certainly not sent), SmsRefused (for good), SmsOutcomeUnknown (reconcile).
        """
        self._guard(signed)
        try:
            reply = self._wire.exchange("POST", signed.url, signed.headers, signed.body)
        except httpx.RequestError as failure:
            raise failure_error(failure) from failure
        return parse_receipt(reply)

    def find(
        self, to: str, sender: str, since: datetime, until: datetime
    ) -> tuple[GatewayMessage, ...]:
        """Rows by recipient, sender and request time; raises GatewayListUnavailable."""
        return self._all_pages(window_params(since, until) | {"to": to, "from": sender})

    def list_between(self, since: datetime, until: datetime) -> tuple[GatewayMessage, ...]:
        """Every row by request time, 30 days apart at most; raises GatewayListUnavailable."""
        return self._all_pages(window_params(since, until))

    def by_request(self, request_id: str) -> tuple[GatewayMessage, ...]:
        """Rows of one request; () when SENS does not know it (yet)."""
        return self._all_pages({"requestId": request_id})

    def opted_out(self) -> Iterator[str]:
        """Numbers that refused advertising, page by page; raises GatewayListUnavailable."""
        for index in range(MAX_PAGES):
            query = encode_query({"pageSize": PAGE_SIZE, "pageIndex": index})
            body = self._look_up(f"{self._opt_outs_url}?{query}")
            numbers = parse_opt_outs(body) if body is not None else ()
            yield from numbers
            if len(numbers) < PAGE_SIZE:
                return
        raise GatewayListUnavailable(reason="endless_list")

    # -- guards -------------------------------------------------------------------------------

    def _guard(self, signed: SignedSend) -> None:
        """Raise unless this very request may leave now. The clock is read last."""
        if not isinstance(signed, PermittedSend):
            raise SendingForbidden(reason="not_signed_here")
        if not self._host_is_allowed(signed.url):
            raise SendingForbidden(reason="host_not_loopback")
        if refusal := self._ask_permit(signed.message):
            raise SendingForbidden(reason=refusal)
        age_ms = self._clock.now_ms() - signed.t0
        if age_ms >= self._config.max_age_ms:
            raise SmsNotSent(reason="stale_signature", age_ms=age_ms)

    def _ask_permit(self, message: OutgoingSms) -> str | None:
        """No answer is a no: the intent is written already, so it must be certain."""
        try:
            return self._permit(message)
        except LoadError:
            return "control_unreadable"

    def _host_is_allowed(self, url: str) -> bool:
        return not self._config.loopback_only or is_loopback_host(httpx.URL(url).host)

    # -- look-ups -----------------------------------------------------------------------------

    def _all_pages(self, params: dict[str, str]) -> tuple[GatewayMessage, ...]:
        """Follow nextToken to the end; rows that come twice are kept once."""
        rows: dict[tuple[str, str, str], GatewayMessage] = {}
        seen: set[str] = set()
        token = ""
        while True:
            page = self._page(params, token)
            rows |= {(row.request_id, row.message_id, row.to): row for row in page.rows}
            token = page.next_token
            if not token:
                return tuple(rows.values())
            if token in seen or len(seen) >= MAX_PAGES:
                raise GatewayListUnavailable(reason="endless_list")
            seen.add(token)

    def _page(self, params: dict[str, str], token: str) -> Page:
        query: dict[str, str | int] = {**params, "pageSize": PAGE_SIZE}
        if token:
            query["nextToken"] = token
        body = self._look_up(f"{self._messages_url}?{encode_query(query)}")
        return parse_page(body) if body is not None else Page((), "")

    def _look_up(self, url: str) -> bytes | None:
        """GET and return the body, None for the empty 404 that means "nothing found"."""
        if not self._host_is_allowed(url):
            raise GatewayListUnavailable(reason="host_not_loopback")
        headers = self._headers("GET", url, self._clock.now_ms())
        try:
            reply = self._wire.exchange("GET", url, headers)
        except httpx.RequestError as failure:
            raise GatewayListUnavailable(reason=judge_failure(failure)[1]) from failure
        if reply.status == 404 and not reply.body.strip():
            return None
        if reply.status != 200:
            code = error_code(reply.body)
            raise GatewayListUnavailable(reason=reply_reason(reply.status, code))
        return reply.body

    def _headers(self, method: str, url: str, timestamp_ms: int) -> dict[str, str]:
        """Sign the path and query as httpx puts them on the wire."""
        return signed_headers(self._config.key, method, httpx.URL(url).raw_path, timestamp_ms)


def parse_receipt(reply: Reply) -> SendReceipt:
    """Read the 202; raise the table's error for all else.

    A 202 is in doubt when it has no request id, or says itself that something failed.
    """
    if reply.status != 202:
        raise reply_error(reply.status, reply.body)
    fields = read_object(reply.body)
    request_id = fields.get("requestId")
    failed = fields.get("statusName") == "fail" or _names_another_code(reply)
    if failed or not isinstance(request_id, str) or not request_id:
        raise SmsOutcomeUnknown(reason="unreadable_202", status=202)
    return SendReceipt(request_id=request_id, request_time=str(fields.get("requestTime") or ""))


def _names_another_code(reply: Reply) -> bool:
    return judge_reply(reply.status, error_code(reply.body)) is not Verdict.ACCEPTED
