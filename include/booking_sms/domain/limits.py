"""How far values may range, and what is left when two limits hold together.

Made for static checks of rules: every limit may be wider than the truth, never narrower. So an
empty meeting proves that nothing can fulfil both.
"""

from __future__ import annotations

import math
from collections.abc import Hashable
from dataclasses import dataclass


@dataclass(frozen=True)
class Span:
    """Numbers from ``low`` to ``high``; each end is included or not."""

    low: float = -math.inf
    high: float = math.inf
    low_in: bool = True
    high_in: bool = True

    @property
    def is_empty(self) -> bool:
        """Whether no number lies inside."""
        return self.low > self.high or (
            self.low == self.high and not (self.low_in and self.high_in)
        )

    @property
    def width(self) -> float:
        """From end to end; infinite when an end is open to infinity."""
        return self.high - self.low

    def meet(self, other: Span) -> Span:
        """What lies in both."""
        low, low_in = max((self.low, not self.low_in), (other.low, not other.low_in))
        high, high_in = min((self.high, self.high_in), (other.high, other.high_in))
        return Span(low, high, not low_in, high_in)

    def outside(self) -> tuple[Span, ...]:
        """The one or two spans of everything else."""
        below = Span(high=self.low, high_in=not self.low_in)
        above = Span(low=self.high, low_in=not self.high_in)
        return tuple(
            span for span, end in ((below, self.low), (above, self.high)) if math.isfinite(end)
        )

    def __str__(self) -> str:
        if math.isinf(self.low):
            return f"at most {self.high:g}"
        if math.isinf(self.high):
            return f"at least {self.low:g}"
        return f"{self.low:g} to {self.high:g}"


@dataclass(frozen=True)
class Among:
    """One of these values; with ``excluded``, any value but these."""

    values: frozenset[Hashable]
    excluded: bool = False

    @classmethod
    def of(cls, *values: Hashable) -> Among:
        """One of the given values."""
        return cls(frozenset(values))

    @property
    def is_empty(self) -> bool:
        """Whether no value is left."""
        return not self.excluded and not self.values

    def meet(self, other: Among) -> Among:
        """What both allow."""
        if self.excluded and other.excluded:
            return Among(self.values | other.values, excluded=True)
        if self.excluded:
            return Among(other.values - self.values)
        if other.excluded:
            return Among(self.values - other.values)
        return Among(self.values & other.values)

    def outside(self) -> tuple[Among, ...]:
        """Everything else."""
        return (Among(self.values, excluded=not self.excluded),)

    def __str__(self) -> str:
        names = "|".join(sorted(map(str, self.values)))
        return f"not {names}" if self.excluded else names


Limit = Span | Among
YES, NO = Among.of("yes"), Among.of("no")


def meet(one: Limit, other: Limit) -> Limit:
    """What both limits of one dimension allow; TypeError for limits of two kinds."""
    if isinstance(one, Span) and isinstance(other, Span):
        return one.meet(other)
    if isinstance(one, Among) and isinstance(other, Among):
        return one.meet(other)
    raise TypeError("limits of one dimension are of one kind")
