"""How fast: a token bucket for sends, growing delays for retries. Clock and sleep are given."""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import timedelta
from random import SystemRandom

from booking_sms.domain.sms_job import OPEN_SHARDS
from booking_sms.ports import TransportClock

Sleep = Callable[[float], None]
random_fraction = SystemRandom().random


class TokenBucket:
    """Lets ``rate_per_s`` sends through, at most ``burst`` of them at once."""

    def __init__(
        self, rate_per_s: float, clock: TransportClock, sleep: Sleep, *, burst: float = 1.0
    ) -> None:
        self._rate = rate_per_s
        self._clock = clock
        self._sleep = sleep
        self._burst = burst
        self._tokens = burst
        self._filled_at = clock.now_ms()

    def take(self) -> None:
        """Take one token, sleeping until there is one."""
        now = self._clock.now_ms()
        refill = max(0, now - self._filled_at) / 1000 * self._rate
        self._tokens = min(self._burst, self._tokens + refill) - 1
        self._filled_at = now
        if self._tokens < 0:
            self._sleep(-self._tokens / self._rate)


def workers_of(shards: int) -> int:
    """By how many a worker that drains so many of the open shards divides the rate.

    Rounded up, so that workers of unequal groups together stay below the rate, too.
    """
    return math.ceil(OPEN_SHARDS / shards)


def retry_delay(attempt: int, base_s: float, limit_s: float) -> timedelta:
    """Delay before the next try of a text that was certainly not sent: doubles, then stays."""
    return timedelta(seconds=min(limit_s, base_s * 2 ** min(max(attempt, 1) - 1, 16)))


def jittered(delay_s: float, fraction: Callable[[], float] = random_fraction) -> float:
    """Between half and all of a delay, so that throttled workers do not come back together."""
    return delay_s * (0.5 + fraction() / 2)
