"""Where a drill publishes, and where it reads back what arrived.

CloudWatch, or a server that stands in for it, takes the numbers through the product's own sink
and gives them back through GetMetricStatistics. Without such a server, memory does.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Protocol

from booking_sms.config.connections import AwsConnection
from booking_sms.domain.metric import Metric, Publication
from booking_sms.monitoring.clients import Clients
from booking_sms.monitoring.evaluator import Measured
from booking_sms.monitoring.series import read_series
from booking_sms.monitoring.template import MetricKey, MetricSource
from booking_sms.ports import MetricsSink


class Medium(Protocol):
    """A place that keeps data points. ``name`` says which, for the report."""

    @property
    def name(self) -> str:
        """What it is, in words."""
        ...

    def sink(self, namespace: str) -> MetricsSink:
        """Where data points of a namespace go."""
        ...

    def series(self, source: MetricSource, since: datetime, until: datetime) -> list[Measured]:
        """What arrived of what an alarm reads, in the order of time."""
        ...


class MemoryMedium:
    """Keeps every data point as it was put."""

    name = "memory"

    def __init__(self) -> None:
        self._series: dict[MetricKey, list[Measured]] = {}

    def sink(self, namespace: str) -> MetricsSink:
        """A sink into this memory."""
        return _MemorySink(self._series, namespace)

    def series(self, source: MetricSource, since: datetime, until: datetime) -> list[Measured]:
        """What was put, instant by instant."""
        return [one for one in source.select(self._series) if since <= one.at < until]


@dataclass(frozen=True)
class _MemorySink:
    series: dict[MetricKey, list[Measured]]
    namespace: str

    def put(self, metrics: Sequence[Metric]) -> Publication:
        good = [metric for metric in metrics if not metric.problem()]
        for metric in good:
            key = (self.namespace, metric.name, frozenset(metric.dimensions.items()))
            self.series.setdefault(key, []).append(Measured.of(metric.at, metric.value))
        return Publication(published=len(good), failed=len(metrics) - len(good))


class CloudWatchMedium:
    """The monitoring of the AWS connection; its answers are statistics of each minute."""

    def __init__(self, aws: AwsConnection, clients: Clients) -> None:
        self._aws = aws
        self._clients = clients

    @property
    def name(self) -> str:
        """Which server."""
        return f"cloudwatch at {self._aws.endpoint_url or self._aws.region}"

    def sink(self, namespace: str) -> MetricsSink:
        """The product's own sink."""
        from booking_sms.adapters.aws.metrics import CloudWatchMetricsSink

        return CloudWatchMetricsSink(self._clients.cloudwatch, namespace)

    def series(self, source: MetricSource, since: datetime, until: datetime) -> list[Measured]:
        """What CloudWatch gives back."""
        return source.select(read_series(self._clients.cloudwatch, [source], since, until))


@dataclass(frozen=True)
class RenamingSink:
    """A sink that takes some metrics under another name: proof that a drill can fail."""

    sink: MetricsSink
    names: Mapping[str, str]

    def put(self, metrics: Sequence[Metric]) -> Publication:
        """Put them on, renamed."""
        return self.sink.put([
            replace(one, name=self.names.get(one.name, one.name)) for one in metrics
        ])
