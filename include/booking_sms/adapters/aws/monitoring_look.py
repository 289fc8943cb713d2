"""What CloudWatch itself knows: whether a number arrived there, and the state of an alarm."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from booking_sms.domain.errors import StoreUnavailable

if TYPE_CHECKING:
    from types_boto3_cloudwatch import CloudWatchClient

PERIOD_S = 60


class CloudWatchLook:
    """Reads one namespace and the alarms. The constructor does no I/O."""

    def __init__(self, client: CloudWatchClient, namespace: str) -> None:
        self._client = client
        self._namespace = namespace

    def sum_of(self, metric: str, since: datetime, until: datetime) -> float:
        """Sum of a metric without dimensions in [since, until); StoreUnavailable if unread."""
        try:
            answer = self._client.get_metric_statistics(
                Namespace=self._namespace,
                MetricName=metric,
                StartTime=since,
                EndTime=until,
                Period=PERIOD_S,
                Statistics=["Sum"],
            )
        except (ClientError, BotoCoreError) as error:
            raise _unavailable(error) from error
        return sum(point["Sum"] for point in answer["Datapoints"])

    def alarm_state(self, name: str) -> str:
        """``OK``, ``ALARM`` or ``INSUFFICIENT_DATA``; empty for an alarm that is not there."""
        try:
            answer = self._client.describe_alarms(AlarmNames=[name])
        except (ClientError, BotoCoreError) as error:
            raise _unavailable(error) from error
        return str(next((one["StateValue"] for one in answer["MetricAlarms"]), ""))


def _unavailable(error: ClientError | BotoCoreError) -> StoreUnavailable:
    code = type(error).__name__
    if isinstance(error, ClientError):
        code = str(error.response.get("Error", {}).get("Code", code))
    return StoreUnavailable(service="cloudwatch", aws_code=code)
