"""Shows differences to people without showing a person."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from booking_sms.parity.differences import LINES, Difference
from booking_sms.parity.text_diff import hidden_text, masked_text, text_difference

_PERSONAL = (".name",)
_TEXT = ".text"


@dataclass(frozen=True, kw_only=True)
class Changed:
    """A line that stands otherwise: the missing one and the one that came in its place."""

    missing: Difference
    unexpected: Difference


def shown(difference: Difference) -> str:
    """One line: where, and both sides masked; of two texts, which characters differ."""
    kind = f" ({difference.kind})" if difference.kind else ""
    expected, actual = difference.expected, difference.actual
    if difference.path.endswith(_TEXT) and isinstance(expected, str) and isinstance(actual, str):
        sides = _texts(expected, actual, personal=True)
    else:
        sides = f"{masked(difference.path, expected)} -> {masked(difference.path, actual)}"
    return f"{difference.scenario}: {difference.path}{kind}: {sides}"


def shown_all(differences: Sequence[Difference]) -> Iterator[str]:
    """Every difference in a line; a changed line of a text once, with its characters."""
    changed = {id(one): pair for pair in changed_lines(differences) for one in _both(pair)}
    for difference in differences:
        pair = changed.get(id(difference))
        if pair is None:
            yield shown(difference)
        elif difference is pair.missing:
            texts = _texts(pair.missing.expected, pair.unexpected.actual, personal=False)
            yield f"{difference.scenario}: {difference.channel}.line: {texts}"


def changed_lines(differences: Iterable[Difference]) -> list[Changed]:
    """Lines that miss, each with the unexpected one of the same scenario and channel, in order.

    What is left over on either side really is missing, or too much.
    """
    lost: dict[tuple[str, str], list[Difference]] = defaultdict(list)
    found: dict[tuple[str, str], list[Difference]] = defaultdict(list)
    for one in differences:
        if one.path in {f"{channel}.missing" for channel in LINES}:
            lost[(one.scenario, one.channel)].append(one)
        elif one.path in {f"{channel}.unexpected" for channel in LINES}:
            found[(one.scenario, one.channel)].append(one)
    return [
        Changed(missing=left, unexpected=right)
        for place, ones in lost.items()
        for left, right in zip(ones, found[place], strict=False)
    ]


def masked(path: str, value: Any) -> str:
    """A side as people may see it: no name, no number, no word of a text to a customer."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {masked(f'.{key}', v)}" for key, v in value.items()) + "}"
    if path.endswith(_PERSONAL):
        return "***"
    if path.endswith(_TEXT) and isinstance(value, str):
        return hidden_text(value)
    return masked_text(value) if isinstance(value, str) else masked_text(str(value))


def _both(pair: Changed) -> tuple[Difference, Difference]:
    return pair.missing, pair.unexpected


def _texts(expected: str, actual: str, *, personal: bool) -> str:
    found = text_difference(expected, actual, hidden_text if personal else masked_text)
    return f"{found.said()}: {found.samples[0]!r} -> {found.samples[1]!r}"
