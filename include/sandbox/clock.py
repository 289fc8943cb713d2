"""The clock of the business world, and the one place that reads the real one.

Only booking statuses read :class:`WorldClock`. Signatures, sessions, leases and delivery times
belong to the transport and use :func:`transport_now`, which nobody can set.
"""

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any
from zoneinfo import ZoneInfo

KST = ZoneInfo("Asia/Seoul")


class ClockMode(StrEnum):
    """How the world's time moves."""

    FIXED = "fixed"
    TICKING = "ticking"
    REAL = "real"


def transport_now() -> datetime:
    """The real instant, aware, in UTC."""
    return datetime.now(UTC)


def parse_instant(text: str) -> datetime:
    """Read an ISO instant; one without an offset is taken as Asia/Seoul."""
    instant = datetime.fromisoformat(text)
    return instant.astimezone(KST) if instant.tzinfo else instant.replace(tzinfo=KST)


class WorldClock:
    """World time: fixed at an instant, ticking from it, or the real time."""

    def __init__(
        self,
        instant: datetime,
        mode: ClockMode | str = ClockMode.FIXED,
        *,
        monotonic: Callable[[], float] = time.monotonic,
        real: Callable[[], datetime] = transport_now,
    ) -> None:
        self._monotonic = monotonic
        self._real = real
        self._mode = ClockMode(mode)
        self.set(instant)

    @property
    def mode(self) -> ClockMode:
        """The way time moves now."""
        return self._mode

    def now(self) -> datetime:
        """The instant of the business world, aware, Asia/Seoul."""
        if self._mode is ClockMode.REAL:
            return self._real().astimezone(KST)
        if self._mode is ClockMode.FIXED:
            return self._instant
        return self._instant + timedelta(seconds=self._monotonic() - self._set_at)

    def set(self, instant: datetime, mode: ClockMode | str | None = None) -> None:
        """Put the world at ``instant``; in mode real the instant is ignored."""
        if instant.tzinfo is None:
            raise ValueError("the world clock needs an instant with a time zone")
        if mode is not None:
            self._mode = ClockMode(mode)
        self._instant = instant.astimezone(KST)
        self._set_at = self._monotonic()

    def advance(self, seconds: float) -> datetime:
        """Move the world forward (or back) and return the new instant."""
        if self._mode is ClockMode.REAL:
            raise ValueError("a clock in mode real cannot be advanced")
        self.set(self.now() + timedelta(seconds=seconds))
        return self.now()

    def dump(self) -> dict[str, Any]:
        """The instant and the mode; a world that is down does not age."""
        return {"now": self.now().isoformat(), "mode": self._mode.value}

    def restore(self, dump: dict[str, Any]) -> None:
        """Go on from a dumped instant."""
        self.set(parse_instant(dump["now"]), dump["mode"])
