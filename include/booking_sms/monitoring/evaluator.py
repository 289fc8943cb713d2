"""CloudWatch's alarm semantics, as its user guide documents them, over a series of data points.

Stand-ins of CloudWatch keep alarms and never judge them, so whether an alarm would fire is judged
here. Source: "Alarm evaluation" and "Configuring how CloudWatch alarms treat missing data" of the
CloudWatch user guide; the tests hold every row of its two tables.

What the guide leaves open is decided here: how many data points beyond EvaluationPeriods are
looked at. Its examples look at 5 for 3 periods, so ``EXTRA`` is 2.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

EXTRA = 2
"""Periods before the evaluated ones that are retrieved too: the rest of the evaluation range."""
STEP = timedelta(minutes=1)
"""How often an alarm is evaluated, whatever its period: the window slides."""


class AlarmState(StrEnum):
    """The three states of an alarm."""

    OK = "OK"
    ALARM = "ALARM"
    INSUFFICIENT_DATA = "INSUFFICIENT_DATA"


class MissingData(StrEnum):
    """What stands in for a data point that is not there."""

    MISSING = "missing"
    IGNORE = "ignore"
    BREACHING = "breaching"
    NOT_BREACHING = "notBreaching"


COMPARISONS: Mapping[str, Callable[[float, float], bool]] = {
    "GreaterThanOrEqualToThreshold": operator.ge,
    "GreaterThanThreshold": operator.gt,
    "LessThanThreshold": operator.lt,
    "LessThanOrEqualToThreshold": operator.le,
}


@dataclass(frozen=True, kw_only=True)
class Measured:
    """What was published at one instant: a set of values, or only their statistics."""

    at: datetime
    count: float
    total: float
    minimum: float
    maximum: float
    values: tuple[float, ...] = ()

    @classmethod
    def of(cls, at: datetime, *values: float) -> Measured:
        """The statistics of values that are known one by one."""
        return cls(
            at=at,
            count=len(values),
            total=math.fsum(values),
            minimum=min(values),
            maximum=max(values),
            values=values,
        )


@dataclass(frozen=True, kw_only=True)
class AlarmRule:
    """The numbers of an alarm, without its metric. ``statistic`` may be a percentile: ``p95``."""

    statistic: str
    comparison: str
    threshold: float
    period_s: int
    evaluation_periods: int
    datapoints_to_alarm: int
    missing: MissingData = MissingData.MISSING

    @property
    def range_periods(self) -> int:
        """Length of the evaluation range, in periods."""
        return self.evaluation_periods + EXTRA

    def breaches(self, value: float) -> bool:
        """Whether a data point is beyond the threshold."""
        return COMPARISONS[self.comparison](value, self.threshold)


def statistic_of(name: str, measured: Sequence[Measured]) -> float:
    """One statistic of what was published in one period, which must not be nothing.

    Raises ValueError for a percentile of values that nobody kept, and for an unknown name.
    """
    if name.startswith("p"):
        return _percentile(float(name[1:]), measured)
    total, count = math.fsum(one.total for one in measured), sum(one.count for one in measured)
    known: Mapping[str, float] = {
        "Sum": total,
        "SampleCount": count,
        "Average": total / count,
        "Minimum": min(one.minimum for one in measured),
        "Maximum": max(one.maximum for one in measured),
    }
    if name not in known:
        raise ValueError(f"unknown statistic {name!r}")
    return known[name]


def _percentile(percent: float, measured: Sequence[Measured]) -> float:
    """The nearest rank. CloudWatch has no percentile of statistics sets either."""
    if any(len(one.values) != one.count for one in measured):
        raise ValueError("a percentile needs the values themselves")
    values = sorted(value for one in measured for value in one.values)
    return values[max(0, math.ceil(percent / 100 * len(values)) - 1)]


def data_points(
    rule: AlarmRule, measured: Iterable[Measured], at: datetime
) -> tuple[float | None, ...]:
    """The evaluation range that ends at an instant, oldest first; None is a missing data point.

    Period n covers what lies between n and n - 1 periods before ``at``; its start belongs to it.
    """
    length = timedelta(seconds=rule.period_s)
    start = at - rule.range_periods * length
    periods: list[list[Measured]] = [[] for _ in range(rule.range_periods)]
    for one in measured:
        if start <= one.at < at:
            periods[(one.at - start) // length].append(one)
    return tuple(statistic_of(rule.statistic, each) if each else None for each in periods)


def state_of(rule: AlarmRule, points: Sequence[float | None], before: AlarmState) -> AlarmState:
    """The state that an evaluation range gives to an alarm that was in state ``before``."""
    real = [point for point in points if point is not None]
    lacking = rule.evaluation_periods - len(real)
    if lacking <= 0:
        return _judged(rule, _breaching(rule, real[-rule.evaluation_periods :]))
    breaching = _breaching(rule, real)
    if rule.missing is MissingData.BREACHING:
        return _judged(rule, breaching + lacking)
    if rule.missing is MissingData.NOT_BREACHING or breaching < len(real):
        return _judged(rule, breaching)
    return _without_a_good_point(rule, points, breaching, before)


def _breaching(rule: AlarmRule, real: Sequence[float]) -> int:
    return sum(rule.breaches(point) for point in real)


def _judged(rule: AlarmRule, breaching: int) -> AlarmState:
    return AlarmState.ALARM if breaching >= rule.datapoints_to_alarm else AlarmState.OK


def _without_a_good_point(
    rule: AlarmRule, points: Sequence[float | None], breaching: int, before: AlarmState
) -> AlarmState:
    """Too few data points, none of them good, and nothing fills the gap.

    Enough bad ones alarm. Fewer alarm when the oldest is at least DatapointsToAlarm periods old
    ("premature transitions"), but never under ``ignore``, which keeps the state.
    """
    if breaching >= rule.datapoints_to_alarm:
        return AlarmState.ALARM
    if rule.missing is MissingData.IGNORE:
        return before
    ages = [len(points) - place for place, point in enumerate(points) if point is not None]
    if ages and max(ages) >= rule.datapoints_to_alarm:
        return AlarmState.ALARM
    return AlarmState.INSUFFICIENT_DATA


def states_between(
    rule: AlarmRule,
    measured: Sequence[Measured],
    since: datetime,
    until: datetime,
    before: AlarmState = AlarmState.INSUFFICIENT_DATA,
) -> Iterator[tuple[datetime, AlarmState]]:
    """(instant, state) of every evaluation after ``since`` up to ``until``, minute by minute."""
    at, state = since, before
    while (at := at + STEP) <= until:
        state = state_of(rule, data_points(rule, measured, at), state)
        yield at, state
