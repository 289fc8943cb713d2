"""Shows a difference to people without showing a person."""

from __future__ import annotations

import re
from typing import Any

from booking_sms.parity.differences import Difference

_PHONE = re.compile(r"([0-9]{3})-?[0-9]{3,4}-?([0-9]{4})(?![0-9])")
_PERSONAL = (".name",)


def shown(difference: Difference) -> str:
    """One line: where, and both sides masked."""
    kind = f" ({difference.kind})" if difference.kind else ""
    sides = " -> ".join(_masked(difference.path, side) for side in _sides(difference))
    return f"{difference.scenario}: {difference.path}{kind}: {sides}"


def _sides(difference: Difference) -> tuple[Any, Any]:
    return difference.expected, difference.actual


def _masked(path: str, value: Any) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {_masked(f'.{key}', v)}" for key, v in value.items()) + "}"
    if path.endswith(_PERSONAL):
        return "***"
    return _PHONE.sub(r"\1-****-\2", value) if isinstance(value, str) else str(value)
