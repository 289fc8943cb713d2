"""Reads a field of a booking by path and compares it, type by type: never a silent "no"."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import Any

from booking_sms.domain.booking import KST, Booking
from booking_sms.domain.errors import FieldUnreadable

OWN_FIELDS = frozenset({
    "store_id", "booking_id", "booking_num", "status", "starts_at", "ends_at", "registered_at",
    "confirmed_at", "cancelled_at", "completed_at", "previous_booking_id",
})  # fmt: skip
_PERSONAL = frozenset({"name", "phone", "email", "snapshotJson.name"})
_PERSONAL_ENDS = (".phone", ".email")
_ORDER: Mapping[str, Callable[[Any, Any], Any]] = {
    "lt": operator.lt,
    "le": operator.le,
    "gt": operator.gt,
    "ge": operator.ge,
}
Ordered = float | date | datetime


def is_personal(path: str) -> bool:
    """Whether a path leads to who the person is: rules decide by facts, and explain shows them."""
    return path in _PERSONAL or path.endswith(_PERSONAL_ENDS)


def read_field(booking: Booking, path: str) -> Any:
    """The value at a path; None when the booking has none. ``options`` are the options' names."""
    if path == "options":
        return list(booking.option_names)
    if path in OWN_FIELDS:
        return getattr(booking, path)
    try:
        return booking.fields[path]
    except KeyError:
        return None


def read_number(booking: Booking, path: str) -> float:
    """The number at a path; FieldUnreadable when there is none, or something else."""
    value = read_field(booking, path)
    if not _is_number(value):
        raise _unreadable(path, "a number", value)
    return float(value)


def read_text(booking: Booking, path: str) -> str:
    """The text at a path; FieldUnreadable when there is none, or something else."""
    value = read_field(booking, path)
    if not isinstance(value, str):
        raise _unreadable(path, "text", value)
    return value


def is_ordered(value: Any) -> bool:
    """Whether a value of a rule can be compared by order: a number, a date or an instant."""
    return _ordered(value) is not None


def compare(path: str, op: str, wanted: Any, value: Any) -> bool:
    """Whether a field's value fulfils a comparison; FieldUnreadable when types do not fit."""
    if op == "exists":
        return (value is not None) is wanted
    if value is None:
        return False
    if op in _ORDER:
        left, right = _comparable(path, value, wanted)
        return bool(_ORDER[op](left, right))
    if op == "contains":
        return _contains(path, value, wanted)
    if op == "in":
        return any(_equal(path, value, one) for one in wanted)
    return _equal(path, value, wanted) is (op == "eq")


def _equal(path: str, value: Any, wanted: Any) -> bool:
    if _is_number(value) and _is_number(wanted):
        return float(value) == float(wanted)
    if isinstance(value, datetime) and isinstance(wanted, str):
        left, right = _comparable(path, value, wanted)
        return bool(left == right)
    if isinstance(value, bool) is isinstance(wanted, bool) and isinstance(value, type(wanted)):
        return bool(value == wanted)
    raise _unreadable(path, _type_name(wanted), value)


def _contains(path: str, value: Any, wanted: Any) -> bool:
    if isinstance(value, str) and isinstance(wanted, str):
        return wanted in value
    if isinstance(value, list):
        return any(type(one) is type(wanted) and one == wanted for one in value)
    raise _unreadable(path, "a list, or text to look for text in", value)


def _comparable(path: str, value: Any, wanted: Any) -> tuple[Any, Any]:
    """Both sides in one type; an instant against a date counts by its Korean date."""
    left, right = _ordered(value), _ordered(wanted)
    if isinstance(left, datetime) and type(right) is date:
        return left.astimezone(KST).date(), right
    if left is None or right is None or type(left) is not type(right):
        raise _unreadable(path, _type_name(wanted), value)
    return left, right


def _ordered(value: Any) -> Ordered | None:
    if _is_number(value):
        return float(value)
    if isinstance(value, datetime):
        return value
    if not isinstance(value, str):
        return None
    try:
        return date.fromisoformat(value) if len(value) == 10 else _aware(value)
    except ValueError:
        return None


def _aware(text: str) -> datetime | None:
    instant = datetime.fromisoformat(text)
    return instant if instant.tzinfo is not None else None


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _type_name(value: Any) -> str:
    ordered = _ordered(value)
    if isinstance(ordered, date):
        return "a date"
    names = {bool: "true or false", str: "text"}
    return names.get(type(value), "a number")


def _unreadable(path: str, wanted: str, value: Any) -> FieldUnreadable:
    found = "missing" if value is None else type(value).__name__
    return FieldUnreadable(field=path, wanted=wanted, found=found)
