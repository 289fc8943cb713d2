"""One HTTP/1.1 exchange over kept-alive connections: no retries, no redirects, no environment.

It uses httpx's transport and not its client: the client logs each URL at INFO, and the look-up
URLs hold phone numbers; and the bytes of the URL must go out as they were signed.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass, field

import httpx

from booking_sms.telemetry.call_meter import SENS, CallMeter
from booking_sms.transport.tls import trusted_certificates


@dataclass(frozen=True, kw_only=True)
class Timeouts:
    """Seconds for each phase; all must end well before a job's lease does."""

    connect: float = 3.0
    write: float = 5.0
    read: float = 10.0
    pool: float = 2.0

    def as_dict(self) -> dict[str, float]:
        """The form that httpx transports read."""
        return {
            "connect": self.connect,
            "write": self.write,
            "read": self.read,
            "pool": self.pool,
        }


@dataclass(frozen=True)
class Reply:
    """Status and whole body of an answer."""

    status: int
    body: bytes = field(repr=False)


class Wire:
    """Sends requests as they are and reads answers to the end."""

    def __init__(
        self,
        transport: httpx.BaseTransport | None,
        timeouts: Timeouts,
        meter: CallMeter | None = None,
    ) -> None:
        self._meter = meter or CallMeter()
        self._timeouts = timeouts.as_dict()
        self._transport = transport or httpx.HTTPTransport(
            http1=True,
            http2=False,
            retries=0,
            trust_env=False,
            verify=trusted_certificates(),
            # Short: a connection that the server closed meanwhile turns a send into a doubt.
            limits=httpx.Limits(max_connections=8, keepalive_expiry=5.0),
        )

    def exchange(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes = b""
    ) -> Reply:
        """One request, one answer; raises httpx.RequestError subclasses."""
        request = httpx.Request(
            method,
            url,
            headers=dict(headers),
            content=body if body else None,
            extensions={"timeout": self._timeouts},
        )
        with self._meter.timed(SENS) as call:
            response = self._transport.handle_request(request)
            call.judge(response.status_code)
            try:
                return Reply(response.status_code, response.read())
            finally:
                response.close()

    def close(self) -> None:
        """Close the kept connections."""
        self._transport.close()


def is_loopback_host(host: str) -> bool:
    """Whether a host can only be this machine; other names are not resolved, so they are not."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
