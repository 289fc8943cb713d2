"""The look-up calls (sens-sms-list, sens-sms-unsubscribe-list): queries out, our rows back.

A doubt is settled by these answers, so an answer that is not wholly readable is no answer:
GatewayListUnavailable, never a shorter list.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote, urlencode

from booking_sms.domain.booking import KST
from booking_sms.domain.errors import GatewayListUnavailable
from booking_sms.ports import GatewayMessage

PAGE_SIZE = 100
COMPLETED, SUCCESS, DELIVERED_CODE = "COMPLETED", "success", "0"
_STATES = {"READY": "ready", "PROCESSING": "processing"}


@dataclass(frozen=True)
class Page:
    """Rows of one page and the token of the next, empty on the last."""

    rows: tuple[GatewayMessage, ...]
    next_token: str


def encode_query(params: Mapping[str, str | int]) -> str:
    """Percent-encode once, spaces as %20: the signature covers these very characters."""
    return urlencode(params, quote_via=quote, safe="")


def window_params(since: datetime, until: datetime) -> dict[str, str]:
    """Request-time filter in KST whole seconds, widened outwards to include both ends."""
    last = datetime.fromtimestamp(math.ceil(until.timestamp()), UTC)
    return {"requestStartTime": _kst_text(since), "requestEndTime": _kst_text(last)}


def _kst_text(instant: datetime) -> str:
    return instant.astimezone(KST).strftime("%Y-%m-%d %H:%M:%S")


def parse_page(body: bytes) -> Page:
    """Read one page of the list; raise GatewayListUnavailable if any part is unreadable."""
    fields = _read_json(body)
    try:
        rows = tuple(parse_row(row) for row in fields["messages"])
        next_token = str(fields.get("nextToken") or "")
    except (AttributeError, KeyError, TypeError, ValueError):
        raise GatewayListUnavailable(reason="unreadable_list") from None
    if fields.get("hasMore") and not next_token:
        raise GatewayListUnavailable(reason="incomplete_list")
    return Page(rows, next_token)


def parse_row(row: Mapping[str, Any]) -> GatewayMessage:
    """Turn one vendor row into ours."""
    completed = row.get("completeTime")
    return GatewayMessage(
        request_id=str(row["requestId"]),
        message_id=str(row.get("messageId") or ""),
        requested_at=parse_time(str(row["requestTime"])),
        to=str(row["to"]),
        sender=str(row.get("from") or ""),
        subject=str(row.get("subject") or ""),
        content=row["content"] if isinstance(row.get("content"), str) else None,
        state=delivery_state(row),
        code=str(row.get("statusCode") or ""),
        completed_at=parse_time(str(completed)) if completed else None,
    )


def delivery_state(row: Mapping[str, Any]) -> str:
    """delivered only for COMPLETED and success and code 0; an unknown status is not final."""
    status = str(row.get("status") or "")
    if status != COMPLETED:
        return _STATES.get(status, "processing")
    succeeded = row.get("statusName") == SUCCESS and str(row.get("statusCode")) == DELIVERED_CODE
    return "delivered" if succeeded else "undelivered"


def parse_time(text: str) -> datetime:
    """Vendor times carry no offset; Korean time is the natural reading (not documented)."""
    instant = datetime.fromisoformat(text)
    return instant.astimezone(KST) if instant.tzinfo else instant.replace(tzinfo=KST)


def parse_opt_outs(body: bytes) -> tuple[str, ...]:
    """Numbers of one page of the opt-out list: an array, or an object that holds one."""
    fields = _read_json(body)
    rows = fields if isinstance(fields, list) else _only_list(fields)
    try:
        return tuple(str(row["clientTelNo"]) for row in rows)
    except (KeyError, TypeError):
        raise GatewayListUnavailable(reason="unreadable_opt_outs") from None


def _only_list(fields: Any) -> list[Any]:
    lists = [value for value in fields.values() if isinstance(value, list)]
    if len(lists) != 1:
        raise GatewayListUnavailable(reason="unreadable_opt_outs")
    found: list[Any] = lists[0]
    return found


def _read_json(body: bytes) -> Any:
    try:
        fields = json.loads(body)
    except ValueError:
        raise GatewayListUnavailable(reason="unreadable_list") from None
    if not isinstance(fields, dict | list):
        raise GatewayListUnavailable(reason="unreadable_list")
    return fields
