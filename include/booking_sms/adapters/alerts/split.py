"""Splits a notice to a channel's size limit without cutting a line, as far as lines fit."""

from __future__ import annotations

from collections.abc import Callable, Iterator

Measure = Callable[[str], int]


def utf16_units(text: str) -> int:
    """Length as Telegram counts: characters outside the BMP (emoji) are two."""
    return len(text.encode("utf-16-le")) // 2


def split_text(text: str, limit: int, measure: Measure = len) -> list[str]:
    """Parts of at most ``limit``; ``measure`` must be additive over characters.

    Parts break at line ends; only a line that is too long by itself is cut. Parts that hold
    nothing but white space are dropped: the channels refuse them.
    """
    parts: list[str] = []
    current = ""
    for piece in _pieces(text, limit, measure):
        joined = f"{current}\n{piece}" if current else piece
        if current and measure(joined) > limit:
            parts.append(current)
            current = piece
        else:
            current = joined
    return [part for part in [*parts, current] if part.strip()]


def _pieces(text: str, limit: int, measure: Measure) -> Iterator[str]:
    for line in text.split("\n"):
        if measure(line) <= limit:
            yield line
        else:
            yield from _cut(line, limit, measure)


def _cut(line: str, limit: int, measure: Measure) -> Iterator[str]:
    """Cut one line between characters."""
    start = size = 0
    for position, character in enumerate(line):
        width = measure(character)
        if size + width > limit:
            yield line[start:position]
            start, size = position, 0
        size += width
    yield line[start:]
