"""How bad a difference is: does somebody get the wrong text, or is only a detail written otherwise?

Critical is what could reach the wrong person, the wrong shop, twice or never. Everything else is
a warning. Both are unexplained, and either makes a run red.
"""

from __future__ import annotations

from typing import Literal

from booking_sms.parity.differences import Difference

Severity = Literal["critical", "warning"]
_WHOLE = frozenset({"missing", "unexpected", "error", "shape", "order"})
_IDENTITY = frozenset({"to", "booking_num", "phone", "kind", "op", "store"})


def severity_of(difference: Difference) -> Severity:
    """Critical for whole items, their order, and whatever says whom an item is about."""
    return "critical" if is_critical_path(difference.path) else "warning"


def is_critical_path(path: str) -> bool:
    """The same of a path alone: its last name decides."""
    return path.rsplit(".", 1)[-1] in _WHOLE | _IDENTITY
