"""How long planning takes and what it holds in memory, measured size by size.

Each size is planned in a process of its own: memory that Python keeps after a large size would
hide in the figures of the next. Time is the processor's, without that of making the bookings
up: what else runs on the machine does not count.
"""

from __future__ import annotations

import argparse
import gc
import json
import subprocess
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from time import process_time
from typing import TypeVar

from booking_sms.bench.bookings import AS_OF, directory, make_chunks, store_count
from booking_sms.bench.memory import peak_kib, resident_kib
from booking_sms.bench.rules import bench_rules
from booking_sms.domain.decision import WindowPlan
from booking_sms.domain.ledger import Ledger
from booking_sms.domain.window import Window
from booking_sms.pipeline.plan import WindowPlanner, plan_stores

SHARES = (10, 50, 100)
"""Percent of the asked number of bookings."""
SLOWEST = 1.5
"""A booking of the largest size may cost this many times one of the smallest: still linear."""
MOST_GROWTH_MB = 16.0
"""By how much the peak of the largest size may exceed the smallest's: still flat.

The allocator's own scatter between runs stays below it. Keeping the bookings would not: at about
2 KB each, 90,000 more of them are 180 MB.
"""
INCLUDE = Path(__file__).resolve().parents[2]
"""Where the child process finds the very package that started it."""
T = TypeVar("T")


@dataclass(frozen=True, kw_only=True)
class Measured:
    """One size. ``growth_mb`` is the peak above what the process held after one store before."""

    bookings: int
    stores: int
    rules: int
    decisions: int
    seconds: float
    microseconds_per_booking: float
    growth_mb: float
    peak_mb: float


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """What the sizes together say."""

    slowdown: float
    extra_mb: float

    @property
    def is_linear(self) -> bool:
        """Whether a booking costs about the same in the largest size as in the smallest."""
        return self.slowdown <= SLOWEST

    @property
    def is_flat(self) -> bool:
        """Whether the largest size needs about the memory of the smallest."""
        return self.extra_mb <= MOST_GROWTH_MB


def verdict_of(sizes: Sequence[Measured]) -> Verdict:
    """The largest size against the smallest; they come in that order."""
    smallest, largest = sizes[0], sizes[-1]
    return Verdict(
        slowdown=round(
            largest.microseconds_per_booking / max(smallest.microseconds_per_booking, 0.001), 2
        ),
        extra_mb=round(largest.growth_mb - smallest.growth_mb, 1),
    )


def measure_in_child(bookings: int, rules: int, per_store: int, seed: int) -> Measured:
    """Measure one size in a process of its own."""
    numbers = map(str, (bookings, rules, per_store, seed))
    command = [sys.executable, "-m", __name__, *numbers]
    result = subprocess.run(  # noqa: S603
        command, stdout=subprocess.PIPE, text=True, check=True, cwd=INCLUDE
    )
    return Measured(**json.loads(result.stdout))


def measure(bookings: int, rules: int, per_store: int, seed: int) -> Measured:
    """Plan one invented window through the pipeline's own function, and drop each plan."""
    plan_once(per_store, rules, per_store, seed)  # imports and caches are no cost of a booking
    gc.collect()
    before = resident_kib()
    decisions, seconds = plan_once(bookings, rules, per_store, seed)
    return Measured(
        bookings=bookings,
        stores=store_count(bookings, per_store),
        rules=rules,
        decisions=decisions,
        seconds=round(seconds, 3),
        microseconds_per_booking=round(seconds / bookings * 1e6, 1),
        growth_mb=round(max(peak_kib() - before, 0) / 1024, 1),
        peak_mb=round(peak_kib() / 1024, 1),
    )


def plan_once(bookings: int, rules: int, per_store: int, seed: int) -> tuple[int, float]:
    """Number of decisions, and processor seconds without those of making bookings up."""
    stores = directory(bookings, per_store)
    making = Timed(make_chunks(bookings, per_store, seed))
    started = process_time()
    planner = WindowPlanner(bench_rules(rules), stores, Window(AS_OF))
    plans = plan_stores(planner, making, Ledger())
    decisions = sum(map(_decisions, plans))
    return decisions, process_time() - started - making.seconds


def _decisions(plan: WindowPlan) -> int:
    return len(plan.decisions)


class Timed(Iterator[T]):
    """Passes items on and adds up how long each took to come."""

    def __init__(self, items: Iterable[T]) -> None:
        self._items = iter(items)
        self.seconds = 0.0

    def __next__(self) -> T:
        started = process_time()
        try:
            return next(self._items)
        finally:
            self.seconds += process_time() - started


def main(arguments: Sequence[str] | None = None) -> None:
    """The child process: four numbers in, one JSON object out."""
    parser = argparse.ArgumentParser(prog="booking_sms.bench.planning")
    for name in ("bookings", "rules", "per_store", "seed"):
        parser.add_argument(name, type=int)
    sys.stdout.write(json.dumps(asdict(measure(**vars(parser.parse_args(arguments))))) + "\n")


if __name__ == "__main__":
    main()
