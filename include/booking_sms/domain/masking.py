"""How a person is shown to colleagues."""

from __future__ import annotations

import re

MASK = "*"
_MOBILE = re.compile(
    r"(?<![\d.])(?:\+?82[-. ]?(?:0|\(0\))?|\(?0)(?P<head>1[016789]|50\d)\)?"
    r"[-. ]?(?P<middle>\d{3,4})[-. ]?(?P<last>\d{4})(?!\d)"
)
_OTHER = re.compile(
    r"(?<![0-9A-Za-z_.:+-])"
    r"(?:\(?0(?:2|[3-6]\d|70)\)?[-. ]?\d{3,4}[-. ]?|\+\d{4,11})(?P<last>\d{4})(?![0-9A-Za-z_-])"
)
"""Landlines, internet numbers, foreign ones. They look more like other numbers than mobiles do, so
they have to stand alone."""


def without_phones(text: str) -> str:
    """The text with everything that looks like a phone number cut to its last four digits."""
    text = _MOBILE.sub(r"0\g<head>-****-\g<last>", text)
    return _OTHER.sub(r"****\g<last>", text)


def mask_name(name: str) -> str:
    """First and last letter with stars between: ``김*빛``, ``남**루``; two letters: ``김*``."""
    letters = name.strip()
    if len(letters) < 3:
        return letters[:1] + MASK * max(1, len(letters) - 1)
    return f"{letters[0]}{MASK * (len(letters) - 2)}{letters[-1]}"
