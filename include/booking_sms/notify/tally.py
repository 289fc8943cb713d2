"""Counts what channels really took and refused, by day: the evidence that alerting works.

Counted where a channel is called, so nothing can be sent past it. Counting never fails a notice.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import date, timedelta
from typing import Any, Protocol

import structlog

from booking_sms.domain.booking import KST
from booking_sms.domain.errors import AlertFailed, BookingSmsError
from booking_sms.domain.metric_catalogue import data_point
from booking_sms.notify.ways import BlockPoster, Topic
from booking_sms.ports import AlertChannel, Clock, MetricsSink

SENT, FAILED = "sent", "failed"
log = structlog.get_logger(__name__)


class DayCounters(Protocol):
    """The part of ControlRepository that counts by day."""

    def add_to_counter(self, name: str, day: date, amount: int) -> int:
        """Add; return the new value."""
        ...

    def counter(self, name: str, day: date) -> int:
        """The value, 0 when nothing was counted."""
        ...


TROUBLES = "troubles"
"""Counted beside the channels: troubles of the system, without the day's lines and tests."""


class Tally:
    """Counts of one installation, by channel and Korean day; failures are a metric too."""

    def __init__(
        self, counters: DayCounters, clock: Clock, metrics: Callable[[], MetricsSink | None]
    ) -> None:
        self._counters = counters
        self._clock = clock
        self._metrics = metrics

    @contextmanager
    def counting(self, channel: str) -> Iterator[None]:
        """Count one delivery by how it ends; its AlertFailed goes on."""
        try:
            yield
        except AlertFailed:
            self._count(channel, FAILED)
            self._publish(channel)
            raise
        self._count(channel, SENT)

    def count_trouble(self) -> None:
        """Count a trouble that was told, through however many channels."""
        self._count(TROUBLES, SENT)

    def between(self, channel: str, first: date, last: date) -> dict[str, int]:
        """Sent and failed of a channel on Korean days, both ends included."""
        days = [first + timedelta(days=n) for n in range((last - first).days + 1)]
        return {
            outcome: sum(self._counters.counter(_name(channel, outcome), day) for day in days)
            for outcome in (SENT, FAILED)
        }

    def _count(self, channel: str, outcome: str) -> None:
        today = self._clock.now().astimezone(KST).date()
        try:
            self._counters.add_to_counter(_name(channel, outcome), today, 1)
        except BookingSmsError as error:  # a key that was taken away included
            log.error("notice_not_counted", channel=channel, outcome=outcome, error=error.code)

    def _publish(self, channel: str) -> None:
        sink = self._metrics()
        if sink is not None:
            sink.put([data_point("NoticesFailed", 1, self._clock.now(), Channel=channel)])


class TalliedChannel:
    """An alert channel whose deliveries are counted."""

    def __init__(self, channel: AlertChannel, tally: Tally) -> None:
        self.name = channel.name
        self._channel = channel
        self._tally = tally

    def send(self, text: str) -> None:
        """Deliver the text or raise AlertFailed."""
        with self._tally.counting(self.name):
            self._channel.send(text)


class SlackLike(BlockPoster, AlertChannel, Protocol):
    """A webhook that takes texts and blocks."""


class TalliedSlack:
    """Slack, counted; texts and blocks."""

    def __init__(self, slack: SlackLike, tally: Tally) -> None:
        self.name = slack.name
        self._slack = slack
        self._tally = tally

    def send(self, text: str) -> None:
        """Deliver the text or raise AlertFailed."""
        with self._tally.counting(self.name):
            self._slack.send(text)

    def post(self, message: Mapping[str, Any]) -> tuple[int, str]:
        """Post blocks or raise AlertFailed."""
        with self._tally.counting(self.name):
            return self._slack.post(message)


class TalliedTopic:
    """An SNS topic, counted."""

    def __init__(self, topic: Topic, tally: Tally) -> None:
        self.name = topic.name
        self._topic = topic
        self._tally = tally

    def publish(self, subject: str, text: str) -> str:
        """Publish or raise AlertFailed."""
        with self._tally.counting(self.name):
            return self._topic.publish(subject, text)


def _name(channel: str, outcome: str) -> str:
    return f"notices-{channel}-{outcome}"
