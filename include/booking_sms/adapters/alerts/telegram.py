"""Telegram by bot: plain text only, because prices and phone numbers break its markup.

The bot token is part of the URL; it must not appear in a log line or an error.
"""

from __future__ import annotations

import time
from collections.abc import Callable
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
from booking_sms.adapters.alerts.split import split_text, utf16_units
from booking_sms.domain.errors import AlertFailed

TEXT_LIMIT = 4096
PAUSE_S = 1.0
"""About one message a second is allowed to a chat."""


class TelegramChannel:
    """Implements ports.AlertChannel with sendMessage.

    Parts go out one a second. 429 is waited for as long as Telegram says, up to
    ``longest_delay_s``. Delivery is at least once: a part may come twice, after a failure.
    """

    name = "telegram"

    def __init__(
        self,
        token: str,
        chat_id: str,
        *,
        base_url: str = "https://api.telegram.org",
        timeout_s: float = 10.0,
        longest_delay_s: float = 30.0,
        sleep: Sleep = time.sleep,
        monotonic: Callable[[], float] = time.monotonic,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        url = f"{base_url.rstrip('/')}/bot{token}/sendMessage"
        self._post = JsonPost(self.name, url, timeout_s, transport)
        self._chat_id = chat_id
        self._longest_delay_s = longest_delay_s
        self._sleep = sleep
        self._monotonic = monotonic
        self._next_at = 0.0

    def send(self, text: str) -> None:
        """Deliver the text in parts of 4096; raise AlertFailed at the first that fails."""
        for part in split_text(text, TEXT_LIMIT, utf16_units):
            send = partial(self._send_part, part)
            retrying(send, sleep=self._sleep, longest_delay_s=self._longest_delay_s)

    def _send_part(self, part: str) -> None:
        self._wait_for_turn()
        document = {"chat_id": self._chat_id, "text": part, "disable_web_page_preview": True}
        check_answer(self._post(document))

    def _wait_for_turn(self) -> None:
        now = self._monotonic()
        if now < self._next_at:
            self._sleep(self._next_at - now)
        self._next_at = max(now, self._next_at) + PAUSE_S


def check_answer(answer: Answer) -> None:
    """Raise AlertFailed unless Telegram says ok; its descriptions are not repeated."""
    fields = answer.json_object()
    if answer.status == 200 and fields.get("ok") is True:
        return
    parameters = fields.get("parameters")
    parameters = parameters if isinstance(parameters, dict) else {}
    if answer.status == 429:
        raise _try_again("throttled", answer.status, parameters.get("retry_after"))
    if answer.status >= 500:
        raise _try_again("server_error", answer.status)
    reason = "chat_migrated" if "migrate_to_chat_id" in parameters else "refused"
    raise AlertFailed(channel=TelegramChannel.name, reason=reason, status=answer.status)


def _try_again(reason: str, status: int, delay: Any = None) -> AlertFailed:
    named = float(delay) if isinstance(delay, int | float) else DEFAULT_DELAY_S
    facts: dict[str, Any] = {"reason": reason, "status": status, RETRY_AFTER: named}
    return AlertFailed(retry_safe=True, channel=TelegramChannel.name, **facts)
