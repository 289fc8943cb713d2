"""Evaluates conditions: compiled once to plain functions, and explained one by one on demand.

The planner asks a compiled rule for the first condition that fails; ``explain`` asks the same
compiled checks for all of them and adds what was seen. There is no second implementation.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import singledispatch
from typing import Any

from booking_sms.domain import rule as language
from booking_sms.domain.booking import KST, Booking
from booking_sms.domain.errors import LedgerRowIncomplete
from booking_sms.domain.ledger import LedgerRow
from booking_sms.domain.rule import Condition, Rule


@dataclass(frozen=True, kw_only=True, slots=True)
class Facts:
    """What a rule may look at. ``as_of`` is aware, in KST; ``row`` None means "new"."""

    booking: Booking
    row: LedgerRow | None
    as_of: datetime


Check = Callable[[Facts], bool]


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

        Raises LedgerRowIncomplete when the row lacks an attribute that is read on the way.
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
    return CompiledRule(rule, tuple(steps))


def label_of(condition: Condition) -> str:
    """Short name of a condition, for counters."""
    return str(getattr(condition, "type", "")) or next(iter(condition.model_dump()))


# --- what holds -------------------------------------------------------------------------------


@singledispatch
def compile_condition(condition: Any) -> Check:
    """The check of one condition; TypeError for a model that nobody registered."""
    raise TypeError(f"no check for {type(condition).__name__}")


@compile_condition.register
def _(condition: language.AllOf) -> Check:
    checks = [compile_condition(child) for child in condition.all]
    return lambda facts: all(check(facts) for check in checks)


@compile_condition.register
def _(condition: language.AnyOf) -> Check:
    checks = [compile_condition(child) for child in condition.any]
    return lambda facts: any(check(facts) for check in checks)


@compile_condition.register
def _(condition: language.Not) -> Check:
    check = compile_condition(condition.not_)
    return lambda facts: not check(facts)


@compile_condition.register
def _(condition: language.BookingStatusIs) -> Check:
    status = condition.status
    return lambda facts: facts.booking.status is status


@compile_condition.register
def _(condition: language.BookingStatusAny) -> Check:
    statuses = frozenset(condition.statuses)
    return lambda facts: facts.booking.status in statuses


@compile_condition.register
def _(condition: language.BookingInLedger) -> Check:
    return lambda facts: facts.row is not None


@compile_condition.register
def _(condition: language.BookingNotInLedger) -> Check:
    return lambda facts: facts.row is None


@compile_condition.register
def _(condition: language.TimeBeforeBooking) -> Check:
    lead, zero = timedelta(hours=condition.hours), timedelta(0)
    if condition.inclusive:
        return lambda facts: zero < facts.booking.starts_at - facts.as_of <= lead
    return lambda facts: zero < facts.booking.starts_at - facts.as_of < lead


@compile_condition.register
def _(condition: language.FlagNotSet) -> Check:
    flag = condition.flag
    return lambda facts: facts.row is None or not facts.row.item.get(flag)


@compile_condition.register
def _(condition: language.FlagIsFalse) -> Check:
    flag = condition.flag

    def check(facts: Facts) -> bool:
        if facts.row is None or flag not in facts.row.item:
            raise LedgerRowIncomplete(attribute=flag)
        return bool(facts.row.item[flag] == False)  # noqa: E712 (LEGACY's test: NULL is not false)

    return check


@compile_condition.register
def _(condition: language.CurrentHour) -> Check:
    hour = condition.hour
    return lambda facts: facts.as_of.hour == hour


@compile_condition.register
def _(condition: language.HasOptionKeyword) -> Check:
    keywords = condition.keywords

    def check(facts: Facts) -> bool:
        return any(word in option.name for option in facts.booking.options for word in keywords)

    return check


@compile_condition.register
def _(condition: language.DateIsToday) -> Check:
    return lambda facts: facts.booking.starts_at.astimezone(KST).date() == facts.as_of.date()


@compile_condition.register
def _(condition: language.StoreIdMatches) -> Check:
    store_ids = frozenset(condition.store_ids)
    return lambda facts: facts.booking.store_id in store_ids


# --- why --------------------------------------------------------------------------------------


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
    except LedgerRowIncomplete as error:
        return Verdict(label, None, str(error))
    return Verdict(label, value, seen(condition, facts))


def _plain(value: Any) -> str:
    return "|".join(map(str, value)) if isinstance(value, list) else str(value)


@singledispatch
def seen(condition: Any, facts: Facts) -> str:
    """What the booking, the ledger or the window says about a condition, in a few words."""
    return "no row in the ledger" if facts.row is None else "a row in the ledger"


@seen.register(language.BookingStatusIs)
@seen.register(language.BookingStatusAny)
def _(condition: Any, facts: Facts) -> str:
    return f"status is {facts.booking.status.value}"


@seen.register
def _(condition: language.TimeBeforeBooking, facts: Facts) -> str:
    minutes = (facts.booking.starts_at - facts.as_of).total_seconds() / 60
    return f"starts in {minutes:g} min" if minutes > 0 else f"started {-minutes:g} min ago"


@seen.register(language.FlagNotSet)
@seen.register(language.FlagIsFalse)
def _(condition: Any, facts: Facts) -> str:
    if facts.row is None:
        return "no row in the ledger"
    return f"{condition.flag} is {facts.row.item.get(condition.flag, 'missing')}"


@seen.register(language.CurrentHour)
@seen.register(language.DateIsToday)
def _(condition: Any, facts: Facts) -> str:
    starts_at = facts.booking.starts_at.astimezone(KST)
    return f"as of {facts.as_of:%Y-%m-%d %H:%M}, visit {starts_at:%Y-%m-%d %H:%M}"


@seen.register
def _(condition: language.HasOptionKeyword, facts: Facts) -> str:
    return f"options: {', '.join(facts.booking.option_names) or 'none'}"


@seen.register
def _(condition: language.StoreIdMatches, facts: Facts) -> str:
    return f"store is {facts.booking.store_id}"
