"""What channels took and refused is counted by day, and never fails a notice."""

from __future__ import annotations

from datetime import date, timedelta

import boto3
import pytest
from moto import mock_aws

from booking_sms.adapters.aws.notices import SnsTopic, make_sns_client
from booking_sms.domain.errors import AlertFailed, StoreUnavailable
from booking_sms.notify.tally import TalliedChannel, TalliedSlack, TalliedTopic, Tally
from booking_sms.notify.ways import TopicWay
from booking_sms.testing import (
    NOW,
    FixedClock,
    InMemoryControlRepository,
    InMemoryMetricsSink,
    RecordingAlertChannel,
)

TODAY = date(2026, 3, 2)
REFUSED = AlertFailed(channel="slack", reason="no_service")


class Slack(RecordingAlertChannel):
    def post(self, message):
        self.send(message["text"])
        return 200, "ab"


@pytest.fixture
def sink():
    return InMemoryMetricsSink()


@pytest.fixture
def clock():
    return FixedClock(NOW)


@pytest.fixture
def tally(clock, sink):
    return Tally(InMemoryControlRepository(), clock, lambda: sink)


def test_deliveries_are_counted_by_how_they_end(tally, sink):
    slack = Slack("slack")
    counted = TalliedSlack(slack, tally)
    counted.send("one")
    counted.post({"text": "two"})
    slack.failure = REFUSED
    for deliver in (lambda: counted.send("x"), lambda: counted.post({"text": "x"})):
        with pytest.raises(AlertFailed):
            deliver()

    assert tally.between("slack", TODAY, TODAY) == {"sent": 2, "failed": 2}
    assert [(m.name, dict(m.dimensions)) for m in sink.metrics] == [
        ("NoticesFailed", {"Channel": "slack"})
    ] * 2


def test_channels_and_days_are_apart(tally, clock):
    TalliedChannel(RecordingAlertChannel("telegram"), tally).send("x")
    clock.advance(timedelta(days=1))
    TalliedChannel(RecordingAlertChannel("telegram"), tally).send("x")

    assert tally.between("telegram", TODAY, TODAY)["sent"] == 1
    assert tally.between("telegram", TODAY, TODAY + timedelta(days=1))["sent"] == 2
    assert tally.between("slack", TODAY, TODAY + timedelta(days=1))["sent"] == 0


def test_a_table_that_is_down_costs_a_count_and_no_notice(clock):
    class Down:
        def add_to_counter(self, name, day, amount):
            raise StoreUnavailable(table="sms_control")

        def counter(self, name, day):
            return 0

    channel = RecordingAlertChannel("telegram")
    TalliedChannel(channel, Tally(Down(), clock, lambda: None)).send("x")

    assert channel.texts == ["x"]


def test_a_topic_takes_a_notice_and_answers_with_its_id(tally):
    with mock_aws():
        topic = boto3.client("sns", "us-east-1").create_topic(Name="t")["TopicArn"]
        client = make_sns_client(region="us-east-1", access_key_id="x", secret_access_key="x")
        way = TopicWay(TalliedTopic(SnsTopic(client, topic), tally))

        receipt = way.deliver("[HIGH] 시험 failed", ["where: x"], {})

        assert (receipt.channel, receipt.status, len(receipt.reference)) == ("sns", 200, 36)
        assert tally.between("sns", TODAY, TODAY) == {"sent": 1, "failed": 0}


def test_a_topic_that_is_not_there_is_a_failure_with_its_code(tally):
    with mock_aws():
        client = make_sns_client(region="us-east-1", access_key_id="x", secret_access_key="x")
        topic = TalliedTopic(SnsTopic(client, "arn:aws:sns:us-east-1:123456789012:none"), tally)

        with pytest.raises(AlertFailed) as failure:
            topic.publish("x", "y")

    assert failure.value.context["reason"] == "NotFound"
    assert not failure.value.retry_safe
    assert tally.between("sns", TODAY, TODAY) == {"sent": 0, "failed": 1}
