"""Every sink of metrics: what arrives, what is left out, and that nothing is ever raised."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import pytest
from moto import mock_aws

from booking_sms.adapters.aws.metrics import BATCH, CloudWatchMetricsSink, make_metrics_client
from booking_sms.domain.metric import Metric, Publication
from booking_sms.ports import MetricsSink
from booking_sms.testing import InMemoryMetricsSink

KEYS = {"access_key_id": "test", "secret_access_key": "test"}
AT = datetime.now(UTC).replace(second=0, microsecond=0) - timedelta(minutes=5)


@dataclass
class Watched:
    """A sink, and a way to see what arrived."""

    sink: MetricsSink
    client: Any = None

    def arrived(self) -> list[tuple[str, dict[str, str]]]:
        """(name, dimensions) of every metric that is known there."""
        if isinstance(self.sink, InMemoryMetricsSink):
            return sorted((m.name, dict(m.dimensions)) for m in self.sink.metrics)
        pages = self.client.get_paginator("list_metrics").paginate(Namespace="test/comparison")
        return sorted(
            (m["MetricName"], {d["Name"]: d["Value"] for d in m["Dimensions"]})
            for page in pages
            for m in page["Metrics"]
        )


@pytest.fixture(params=["memory", pytest.param("cloudwatch", marks=pytest.mark.slow)])
def watched(request: pytest.FixtureRequest) -> Iterator[Watched]:
    if request.param == "memory":
        yield Watched(InMemoryMetricsSink())
        return
    with mock_aws():
        client = make_metrics_client(region="us-east-1", **KEYS)
        yield Watched(CloudWatchMetricsSink(client, "test/comparison"), client)


def point(name: str, value: float = 1.0, **dimensions: str) -> Metric:
    return Metric(name=name, value=value, unit="Count", at=AT, dimensions=dimensions)


def test_what_is_put_arrives_with_its_dimensions(watched: Watched) -> None:
    done = watched.sink.put([point("ComparisonRun"), point("sms_sent_old", LambdaVersion="legacy")])

    assert done == Publication(published=2)
    assert watched.arrived() == [
        ("ComparisonRun", {}),
        ("sms_sent_old", {"LambdaVersion": "legacy"}),
    ]


def test_more_than_one_request_takes_arrives_whole(watched: Watched) -> None:
    names = [f"metric_{number:03}" for number in range(2 * BATCH + 5)]

    assert watched.sink.put([point(name) for name in names]) == Publication(published=len(names))
    assert [name for name, _ in watched.arrived()] == names


def test_nothing_is_nothing(watched: Watched) -> None:
    assert watched.sink.put([]) == Publication()


@pytest.mark.parametrize(
    "bad",
    [
        pytest.param(point("bad", float("nan")), id="no number"),
        pytest.param(point("bad", float("inf")), id="infinite"),
        pytest.param(point(""), id="no name"),
        pytest.param(point("b" * 256), id="long name"),
        pytest.param(point("bad", Empty=""), id="empty dimension"),
        pytest.param(point("bad", **{f"D{n}": "x" for n in range(31)}), id="31 dimensions"),
    ],
)
def test_what_monitoring_refuses_takes_no_other_with_it(watched: Watched, bad: Metric) -> None:
    done = watched.sink.put([point("first"), bad, point("last")])

    assert done == Publication(published=2, failed=1)
    assert [name for name, _ in watched.arrived()] == ["first", "last"]


def test_a_value_is_what_was_put() -> None:
    with mock_aws():
        client = make_metrics_client(region="us-east-1", **KEYS)
        CloudWatchMetricsSink(client, "test/comparison").put([point("discrepancies", 7)])
        found = client.get_metric_statistics(
            Namespace="test/comparison",
            MetricName="discrepancies",
            StartTime=AT - timedelta(minutes=1),
            EndTime=AT + timedelta(minutes=1),
            Period=60,
            Statistics=["Maximum"],
        )

    assert [each["Maximum"] for each in found["Datapoints"]] == [7.0]


def test_a_sink_that_cannot_be_reached_counts_and_raises_nothing() -> None:
    client = make_metrics_client(
        region="us-east-1", endpoint_url="http://127.0.0.1:9", attempts=1, **KEYS
    )

    done = CloudWatchMetricsSink(client, "test/comparison").put([point("a"), point("b")])
    client.close()

    assert done == Publication(failed=2)


def test_a_sink_without_credentials_counts_and_raises_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setattr(boto3.session.Session, "get_credentials", lambda _: None)
    client = make_metrics_client(region="us-east-1")

    assert CloudWatchMetricsSink(client, "test/comparison").put([point("a")]).failed == 1
    client.close()
