"""What CloudWatch shows of our numbers and alarms, and what becomes of its failures."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from botocore.stub import Stubber
from moto import mock_aws

from booking_sms.adapters.aws.metrics import CloudWatchMetricsSink, make_metrics_client
from booking_sms.adapters.aws.monitoring_look import CloudWatchLook
from booking_sms.domain.errors import StoreUnavailable
from booking_sms.domain.metric_catalogue import data_point

pytestmark = pytest.mark.slow

NOW = datetime.now(UTC).replace(second=0, microsecond=0) - timedelta(minutes=5)
KEYS = {"region": "us-east-1", "access_key_id": "x", "secret_access_key": "x"}


@pytest.mark.slow
def test_a_number_is_where_its_alarm_reads_it():
    with mock_aws():
        client = make_metrics_client(**KEYS)
        sink, look = CloudWatchMetricsSink(client, "ours"), CloudWatchLook(client, "ours")
        sink.put([data_point("CanaryAlarm", 1, NOW), data_point("CanaryAlarm", 1, NOW)])
        hour = timedelta(hours=1)

        assert look.sum_of("CanaryAlarm", NOW - hour, NOW + hour) == 2
        assert look.sum_of("CanaryAlarm", NOW - 2 * hour, NOW - hour) == 0
        assert look.sum_of("CanaryBeat", NOW - hour, NOW + hour) == 0
        assert CloudWatchLook(client, "others").sum_of("CanaryAlarm", NOW - hour, NOW + hour) == 0


@pytest.mark.slow
def test_the_state_of_an_alarm_is_its_own_or_none():
    with mock_aws():
        client = make_metrics_client(**KEYS)
        look = CloudWatchLook(client, "ours")
        client.put_metric_alarm(
            AlarmName="booking-sms-canary-alarm",
            ComparisonOperator="GreaterThanOrEqualToThreshold",
            EvaluationPeriods=1,
            MetricName="CanaryAlarm",
            Namespace="ours",
            Period=300,
            Statistic="Sum",
            Threshold=1,
        )
        client.set_alarm_state(
            AlarmName="booking-sms-canary-alarm", StateValue="ALARM", StateReason="test"
        )

        assert look.alarm_state("booking-sms-canary-alarm") == "ALARM"
        assert look.alarm_state("booking-sms-other") == ""


@pytest.mark.parametrize(
    ("operation", "ask"),
    [
        ("get_metric_statistics", lambda look: look.sum_of("CanaryAlarm", NOW, NOW)),
        ("describe_alarms", lambda look: look.alarm_state("x")),
    ],
)
def test_a_monitoring_that_does_not_answer_may_be_asked_again(operation, ask):
    client = make_metrics_client(**KEYS)
    with Stubber(client) as stub:
        stub.add_client_error(operation, "AccessDenied", "not for you")
        with pytest.raises(StoreUnavailable) as failure:
            ask(CloudWatchLook(client, "ours"))

    assert failure.value.context["aws_code"] == "AccessDenied"
