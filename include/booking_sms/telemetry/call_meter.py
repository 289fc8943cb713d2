"""Counts what one task's calls to outside services cost: time, failures, throttles, write units.

A task composes its application once, so a meter of that application's is the task's own. Clients
note each call here; nobody reads it before the task ends.
"""

from __future__ import annotations

import threading
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from statistics import median

DYNAMODB, NAVER, SENS = "dynamodb", "naver", "sens"
THROTTLED = 429
SERVER_ERROR = 500


@dataclass(frozen=True, kw_only=True)
class ServiceCalls:
    """Calls of one service: answer times in milliseconds, and how many of them failed."""

    times_ms: tuple[float, ...]
    failed: int

    @property
    def median_ms(self) -> float:
        """Median answer time."""
        return median(self.times_ms)

    @property
    def failed_percent(self) -> float:
        """Share of the calls that failed, 0 to 100."""
        return self.failed / len(self.times_ms) * 100


@dataclass(frozen=True, kw_only=True)
class Measurement:
    """What was counted since the last look. Write units are DynamoDB's own figure."""

    calls: dict[str, ServiceCalls] = field(default_factory=dict)
    throttles: int = 0
    write_units: float = 0.0
    secrets_errors: int = 0
    browser_start_ms: tuple[float, ...] = ()
    browser_memory_mb: tuple[float, ...] = ()


class CallMeter:
    """Safe to share between threads. Noting costs microseconds and never raises."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._clear()

    def _clear(self) -> None:
        self._times: defaultdict[str, list[float]] = defaultdict(list)
        self._failed: defaultdict[str, int] = defaultdict(int)
        self._counts: defaultdict[str, float] = defaultdict(float)
        self._browser_start: list[float] = []
        self._browser_memory: list[float] = []

    @contextmanager
    def timed(self, service: str) -> Iterator[Call]:
        """Note one call; what it raises counts as a failure."""
        call, begun = Call(), time.perf_counter()
        try:
            yield call
        except BaseException:
            call.failed = True
            raise
        finally:
            took_ms = (time.perf_counter() - begun) * 1000
            self.note_call(service, took_ms, failed=call.failed)
            self.note_throttles(int(call.throttled))

    def note_call(self, service: str, took_ms: float, *, failed: bool) -> None:
        """One call and whether it failed."""
        with self._lock:
            self._times[service].append(took_ms)
            self._failed[service] += failed

    def note_throttles(self, number: int = 1) -> None:
        """Answers that said: slower."""
        self._add("throttles", number)

    def note_write_units(self, units: float) -> None:
        """What DynamoDB charged for a write."""
        self._add("write_units", units)

    def note_secrets_error(self) -> None:
        """A secret that could not be read."""
        self._add("secrets_errors", 1)

    def note_browser(self, *, start_ms: float, memory_mb: float) -> None:
        """A browser that came up, and the most memory it took."""
        with self._lock:
            self._browser_start.append(start_ms)
            self._browser_memory.append(memory_mb)

    def take(self) -> Measurement:
        """What was noted since the last look; counting begins anew."""
        with self._lock:
            taken = Measurement(
                calls={
                    name: ServiceCalls(times_ms=tuple(times), failed=self._failed[name])
                    for name, times in sorted(self._times.items())
                },
                throttles=int(self._counts["throttles"]),
                write_units=self._counts["write_units"],
                secrets_errors=int(self._counts["secrets_errors"]),
                browser_start_ms=tuple(self._browser_start),
                browser_memory_mb=tuple(self._browser_memory),
            )
            self._clear()
        return taken

    def _add(self, name: str, number: float) -> None:
        with self._lock:
            self._counts[name] += number


class Call:
    """One call under way; ``judge`` tells by its HTTP status whether it failed."""

    def __init__(self) -> None:
        self.failed = False
        self.throttled = False

    def judge(self, status: int) -> None:
        """A throttle or a server's error is a failure; a refusal that tells us why is an answer."""
        self.throttled = status == THROTTLED
        self.failed = self.throttled or status >= SERVER_ERROR
