"""Takes people and secrets out of a log line, whoever wrote it.

The last thing before a line is written or shipped. Our own events name nobody; this is for what
nobody thought of: a library's error that quotes a request, a print, a traceback.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, MutableMapping
from typing import Any

from booking_sms.domain.masking import mask_name, without_phones

MARK = "[redacted]"
SHORTEST_SECRET = 4
"""Letters of the shortest known secret that is looked for: a shorter one is part of any word."""
MOST_DEPTH = 8
FRAME = "lineno"
"""What a traceback's frame has: its ``name`` is a function's."""

NAME_FIELDS = frozenset({"name", "customer", "customer_name", "user_name", "booker", "recipient"})
SECRET_FIELDS = frozenset({
    "authorization",
    "cookie",
    "cookies",
    "set-cookie",
    "password",
    "secret",
    "secret_key",
    "token",
    "webhook_url",
    "x-ncp-apigw-signature-v2",
})

_SECRET_SHAPES = (
    re.compile(r"(?P<keep>Bearer )[\w.~+/=-]{8,}"),
    re.compile(r"(?P<keep>NID_(?:AUT|SES)=)[^;\s\"']+"),
    re.compile(r"(?P<keep>https://hooks\.slack\.com/services/)[\w/]+"),
    re.compile(r"(?P<keep>/bot)\d{6,}:[\w-]{20,}"),
    re.compile(r"(?P<keep>\b)(?:AKIA|ASIA)[0-9A-Z]{16}\b"),
    re.compile(r"(?P<keep>\b)gAAAAA[\w-]{40,}=*"),
)
"""Bearer tokens, portal cookies, Slack's webhooks, Telegram's bots, AWS keys, sealed texts."""


class Redactor:
    """A structlog processor; also for plain text.

    :param secrets: values that are never shown, whatever they look like.
    """

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        known = sorted({s for s in secrets if len(s) >= SHORTEST_SECRET}, key=len, reverse=True)
        self._known = re.compile("|".join(map(re.escape, known))) if known else None

    def __call__(
        self, logger: Any, method: str, event: MutableMapping[str, Any]
    ) -> MutableMapping[str, Any]:
        """Redact every value of an event, however deep."""
        for key in list(event):
            event[key] = self._value(key, event[key], MOST_DEPTH)
        return event

    def text(self, text: str) -> str:
        """One text without phones and secrets."""
        if self._known is not None:
            text = self._known.sub(MARK, text)
        for shape in _SECRET_SHAPES:
            text = shape.sub(rf"\g<keep>{MARK}", text)
        return without_phones(text)

    def _value(self, key: str, value: Any, depth: int) -> Any:
        if isinstance(value, str):
            return self._word(key, value)
        if isinstance(value, bytes):
            return self.text(value.decode("utf-8", "replace"))
        if value is None or isinstance(value, bool | int | float):
            return value
        if depth == 0:
            return MARK
        if isinstance(value, Mapping):
            in_code = FRAME in value
            return {
                self.text(str(name)): self._value("" if in_code else str(name), each, depth - 1)
                for name, each in value.items()
            }
        if isinstance(value, list | tuple | set | frozenset):
            return [self._value(key, each, depth - 1) for each in value]
        return self.text(str(value))

    def _word(self, key: str, value: str) -> str:
        field = key.lower()
        if field in SECRET_FIELDS:
            return MARK if value else value
        if field in NAME_FIELDS:
            return mask_name(value) if value else value
        return self.text(value)
