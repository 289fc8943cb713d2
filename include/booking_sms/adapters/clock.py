"""Clocks: the only modules of the package that read the time are here."""

from __future__ import annotations

import time
from datetime import datetime

import httpx

from booking_sms.domain.booking import KST
from booking_sms.domain.errors import ConfigError
from booking_sms.transport.tls import trusted_certificates


class SystemClock:
    """Business time in production: real time in Asia/Seoul."""

    def now(self) -> datetime:
        """Return the current instant, aware, KST."""
        return datetime.now(KST)


class SystemTransportClock:
    """Real time in epoch milliseconds, for SENS timestamps, leases and settle times."""

    def now_ms(self) -> int:
        """Return epoch milliseconds."""
        return time.time_ns() // 1_000_000


class PinnedClock:
    """Business time at one chosen instant, for ``booking-sms run --at``."""

    def __init__(self, instant: datetime) -> None:
        self._instant = instant

    def now(self) -> datetime:
        """Return the chosen instant in KST."""
        return self._instant.astimezone(KST)


class WorldClock:
    """Business time of the embedded world, asked of the sandbox's control API."""

    def __init__(self, url: str, *, timeout_s: float = 5.0) -> None:
        self._url = url
        self._client = httpx.Client(
            timeout=timeout_s, trust_env=False, verify=trusted_certificates()
        )

    def now(self) -> datetime:
        """Return the world's instant in KST; ConfigError when the world does not answer."""
        try:
            answer = self._client.get(self._url).raise_for_status().json()
        except httpx.HTTPError as error:
            raise ConfigError("the world clock does not answer", url=self._url) from error
        return datetime.fromisoformat(answer["now"]).astimezone(KST)

    def set(self, instant: datetime) -> None:
        """Move the world to an instant; ConfigError when the world does not answer."""
        try:
            self._client.put(self._url, json={"now": instant.isoformat()}).raise_for_status()
        except httpx.HTTPError as error:
            raise ConfigError("the world clock cannot be set", url=self._url) from error

    def close(self) -> None:
        """Close the connection."""
        self._client.close()
