"""Time that runs as fast as the machine, and processes that can be frozen or killed at any call.

Every process is a greenlet. At each call of a port it hands over, and the scheduler goes on with
whichever process is due next; so dispatchers interleave at every write, and the same seed always
gives the same history.
"""

from __future__ import annotations

import contextlib
import heapq
import itertools
from collections.abc import Callable
from datetime import datetime, timedelta
from random import Random
from typing import Any

from greenlet import getcurrent, greenlet

from booking_sms.domain.booking import KST
from booking_sms.domain.errors import LoadError


class Killed(BaseException):
    """The process died here; nothing of the product may catch it."""


class VirtualTime:
    """Both clocks of a world, in epoch milliseconds; what is due at an instant happens then."""

    def __init__(self, start: datetime) -> None:
        self._start, self._start_ms = start.astimezone(KST), int(start.timestamp() * 1000)
        self.ms = self._start_ms
        self._queue: list[tuple[float, int, Callable[[], Any]]] = []
        self._numbers = itertools.count()

    def now_ms(self) -> int:
        """Epoch milliseconds: the transport clock."""
        return self.ms

    def now(self) -> datetime:
        """The business clock, in KST."""
        return self._start + timedelta(milliseconds=self.ms - self._start_ms)

    def after(self, delay_ms: float, act: Callable[[], Any]) -> None:
        """Do something ``delay_ms`` from now."""
        heapq.heappush(self._queue, (self.ms + delay_ms, next(self._numbers), act))

    def run_until(self, end_ms: int) -> None:
        """Let everything happen that is due until an instant."""
        while self._queue and self._queue[0][0] <= end_ms:
            due_ms, _, act = heapq.heappop(self._queue)
            self.ms = max(self.ms, int(due_ms))
            act()
        self.ms = max(self.ms, end_ms)


class Fate:
    """How often a process is killed or frozen at a call, and for how long; quiet at the end."""

    def __init__(self, random: Random, kill: float, freeze: float) -> None:
        self.random = random
        self.kill, self.freeze = kill, freeze
        self.kills = self.freezes = 0

    def rest(self) -> None:
        """No more harm from now on."""
        self.kill = self.freeze = 0.0

    def delay_ms(self) -> float:
        """What one call costs: milliseconds mostly, seconds to an hour for a frozen process.

        Raises Killed where the process dies.
        """
        drawn = self.random.random()
        if drawn < self.kill:
            self.kills += 1
            raise Killed
        if drawn < self.kill + self.freeze:
            self.freezes += 1
            return 1000 * 10 ** self.random.uniform(0.3, 3.6)
        return self.random.uniform(1, 40)


class Process:
    """Runs ``work`` every ``every_s`` seconds; killed, it starts anew with nothing remembered."""

    def __init__(
        self, time: VirtualTime, fate: Fate, work: Callable[[Process], None], every_s: float
    ) -> None:
        self._time, self._fate, self._work = time, fate, work
        self._every_ms = every_s * 1000
        self._body: greenlet | None = None
        self._is_over = False
        self._start_in(fate.random.uniform(0, self._every_ms))

    def pause(self, ms: float | None = None) -> None:
        """Hand over for so long, or for what fate says a call costs."""
        if self._is_over:
            return
        delay_ms = self._fate.delay_ms() if ms is None else ms
        me = getcurrent()
        self._time.after(delay_ms, me.switch)
        me.parent.switch()

    def end(self) -> None:
        """End for good. A greenlet that stands somewhere is never freed by itself."""
        self._is_over = True
        if self._body is not None and not self._body.dead:
            self._body.throw(Killed)

    def _start_in(self, ms: float) -> None:
        self._time.after(ms, self._start)

    def _start(self) -> None:
        self._body = greenlet(self._live)
        self._body.switch()

    def _live(self) -> None:
        with contextlib.suppress(Killed, LoadError):  # a failed run is a red run; the next goes on
            self._work(self)
        if not self._is_over:
            self._start_in(self._every_ms)


class Stepping:
    """A port as one process sees it: each call may be the last, before it acts or after."""

    def __init__(self, port: Any, process: Process) -> None:
        self._port, self._process = port, process

    def __getattr__(self, name: str) -> Any:
        method, pause = getattr(self._port, name), self._process.pause

        def call(*args: Any, **kwargs: Any) -> Any:
            pause()
            result = method(*args, **kwargs)
            pause()
            return result

        self.__dict__[name] = call
        return call
