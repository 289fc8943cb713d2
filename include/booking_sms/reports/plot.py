"""Plots as SVG inside the page: stacked bars over an axis with round numbers.

Drawn here and not by a library: the page opens offline, needs no script and stays small.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

WIDTH, HEIGHT = 960, 280
LEFT, RIGHT, TOP, BOTTOM = 48, 12, 14, 34
COLOURS = ("#2f6fb0", "#e08a1e", "#3d9970", "#a0488f", "#6b7280", "#c0392b")
MOST_LABELS = 16
_STEPS = (1, 2, 3, 4, 5, 6, 8)


@dataclass(frozen=True)
class Bars:
    """A plot: a label a bar, a series a colour, and how many of each."""

    labels: Sequence[str]
    series: Sequence[str]
    values: Mapping[tuple[str, str], int]

    def drawn(self) -> dict[str, Any]:
        """Everything that a template needs, in pixels."""
        top = self._ceiling()
        slot = (WIDTH - LEFT - RIGHT) / max(1, len(self.labels))
        return {
            "width": WIDTH,
            "height": HEIGHT,
            "base": HEIGHT - BOTTOM,
            "left": LEFT,
            "right": WIDTH - RIGHT,
            "ticks": [{"y": _y(value, top), "value": value} for value in _ticks(top)],
            "bars": [bar for n in range(len(self.labels)) for bar in self._stack(n, slot, top)],
            "labels": self._shown_labels(slot),
            "legend": [
                {"name": name, "colour": colour_of(n), "total": self._total(name)}
                for n, name in enumerate(self.series)
            ],
        }

    def _stack(self, number: int, slot: float, top: int) -> list[dict[str, Any]]:
        label, below, found = self.labels[number], 0, []
        for place, name in enumerate(self.series):
            value = self.values.get((label, name), 0)
            if value:
                upper, lower = _y(below + value, top), _y(below, top)
                found.append({
                    "x": round(LEFT + number * slot + slot * 0.12, 1),
                    "y": upper,
                    "width": round(slot * 0.76, 1),
                    "height": round(lower - upper, 1),
                    "colour": colour_of(place),
                    "said": f"{label} {name}: {value}",
                })
                below += value
        return found

    def _shown_labels(self, slot: float) -> list[dict[str, Any]]:
        """Every label, or every second, third...: what fits."""
        every = max(1, math.ceil(len(self.labels) / MOST_LABELS))
        return [
            {"x": round(LEFT + (n + 0.5) * slot, 1), "text": label}
            for n, label in enumerate(self.labels)
            if n % every == 0
        ]

    def _ceiling(self) -> int:
        highest = max(
            (sum(self.values.get((label, name), 0) for name in self.series))
            for label in self.labels
        )
        return round_up(highest)

    def _total(self, name: str) -> int:
        return sum(self.values.get((label, name), 0) for label in self.labels)


def colour_of(number: int) -> str:
    """A colour for a series; they repeat after six."""
    return COLOURS[number % len(COLOURS)]


def round_up(value: int) -> int:
    """The next round number that four ticks divide well: 4, 8, 12, 16, 20, 24, 32, 40..."""
    size = 1
    while True:
        for step in _STEPS:
            if 4 * step * size >= value:
                return 4 * step * size
        size *= 10


def _ticks(top: int) -> list[int]:
    return [top * n // 4 for n in range(5)]


def _y(value: int, top: int) -> float:
    return round(HEIGHT - BOTTOM - value / top * (HEIGHT - TOP - BOTTOM), 1)
