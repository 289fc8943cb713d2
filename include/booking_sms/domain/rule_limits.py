"""What a condition limits, as a list of ways in which it can hold: for static checks only.

Each way is a set of limits by dimension. What a condition means beyond its limits is left out,
so a way may look wider than it is: a rule called impossible really is.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from functools import singledispatch
from itertools import product
from typing import Any

from booking_sms.domain import condition_model as language
from booking_sms.domain.booking import BookingStatus
from booking_sms.domain.condition_checks import AMOUNT_FIELD, SOURCE_FIELD, VISITS_FIELD
from booking_sms.domain.limits import NO, YES, Among, Limit, Span, meet
from booking_sms.domain.rule import Rule
from booking_sms.domain.rule_timing import Active

STATUS, STORE, ROW = "booking status", "store", "row in the ledger"
LEAD, SINCE_END = "minutes before the visit", "minutes after the visit"
SINCE_CANCEL, VISIT_DATE = "minutes after the cancellation", "date of visit"
TODAY_IS_VISIT, TODAY_DATE, HOUR = "visit today", "date of today", "hour of the day"
WINDOWS = (LEAD, SINCE_END, SINCE_CANCEL)
"""Dimensions that move with the clock: a narrow span can fall between two runs."""
MOST_WAYS = 256

Loc = tuple[str | int, ...]
Limits = tuple[tuple[str, Limit], ...]


@dataclass(frozen=True)
class Way:
    """One way in which a rule can hold: limits in file order, each with its place."""

    parts: tuple[tuple[str, Limit, Loc], ...]

    def limits(self) -> dict[str, Limit]:
        """The limits by dimension, met."""
        found: dict[str, Limit] = {}
        for dimension, limit, _ in self.parts:
            found[dimension] = meet(found[dimension], limit) if dimension in found else limit
        return found

    def contradiction(self) -> tuple[str, Loc] | None:
        """The dimension and the place at which nothing is left; None when something is."""
        found: dict[str, Limit] = {}
        for dimension, limit, loc in (*self.parts, *self._same_day()):
            found[dimension] = meet(found[dimension], limit) if dimension in found else limit
            if found[dimension].is_empty:
                return dimension, loc
        return None

    def place_of(self, dimension: str) -> Loc:
        """Where the last limit of a dimension stands."""
        return [loc for name, _, loc in self.parts if name == dimension][-1]

    def with_other(self, other: Way) -> Way:
        """Both at once."""
        return Way((*self.parts, *other.parts))

    def _same_day(self) -> Iterator[tuple[str, Limit, Loc]]:
        """A visit today has today's date and weekday, and is a holiday if today is one."""
        if not any(name == TODAY_IS_VISIT and limit == YES for name, limit, _ in self.parts):
            return
        for name, limit, loc in self.parts:
            if name.endswith(" of today"):
                yield name.replace(" of today", " of visit"), limit, loc


class TooManyWays(Exception):
    """A condition has so many ways that checking them would take too long."""


def ways_of(rule: Rule, loc: Loc) -> tuple[Way, ...]:
    """Every way in which a rule can hold; TooManyWays for a rule beyond measure."""
    gates = Way(tuple(_gates(rule, loc)))
    return tuple(gates.with_other(way) for way in _ways(rule.when, (*loc, "when"), positive=True))


def _gates(rule: Rule, loc: Loc) -> Iterator[tuple[str, Limit, Loc]]:
    """What a rule asks before its conditions."""
    if rule.active is not None:
        for dimension, limit in active_limits(rule.active):
            yield dimension, limit, (*loc, "active")
    if rule.stores:
        yield STORE, Among(frozenset(rule.stores)), (*loc, "stores")


def active_limits(active: Active) -> Limits:
    """The dates, and the weekdays that there are among them."""
    first = -math.inf if active.from_ is None else active.from_.toordinal()
    last = math.inf if active.to is None else active.to.toordinal()
    dates = (TODAY_DATE, Span(first, last))
    days = frozenset(active.weekdays or language.DAYS)
    if active.from_ and active.to and (active.to - active.from_).days < len(language.DAYS):
        spanned = range(active.from_.toordinal(), active.to.toordinal() + 1)
        days &= {language.DAYS[date.fromordinal(day).weekday()] for day in spanned}
    return (dates, ("weekday of today", Among(days)))


def _ways(condition: Any, loc: Loc, *, positive: bool) -> Iterable[Way]:
    match condition:
        case language.Not(not_=part):
            return _ways(part, (*loc, "not"), positive=not positive)
        case language.AllOf(all=parts):
            together, name = positive, "all"
        case language.AnyOf(any=parts):
            together, name = not positive, "any"
        case _:
            return [
                Way(tuple((name, limit, loc) for name, limit in limits))
                for limits in _leaf(condition, positive=positive)
            ]
    children = [
        list(_ways(part, (*loc, name, number), positive=positive))
        for number, part in enumerate(parts)
    ]
    return _together(children) if together else _few([way for ways in children for way in ways])


def _together(children: list[list[Way]]) -> list[Way]:
    size = 1
    for ways in children:
        size *= len(ways)
        if size > MOST_WAYS:
            raise TooManyWays
    return [Way(tuple(part for way in pick for part in way.parts)) for pick in product(*children)]


def _few(ways: list[Way]) -> list[Way]:
    if len(ways) > MOST_WAYS:
        raise TooManyWays
    return ways


def leaves_of(condition: Any, loc: Loc) -> Iterator[tuple[Any, Loc]]:
    """Every condition below a condition that is no group, with its place."""
    match condition:
        case language.Not(not_=part):
            yield from leaves_of(part, (*loc, "not"))
        case language.AllOf(all=parts):
            for number, part in enumerate(parts):
                yield from leaves_of(part, (*loc, "all", number))
        case language.AnyOf(any=parts):
            for number, part in enumerate(parts):
                yield from leaves_of(part, (*loc, "any", number))
        case _:
            yield condition, loc


# --- conditions -------------------------------------------------------------------------------


def _leaf(condition: Any, *, positive: bool) -> list[Limits]:
    """Ways in which one condition holds, or, not ``positive``, does not.

    What several limits say together has an opposite that limits nothing by itself.
    """
    limits = limits_of(condition)
    said = YES if positive else NO
    itself = (_name(condition), said)
    if positive:
        return [(itself, *limits)]
    if isinstance(condition, language.FlagNotSet | language.FlagIsFalse):
        return [(itself, (_flag(condition.flag), Among.of("set")), (ROW, YES))]
    if len(limits) != 1 or isinstance(condition, language.FieldIs):
        return [(itself,)]
    dimension, limit = limits[0]
    return [(itself, (dimension, outside)) for outside in limit.outside()]


def _name(condition: Any) -> str:
    """A condition as its own dimension: it cannot hold and not hold at once."""
    return json.dumps(condition.model_dump(mode="json"), sort_keys=True, ensure_ascii=False)


def _flag(name: str) -> str:
    return f"flag {name}"


@singledispatch
def limits_of(condition: Any) -> Limits:
    """What a condition limits when it holds; nothing for what only says yes or no."""
    return ()


@limits_of.register
def _(condition: language.BookingStatusIs) -> Limits:
    return ((STATUS, Among.of(condition.status.value)),)


@limits_of.register
def _(condition: language.BookingStatusAny) -> Limits:
    return ((STATUS, Among(frozenset(status.value for status in condition.statuses))),)


@limits_of.register
def _(condition: language.BookingInLedger) -> Limits:
    return ((ROW, YES),)


@limits_of.register
def _(condition: language.BookingNotInLedger) -> Limits:
    return ((ROW, NO),)


@limits_of.register
def _(condition: language.FlagNotSet) -> Limits:
    return ((_flag(condition.flag), Among.of("not set")),)


@limits_of.register
def _(condition: language.FlagIsFalse) -> Limits:
    return ((_flag(condition.flag), Among.of("not set")), (ROW, YES))


@limits_of.register
def _(condition: language.CurrentHour) -> Limits:
    return ((HOUR, Among.of(condition.hour)),)


@limits_of.register
def _(condition: language.StoreIdMatches) -> Limits:
    return ((STORE, Among(frozenset(condition.store_ids))),)


@limits_of.register
def _(condition: language.DateIsToday) -> Limits:
    day = Span(-24 * 60, 24 * 60, low_in=False, high_in=False)
    return ((TODAY_IS_VISIT, YES), (LEAD, day))


@limits_of.register
def _(condition: language.TimeBeforeBooking) -> Limits:
    return ((LEAD, Span(0, condition.hours * 60, low_in=False, high_in=condition.inclusive)),)


@limits_of.register
def _(condition: language.BeforeVisit) -> Limits:
    span = Span(low=condition.at_least_minutes, low_in=False)
    if condition.within_minutes is not None:
        span = span.meet(Span(high=condition.within_minutes))
    return ((LEAD, span),)


@limits_of.register
def _(condition: language.DuringVisit) -> Limits:
    lead = Span(high=0)
    if condition.first_minutes is not None:
        lead = Span(-condition.first_minutes, 0, low_in=False)
    return ((LEAD, lead), (SINCE_END, Span(high=0, high_in=False)))


@limits_of.register
def _(condition: language.AfterVisit) -> Limits:
    since = Span(low=condition.from_minutes)
    if condition.within_minutes is not None:
        since = since.meet(Span(high=condition.within_minutes, high_in=False))
    return ((SINCE_END, since), (LEAD, Span(high=0, high_in=False)))


@limits_of.register
def _(condition: language.DateRange) -> Limits:
    return ((VISIT_DATE, Span(condition.start_date.toordinal(), condition.end_date.toordinal())),)


@limits_of.register
def _(condition: language.Weekday) -> Limits:
    return ((f"weekday of {condition.of}", Among(frozenset(condition.days))),)


@limits_of.register
def _(condition: language.Holiday) -> Limits:
    return ((f"holiday of {condition.of}", YES),)


@limits_of.register
def _(condition: language.BookingCancelled) -> Limits:
    cancelled = (STATUS, Among.of(BookingStatus.CANCELLED.value))
    if condition.within_minutes is None:
        return (cancelled,)
    return (cancelled, (SINCE_CANCEL, Span(0, condition.within_minutes, high_in=False)))


@limits_of.register
def _(condition: language.VisitCount) -> Limits:
    return ((VISITS_FIELD, _between(condition)),)


@limits_of.register
def _(condition: language.Amount) -> Limits:
    return ((AMOUNT_FIELD, _between(condition)),)


def _between(condition: language.VisitCount | language.Amount) -> Span:
    span = Span(low=condition.at_least or 0)
    return span if condition.at_most is None else span.meet(Span(high=condition.at_most))


@limits_of.register
def _(condition: language.Source) -> Limits:
    return ((SOURCE_FIELD + " as text", Among(frozenset(condition.any_of))),)


@limits_of.register
def _(condition: language.FieldIs) -> Limits:
    path, op, value = condition.path, condition.op, condition.value
    if op == "exists":
        return ((f"{path} exists", YES if value else NO),)
    there = (f"{path} exists", YES)
    if op in ("eq", "in"):
        values = value if isinstance(value, tuple) else (value,)
        if all(isinstance(one, str) for one in values) and path != "options":
            name = STATUS if path == "status" else f"{path} as text"
            return (there, (name, Among(frozenset(values))))
    if isinstance(value, int | float) and not isinstance(value, bool):
        span = _SPANS.get(op)
        return (there, (path, span(value))) if span else (there,)
    return (there,)


_SPANS = {
    "eq": lambda value: Span(value, value),
    "lt": lambda value: Span(high=value, high_in=False),
    "le": lambda value: Span(high=value),
    "gt": lambda value: Span(low=value, low_in=False),
    "ge": lambda value: Span(low=value),
}
