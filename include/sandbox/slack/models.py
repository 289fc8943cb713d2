"""The state of the sandbox's Slack: what reached which channel, by webhook or by the Web API."""

from __future__ import annotations

import math
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from sandbox.slack.blocks import Block, check_blocks
from sandbox.slack.errors import WEB_API_ERRORS, WEBHOOK_STATUS, SlackRateLimited, SlackRefusal

WEBHOOK, POST_MESSAGE = "webhook", "chat.postMessage"
MAX_TEXT, MAX_ATTACHMENTS = 40_000, 100
_ANY = (WEBHOOK, POST_MESSAGE)


def _fault_kinds() -> dict[str, tuple[str, ...]]:
    kinds = {word: (WEBHOOK,) for word in WEBHOOK_STATUS}
    for word in WEB_API_ERRORS:
        kinds[word] = (*kinds.get(word, ()), POST_MESSAGE)
    return kinds | {
        "refuse": _ANY,  # params word, status
        "rate_limited": _ANY,  # params retry_after (1), hold (false: this call only)
        "http_500": _ANY,
        "http_503": _ANY,
        "hang_before_accept": _ANY,  # params seconds (30)
        "drop_before_accept": _ANY,
        "hang_after_accept": _ANY,
        "drop_after_accept": _ANY,
        "accept_cut_body": _ANY,
        "accept_html_body": _ANY,
    }


FAULT_KINDS: dict[str, tuple[str, ...]] = _fault_kinds()
"""Every documented word, and what networks do; kind -> operations it acts on."""


class SlackSettings(BaseModel):
    """Every switch with its default; unknown names are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    webhook_path: str = "T0SANDBOX/B0SANDBOX/sandbox-webhook"
    webhook_channel: str = "#sms-alerts"
    bot_token: str = "sandbox-slack-bot-token"
    channels: tuple[str, ...] = ("#sms-alerts", "C0SANDBOX")
    joined: tuple[str, ...] = ("#sms-alerts", "C0SANDBOX")
    archived: tuple[str, ...] = ()
    rate_limit_per_s: int = Field(default=0, ge=0)
    blocks_text_cap: int = Field(default=13_200, gt=0)

    def updated(self, values: dict[str, Any]) -> SlackSettings:
        """A copy with the named settings replaced; raises ValueError that names each bad one."""
        try:
            return SlackSettings.model_validate(self.model_dump() | values)
        except ValidationError as error:
            problems = [
                f"slack.{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in error.errors()
            ]
            raise ValueError("; ".join(problems)) from None


@dataclass
class SlackMessage:
    """A message that is in a channel. Text over 40,000 characters was cut."""

    ts: str
    channel: str
    text: str
    via: str
    sent_at: float
    blocks: list[Block] = field(default_factory=list)
    attachments: list[Any] = field(default_factory=list)
    thread_ts: str = ""
    truncated: bool = False


class SlackState:
    """Everything this Slack remembers; `now` is the real clock."""

    name = "slack"
    fault_kinds: Mapping[str, tuple[str, ...]] = FAULT_KINDS

    def __init__(
        self, now: Callable[[], float] = time.time, settings: SlackSettings | None = None
    ) -> None:
        self.now = now
        self._initial = settings or SlackSettings()
        self.reset()

    def reset(self) -> None:
        """Forget everything and return to the initial settings."""
        self.settings = self._initial
        self.messages: list[SlackMessage] = []
        self.counters: Counter[str] = Counter()
        self.closed_until = 0.0

    def configure(self, values: dict[str, Any]) -> None:
        """Change settings by name; raises ValueError for unknown names and unfit values."""
        self.settings = self.settings.updated(values)

    def dump(self) -> dict[str, Any]:
        """The whole state as JSON-able data."""
        return {
            "settings": self.settings.model_dump(mode="json"),
            "messages": [asdict(one) for one in self.messages],
            "counters": dict(self.counters),
            "closed_until": self.closed_until,
        }

    def restore(self, dump: dict[str, Any]) -> None:
        """Take over a dumped state."""
        self.reset()
        self.settings = SlackSettings.model_validate(dump["settings"])
        self.messages = [SlackMessage(**row) for row in dump["messages"]]
        self.counters = Counter(dump["counters"])
        self.closed_until = dump["closed_until"]

    def count(self, name: str) -> None:
        """Add one to a counter."""
        self.counters[name] += 1

    def check_rate(self, channel: str) -> None:
        """About one message a second and channel, when the setting asks for it."""
        now, limit = self.now(), self.settings.rate_limit_per_s
        if self.closed_until > now:
            raise SlackRateLimited(math.ceil(self.closed_until - now))
        recent = [m for m in self.messages if m.channel == channel and m.sent_at > now - 1]
        if limit and len(recent) >= limit:
            raise SlackRateLimited(1)

    def close_for(self, seconds: float) -> None:
        """Answer 429 for so long."""
        self.closed_until = self.now() + seconds

    def check_payload(self, payload: Mapping[str, Any]) -> None:
        """Something to show is required; attachments and blocks have their limits."""
        attachments = payload.get("attachments") or []
        if not isinstance(attachments, list) or len(attachments) > MAX_ATTACHMENTS:
            raise SlackRefusal("too_many_attachments", f"at most {MAX_ATTACHMENTS}")
        blocks = payload.get("blocks") or []
        for one in (blocks, *(a.get("blocks", []) for a in attachments if isinstance(a, dict))):
            check_blocks(one, self.settings.blocks_text_cap)
        if not (str(payload.get("text") or "").strip() or attachments or blocks):
            raise SlackRefusal("no_text")

    def post(self, channel: str, payload: Mapping[str, Any], via: str) -> SlackMessage:
        """Put a message into a channel."""
        text = str(payload.get("text") or "")
        message = SlackMessage(
            ts=f"{int(self.now())}.{len(self.messages) + 1:06d}",
            channel=channel,
            text=text[:MAX_TEXT],
            via=via,
            sent_at=self.now(),
            blocks=payload.get("blocks") or [],
            attachments=payload.get("attachments") or [],
            thread_ts=str(payload.get("thread_ts") or ""),
            truncated=len(text) > MAX_TEXT,
        )
        self.messages.append(message)
        return message
