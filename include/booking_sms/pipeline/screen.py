"""What is settled for all bookings of one store and status, before any of them is looked at.

Most rules ask first for a status, a store or an hour. In one window the answer is the same for
every booking of a store and status, so it is worked out once and counted for each: of fifty
rules a booking then meets the few that could want it. Verdicts and counters are those of looking
at every rule in full.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime

from booking_sms.domain.booking import Booking, BookingStatus
from booking_sms.domain.conditions import CompiledRule, compile_rule
from booking_sms.domain.facts import Facts
from booking_sms.domain.rule import RuleSet

Miss = tuple[str, str]
"""Name of a rule, and the first condition that does not hold."""


@dataclass
class Screen:
    """One store and status: the rules that are left, and what the others miss at.

    ``looks`` counts bookings; ``ended`` counts, by rule, looks that an incomplete row ended
    before that rule's turn.
    """

    rules: tuple[CompiledRule, ...]
    missed: tuple[Miss, ...]
    order: dict[str, int]
    looks: int = 0
    ended: Counter[str] = field(default_factory=Counter)

    def end_look_at(self, last: CompiledRule) -> None:
        """The rules behind this one never saw the booking."""
        turn = self.order[last.rule.name]
        self.ended.update(name for name, _ in self.missed if self.order[name] > turn)

    def misses(self) -> Counter[Miss]:
        """What the settled rules missed, counted for every booking."""
        return Counter({
            miss: self.looks - self.ended[miss[0]]
            for miss in self.missed
            if self.looks > self.ended[miss[0]]
        })


def compile_rules(rules: RuleSet) -> tuple[CompiledRule, ...]:
    """The enabled rules, in file order."""
    return tuple(compile_rule(rule) for rule in rules.rules if rule.enabled)


class Screens:
    """The screens of one chunk of bookings; the compiled rules may serve many chunks."""

    def __init__(self, compiled: tuple[CompiledRule, ...]) -> None:
        self._compiled = compiled
        self._order = {each.rule.name: turn for turn, each in enumerate(compiled)}
        self._by_store_and_status: dict[tuple[str, BookingStatus], Screen] = {}

    def of(self, booking: Booking, as_of: datetime) -> Screen:
        """The screen of the booking's store and status."""
        key = (booking.store_id, booking.status)
        screen = self._by_store_and_status.get(key)
        if screen is None:
            screen = self._by_store_and_status[key] = self._screen(booking, as_of)
        return screen

    def misses(self) -> Counter[Miss]:
        """What the settled rules missed in all screens."""
        found: Counter[Miss] = Counter()
        for screen in self._by_store_and_status.values():
            found.update(screen.misses())
        return found

    def _screen(self, booking: Booking, as_of: datetime) -> Screen:
        facts = Facts(booking=booking, row=None, as_of=as_of)
        narrowed = [compiled.narrowed(facts) for compiled in self._compiled]
        return Screen(
            rules=tuple(compiled for compiled, failed in narrowed if not failed),
            missed=tuple((each.rule.name, failed) for each, failed in narrowed if failed),
            order=self._order,
        )
