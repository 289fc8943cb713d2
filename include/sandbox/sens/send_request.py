"""Reads and checks the body of a send, field by field, as sens-sms-send describes them."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from sandbox.sens.charset import byte_length, unencodable
from sandbox.sens.errors import InvalidRequest
from sandbox.sens.settings import SensSettings

CONTENT_LIMITS = {"SMS": 90, "LMS": 2000, "MMS": 2000}
SUBJECT_LIMIT = 40
MAX_MESSAGES = 100
RESERVE_AHEAD = timedelta(minutes=10)
DOMESTIC = "82"
_DOMESTIC_NUMBER = re.compile(r"0\d{8,11}")  # 02..., 010..., 12-digit safe numbers 050...


@dataclass(frozen=True)
class Recipient:
    """One entry of messages[], with the defaults of the request filled in."""

    to: str
    subject: str
    content: str


@dataclass(frozen=True)
class SendOrder:
    """A send request that passed the field checks."""

    type: str
    content_type: str
    country_code: str
    sender: str
    recipients: tuple[Recipient, ...]
    reserve_at: datetime | None = None
    reserve_zone: str = ""


def parse_send(body: bytes, settings: SensSettings, now: float) -> SendOrder:
    """Turn the body into an order, or refuse it with every problem found."""
    fields = read_object(body)
    problems = _field_problems(fields) or _message_problems(fields)
    if problems:
        raise InvalidRequest(*problems)
    reserve_at = _reserve_at(fields, now)
    order = _build_order(fields, reserve_at)
    problems = _account_problems(order, settings)
    if problems:
        raise InvalidRequest(*problems)
    return order


def read_object(body: bytes) -> dict[str, Any]:
    """The body as a JSON object; anything else is a bad request."""
    try:
        fields = json.loads(body)
    except ValueError:
        raise InvalidRequest("the body is not JSON") from None
    if not isinstance(fields, dict):
        raise InvalidRequest("the body is not a JSON object")
    return fields


def is_plausible(to: str, country_code: str) -> bool:
    """Whether a network would take the number at all; other countries are not judged."""
    return country_code != DOMESTIC or bool(_DOMESTIC_NUMBER.fullmatch(to))


def _field_problems(fields: dict[str, Any]) -> list[str]:
    type_ = str(fields.get("type", "")).upper()
    problems = []
    if type_ not in CONTENT_LIMITS:
        problems.append("type: must be SMS, LMS or MMS")
    if fields.get("contentType", "COMM") not in ("COMM", "AD"):
        problems.append("contentType: must be COMM or AD")
    if not _digits(fields.get("countryCode", DOMESTIC)):
        problems.append("countryCode: digits only")
    if not _digits(fields.get("from")):
        problems.append("from: required, digits only")
    if not isinstance(fields.get("content"), str):
        problems.append("content: required")
    if type_ == "SMS" and fields.get("subject"):
        problems.append("subject: LMS and MMS only")
    if fields.get("files"):
        problems.append("files: MMS only" if type_ != "MMS" else "files: no such fileId")
    return problems


def _message_problems(fields: dict[str, Any]) -> list[str]:
    messages = fields.get("messages")
    if not isinstance(messages, list) or not 1 <= len(messages) <= MAX_MESSAGES:
        return [f"messages: required, 1 to {MAX_MESSAGES} entries"]
    problems = []
    for position, entry in enumerate(messages):
        if not isinstance(entry, dict) or not _digits(entry.get("to")):
            problems.append(f"messages[{position}].to: required, digits only")
        elif entry.get("subject") and str(fields["type"]).upper() == "SMS":
            problems.append(f"messages[{position}].subject: LMS and MMS only")
    return problems


def _account_problems(order: SendOrder, settings: SensSettings) -> list[str]:
    problems = []
    if settings.unregistered_sender == "refuse" and order.sender not in settings.senders:
        problems.append("from: not a registered calling number")
    if order.content_type == "AD" and not settings.ad_opt_out_service:
        problems.append("contentType: AD needs a registered 080 opt-out service")
    for recipient in order.recipients:
        problems += _text_problems(recipient, order, settings)
    return problems


def _text_problems(recipient: Recipient, order: SendOrder, settings: SensSettings) -> list[str]:
    problems = []
    if settings.bad_number == "refuse" and not is_plausible(recipient.to, order.country_code):
        problems.append("messages.to: not a phone number")
    text = recipient.subject + recipient.content
    if settings.unencodable == "refuse" and unencodable(text, settings.charset):
        problems.append("content: unsupported characters")
    subject_bytes = byte_length(recipient.subject, settings.charset)
    if settings.oversize_subject == "refuse" and subject_bytes > SUBJECT_LIMIT:
        problems.append(f"subject: at most {SUBJECT_LIMIT} bytes")
    return problems


def _build_order(fields: dict[str, Any], reserve_at: datetime | None) -> SendOrder:
    type_ = str(fields["type"]).upper()
    return SendOrder(
        type="LMS" if type_ == "MMS" else type_,  # an MMS without a file is sent as LMS
        content_type=fields.get("contentType", "COMM"),
        country_code=fields.get("countryCode", DOMESTIC),
        sender=fields["from"],
        recipients=tuple(_recipient(entry, fields) for entry in fields["messages"]),
        reserve_at=reserve_at,
        reserve_zone=str(fields.get("reserveTimeZone") or "Asia/Seoul") if reserve_at else "",
    )


def _recipient(entry: dict[str, Any], fields: dict[str, Any]) -> Recipient:
    """The entry's own subject and content take priority over the request's."""
    return Recipient(
        to=entry["to"],
        subject=str(entry.get("subject") or fields.get("subject") or ""),
        content=str(entry.get("content") or fields["content"]),
    )


def _reserve_at(fields: dict[str, Any], now: float) -> datetime | None:
    """`reserveTime` is `YYYY-MM-DD HH:mm` in `reserveTimeZone`, at least 10 minutes ahead."""
    text = fields.get("reserveTime")
    if not text:
        return None
    try:
        zone = ZoneInfo(str(fields.get("reserveTimeZone") or "Asia/Seoul"))
        reserve_at = datetime.strptime(str(text), "%Y-%m-%d %H:%M").replace(tzinfo=zone)
    except (ValueError, ZoneInfoNotFoundError):
        raise InvalidRequest("reserveTime: YYYY-MM-DD HH:mm in a known time zone") from None
    if reserve_at < datetime.fromtimestamp(now, zone) + RESERVE_AHEAD:
        raise InvalidRequest("reserveTime: at least 10 minutes ahead")
    return reserve_at


def _digits(value: object) -> bool:
    return isinstance(value, str) and value.isascii() and value.isdigit()
