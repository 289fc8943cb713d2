"""The list call: which rows match, newest first, and how the next page is found.

sens-sms-list: one of requestId, requestStartTime+requestEndTime (30 days apart at most) and
completeStartTime+completeEndTime (24 hours) is mandatory; only 90 days back. Paging and the
filters beyond the first four are second-hand.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sandbox.sens.errors import InvalidRequest
from sandbox.sens.message import COMPLETED, KST, PROCESSING, READY, Message
from sandbox.sens.models import SensState

REQUEST_SPAN = timedelta(days=30)
COMPLETE_SPAN = timedelta(hours=24)
SEARCHABLE_S = 90 * 86_400
DEFAULT_PAGE_SIZE, MAX_PAGE_SIZE = 20, 100
_TIME_FORMAT = "%Y-%m-%d %H:%M:%S"

_FILTERS = {
    "messageId": "message_id",
    "type": "type",
    "contentType": "content_type",
    "countryCode": "country_code",
    "statusName": "status_name",
    "from": "sender",
    "to": "to",
}
_CHOICES = {
    "type": ("SMS", "LMS", "MMS"),
    "contentType": ("COMM", "AD"),
    "status": (READY, PROCESSING, COMPLETED),
    "statusName": ("success", "fail"),
}

Window = tuple[float, float]


@dataclass(frozen=True)
class ListQuery:
    """A checked query; windows are epoch seconds, both ends included."""

    request_id: str
    requested: Window | None
    completed: Window | None
    filters: dict[str, str]
    page_size: int
    before: int | None


@dataclass(frozen=True)
class Page:
    """One page of rows and the token of the next, empty on the last page."""

    messages: list[Message]
    next_token: str


def parse_query(params: Mapping[str, str], request_id_page_size: int = 0) -> ListQuery:
    """Check the query of a list call; raises InvalidRequest."""
    request_id = params.get("requestId", "")
    requested = _window(params, "request", REQUEST_SPAN)
    completed = _window(params, "complete", COMPLETE_SPAN)
    if not (request_id or requested or completed):
        raise InvalidRequest(
            "one of requestId, requestStartTime+requestEndTime,"
            " completeStartTime+completeEndTime is required"
        )
    default = request_id_page_size if request_id and request_id_page_size else DEFAULT_PAGE_SIZE
    return ListQuery(
        request_id=request_id,
        requested=requested,
        completed=completed,
        filters=_filters(params),
        page_size=_page_size(params.get("pageSize"), default),
        before=_read_token(params["nextToken"]) if params.get("nextToken") else None,
    )


def find_page(state: SensState, query: ListQuery, hidden_s: float = 0.0) -> Page:
    """The rows of one page; rows younger than `hidden_s` are kept back (a lie on request)."""
    found: list[Message] = []
    for message in _candidates(state, query):
        too_young = hidden_s > 0 and message.requested_at > state.now() - hidden_s
        if too_young or not _matches(state, message, query):
            continue
        if len(found) == query.page_size:
            return Page(found, _write_token(found[-1].sequence))
        found.append(message)
    return Page(found, "")


def _candidates(state: SensState, query: ListQuery) -> Iterator[Message]:
    rows = state.of_request(query.request_id) if query.request_id else state.messages.values()
    oldest = state.now() - SEARCHABLE_S
    for message in reversed(list(rows)):
        older_page = query.before is None or message.sequence < query.before
        if older_page and state.is_visible(message) and message.requested_at >= oldest:
            yield message


def _matches(state: SensState, message: Message, query: ListQuery) -> bool:
    if query.requested and not _inside(message.requested_at, query.requested):
        return False
    filters = query.filters
    if any(
        getattr(message, _FILTERS[name]) != filters[name] for name in _FILTERS if name in filters
    ):
        return False
    status = state.status_of(message)
    if query.completed and not _inside(message.completed_at, query.completed):
        return False
    if "statusName" in filters and status != COMPLETED:
        return False
    return filters.get("status", status) == status


def _inside(instant: float | None, window: Window) -> bool:
    """Times are shown in whole seconds, so the last second of a window is inside it."""
    return instant is not None and window[0] <= int(instant) <= window[1]


def _filters(params: Mapping[str, str]) -> dict[str, str]:
    filters = {name: params[name] for name in (*_FILTERS, "status") if params.get(name)}
    wrong = [
        f"{name}: must be one of {', '.join(choices)}"
        for name, choices in _CHOICES.items()
        if filters.get(name, choices[0]) not in choices
    ]
    if wrong:
        raise InvalidRequest(*wrong)
    return filters


def _window(params: Mapping[str, str], kind: str, span: timedelta) -> Window | None:
    start, end = params.get(f"{kind}StartTime"), params.get(f"{kind}EndTime")
    if not start and not end:
        return None
    if not (start and end):
        raise InvalidRequest(f"{kind}StartTime and {kind}EndTime go together")
    window = _instant(start), _instant(end)
    if not 0 <= window[1] - window[0] <= span.total_seconds():
        raise InvalidRequest(f"{kind}EndTime: within {span} after {kind}StartTime")
    return window


def _instant(text: str) -> float:
    """No offset is carried; Korean time is the natural reading (not documented)."""
    try:
        return datetime.strptime(text, _TIME_FORMAT).replace(tzinfo=KST).timestamp()
    except ValueError:
        raise InvalidRequest(f"{text}: must be YYYY-MM-DD HH:mm:ss") from None


def _page_size(text: str | None, default: int) -> int:
    if not text:
        return default
    if not (text.isascii() and text.isdigit() and 1 <= int(text) <= MAX_PAGE_SIZE):
        raise InvalidRequest(f"pageSize: 1 to {MAX_PAGE_SIZE}")
    return int(text)


def _write_token(sequence: int) -> str:
    return base64.urlsafe_b64encode(f"before:{sequence}".encode()).decode()


def _read_token(token: str) -> int:
    try:
        word, _, number = base64.urlsafe_b64decode(token.encode()).decode().partition(":")
        sequence = int(number)
    except (ValueError, binascii.Error):
        word, sequence = "", 0
    if word != "before":
        raise InvalidRequest("nextToken: not a token of this list")
    return sequence
