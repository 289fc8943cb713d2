"""Measures what a campaign's limits are about, on this machine and against these tables."""

from __future__ import annotations

from typing import Any

from booking_sms.bench.parity import measure_parity, measure_reads
from booking_sms.bootstrap import Application
from booking_sms.quality.thresholds import judged, percentile

READS = 200
PROBE = "threshold_probe"
"""A booking that nobody has."""
WINDOW_NOTE = "window_seconds"
"""Where the ETL leaves how long its last windows took."""


def measure_thresholds(app: Application, reads: int = READS) -> dict[str, Any]:
    """Time, memory and latency against their limits; what nobody measured is None.

    The longest of the windows that the ETL has noted stands for a window's run. Raises LoadError
    when the tables cannot be read, BenchIncomplete when a measured process fails.
    """
    taken = measure_reads(lambda: app.jobs.of_booking(PROBE), reads)
    noted = (app.control.get_note(WINDOW_NOTE) or {}).get("seconds", ())
    values = {
        **measure_parity(app.settings.home),
        "dynamodb_read_p99": percentile(taken, 0.99),
        "pipeline_window": max(noted, default=None),
    }
    return judged(values, app.clock.now())
