"""Slack by incoming webhook, inside Block Kit's limits: Slack drops what is over them.

The webhook URL is a secret; it must not appear in a log line or an error.
"""

from __future__ import annotations

import re
import time
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import httpx

from booking_sms.adapters.alerts.posting import (
    DEFAULT_DELAY_S,
    RETRY_AFTER,
    Answer,
    JsonPost,
    Sleep,
    retrying,
)
from booking_sms.adapters.alerts.split import split_text
from booking_sms.domain.errors import AlertFailed

SECTION_LIMIT = 3000
SECTIONS_PER_MESSAGE = 4
"""Slack refuses whole messages near 13,000 characters, whatever the 50 blocks it documents."""

FALLBACK_LIMIT = 150
_ERROR_WORD = re.compile(r"[a-z_]{1,40}")


class SlackChannel:
    """Implements ports.AlertChannel with an incoming webhook.

    429 (up to ``longest_delay_s``), 5xx and failed connections are tried again; everything
    else is permanent. Delivery is at least once.
    """

    name = "slack"

    def __init__(
        self,
        webhook_url: str,
        *,
        timeout_s: float = 10.0,
        longest_delay_s: float = 30.0,
        sleep: Sleep = time.sleep,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        self._post = JsonPost(self.name, webhook_url, timeout_s, transport)
        self._longest_delay_s = longest_delay_s
        self._sleep = sleep

    def send(self, text: str) -> None:
        """Deliver the text in as many messages as it needs; raise AlertFailed."""
        for message in build_messages(text):
            send = partial(self._send_message, message)
            retrying(send, sleep=self._sleep, longest_delay_s=self._longest_delay_s)

    def post(self, message: Mapping[str, Any]) -> tuple[int, str]:
        """Post one message that is inside Block Kit's limits; raise AlertFailed.

        Returns the HTTP status and the SHA-256 of the body: a webhook answers with no id.
        """
        answers: list[Answer] = []

        def once() -> None:
            answer = self._post(message)
            check_answer(answer)
            answers.append(answer)

        retrying(once, sleep=self._sleep, longest_delay_s=self._longest_delay_s)
        return answers[-1].status, answers[-1].sent_sha256

    def _send_message(self, message: Mapping[str, Any]) -> None:
        check_answer(self._post(message))


def escape(text: str) -> str:
    """Escape the three characters that Slack's markup gives a meaning."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def build_messages(text: str) -> list[dict[str, Any]]:
    """Block Kit messages: sections of at most 3000 characters, four to a message."""
    sections = split_text(text, SECTION_LIMIT, lambda part: len(escape(part)))
    starts = range(0, len(sections), SECTIONS_PER_MESSAGE)
    return [_message(sections[start : start + SECTIONS_PER_MESSAGE]) for start in starts]


def _message(sections: Sequence[str]) -> dict[str, Any]:
    first_line = sections[0].strip().split("\n")[0]
    return {"text": escape(first_line[:FALLBACK_LIMIT]), "blocks": [_block(s) for s in sections]}


def _block(section: str) -> Mapping[str, Any]:
    """One section; verbatim, so that Slack makes no links or mentions of its own."""
    text = {"type": "mrkdwn", "text": escape(section), "verbatim": True}
    return {"type": "section", "text": text}


def check_answer(answer: Answer) -> None:
    """Raise AlertFailed unless Slack answers 200; its error bodies are single words."""
    if answer.status == 200:
        return
    if answer.status == 429 or answer.status >= 500:
        reason = "throttled" if answer.status == 429 else "server_error"
        facts: dict[str, Any] = {"reason": reason, "status": answer.status}
        facts[RETRY_AFTER] = _retry_after(answer.headers)
        raise AlertFailed(retry_safe=True, channel=SlackChannel.name, **facts)
    word = answer.text.strip()
    reason = word if _ERROR_WORD.fullmatch(word) else "refused"
    raise AlertFailed(channel=SlackChannel.name, reason=reason, status=answer.status)


def _retry_after(headers: Mapping[str, str]) -> float:
    try:
        return max(0.0, float(headers.get("Retry-After", "")))
    except ValueError:
        return DEFAULT_DELAY_S
