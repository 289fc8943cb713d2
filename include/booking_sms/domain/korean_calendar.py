"""Public holidays of Korea, substitutes included, from the ``holidays`` library.

Days that the government proclaims at short notice come with a newer library.
"""

from __future__ import annotations

from datetime import date
from functools import cache, lru_cache
from typing import Any


@lru_cache(maxsize=4096)
def holiday_name(day: date) -> str:
    """Name of the public holiday on this date; empty when it is none."""
    return str(_korea().get(day, ""))


@cache
def _korea() -> Any:
    """The calendar; importing it takes a fifth of a second, which no DAG file should pay."""
    import holidays

    return holidays.country_holidays("KR", language="ko")
