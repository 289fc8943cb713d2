"""One measured number with its unit, as monitoring takes it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from booking_sms.domain.booking import require_aware

Unit = Literal["Count", "Percent", "Milliseconds", "Seconds", "Megabytes", "None"]
MOST_DIMENSIONS, LONGEST = 30, 255
"""CloudWatch's limits: dimensions of a metric, letters of a metric's name."""
LONGEST_VALUE = 1024


@dataclass(frozen=True, kw_only=True)
class Metric:
    """A data point. ``dimensions`` name what it is about and never a person."""

    name: str
    value: float
    unit: Unit
    at: datetime
    dimensions: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        require_aware("at", self.at)

    def problem(self) -> str:
        """Why monitoring would refuse it; empty if it would not."""
        if not 0 < len(self.name) <= LONGEST:
            return "name"
        if not math.isfinite(self.value):
            return "value"
        if len(self.dimensions) > MOST_DIMENSIONS:
            return "dimensions"
        for name, value in self.dimensions.items():
            if not 0 < len(name) <= LONGEST or not 0 < len(value) <= LONGEST_VALUE:
                return "dimensions"
        return ""


@dataclass(frozen=True, kw_only=True)
class Publication:
    """How many data points arrived, and how many did not."""

    published: int = 0
    failed: int = 0

    def plus(self, other: Publication) -> Publication:
        """Both together."""
        return Publication(
            published=self.published + other.published, failed=self.failed + other.failed
        )

    def as_dict(self) -> dict[str, int]:
        """Counts only."""
        return {"published": self.published, "failed": self.failed}
