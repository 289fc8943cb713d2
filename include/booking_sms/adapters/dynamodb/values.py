"""Plain Python values to DynamoDB's attribute values and back.

Ours instead of boto3's serializer: no Decimal in the domain, and about three times faster.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, TypeAlias

from booking_sms.domain.booking import KST, require_aware

if TYPE_CHECKING:
    from types_boto3_dynamodb.type_defs import AttributeValueTypeDef

    AttributeValue: TypeAlias = AttributeValueTypeDef
    Item: TypeAlias = dict[str, AttributeValueTypeDef]
else:
    AttributeValue = dict
    Item = dict

_INSTANT = "%Y-%m-%dT%H:%M:%S.%fZ"
_INSTANT_LENGTH = len("2026-03-02T05:00:00.000000Z")


def to_attribute(value: Any) -> AttributeValue:
    """Encode one value; raise TypeError for a type that is not stored (floats among them)."""
    if isinstance(value, str):
        return {"S": str(value)}
    if isinstance(value, bool):
        return {"BOOL": value}
    if isinstance(value, int):
        return {"N": str(value)}
    if isinstance(value, bytes):
        return {"B": value}
    if isinstance(value, Mapping):
        return {"M": {key: to_attribute(entry) for key, entry in value.items()}}
    if isinstance(value, (list, tuple)):
        return {"L": [to_attribute(entry) for entry in value]}
    if isinstance(value, (set, frozenset)):
        return {"SS": sorted(value)}
    raise TypeError(f"{type(value).__name__} is not stored in DynamoDB")


def from_attribute(attribute: AttributeValue) -> Any:
    """Decode one value; numbers become int where they are whole, else float."""
    kind, value = next(iter(attribute.items()))
    if kind == "N":
        return _number(str(value))
    if kind == "NULL":
        return None
    if kind == "M":
        return from_item(value)  # type: ignore[arg-type]
    if kind == "L":
        return [from_attribute(entry) for entry in value]  # type: ignore[attr-defined]
    if kind == "SS":
        return frozenset(value)  # type: ignore[call-overload]
    if kind in ("NS", "BS"):
        raise TypeError(f"sets of type {kind} are not used here")
    return value


def to_item(values: Mapping[str, Any]) -> Item:
    """Encode a mapping of attributes."""
    return {name: to_attribute(value) for name, value in values.items()}


def from_item(item: Mapping[str, AttributeValue]) -> dict[str, Any]:
    """Decode an item."""
    return {name: from_attribute(value) for name, value in item.items()}


def instant_text(instant: datetime) -> str:
    """UTC, ISO 8601, fixed width: sorts as text the way instants sort."""
    require_aware("instant", instant)
    return instant.astimezone(UTC).strftime(_INSTANT)


def instant_of(text: str) -> datetime:
    """Read ``instant_text`` back, in KST; ValueError for any other form.

    Not by ``strptime``: a job holds four instants, and is read after each of its moves.
    """
    if len(text) != _INSTANT_LENGTH or text[-1] != "Z":
        raise ValueError(f"{text!r} is no instant")
    return datetime.fromisoformat(text).astimezone(KST)


def _number(text: str) -> int | float:
    return int(text) if text.lstrip("-").isdigit() else float(text)
