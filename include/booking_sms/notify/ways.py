"""How a notice looks in each channel: Slack's blocks, Telegram's plain text, SNS's subject."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from booking_sms.notify import block_kit
from booking_sms.notify.notice import Receipt, Severity
from booking_sms.ports import AlertChannel

SUBJECT_LIMIT = 100
"""SNS: fewer than 100 ASCII characters, no line break."""


class BlockPoster(Protocol):
    """Slack's webhook."""

    name: str

    def post(self, message: Mapping[str, Any]) -> tuple[int, str]:
        """Post one message; HTTP status and SHA-256 of the body, or AlertFailed."""
        ...


class Topic(Protocol):
    """An SNS topic."""

    name: str

    def publish(self, subject: str, text: str) -> str:
        """Publish; the message's id, or AlertFailed."""
        ...


class SlackWay:
    """Header, text, buttons. Slack hears everything."""

    least = Severity.INFO

    def __init__(self, slack: BlockPoster) -> None:
        self.name = slack.name
        self._slack = slack

    def deliver(self, heading: str, lines: Sequence[str], links: Mapping[str, str]) -> Receipt:
        """One message."""
        status, digest = self._slack.post(block_kit.message(heading, lines, links))
        return Receipt(channel=self.name, status=status, reference=digest)


class TextWay:
    """Plain text for the owner; the channel splits and paces it. Only what keeps customers out."""

    def __init__(self, channel: AlertChannel, *, least: Severity = Severity.CRITICAL) -> None:
        self.name = channel.name
        self.least = least
        self._channel = channel

    def deliver(self, heading: str, lines: Sequence[str], links: Mapping[str, str]) -> Receipt:
        """The text in as many parts as it needs; the reference is the digest of the whole."""
        text = _plain(heading, lines, links)
        self._channel.send(text)
        digest = hashlib.sha256(text.encode()).hexdigest()
        return Receipt(channel=self.name, status=200, reference=digest)


class TopicWay:
    """SNS: mail, phones, whatever subscribes to the alarms' topic."""

    least = Severity.HIGH

    def __init__(self, topic: Topic) -> None:
        self.name = topic.name
        self._topic = topic

    def deliver(self, heading: str, lines: Sequence[str], links: Mapping[str, str]) -> Receipt:
        """One publication; the reference is SNS's message id."""
        message_id = self._topic.publish(subject_of(heading), _plain(heading, lines, links))
        return Receipt(channel=self.name, status=200, reference=message_id)


def subject_of(heading: str) -> str:
    """A subject that SNS takes: printable ASCII that begins with a letter or a digit."""
    ascii_only = "".join(c for c in heading if " " <= c <= "~").replace("[", "").replace("]", "")
    return " ".join(ascii_only.split())[: SUBJECT_LIMIT - 1] or "booking_sms"


def _plain(heading: str, lines: Sequence[str], links: Mapping[str, str]) -> str:
    addresses = [f"{label}: {address}" for label, address in links.items()]
    return "\n".join([heading, *lines, *addresses])
