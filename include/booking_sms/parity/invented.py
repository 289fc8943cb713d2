"""Refuses data that could be somebody's: goldens are public, so every person must be invented.

Numbers begin with ``0100`` or ``050``, which reach nobody; names are on a list that people keep;
mail addresses are those of domains reserved for examples.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Set
from pathlib import Path
from typing import Any

NAMES = "invented-names.txt"
_NAME_FIELDS = frozenset({"name", "visitorName", "userName", "customer_name", "bookerName"})
_NUMBER_FIELDS = frozenset({"phone", "to", "customer_phone", "visitorPhone"})
_NUMBER = re.compile(r"(?<![0-9])(?:\+?82[- ]?|0)[0-9]{1,3}[- .]?[0-9]{3,4}[- .]?[0-9]{4}(?![0-9])")
_MAIL = re.compile(r"[\w.+-]+@([\w-]+(?:\.[\w-]+)+)")
_EXAMPLE_DOMAINS = ("example.com", "example.org", "example.net", ".example", ".test", ".invalid")
# Things have names as well: only these objects are people.
_THINGS = frozenset({"bookingOptionJson", "couponJson", "customFormInputJson"})


def invented_names(folder: Path) -> frozenset[str]:
    """Names that people have marked as invented, one a line; empty if there is no list."""
    path = folder / NAMES
    text = path.read_text(encoding="utf-8") if path.exists() else ""
    return frozenset(line.strip() for line in text.splitlines() if line.strip())


def personal_problems(line: Mapping[str, Any], invented: Set[str]) -> Iterator[str]:
    """``field: why`` of whatever could be a person's; the value itself is never repeated."""
    yield from _look(line, "", invented)


def _look(value: Any, field: str, invented: Set[str]) -> Iterator[str]:
    if isinstance(value, Mapping):
        for key, inner in value.items():
            where = f"{field}.{key}" if field else str(key)
            yield from _look(inner, where, invented)
    elif isinstance(value, list):
        for number, inner in enumerate(value):
            yield from _look(inner, f"{field}.{number}", invented)
    elif isinstance(value, str):
        yield from _text_problems(value, field, invented)


def _text_problems(text: str, field: str, invented: Set[str]) -> Iterator[str]:
    last, parts = field.rsplit(".", 1)[-1], set(field.split("."))
    if last in _NAME_FIELDS and not parts & _THINGS and text and text not in invented:
        yield f"{field}: a name that is not marked invented"
    numbers = [text] if last in _NUMBER_FIELDS else _NUMBER.findall(text)
    if not all(_reaches_nobody(number) for number in numbers):
        yield f"{field}: a phone number that could be somebody's; use 0100... or 050..."
    if not all(_is_example(domain) for domain in _MAIL.findall(text)):
        yield f"{field}: a mail address outside example.com"


def _reaches_nobody(number: str) -> bool:
    digits = re.sub(r"[^0-9]", "", number)
    return not digits or digits.startswith(("0100", "050"))


def _is_example(domain: str) -> bool:
    return domain.lower().endswith(_EXAMPLE_DOMAINS)
