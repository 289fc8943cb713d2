"""The state of the sandbox's Telegram: what the bot said, and what people said to it."""

from __future__ import annotations

import math
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from sandbox.telegram.errors import (
    BotBlocked,
    ChatIdEmpty,
    ChatNotFound,
    GroupMigrated,
    TextEmpty,
    TextTooLong,
    TooManyRequests,
)

SEND, UPDATES, ME = "sendMessage", "getUpdates", "getMe"
MAX_TEXT = 4096
_ANY = (SEND, UPDATES, ME)
_SEND = (SEND,)

FAULT_KINDS: dict[str, tuple[str, ...]] = {
    # params error_code, description, parameters
    "refuse": _ANY,
    "unauthorized": _ANY,
    "too_many_requests": _ANY,  # params retry_after (3), hold (true: closed for that long)
    "http_500": _ANY,
    "http_502": _ANY,  # an HTML page of the front server
    "chat_not_found": _SEND,
    "text_empty": _SEND,
    "too_long": _SEND,
    "cannot_parse": _SEND,
    "blocked": _SEND,
    "migrated": _SEND,  # params to
    "hang_before_accept": _ANY,  # params seconds (30)
    "drop_before_accept": _ANY,
    "hang_after_accept": _SEND,
    "drop_after_accept": _SEND,
    "accept_cut_body": _SEND,
    "accept_html_body": _SEND,
}
"""Kind -> Bot API methods it acts on."""


class TelegramSettings(BaseModel):
    """Every switch with its default; unknown names are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    bot_token: str = "100000001:sandbox-bot"
    bot_username: str = "byeolbit_sandbox_bot"
    chat_id: str = "-100900000001"
    chats: tuple[str, ...] = ()
    blocked_chats: tuple[str, ...] = ()
    migrated_chats: dict[str, int] = {}
    per_chat_interval_s: float = Field(default=0.0, ge=0)

    def updated(self, values: dict[str, Any]) -> TelegramSettings:
        """A copy with the named settings replaced; raises ValueError that names each bad one."""
        try:
            return TelegramSettings.model_validate(self.model_dump() | values)
        except ValidationError as error:
            problems = [
                f"telegram.{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in error.errors()
            ]
            raise ValueError("; ".join(problems)) from None


@dataclass
class BotMessage:
    """A message of the bot: `text` as sent, `shown` as a person reads it."""

    message_id: int
    chat_id: str
    text: str
    shown: str
    sent_at: float
    parse_mode: str = ""
    options: dict[str, Any] = field(default_factory=dict)


@dataclass
class Update:
    """A message to the bot, waiting for getUpdates."""

    update_id: int
    chat_id: str
    text: str
    from_name: str
    sent_at: float


class TelegramState:
    """Everything this Telegram remembers; `now` is the real clock."""

    name = "telegram"
    fault_kinds: Mapping[str, tuple[str, ...]] = FAULT_KINDS

    def __init__(
        self, now: Callable[[], float] = time.time, settings: TelegramSettings | None = None
    ) -> None:
        self.now = now
        self._initial = settings or TelegramSettings()
        self.reset()

    def reset(self) -> None:
        """Forget everything and return to the initial settings."""
        self.settings = self._initial
        self.messages: list[BotMessage] = []
        self.updates: list[Update] = []
        self.counters: Counter[str] = Counter()
        self.closed_until = 0.0
        self._last_update_id = 0

    def configure(self, values: dict[str, Any]) -> None:
        """Change settings by name; raises ValueError for unknown names and unfit values.

        `incoming` is an event, not a setting: messages people now write to the bot, each
        `{"text", "chat_id"?, "from"?}`.
        """
        values = dict(values)
        incoming = values.pop("incoming", [])
        if not isinstance(incoming, list) or not all(
            isinstance(one, dict) and isinstance(one.get("text"), str) for one in incoming
        ):
            raise ValueError("telegram.incoming: must be a list of objects with a text")
        self.settings = self.settings.updated(values)
        for one in incoming:
            self.hear(one["text"], one.get("chat_id", ""), one.get("from", "owner"))

    def dump(self) -> dict[str, Any]:
        """The whole state as JSON-able data."""
        return {
            "settings": self.settings.model_dump(mode="json"),
            "messages": [asdict(one) for one in self.messages],
            "updates": [asdict(one) for one in self.updates],
            "counters": dict(self.counters),
            "closed_until": self.closed_until,
            "last_update_id": self._last_update_id,
        }

    def restore(self, dump: dict[str, Any]) -> None:
        """Take over a dumped state."""
        self.reset()
        self.settings = TelegramSettings.model_validate(dump["settings"])
        self.messages = [BotMessage(**row) for row in dump["messages"]]
        self.updates = [Update(**row) for row in dump["updates"]]
        self.counters = Counter(dump["counters"])
        self.closed_until = dump["closed_until"]
        self._last_update_id = dump["last_update_id"]

    def count(self, name: str) -> None:
        """Add one to a counter."""
        self.counters[name] += 1

    def check_chat(self, chat_id: str) -> None:
        """Refuse a missing, unknown, migrated or blocking chat."""
        settings = self.settings
        if not chat_id:
            raise ChatIdEmpty()
        if chat_id in settings.migrated_chats:
            raise GroupMigrated(settings.migrated_chats[chat_id])
        if chat_id in settings.blocked_chats:
            raise BotBlocked()
        if chat_id != settings.chat_id and chat_id not in settings.chats:
            raise ChatNotFound()

    def check_text(self, shown: str) -> None:
        """1 to 4096 characters, counted after the markup is taken out."""
        if not shown.strip():
            raise TextEmpty()
        if len(shown) > MAX_TEXT:
            raise TextTooLong()

    def check_flood(self, chat_id: str) -> None:
        """About one message a second per chat; too many close every chat for a while."""
        if self.closed_until > self.now():
            raise TooManyRequests(math.ceil(self.closed_until - self.now()))
        interval = self.settings.per_chat_interval_s
        last = max((one.sent_at for one in self.messages if one.chat_id == chat_id), default=None)
        if interval and last is not None and self.now() - last < interval:
            self.close_for(interval - (self.now() - last))
            raise TooManyRequests(math.ceil(self.closed_until - self.now()))

    def close_for(self, seconds: float) -> None:
        """Flood control: nothing goes out for so long."""
        self.closed_until = self.now() + seconds

    def say(
        self, chat_id: str, text: str, shown: str, parse_mode: str, options: dict[str, Any]
    ) -> BotMessage:
        """Put a message of the bot into a chat."""
        message = BotMessage(
            message_id=len(self.messages) + 1,
            chat_id=chat_id,
            text=text,
            shown=shown.strip(),
            sent_at=self.now(),
            parse_mode=parse_mode,
            options=options,
        )
        self.messages.append(message)
        return message

    def hear(self, text: str, chat_id: str = "", from_name: str = "owner") -> Update:
        """A person writes to the bot."""
        self._last_update_id += 1
        chat_id = chat_id or self.settings.chat_id
        update = Update(self._last_update_id, chat_id, text, from_name, self.now())
        self.updates.append(update)
        return update

    def take_updates(self, offset: int, limit: int) -> list[Update]:
        """Updates from `offset` on; earlier ones are confirmed by asking and forgotten."""
        if offset < 0:
            self.updates = self.updates[offset:]
        elif offset > 0:
            self.updates = [one for one in self.updates if one.update_id >= offset]
        return self.updates[:limit]
