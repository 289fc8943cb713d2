"""CloudWatch behind ``ports.MetricsSink``: numbers that must never fail what they measure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import structlog
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from booking_sms.domain.metric import Metric, Publication
from booking_sms.transport.aws_session import make_session

if TYPE_CHECKING:
    from types_boto3_cloudwatch import CloudWatchClient
    from types_boto3_cloudwatch.type_defs import MetricDatumTypeDef

BATCH = 20
"""Data points of one request; CloudWatch takes 1000. A refused request costs few others."""
log = structlog.get_logger(__name__)


def make_metrics_client(
    *,
    region: str,
    endpoint_url: str | None = None,
    access_key_id: str | None = None,
    secret_access_key: str | None = None,
    timeout_s: float = 3.0,
    attempts: int = 2,
) -> CloudWatchClient:
    """Build a client; without keys, AWS's own chain of credentials applies."""
    session = make_session(
        region=region, access_key_id=access_key_id, secret_access_key=secret_access_key
    )
    config = Config(
        connect_timeout=timeout_s,
        read_timeout=timeout_s,
        retries={"mode": "standard", "total_max_attempts": attempts},
    )
    return session.client("cloudwatch", endpoint_url=endpoint_url, config=config)


class CloudWatchMetricsSink:
    """Puts data points into one namespace. The constructor does no I/O."""

    def __init__(self, client: CloudWatchClient, namespace: str) -> None:
        self._client = client
        self.namespace = namespace

    def put(self, metrics: Sequence[Metric]) -> Publication:
        """Publish in batches; what is refused is counted and logged, and nothing is raised.

        A data point that CloudWatch would refuse is left out: it would take its batch with it.
        """
        good = [metric for metric in metrics if not metric.problem()]
        total = Publication(failed=len(metrics) - len(good))
        for metric in metrics:
            if metric.problem():
                log.error("metric_unusable", metric=metric.name, why=metric.problem())
        for batch in _batches(good):
            total = total.plus(self._put(batch))
        return total

    def _put(self, batch: Sequence[Metric]) -> Publication:
        try:
            self._client.put_metric_data(
                Namespace=self.namespace, MetricData=[_datum(metric) for metric in batch]
            )
        except (ClientError, BotoCoreError) as error:
            log.error("metrics_not_published", count=len(batch), why=_reason(error))
            return Publication(failed=len(batch))
        return Publication(published=len(batch))


def _batches(metrics: Sequence[Metric]) -> Iterator[Sequence[Metric]]:
    for start in range(0, len(metrics), BATCH):
        yield metrics[start : start + BATCH]


def _datum(metric: Metric) -> MetricDatumTypeDef:
    return {
        "MetricName": metric.name,
        "Value": metric.value,
        "Unit": metric.unit,
        "Timestamp": metric.at,
        "Dimensions": [{"Name": n, "Value": v} for n, v in sorted(metric.dimensions.items())],
    }


def _reason(error: ClientError | BotoCoreError) -> str:
    if isinstance(error, ClientError):
        return str(error.response.get("Error", {}).get("Code", "Unknown"))
    return type(error).__name__
