"""What a rule did in a window, in counts: it names no person, so it may travel and be kept."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, kw_only=True)
class RuleCounts:
    """Bookings that the rule looked at, and what came of it.

    ``matched`` are bookings for which it decided something new; ``missed`` counts the others by
    the first condition that did not hold, or ``has a job``. ``late`` is the part of ``matched``
    that an earlier window could have decided. ``planned`` are messages made,
    ``held`` the part of them that waits for a person, ``shadow`` decisions that only count.
    ``looked_at`` is ``matched`` + ``missed`` + those with a field that the rule cannot read.
    """

    looked_at: int = 0
    matched: int = 0
    late: int = 0
    planned: int = 0
    held: int = 0
    shadow: int = 0
    missed: Mapping[str, int] = field(default_factory=dict)

    def __add__(self, other: RuleCounts) -> RuleCounts:
        return RuleCounts(
            looked_at=self.looked_at + other.looked_at,
            matched=self.matched + other.matched,
            late=self.late + other.late,
            planned=self.planned + other.planned,
            held=self.held + other.held,
            shadow=self.shadow + other.shadow,
            missed=dict(Counter(self.missed) + Counter(other.missed)),
        )

    def as_dict(self) -> dict[str, Any]:
        """Plain JSON values."""
        return {
            "looked_at": self.looked_at,
            "matched": self.matched,
            "late": self.late,
            "planned": self.planned,
            "held": self.held,
            "shadow": self.shadow,
            "missed": dict(self.missed),
        }


def add_up(*parts: Mapping[str, RuleCounts]) -> dict[str, RuleCounts]:
    """Counts by rule name, added up."""
    names = dict.fromkeys(name for part in parts for name in part)
    nothing = RuleCounts()
    return {name: sum((part.get(name, nothing) for part in parts), nothing) for name in names}
