"""What the inbox shows, gathered from the states of SENS, Telegram and Slack. It keeps nothing."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

from sandbox.sens.message import COMPLETED, KST, Message
from sandbox.sens.models import SensState
from sandbox.slack.blocks import Block
from sandbox.slack.models import SlackMessage, SlackState
from sandbox.telegram.models import BotMessage, TelegramState

DELIVERED, FAILED, ON_ITS_WAY, RESERVED = "delivered", "failed", "on its way", "reserved"
_LINK = re.compile(r"<([^<>|]+)(?:\|([^<>]+))?>")


@dataclass(frozen=True)
class Text:
    """A text message as the phone has it; `content` and `subject` are already cut."""

    to: str
    sender: str
    type: str
    content_type: str
    subject: str
    content: str
    bytes: int
    requested_bytes: int
    truncated: bool
    requested_at: datetime
    status: str
    status_code: str
    status_name: str
    status_message: str
    state: str
    message_id: str
    request_id: str

    def to_json(self) -> dict[str, Any]:
        """JSON-able form, with the vendor's spelling where the vendor has one."""
        row = asdict(self) | {
            "from": self.sender,
            "contentType": self.content_type,
            "requested_at": self.requested_at.isoformat(timespec="milliseconds"),
        }
        return {key: row[key] for key in row if key not in ("sender", "content_type")}


@dataclass(frozen=True)
class Note:
    """A message of Telegram or Slack: `place` is the chat or channel."""

    place: str
    lines: tuple[NoteLine, ...]
    sent_at: datetime
    via: str

    def to_json(self) -> dict[str, Any]:
        """JSON-able form."""
        return {
            "place": self.place,
            "text": "\n".join(line.text for line in self.lines),
            "sent_at": self.sent_at.isoformat(timespec="milliseconds"),
            "via": self.via,
        }


@dataclass(frozen=True)
class NoteLine:
    """A piece of a note; `look` is header, text, field, context, button or divider."""

    look: str
    text: str


@dataclass(frozen=True)
class Phone:
    """All texts of one recipient, newest last."""

    number: str
    texts: tuple[Text, ...]

    @property
    def latest(self) -> datetime:
        """When the newest text was asked for."""
        return self.texts[-1].requested_at


def texts_of(state: SensState, to: str = "") -> list[Text]:
    """Every accepted text, oldest first; rows that exist only in the list are left out."""
    return [
        _text(state, message)
        for message in state.messages.values()
        if not message.twin_of and to in ("", message.to)
    ]


def phones_of(texts: Iterable[Text]) -> list[Phone]:
    """Texts grouped by recipient; the phone that rang last comes first."""
    by_number: dict[str, list[Text]] = {}
    for text in texts:
        by_number.setdefault(text.to, []).append(text)
    phones = [Phone(number, tuple(group)) for number, group in by_number.items()]
    return sorted(phones, key=lambda phone: phone.latest, reverse=True)


def telegram_notes(state: TelegramState) -> list[Note]:
    """What the bot said, oldest first."""
    return [_telegram_note(message) for message in state.messages]


def slack_notes(state: SlackState) -> list[Note]:
    """What reached a channel, oldest first."""
    return [_slack_note(message) for message in state.messages]


def _text(state: SensState, message: Message) -> Text:
    status = state.status_of(message)
    done = status == COMPLETED
    return Text(
        to=message.to,
        sender=message.sender,
        type=message.type,
        content_type=message.content_type,
        subject=message.sent_subject,
        content=message.sent_content,
        bytes=message.sent_bytes,
        requested_bytes=message.original_bytes,
        truncated=message.truncated,
        requested_at=_korean(message.requested_at),
        status=status,
        status_code=message.status_code if done else "",
        status_name=message.status_name if done else "",
        status_message=message.status_message if done else "",
        state=_state(state, message, done),
        message_id=message.message_id,
        request_id=message.request_id,
    )


def _state(state: SensState, message: Message, done: bool) -> str:
    if done:
        return DELIVERED if message.reached_phone else FAILED
    return RESERVED if state.now() < message.starts_at or message.cancelled else ON_ITS_WAY


def _telegram_note(message: BotMessage) -> Note:
    line = NoteLine("text", message.shown)
    via = message.parse_mode or "plain"
    return Note(message.chat_id, (line,), _korean(message.sent_at), via)


def _slack_note(message: SlackMessage) -> Note:
    """With blocks, the text is only the notification's fallback and is not shown."""
    lines = [line for block in message.blocks for line in _block_lines(block)]
    if not lines and message.text:
        lines = [NoteLine("text", readable(message.text))]
    for attachment in message.attachments:
        lines += _attachment_lines(attachment)
    return Note(message.channel, tuple(lines), _korean(message.sent_at), message.via)


def _attachment_lines(attachment: object) -> list[NoteLine]:
    if not isinstance(attachment, dict):
        return []
    shown = [str(attachment[key]) for key in ("title", "text", "fallback") if attachment.get(key)]
    lines = [NoteLine("text", readable(text)) for text in shown[:2]]
    return lines + [line for block in attachment.get("blocks", []) for line in _block_lines(block)]


def _block_lines(block: Block) -> list[NoteLine]:
    kind = str(block.get("type"))
    if kind == "divider":
        return [NoteLine("divider", "")]
    lines = []
    if block.get("text"):
        lines.append(_line("header" if kind == "header" else "text", block["text"]))
    lines += [_line("field", one) for one in block.get("fields", [])]
    looks = {"actions": "button", "context": "context"}
    elements = block.get("elements", []) if kind in looks else []
    if isinstance(block.get("accessory"), dict):
        lines.append(_line("button", block["accessory"]))
    return lines + [_line(looks[kind], one) for one in elements]


def _line(look: str, part: Any) -> NoteLine:
    """A text object, or an element that holds one."""
    text: Any = part
    while isinstance(text, dict):
        text = text.get("text") or text.get("alt_text") or ""
    return NoteLine(look, readable(str(text)))


def readable(mrkdwn: str) -> str:
    """Slack's links and escapes as a person sees them; emphasis marks stay."""
    text = _LINK.sub(lambda link: link[2] or link[1], mrkdwn)
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


def _korean(instant: float) -> datetime:
    return datetime.fromtimestamp(instant, UTC).astimezone(KST)
