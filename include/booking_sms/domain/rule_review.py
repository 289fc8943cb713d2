"""Reads a rule set as a careful colleague would: what cannot work, and what is probably not meant.

Errors refuse the file; warnings let it pass and say what to look at. Each finding has the place
in the file.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from itertools import combinations

from booking_sms.domain import condition_model as language
from booking_sms.domain.ledger import FLAG_OF_KIND
from booking_sms.domain.limits import Span
from booking_sms.domain.rule import Rule, RuleSet, Scope
from booking_sms.domain.rule_limits import (
    HOUR,
    STATUS,
    WINDOWS,
    Loc,
    TooManyWays,
    Way,
    leaves_of,
    ways_of,
)
from booking_sms.domain.window import WINDOW_LENGTH

RUN_EVERY = WINDOW_LENGTH.total_seconds() / 60


class Severity(StrEnum):
    """Whether a finding refuses the file."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True)
class Finding:
    """One thing to say about a rule set, and where in it."""

    severity: Severity
    loc: Loc
    message: str


def review(rules: RuleSet, today: date | None = None) -> Iterator[Finding]:
    """Every finding, rule by rule, then those about pairs of rules.

    With ``today``, the Korean date, also what is over by then.
    """
    possible: dict[str, tuple[Way, ...]] = {}
    for number, rule in enumerate(rules.rules):
        loc: Loc = ("rules", number)
        yield from _unknown_flags(rule, loc)
        yield from _over(rule, loc, today)
        try:
            ways = ways_of(rule, loc)
        except TooManyWays:
            yield _warning((*loc, "when"), "has too many combinations to be checked")
            continue
        yield from _impossible(ways)
        possible[rule.name] = tuple(way for way in ways if way.contradiction() is None)
        yield from _narrow_windows(possible[rule.name])
        yield from _any_status(possible[rule.name], loc)
        yield from _any_hour(rule, possible[rule.name], loc)
    yield from _rivals(rules, possible)
    yield from _names_in_use(rules)


def _over(rule: Rule, loc: Loc, today: date | None) -> Iterator[Finding]:
    last = rule.active.to if rule.active else None
    if rule.enabled and last and today and last < today:
        said = f"the rule's days are over since {last}: take it out, or give it new days"
        yield _warning((*loc, "active", "to"), said)


def _unknown_flags(rule: Rule, loc: Loc) -> Iterator[Finding]:
    """A flag that nobody sets is never set: the rule would match in every window."""
    known = sorted(FLAG_OF_KIND.values())
    for leaf, place in leaves_of(rule.when, (*loc, "when")):
        if isinstance(leaf, language.FlagNotSet | language.FlagIsFalse) and leaf.flag not in known:
            said = f"the ledger has no flag {leaf.flag!r}; known: {', '.join(known)}"
            yield _error((*place, "flag"), said)


def _impossible(ways: tuple[Way, ...]) -> Iterator[Finding]:
    found = [way.contradiction() for way in ways]
    first = found[0]
    if first is not None and all(found):
        dimension, place = first
        yield _error(place, f"the rule can never match: nothing is left of {_shown(dimension)}")


def _shown(dimension: str) -> str:
    """A dimension in words; a condition that stands against itself is named by its type."""
    return "a condition and its opposite" if dimension.startswith("{") else f"'{dimension}'"


def _narrow_windows(ways: tuple[Way, ...]) -> Iterator[Finding]:
    seen: set[Loc] = set()
    for way in ways:
        for dimension, limit in way.limits().items():
            if dimension not in WINDOWS or not isinstance(limit, Span):
                continue
            place = way.place_of(dimension)
            if limit.width < RUN_EVERY and place not in seen:
                seen.add(place)
                yield _error(
                    place,
                    f"{dimension}: a window of {limit.width:g} min can fall between two runs, "
                    f"which are {RUN_EVERY:g} min apart",
                )


def _any_status(ways: tuple[Way, ...], loc: Loc) -> Iterator[Finding]:
    if any(STATUS not in way.limits() for way in ways):
        said = "asks for no booking status: cancelled bookings can match too"
        yield _warning((*loc, "when"), said)


def _any_hour(rule: Rule, ways: tuple[Way, ...], loc: Loc) -> Iterator[Finding]:
    """A digest goes out once, with what its first window finds."""
    if rule.scope is Scope.RUN and any(HOUR not in way.limits() for way in ways):
        said = "a digest that asks for no current_hour is posted at the first window that matches"
        yield _warning((*loc, "when"), said)


def _names_in_use(rules: RuleSet) -> Iterator[Finding]:
    """A former kind that still goes out would count for two: one silences the other."""
    users = {rule.kind: rule.name for rule in rules.rules if rule.enabled}
    for number, rule in enumerate(rules.rules):
        for kind in rule.formerly:
            if kind != rule.kind and kind in users:
                said = f"kind {kind} is still in use by rule {users[kind]!r}: it is no former name"
                yield _error(("rules", number, "formerly"), said)


def _rivals(rules: RuleSet, possible: dict[str, tuple[Way, ...]]) -> Iterator[Finding]:
    """Two rules of one kind that could match one booking: only one text of a kind goes out."""
    numbered = [(number, rule) for number, rule in enumerate(rules.rules) if rule.enabled]
    for (_, one), (number, other) in combinations(numbered, 2):
        if one.kind == other.kind and _can_meet(possible, one, other):
            yield _warning(
                ("rules", number, "kind"),
                f"{other.name!r} and {one.name!r} of kind {one.kind} can match the same booking: "
                "only the upper one's text goes out",
            )


def _can_meet(possible: dict[str, tuple[Way, ...]], one: Rule, other: Rule) -> bool:
    pairs = ((a, b) for a in possible.get(one.name, ()) for b in possible.get(other.name, ()))
    return any(a.with_other(b).contradiction() is None for a, b in pairs)


def _error(loc: Loc, message: str) -> Finding:
    return Finding(Severity.ERROR, loc, message)


def _warning(loc: Loc, message: str) -> Finding:
    return Finding(Severity.WARNING, loc, message)
