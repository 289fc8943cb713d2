"""Evaluates conditions: compiled once to plain functions, and explained one by one on demand.

The planner asks a compiled rule for the first condition that fails; ``explain`` asks the same
compiled checks for all of them and adds what was seen. There is no second implementation.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from booking_sms.domain import condition_model as language
from booking_sms.domain.condition_checks import compile_condition
from booking_sms.domain.condition_model import Condition
from booking_sms.domain.condition_seen import seen
from booking_sms.domain.errors import FieldUnreadable, LedgerRowIncomplete
from booking_sms.domain.facts import Check, Facts
from booking_sms.domain.rule import Rule

CANNOT_SAY = (LedgerRowIncomplete, FieldUnreadable)
"""What a check raises when it can say neither yes nor no."""


@dataclass(frozen=True)
class Verdict:
    """One line of a truth table. ``value`` None: it could not be worked out."""

    label: str
    value: bool | None
    reason: str = ""
    children: tuple[Verdict, ...] = ()


@dataclass(frozen=True)
class CompiledRule:
    """A rule with its top-level conditions as labelled checks, looked at in order."""

    rule: Rule
    steps: tuple[tuple[str, Check], ...]

    def first_failure(self, facts: Facts) -> str:
        """Label of the first condition that does not hold; empty when the rule holds.

        Raises LedgerRowIncomplete when the row lacks an attribute that is read on the way, and
        FieldUnreadable when the booking has a field of another type there.
        """
        for label, check in self.steps:
            if not check(facts):
                return label
        return ""


def compile_rule(rule: Rule) -> CompiledRule:
    """Compile a rule once; use it for every booking."""
    when = rule.when
    conditions = when.all if isinstance(when, language.AllOf) else (when,)
    steps = [(label_of(condition), compile_condition(condition)) for condition in conditions]
    if rule.stores:
        stores = frozenset(rule.stores)
        steps.insert(0, ("stores", lambda facts: facts.booking.store_id in stores))
    if rule.active is not None:
        contains = rule.active.contains
        steps.insert(0, ("active", lambda facts: contains(facts.as_of)))
    return CompiledRule(rule, tuple(steps))


def label_of(condition: Condition) -> str:
    """Short name of a condition, for counters."""
    return str(getattr(condition, "type", "")) or next(iter(condition.model_dump()))


def explain(condition: Condition, facts: Facts) -> Verdict:
    """The truth table of a condition: every part is looked at, also after a failure."""
    match condition:
        case language.AllOf(all=parts):
            return _group("all", parts, facts, deciding=False)
        case language.AnyOf(any=parts):
            return _group("any", parts, facts, deciding=True)
        case language.Not(not_=part):
            inner = explain(part, facts)
            value = None if inner.value is None else not inner.value
            return Verdict("not", value, children=(inner,))
        case _:
            return _leaf(condition, facts)


def _group(label: str, parts: tuple[Condition, ...], facts: Facts, *, deciding: bool) -> Verdict:
    """The first part that decides, or cannot be worked out, gives the value."""
    children = tuple(explain(part, facts) for part in parts)
    settled = (child.value for child in children if child.value in (deciding, None))
    return Verdict(label, next(settled, not deciding), children=children)


def _leaf(condition: Condition, facts: Facts) -> Verdict:
    wanted = condition.model_dump(mode="json", exclude={"type"})
    shown = ", ".join(f"{key}={_plain(value)}" for key, value in wanted.items())
    label = f"{label_of(condition)} {shown}".strip()
    try:
        value = compile_condition(condition)(facts)
    except CANNOT_SAY as error:
        return Verdict(label, None, str(error))
    return Verdict(label, value, seen(condition, facts))


def _plain(value: Any) -> str:
    return "|".join(map(str, value)) if isinstance(value, list) else str(value)
