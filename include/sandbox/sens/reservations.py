"""Reserved sends: the reserveId is the requestId of the send that carried reserveTime.

Statuses come from the older page (SKIP is second-hand); of them the sandbox reaches READY,
PROCESSING, DONE and CANCELED. Cancelling works only while READY (second-hand).
"""

from __future__ import annotations

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from sandbox.sens.errors import InvalidRequest, NoRecord
from sandbox.sens.message import COMPLETED, READY, Message
from sandbox.sens.models import SensState


def describe(state: SensState, reserve_id: str) -> dict[str, Any]:
    """reserveId, reserveTimeZone, reserveTime with offset, reserveStatus."""
    first = _reserved(state, reserve_id)[0]
    reserve_at = datetime.fromtimestamp(first.starts_at, ZoneInfo(first.reserve_zone))
    return {
        "reserveId": reserve_id,
        "reserveTimeZone": first.reserve_zone,
        "reserveTime": reserve_at.isoformat(timespec="seconds"),
        "reserveStatus": _status(state, first),
    }


def cancel(state: SensState, reserve_id: str) -> None:
    """Call it off while it waits; later is a bad request."""
    reserved = _reserved(state, reserve_id)
    if not all(is_waiting(state, one) for one in reserved):
        raise InvalidRequest("only a reservation that is READY can be cancelled")
    state.cancel(reserved)


def is_waiting(state: SensState, message: Message) -> bool:
    """Whether the message is reserved and its time has not come."""
    return bool(message.reserve_zone) and not message.cancelled and state.now() < message.starts_at


def _reserved(state: SensState, reserve_id: str) -> list[Message]:
    reserved = state.reserved(reserve_id)
    if not reserved:
        raise NoRecord()
    return reserved


def _status(state: SensState, message: Message) -> str:
    if message.cancelled:
        return "CANCELED"
    if is_waiting(state, message):
        return READY
    return "DONE" if state.status_of(message) == COMPLETED else "PROCESSING"
