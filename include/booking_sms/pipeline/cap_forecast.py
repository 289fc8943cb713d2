"""Where the caps stand, and where they will stand at the end of the day and of the month.

The forecast is used + open today + pace x what is left of the day or month, in days. The pace is
the mean of the days before today: those of this month, but at least a week's, so that the first
days of a month do not forecast by chance. Days before the first counted text are left out.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from typing import Any

from booking_sms.domain.booking import KST, require_aware
from booking_sms.domain.message import MessageClass
from booking_sms.domain.text_caps import TextCaps
from booking_sms.domain.text_counts import TextCounts, month_of, next_month

LEAST_DAYS = 7
NEAR = 0.8
"""Part of a cap from which on it is near, whatever the forecast says."""
DAY_S = 86_400


class CapLevel(StrEnum):
    """``near``: above four fifths, or the forecast reaches the cap; ``over``: no text is left."""

    OK = "ok"
    NEAR = "near"
    OVER = "over"


class CapName(StrEnum):
    """The four caps. The month's count all texts; advertising has to stop before the month's."""

    DAY = "day"
    DAY_ADVERTISING = "day_advertising"
    MONTH = "month"
    MONTH_ADVERTISING = "month_advertising"


STOPPED_BY_DAY = {
    CapName.DAY: MessageClass.INFORMATION,
    CapName.DAY_ADVERTISING: MessageClass.ADVERTISING,
}
STOPPED_BY_MONTH = {
    CapName.MONTH: MessageClass.INFORMATION,
    CapName.MONTH_ADVERTISING: MessageClass.ADVERTISING,
}
"""Caps and the class whose texts each of them stops."""


@dataclass(frozen=True, kw_only=True)
class CapStanding:
    """One cap now and at the end of its day or month, in texts.

    ``cap`` None means none. ``planned`` texts are open and due today. ``reached_at`` is when no
    text will be left if it goes on like this; None if it will not come to that.
    """

    name: CapName
    cap: int | None
    used: int
    planned: int
    forecast: int
    reached_at: datetime | None
    level: CapLevel

    def as_dict(self) -> dict[str, Any]:
        """JSON-able form, times in KST."""
        at = self.reached_at
        shown = at.astimezone(KST).isoformat(timespec="minutes") if at else None
        return asdict(self) | {
            "name": self.name.value,
            "level": self.level.value,
            "reached_at": shown,
        }

    def marked_over(self) -> CapStanding:
        """The same, when a text was refused although few seem to be left: others hold them."""
        return replace(self, level=CapLevel.OVER)


def cap_standings(
    counts: TextCounts, planned: Mapping[str, int], caps: TextCaps, now: datetime
) -> tuple[CapStanding, ...]:
    """Every cap at business instant ``now``; ValueError if that is naive.

    ``counts`` are those of this month and the one before; ``planned`` the open texts that are
    due today, by message class.
    """
    require_aware("now", now)
    return tuple(_standings(counts, planned, caps, now.astimezone(KST)))


def _standings(
    counts: TextCounts, planned: Mapping[str, int], caps: TextCaps, now: datetime
) -> Iterator[CapStanding]:
    for name, message_class in STOPPED_BY_DAY.items():
        demand = _demand_of_day(counts, planned.get(message_class, 0), now, message_class)
        yield _standing(name, caps.of_day(message_class), demand, now)
    demand = _demand_of_month(counts, sum(planned.values()), now)
    for name, message_class in STOPPED_BY_MONTH.items():
        yield _standing(name, caps.of_month(message_class), demand, now)


def _demand_of_day(counts: TextCounts, planned: int, now: datetime, message_class: str) -> _Demand:
    today = now.date()
    return _Demand(
        used=counts.of_day(today, message_class),
        planned=planned,
        pace=daily_pace(counts, today, message_class),
        ends_at=_midnight(today + timedelta(days=1)),
    )


def _demand_of_month(counts: TextCounts, planned: int, now: datetime) -> _Demand:
    today = now.date()
    return _Demand(
        used=counts.of_month(today),
        planned=planned,
        pace=daily_pace(counts, today),
        ends_at=_midnight(next_month(today)),
    )


@dataclass(frozen=True, kw_only=True)
class _Demand:
    """Texts of a day or month: gone, waiting, and still to come a day until it ends."""

    used: int
    planned: int
    pace: float
    ends_at: datetime

    def until(self, at: datetime, now: datetime) -> float:
        """Texts that will be used at an instant from now on."""
        return self.used + self.planned + self.pace * _days(at - now)

    def reaches(self, cap: int, now: datetime) -> datetime | None:
        """When so many texts are used; None if not before the end."""
        if self.used + self.planned >= cap:
            return now
        if self.until(self.ends_at, now) < cap:
            return None
        missing = cap - self.used - self.planned
        return min(now + timedelta(days=missing / self.pace), self.ends_at)


def _standing(name: CapName, cap: int | None, demand: _Demand, now: datetime) -> CapStanding:
    reached_at = None if cap is None else demand.reaches(cap, now)
    return CapStanding(
        name=name,
        cap=cap,
        used=demand.used,
        planned=demand.planned,
        forecast=math.floor(demand.until(demand.ends_at, now)),
        reached_at=reached_at,
        level=_level(demand.used, cap, reached_at),
    )


def _level(used: int, cap: int | None, reached_at: datetime | None) -> CapLevel:
    if cap is None:
        return CapLevel.OK
    if used >= cap:
        return CapLevel.OVER
    return CapLevel.NEAR if reached_at or used >= NEAR * cap else CapLevel.OK


def daily_pace(counts: TextCounts, today: date, message_class: str = "") -> float:
    """Mean texts a day before today; on the very first day, what today has so far.

    An empty class asks for all of them.
    """
    start = min(month_of(today), today - timedelta(days=LEAST_DAYS))
    first = counts.first_day
    if first is None or first >= today:
        return float(counts.of_day(today, message_class))
    start = max(start, first)
    return counts.between(start, today, message_class) / (today - start).days


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(0), tzinfo=KST)


def _days(span: timedelta) -> float:
    return span.total_seconds() / DAY_S
