"""Pairs what one side did with what the other did: by time within one key, each at most once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from booking_sms.domain.window import WINDOW_LENGTH
from booking_sms.parity.shadow.model import TOLERANCE


@dataclass(frozen=True)
class Between:
    """Something happened in one of the windows from ``first`` to ``last``."""

    first: datetime
    last: datetime

    @property
    def is_exact(self) -> bool:
        """Whether there is no gap before it in which it may have happened."""
        return self.first == self.last

    def distance(self, other: Between) -> timedelta:
        """How far these lie apart at least; nothing where they overlap."""
        return max(self.first - other.last, other.first - self.last, timedelta(0))


@dataclass(frozen=True)
class Pairs:
    """Indices of pairs within tolerance, of pairs beyond it, and of what stayed alone."""

    near: tuple[tuple[int, int], ...]
    far: tuple[tuple[int, int], ...]
    left: tuple[int, ...]
    right: tuple[int, ...]


def pair(left: Sequence[Between], right: Sequence[Between]) -> Pairs:
    """The nearest first; what lies beyond one window is paired too, but as too far."""
    free_left, free_right = set(range(len(left))), set(range(len(right)))
    near, far = list[tuple[int, int]](), list[tuple[int, int]]()
    distances = sorted(
        (right[b].distance(left[a]), left[a].last, right[b].last, a, b)
        for a in free_left
        for b in free_right
    )
    for distance, _, _, a, b in distances:
        if a not in free_left or b not in free_right:
            continue
        free_left.remove(a)
        free_right.remove(b)
        (near if distance <= TOLERANCE else far).append((a, b))
    return Pairs(tuple(near), tuple(far), tuple(sorted(free_left)), tuple(sorted(free_right)))


def within_reach(at: datetime) -> tuple[datetime, datetime, datetime]:
    """The windows in which the other side may equally have acted."""
    return (at - WINDOW_LENGTH, at, at + WINDOW_LENGTH)
