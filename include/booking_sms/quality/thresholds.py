"""The campaign's limits of time and memory, and what a measured value is judged to be.

What nobody measured is judged to be nothing: neither good nor bad.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

Light = tuple[float, str]


@dataclass(frozen=True, kw_only=True)
class Threshold:
    """A limit that must not be passed, and the lights that go on below it.

    ``lights`` are (above this value, name), the mildest first; below all of them it is ``ok``.
    """

    name: str
    unit: str
    limit: float
    lights: tuple[Light, ...] = ()

    def light(self, value: float) -> str:
        """The strongest light that is on."""
        on = [name for above, name in self.lights if value > above]
        return on[-1] if on else "ok"


DURATION_LIGHTS: tuple[Light, ...] = ((120, "yellow"), (180, "red"), (240, "critical"))
MEMORY_LIGHTS: tuple[Light, ...] = ((256, "watch"), (400, "limited"), (512, "critical"))
THRESHOLDS = (
    Threshold(name="parity_run", unit="s", limit=240, lights=DURATION_LIGHTS),
    Threshold(name="pipeline_window", unit="s", limit=240, lights=DURATION_LIGHTS),
    Threshold(name="cold_start", unit="s", limit=10, lights=((6, "yellow"), (10, "critical"))),
    Threshold(name="peak_memory", unit="MB", limit=512, lights=MEMORY_LIGHTS),
    Threshold(name="dynamodb_read_p99", unit="ms", limit=100, lights=((100, "critical"),)),
    Threshold(name="rules_of_a_booking", unit="ms", limit=100, lights=((100, "critical"),)),
)


def judged(values: Mapping[str, float | None], ran_at: datetime) -> dict[str, Any]:
    """Every threshold with its value; ``ok`` is None where there is none. KeyError for a value
    that no threshold knows: a misspelt one would go unjudged.
    """
    unknown = set(values) - {threshold.name for threshold in THRESHOLDS}
    if unknown:
        raise KeyError(", ".join(sorted(unknown)))
    measures = [_judged(threshold, values.get(threshold.name)) for threshold in THRESHOLDS]
    return {"kind": "thresholds", "ran_at": ran_at.isoformat(), "measures": measures}


def _judged(threshold: Threshold, value: float | None) -> dict[str, Any]:
    measured = value is not None and math.isfinite(value)
    return {
        "name": threshold.name,
        "value": round(value, 3) if value is not None and measured else None,
        "limit": threshold.limit,
        "unit": threshold.unit,
        "ok": value <= threshold.limit if value is not None and measured else None,
        "light": threshold.light(value) if value is not None and measured else None,
    }


def percentile(values: list[float], share: float) -> float | None:
    """The smallest value that at least this share does not exceed; None of nothing."""
    if not values:
        return None
    return sorted(values)[max(0, math.ceil(share * len(values)) - 1)]
