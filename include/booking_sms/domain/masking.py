"""How a person is shown to colleagues."""

from __future__ import annotations

MASK = "*"


def mask_name(name: str) -> str:
    """First and last letter with stars between: ``김*빛``, ``남**루``; two letters: ``김*``."""
    letters = name.strip()
    if len(letters) < 3:
        return letters[:1] + MASK * max(1, len(letters) - 1)
    return f"{letters[0]}{MASK * (len(letters) - 2)}{letters[-1]}"
