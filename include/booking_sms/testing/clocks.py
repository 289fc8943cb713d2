"""Clocks that move only when a test says so."""

from __future__ import annotations

from datetime import datetime, timedelta

from booking_sms.domain.booking import KST, require_aware


class FixedClock:
    """Business time that stands still until it is set or advanced."""

    def __init__(self, instant: datetime) -> None:
        self._now = instant
        self.set(instant)

    def now(self) -> datetime:
        """Return the chosen instant in KST."""
        return self._now

    def set(self, instant: datetime) -> None:
        """Jump to an aware instant."""
        require_aware("instant", instant)
        self._now = instant.astimezone(KST)

    def advance(self, step: timedelta) -> datetime:
        """Move on by ``step`` (back when negative); return the new instant."""
        self._now += step
        return self._now


class FixedTransportClock:
    """Epoch milliseconds that stand still until they are set or advanced."""

    def __init__(self, now_ms: int) -> None:
        self._now_ms = now_ms

    def now_ms(self) -> int:
        """Return the chosen epoch milliseconds."""
        return self._now_ms

    def set(self, now_ms: int) -> None:
        """Jump to an instant in epoch milliseconds."""
        self._now_ms = now_ms

    def advance(self, step: timedelta) -> int:
        """Move on by ``step``; return the new epoch milliseconds."""
        self._now_ms += step // timedelta(milliseconds=1)
        return self._now_ms
