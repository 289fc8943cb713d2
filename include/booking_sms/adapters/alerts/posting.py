"""One POST of a notice, and when it is tried again. The URL holds the secret, so it stays here.

httpx's transport is used without its client: the client logs every URL at INFO. Errors are
built from status and reason words alone, never from the request.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import httpx
import tenacity

from booking_sms.domain.errors import AlertFailed
from booking_sms.transport.tls import trusted_certificates

Sleep = Callable[[float], None]
RETRY_AFTER = "retry_after_s"
"""Key of an error's context: only a failure that names a delay is tried again by itself."""

ATTEMPTS = 3
DEFAULT_DELAY_S = 1.0
NOT_CONNECTED = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)


@dataclass(frozen=True)
class Answer:
    """Status, headers and text of an answer, and the SHA-256 of the body it answers."""

    status: int
    headers: Mapping[str, str]
    text: str
    sent_sha256: str = ""

    def json_object(self) -> dict[str, Any]:
        """The JSON object in the text; empty if there is none."""
        try:
            fields = json.loads(self.text)
        except ValueError:
            return {}
        return fields if isinstance(fields, dict) else {}


class JsonPost:
    """POSTs JSON to one secret URL."""

    def __init__(
        self, channel: str, url: str, timeout_s: float, transport: httpx.BaseTransport | None
    ) -> None:
        self._channel = channel
        self._url = url
        self._timeout = httpx.Timeout(timeout_s).as_dict()
        # Notices are rare: no connection is kept between two of them.
        limits = httpx.Limits(max_keepalive_connections=0)
        self._transport = transport or httpx.HTTPTransport(
            trust_env=False, limits=limits, verify=trusted_certificates()
        )

    def __call__(self, document: Mapping[str, Any]) -> Answer:
        """One exchange; AlertFailed when there was no answer. Never retries."""
        try:
            request = httpx.Request(
                "POST", self._url, json=document, extensions={"timeout": self._timeout}
            )
            response = self._transport.handle_request(request)
            try:
                body = response.read()
            finally:
                response.close()
        except httpx.RequestError as failure:
            raise self._no_answer(failure) from None
        except httpx.InvalidURL:
            raise AlertFailed(channel=self._channel, reason="invalid_url") from None
        text = body.decode("utf-8", errors="replace")
        sent = hashlib.sha256(request.content).hexdigest()
        return Answer(response.status_code, response.headers, text, sent)

    def _no_answer(self, failure: httpx.RequestError) -> AlertFailed:
        """A notice that never left is tried again at once; one that may have arrived is not."""
        facts: dict[str, Any] = {"channel": self._channel, "reason": type(failure).__name__}
        if isinstance(failure, NOT_CONNECTED):
            facts[RETRY_AFTER] = DEFAULT_DELAY_S
        return AlertFailed(retry_safe=True, **facts)


def retrying(call: Callable[[], None], *, sleep: Sleep, longest_delay_s: float) -> None:
    """Call again after the delay that the failure names, a few times, within a cap."""

    def is_worth_it(failure: BaseException) -> bool:
        if not isinstance(failure, AlertFailed) or not failure.retry_safe:
            return False
        delay = failure.context.get(RETRY_AFTER)
        return delay is not None and delay <= longest_delay_s

    tenacity.Retrying(
        retry=tenacity.retry_if_exception(is_worth_it),
        wait=_named_delay,
        stop=tenacity.stop_after_attempt(ATTEMPTS),
        sleep=sleep,
        reraise=True,
    )(call)


def _named_delay(state: tenacity.RetryCallState) -> float:
    """The delay that the failure names, in seconds."""
    failure = state.outcome.exception() if state.outcome else None
    delay = failure.context.get(RETRY_AFTER) if isinstance(failure, AlertFailed) else None
    return float(delay if delay is not None else DEFAULT_DELAY_S)
