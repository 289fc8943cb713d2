"""A sink of metrics that remembers what monitoring would have shown."""

from __future__ import annotations

from collections.abc import Sequence

from booking_sms.domain.metric import Metric, Publication


class InMemoryMetricsSink:
    """Keeps every data point in ``metrics``; refuses all while ``is_down``."""

    def __init__(self) -> None:
        self.metrics: list[Metric] = []
        self.is_down = False

    def put(self, metrics: Sequence[Metric]) -> Publication:
        """Keep what monitoring would take; count the rest."""
        good = [metric for metric in metrics if not metric.problem() and not self.is_down]
        self.metrics += good
        return Publication(published=len(good), failed=len(metrics) - len(good))

    def values(self, name: str) -> list[float]:
        """Every value of a metric, oldest first."""
        return [metric.value for metric in self.metrics if metric.name == name]
