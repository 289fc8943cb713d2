"""How the predecessor read a payload, and which completed visits it asked for."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sandbox.clock import KST
from sandbox.legacy.bugs import Bug
from sandbox.legacy.table import Row

KEYWORDS = ("네이버", "인스타", "원본")
WALL = "%Y-%m-%d %H:%M:%S"
NINE_HOURS = timedelta(hours=9)
LONGEST = timedelta(days=31)
Payload = dict[str, Any]


@dataclass(frozen=True)
class Span:
    """A range of visit starts, aware."""

    start: datetime
    end: datetime

    def holds(self, instant: datetime) -> bool:
        """Whether the start lies in it, both ends included."""
        return self.start <= instant <= self.end


def hyphenated(phone: str) -> str:
    """Sliced blindly 3-4-rest, whatever the number is."""
    return f"{phone[:3]}-{phone[3:7]}-{phone[7:]}"


def start_of(payload: Payload, *, seconds: bool = False) -> datetime:
    """Start of the visit in Korea; its seconds were lost on the way."""
    text = payload["snapshotJson"]["startDateTime"]
    start = datetime.fromisoformat(text.replace("Z", "+00:00")).astimezone(KST)
    return start if seconds else start.replace(second=0)


def has_keyword(payload: Payload) -> bool:
    """Whether a chosen option promises a review, a post or asks for originals."""
    options = payload["snapshotJson"].get("bookingOptionJson") or []
    return any(word in option["name"] for option in options for word in KEYWORDS)


def number_of(payload: Payload) -> str:
    """Store and booking id."""
    return f"{payload['businessId']}_{payload['bookingId']}"


def completed_spans(
    pages: list[list[Row]], stores: Iterable[str], bugs: frozenset[Bug], now: datetime
) -> dict[str, Span]:
    """Which completed visits to ask for, by store; with its four defects on request.

    Without them: the last 31 days of every store.
    """
    rows = pages[0] if Bug.L8 in bugs else [row for page in pages for row in page]
    spans: dict[str, Span] = {}
    for store in stores:
        span = _open_span(rows, store)
        if span is None and Bug.L7 in bugs:
            return spans  # the error of an empty list ended the loop, in silence
        if span is None and Bug.L8 in bugs:
            continue
        wanted = _with_defects(span, bugs) or Span(now - LONGEST, now)
        if Bug.L18 in bugs and span and span.end - span.start > LONGEST:
            continue  # 422: this store's list is lost
        spans[store] = wanted
    return spans


def _with_defects(span: Span | None, bugs: frozenset[Bug]) -> Span | None:
    if span is None or not bugs & {Bug.L8, Bug.L9}:
        return None
    shift = NINE_HOURS if Bug.L9 in bugs else timedelta(0)
    return Span(span.start + shift, span.end + shift)


def _open_span(rows: list[Row], store: str) -> Span | None:
    mine = (row for row in rows if row["booking_num"].startswith(store))
    times = sorted(row["booking_time"] for row in mine if row.get("option_sms") is False)
    if not times:
        return None
    return Span(_instant(times[0]), _instant(times[-1]))


def _instant(wall: str) -> datetime:
    return datetime.strptime(wall, WALL).replace(tzinfo=KST)
