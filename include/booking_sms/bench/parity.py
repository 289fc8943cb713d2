"""Measures a parity run in a process of its own: seconds, peak memory, cold start.

A fresh process is the measure that counts: memory of whoever asks, and what it has imported
already, would be in it otherwise. Memory is the kernel's own mark of the most that was resident.
Run as a module it is that process: ``python -m booking_sms.bench.parity HOME first|all``.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from booking_sms.domain.errors import BenchIncomplete

FIRST, ALL = "first", "all"
CHILD_WITHIN_S = 600


def measure_parity(home: Path) -> dict[str, float | None]:
    """Values by the thresholds' names. Raises BenchIncomplete when the process fails."""
    began = time.monotonic()
    _child(home, FIRST)
    cold = time.monotonic() - began
    began = time.monotonic()
    found = _child(home, ALL)
    return {
        "cold_start": cold,
        "parity_run": time.monotonic() - began,
        "peak_memory": found["peak_mb"],
        "rules_of_a_booking": found["decide_ms"] / found["bookings"],
    }


def measure_reads(read: Callable[[], object], times: int) -> list[float]:
    """Milliseconds of each read, after one that opens the connection."""
    read()
    taken = []
    for _ in range(times):
        began = time.perf_counter()
        read()
        taken.append((time.perf_counter() - began) * 1000)
    return taken


def _child(home: Path, what: str) -> dict[str, float]:
    command = [sys.executable, "-m", "booking_sms.bench.parity", str(home), what]
    done = subprocess.run(  # noqa: S603 (our own interpreter and module)
        command, capture_output=True, text=True, timeout=CHILD_WITHIN_S, check=False
    )
    if done.returncode:
        raise BenchIncomplete("the measured parity run failed", exit_code=done.returncode)
    measured: dict[str, float] = json.loads(done.stdout)
    return measured


def run(home: Path, what: str) -> dict[str, float]:
    """Decide the recordings, or the first of them, and compare; what it took."""
    from datetime import UTC, datetime

    from booking_sms.adapters.naver.parsing import parse_booking
    from booking_sms.bench.memory import peak_kib
    from booking_sms.config.catalog_loader import load_catalog
    from booking_sms.parity.compare import compare
    from booking_sms.parity.dataset import read_dataset
    from booking_sms.parity.golden import recorded_outcome
    from booking_sms.parity.outcome import decide
    from booking_sms.parity.scenario import read_scenarios

    dataset = read_dataset(home / "golden")
    (name, file), *_ = dataset.named("legacy").items()
    catalog = load_catalog(home, file.rule_set)
    scenarios = read_scenarios(dataset.path(name), recorded=True)
    chosen = scenarios[:1] if what == FIRST else scenarios
    began = time.perf_counter()
    actual = [decide(each, catalog.rules, catalog.stores, parse_booking) for each in chosen]
    decide_ms = (time.perf_counter() - began) * 1000
    expected = [recorded_outcome(each) for each in chosen]
    compare(expected, actual, catalog.rules, today=datetime.now(UTC).date())
    bookings = sum(len(each.confirmed) + len(each.completed) for each in chosen)
    return {"decide_ms": decide_ms, "bookings": bookings, "peak_mb": peak_kib() / 1024}


if __name__ == "__main__":
    sys.stdout.write(json.dumps(run(Path(sys.argv[1]), sys.argv[2])))
