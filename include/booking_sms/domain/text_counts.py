"""How many texts went out, by Korean calendar day and message class: what caps are judged by."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta

DayAndClass = tuple[date, str]


def month_of(day: date) -> date:
    """First day of the calendar month that a day lies in."""
    return day.replace(day=1)


def next_month(day: date) -> date:
    """First day of the calendar month after a day's."""
    return month_of(month_of(day) + timedelta(days=31))


@dataclass(frozen=True)
class TextCounts:
    """Texts counted, by day and class; an empty class asks for all of them.

    Counted are accepted texts, doubts, and what workers at work have taken and not used yet. A
    worker that crashed leaves its unused texts counted.
    """

    by_day: Mapping[DayAndClass, int] = field(default_factory=dict)

    def of_day(self, day: date, message_class: str = "") -> int:
        """Texts of one day."""
        return self.between(day, day + timedelta(days=1), message_class)

    def of_month(self, day: date, message_class: str = "") -> int:
        """Texts of the month that ``day`` lies in."""
        return self.between(month_of(day), next_month(day), message_class)

    def between(self, start: date, end: date, message_class: str = "") -> int:
        """Texts from ``start`` on and before ``end``."""
        return sum(
            number
            for (day, counted_class), number in self.by_day.items()
            if start <= day < end and message_class in ("", counted_class)
        )

    @property
    def first_day(self) -> date | None:
        """The earliest day with a text; None when nothing was counted."""
        return min((day for (day, _), number in self.by_day.items() if number > 0), default=None)

    def added(self, day: date, message_class: str, amount: int) -> TextCounts:
        """Counts with so many texts more (or fewer) on a day."""
        key = (day, message_class)
        return TextCounts({**self.by_day, key: self.by_day.get(key, 0) + amount})

    def merged(self, others: TextCounts) -> TextCounts:
        """These and the counts of other months."""
        return TextCounts({**self.by_day, **others.by_day})
