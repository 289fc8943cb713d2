"""Published data points, read back from CloudWatch as it keeps them: statistics of each minute."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from booking_sms.monitoring.evaluator import Measured
from booking_sms.monitoring.template import MetricKey, MetricSource

if TYPE_CHECKING:
    from types_boto3_cloudwatch import CloudWatchClient

FINEST_S = 60
MOST_AT_ONCE = timedelta(hours=24)
"""One request gives 1440 data points."""


def read_series(
    client: CloudWatchClient, sources: Iterable[MetricSource], since: datetime, until: datetime
) -> dict[MetricKey, list[Measured]]:
    """Everything that alarms read, by series; botocore's errors are the caller's."""
    keys = {key for source in sources for key in _known(client, source)}
    return {key: list(_measured(client, key, since, until)) for key in sorted(keys, key=repr)}


def _known(client: CloudWatchClient, source: MetricSource) -> Iterator[MetricKey]:
    """The series that an alarm reads, of those that were ever published."""
    pages = client.get_paginator("list_metrics").paginate(
        Namespace=source.namespace, MetricName=source.name
    )
    for page in pages:
        for metric in page["Metrics"]:
            dimensions = frozenset((one["Name"], one["Value"]) for one in metric["Dimensions"])
            key = (metric["Namespace"], metric["MetricName"], dimensions)
            if source.reads(key):
                yield key


def _measured(
    client: CloudWatchClient, key: MetricKey, since: datetime, until: datetime
) -> Iterator[Measured]:
    namespace, name, dimensions = key
    start = since.astimezone(UTC)
    while start < until:
        end = min(start + MOST_AT_ONCE, until)
        answer = client.get_metric_statistics(
            Namespace=namespace,
            MetricName=name,
            Dimensions=[{"Name": one, "Value": value} for one, value in sorted(dimensions)],
            StartTime=start,
            EndTime=end,
            Period=FINEST_S,
            Statistics=["SampleCount", "Sum", "Minimum", "Maximum"],
        )
        for point in sorted(answer["Datapoints"], key=lambda one: one["Timestamp"]):
            yield Measured(
                at=point["Timestamp"],
                count=point["SampleCount"],
                total=point["Sum"],
                minimum=point["Minimum"],
                maximum=point["Maximum"],
            )
        start = end
