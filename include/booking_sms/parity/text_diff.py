"""How two texts differ, character by character, shown without showing a person.

Characters are compared position by position, as people read two lines one under the other; the
missing end of the shorter text counts as differing. What is shown is masked before it is cut.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import groupby, zip_longest

MOST_POSITIONS = 10
CONTEXT = 6
"""Characters on each side of a sample's first difference."""
_PHONE = re.compile(r"([0-9]{3})-?[0-9]{3,4}-?([0-9]{4})(?![0-9])")
_SAID = re.compile(r"\w")
Mask = Callable[[str], str]


@dataclass(frozen=True, kw_only=True)
class TextDifference:
    """What differs. ``characters`` counts positions, the length difference included.

    ``positions`` are the first ten, from 0; ``samples`` the masked texts around the first one.
    """

    characters: int
    length: int
    positions: tuple[int, ...]
    samples: tuple[str, str]

    def said(self) -> str:
        """One short sentence for people."""
        where = ", ".join(map(str, self.positions))
        more = ", ..." if self.characters > len(self.positions) else ""
        length = f", {self.length:+} long" if self.length else ""
        count = (
            "1 character differs"
            if self.characters == 1
            else f"{self.characters} characters differ"
        )
        return f"{count}{length}, at {where}{more}"


def masked_text(text: str) -> str:
    """The text with the middle of every phone number hidden."""
    return _PHONE.sub(r"\1-****-\2", text)


def hidden_text(text: str) -> str:
    """Only the shape of a text to a customer, which may name anybody: no letter, no digit."""
    return _SAID.sub("*", text)


def text_difference(expected: str, actual: str, mask: Mask = masked_text) -> TextDifference:
    """How the actual text differs from the expected one; of equal texts nothing does."""
    places = list(_places(expected, actual))
    return TextDifference(
        characters=len(places),
        length=len(actual) - len(expected),
        positions=tuple(places[:MOST_POSITIONS]),
        samples=_samples(mask(expected), mask(actual)),
    )


def marked(expected: str, actual: str, mask: Mask = masked_text) -> list[tuple[str, bool]]:
    """The actual text, masked, as (part, differs) in order, for a page to mark.

    Differing characters are marked in the true texts where the mask keeps every position.
    """
    left, right = mask(expected), mask(actual)
    if len(left) == len(expected) and len(right) == len(actual):
        differing = set(_places(expected, actual))
    else:
        differing = set(_places(left, right))
    runs = groupby(enumerate(right), key=lambda place: place[0] in differing)
    return [("".join(character for _, character in run), differs) for differs, run in runs]


def _places(expected: str, actual: str) -> Iterator[int]:
    for position, (left, right) in enumerate(zip_longest(expected, actual)):
        if left != right:
            yield position


def _samples(left: str, right: str) -> tuple[str, str]:
    """Both masked texts around the first place where they still differ.

    Masked before they are cut: half a number would not be known as one.
    """
    first = next(_places(left, right), 0)
    return _cut(left, first), _cut(right, first)


def _cut(text: str, first: int) -> str:
    start, end = max(0, first - CONTEXT), first + CONTEXT + 1
    before = "…" if start else ""
    after = "…" if end < len(text) else ""
    return f"{before}{text[start:end]}{after}"
