"""What each rule did on a Korean day: counts kept by day, and what became of its messages.

The counts of a window are added once, whatever task is repeated. A crash in between loses the
rest of that window's counts: they are for looking at, nothing is decided by them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, datetime, time
from typing import Any, Protocol

from booking_sms.domain.booking import KST
from booking_sms.domain.rule import Rule, RuleSet
from booking_sms.domain.rule_counts import RuleCounts
from booking_sms.domain.window import Window

COUNTED = ("matched", "planned", "held", "shadow")
"""What is kept by day; what a rule missed stays in its window's own summary."""
BECAME = ("sent", "failed")
GONE = "no longer in the rule set"


class DayCounters(Protocol):
    """The part of ControlRepository that counts by day."""

    def add_to_counter(self, name: str, day: date, amount: int) -> int:
        """Add; return the new value."""
        ...

    def counter(self, name: str, day: date) -> int:
        """The value, 0 when nothing was counted."""
        ...


def count_window(
    counters: DayCounters, window: Window, rules: Mapping[str, RuleCounts]
) -> dict[str, int]:
    """Add a window's counts to its day; what was added, nothing if it was counted before.

    One write for each rule and kind of count with something to count, and one for the window.
    """
    amounts = {
        _counter(name, kind): number
        for name, counts in rules.items()
        for kind in COUNTED
        if (number := getattr(counts, kind))
    }
    day = window.as_of.date()
    if not amounts or counters.add_to_counter(f"rules-of-{window.as_of:%H:%M}", day, 1) > 1:
        return {}
    for name, number in amounts.items():
        counters.add_to_counter(name, day, number)
    return amounts


def _counter(rule: str, kind: str) -> str:
    return f"rule#{rule}#{kind}"


def day_stats(
    day: date,
    rules: RuleSet,
    stages: Mapping[str, str],
    counters: DayCounters,
    totals: Mapping[str, Mapping[str, int]],
) -> Iterator[dict[str, Any]]:
    """One row a rule: what it is, whether it counts on that day, what it did.

    ``stages`` overrides rules' own rollout; ``totals`` are ``rule_totals`` of the day. A rule
    that was taken out of the set keeps a row while its messages of the day are known.
    """
    for rule in rules.rules:
        counts = {kind: counters.counter(_counter(rule.name, kind), day) for kind in COUNTED}
        yield {
            "rule": rule.name,
            "kind": rule.kind,
            "action": rule.action.value,
            "stage": stages.get(rule.name, rule.rollout),
            "active": is_active(rule, day),
            **counts,
            **_became(totals.get(rule.name, {})),
        }
    for name in sorted(totals.keys() - {rule.name for rule in rules.rules}):
        nothing = dict.fromkeys(("kind", "stage", "active", *COUNTED))
        yield {"rule": name, "action": GONE, **nothing, **_became(totals[name])}


def is_active(rule: Rule, day: date) -> bool:
    """Whether the rule counts in the windows of a Korean day."""
    noon = datetime.combine(day, time(12), tzinfo=KST)
    return rule.enabled and (rule.active is None or rule.active.contains(noon))


def _became(totals: Mapping[str, int]) -> dict[str, int]:
    return {name: totals.get(name, 0) for name in BECAME}
