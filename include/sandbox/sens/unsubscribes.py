"""The opt-out list: numbers that refuse advertising.

Pages: sens-sms-unsubscribe-create, -list and -delete.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from sandbox.sens.errors import InvalidRequest, NoRecord
from sandbox.sens.message import kst_text
from sandbox.sens.models import OptOut, SensState

MAX_NUMBERS = 1000
DEFAULT_PAGE_SIZE, MAX_PAGE_SIZE = 20, 100


def add(state: SensState, body: bytes) -> list[dict[str, Any]]:
    """Add up to 1,000 numbers by hand; the rows come back."""
    return [_row(one) for one in state.opt_out(_numbers(body))]


def remove(state: SensState, body: bytes) -> None:
    """Take numbers off the list; one that is not on it is no error."""
    state.opt_in(_numbers(body))


def find(state: SensState, params: Mapping[str, str]) -> list[dict[str, Any]]:
    """One page of the list; an empty list is an EMPTY 404 (seen live)."""
    start, end = _number(params, "startTime", 0), _number(params, "endTime", 1 << 62)
    wanted = params.get("clientTelNo")
    rows = [
        one
        for one in state.opt_outs.values()
        if wanted in (None, "", one.number) and start <= one.registered_at * 1000 <= end
    ]
    size, index = _number(params, "pageSize", DEFAULT_PAGE_SIZE), _number(params, "pageIndex", 0)
    if not 1 <= size <= MAX_PAGE_SIZE:
        raise InvalidRequest(f"pageSize: 1 to {MAX_PAGE_SIZE}")
    page = rows[index * size : (index + 1) * size]
    if not page:
        raise NoRecord()
    return [_row(one) for one in page]


def _row(one: OptOut) -> dict[str, Any]:
    return {
        "clientTelNo": one.number,
        "registerTime": kst_text(one.registered_at, "milliseconds", "T"),
        "registerType": one.register_type,
    }


def _numbers(body: bytes) -> list[str]:
    """A JSON array of `{"clientTelNo": digits}`."""
    try:
        entries = json.loads(body)
    except ValueError:
        raise InvalidRequest("the body is not JSON") from None
    if not isinstance(entries, list) or not 1 <= len(entries) <= MAX_NUMBERS:
        raise InvalidRequest(f"an array of 1 to {MAX_NUMBERS} numbers is required")
    numbers = [entry.get("clientTelNo") if isinstance(entry, dict) else None for entry in entries]
    if not all(isinstance(one, str) and one.isascii() and one.isdigit() for one in numbers):
        raise InvalidRequest("clientTelNo: required, digits only")
    return [str(one) for one in numbers]


def _number(params: Mapping[str, str], name: str, default: int) -> int:
    text = params.get(name)
    if not text:
        return default
    if not (text.isascii() and text.isdigit()):
        raise InvalidRequest(f"{name}: a whole number")
    return int(text)
