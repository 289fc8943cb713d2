"""A real process that kills or stops itself at a chosen call, or at random ones.

SIGKILL and SIGSTOP come from inside, so they strike exactly between two durable steps; from
outside they look like the kernel's.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from random import Random
from typing import Any


@dataclass
class Doom:
    """When this process is struck: at the steps of ``planned``, behind them by chance.

    ``planned`` holds signals by step, from 0. ``strike`` sends one; a test gives its own.
    """

    random: Random
    kill: float = 0.0
    stop: float = 0.0
    planned: Mapping[int, int] = field(default_factory=dict)
    strike: Callable[[int], None] = field(default=lambda number: os.kill(os.getpid(), number))
    calls: int = 0

    def step(self) -> None:
        """One call begins, or has just acted."""
        number, self.calls = self.calls, self.calls + 1
        if number in self.planned:
            self.strike(self.planned[number])
        if number <= max(self.planned, default=-1):
            return
        drawn = self.random.random()
        if drawn < self.kill:
            self.strike(signal.SIGKILL)
        elif drawn < self.kill + self.stop:
            self.strike(signal.SIGSTOP)


class Doomed:
    """A port whose every call may be the last, before it acts or after."""

    def __init__(self, port: Any, doom: Doom) -> None:
        self._port, self._doom = port, doom

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._port, name)
        if not callable(method):
            return method

        def call(*args: Any, **kwargs: Any) -> Any:
            self._doom.step()
            result = method(*args, **kwargs)
            self._doom.step()
            return result

        self.__dict__[name] = call
        return call


class LaggingIndex:
    """The outbox seen through an index that shows some of its entries late."""

    def __init__(self, jobs: Any, random: Random, share: float) -> None:
        self._jobs, self._random, self._share = jobs, random, share

    def open_jobs(self, *args: Any) -> Any:
        """What the index shows now."""
        found = self._jobs.open_jobs(*args)
        return tuple(job for job in found if self._random.random() >= self._share)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._jobs, name)
