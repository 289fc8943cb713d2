"""Decides a window: who gets which message, and why not the others. The only planner there is.

Pure: reads bookings, the projected ledger, rules and as_of; never a clock, a table or a network.
The DAG, the CLI, repairs and parity all call ``plan_window``.

Bookings that are not completed are looked at first, in the order given, then the completed
ones: LEGACY worked through its confirmed list, then its completed list. All rules see a booking
as it was when its turn came; what they decide is in the working ledger for the next turn, so a
booking that comes twice is decided the second time on the row that the first turn made.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from booking_sms.domain.booking import KST, Booking, BookingStatus
from booking_sms.domain.conditions import CompiledRule, compile_rule
from booking_sms.domain.decision import BookingFailure, Decision, Notice, WindowPlan
from booking_sms.domain.errors import FieldUnreadable, LedgerRowIncomplete
from booking_sms.domain.facts import Facts
from booking_sms.domain.ledger import Ledger, first_sight_row
from booking_sms.domain.rule import Rule, RuleSet, Scope
from booking_sms.domain.rule_timing import Occurrence
from booking_sms.domain.store import StoreDirectory
from booking_sms.domain.window import Window
from booking_sms.pipeline.history import History, key_of

SHADOW = "shadow"
EVERYWHERE = "all"
DecisionKey = tuple[str, str, str, str, bool]


def plan_window(
    bookings: Sequence[Booking],
    ledger: Ledger,
    rules: RuleSet,
    stores: StoreDirectory,
    window: Window,
    rollout: Mapping[str, str] | None = None,
) -> WindowPlan:
    """Decide every booking as of the window's end.

    ``rollout`` overrides rules' own stages by rule name (``shadow``, ``store:ID``, ``all``);
    a stage that nobody knows counts as shadow. Bookings whose ledger row or fields cannot be
    read by a rule become failures; the rest goes on. Per booking and phone the result does not
    depend on the order of the other bookings.
    """
    run = _Run(
        rules=rules,
        compiled=tuple(compile_rule(rule) for rule in rules.rules if rule.enabled),
        as_of=window.as_of.astimezone(KST),
        stages={rule.name: rule.rollout for rule in rules.rules} | dict(rollout or {}),
        history=History(ledger, rules),
    )
    for position, booking in enumerate(in_legacy_order(bookings)):
        run.look_at(booking, position)
    run.close_digests()
    run.count_unknown_stores(bookings, stores)
    return run.plan(window, ledger)


def in_legacy_order(bookings: Iterable[Booking]) -> list[Booking]:
    """Bookings that are not completed first, then the completed ones, each in given order."""
    return sorted(bookings, key=lambda booking: booking.status is BookingStatus.COMPLETED)


def everywhere(rules: RuleSet) -> dict[str, str]:
    """A rollout that puts every rule in full effect: what the rules decide, whatever the stage."""
    return {rule.name: EVERYWHERE for rule in rules.rules}


def is_shadow(stage: str, store_id: str) -> bool:
    """Whether a rule at this rollout stage only counts at this store."""
    return stage not in (EVERYWHERE, f"store:{store_id}")


def digest_number(rule: Rule) -> str:
    """Partition of a digest's jobs: all days of one rule stand together."""
    return f"digest#{rule.name}"


def occurrence_of(rule: Rule, booking: Booking, as_of: datetime) -> str:
    """The occurrence part of the job key. Never a run id, a clock or a rule's name."""
    if rule.occurrence is Occurrence.PER_START:
        return booking.starts_at.astimezone(KST).strftime("start-%Y%m%dT%H%M")
    if rule.occurrence is Occurrence.PER_DAY:
        return as_of.strftime("day-%Y%m%d")
    return rule.occurrence.value


@dataclass
class _Run:
    """The working state of one planning: the ledger as decisions change it, and the results."""

    rules: RuleSet
    compiled: tuple[CompiledRule, ...]
    as_of: datetime
    stages: Mapping[str, str]
    history: History
    decisions: list[Decision] = field(default_factory=list)
    notices: list[Notice] = field(default_factory=list)
    digests: dict[str, list[Booking]] = field(default_factory=dict)
    failures: list[BookingFailure] = field(default_factory=list)
    misses: Counter[tuple[str, str]] = field(default_factory=Counter)
    seen: set[DecisionKey] = field(default_factory=set)

    def look_at(self, booking: Booking, position: int) -> None:
        """Let every rule look at one booking, then write what was decided into the ledger."""
        row = self.history.row_of(booking)
        facts = self.history.facts(booking, self.as_of)
        decided = len(self.decisions)
        reasons = self._apply_all(facts, position, first_sight=row is None)
        if reasons:
            self.failures.append(
                BookingFailure(
                    booking=booking,
                    reason="; ".join(dict.fromkeys(reasons)),
                    stage=booking.status.value,
                    position=position,
                )
            )
        live = [decision for decision in self.decisions[decided:] if not decision.shadow]
        if live:
            key = key_of(booking)
            known = row or first_sight_row(*key, booking.name, booking.booking_time)
            flags = {decision.flag: True for decision in live if decision.flag}
            self.history.write(known.with_values(**flags))

    def _apply_all(self, facts: Facts, position: int, *, first_sight: bool) -> list[str]:
        """Reasons why rules could say neither yes nor no.

        A field of another type costs the one rule that reads it. An incomplete row ends the
        look at the booking, as it did in LEGACY: its flags cannot be trusted for any rule.
        """
        reasons: list[str] = []
        for compiled in self.compiled:
            try:
                self._apply(compiled, facts, position, first_sight=first_sight)
            except FieldUnreadable as error:
                reasons.append(f"rule {compiled.rule.name}: {error}")
            except LedgerRowIncomplete as error:
                return [*reasons, str(error)]
        return reasons

    def _apply(
        self, compiled: CompiledRule, facts: Facts, position: int, *, first_sight: bool
    ) -> None:
        rule = compiled.rule
        failed = compiled.first_failure(facts)
        if failed:
            self.misses[(rule.name, failed)] += 1
            return
        if rule.scope is Scope.RUN:
            self.digests.setdefault(rule.name, []).append(facts.booking)
            return
        if rule.is_notice:
            self._notify(rule, facts.booking.booking_num, (facts.booking,))
            return
        decision = self._decide(rule, facts.booking, position, first_sight=first_sight)
        key = decision_key(decision)
        if self.history.has_job(facts.booking, rule, decision.occurrence):
            self.misses[(rule.name, "has a job")] += 1
            return
        if key in self.seen:
            self.misses[(rule.name, "already decided")] += 1
            return
        self.seen.add(key)
        self.decisions.append(decision)

    def close_digests(self) -> None:
        """One notice for each digest that found bookings; an empty one says nothing."""
        for rule in self.rules.rules:
            if rule.name in self.digests:
                self._notify(rule, digest_number(rule), tuple(self.digests[rule.name]))

    def _notify(self, rule: Rule, number: str, bookings: tuple[Booking, ...]) -> None:
        """Tell colleagues, unless they were told before."""
        occurrence = occurrence_of(rule, bookings[0], self.as_of)
        key = (number, rule.kind, occurrence, "", False)
        if self.history.has_notice(number, rule, occurrence):
            self.misses[(rule.name, "has a job")] += 1
            return
        if key in self.seen:
            self.misses[(rule.name, "already decided")] += 1
            return
        self.seen.add(key)
        is_digest = rule.scope is Scope.RUN
        visit_end = None if is_digest else bookings[0].ends_at
        stage, store_id = self.stages[rule.name], "" if is_digest else bookings[0].store_id
        self.notices.append(
            Notice(
                rule=rule,
                number=number,
                bookings=bookings,
                occurrence=occurrence,
                not_before=self._not_before(rule),
                not_after=rule.not_after.deadline(visit_end, self.as_of),
                shadow=is_shadow(stage, store_id),
            )
        )

    def _not_before(self, rule: Rule) -> datetime:
        return rule.hours.earliest(self.as_of) if rule.hours else self.as_of

    def _decide(
        self, rule: Rule, booking: Booking, position: int, *, first_sight: bool
    ) -> Decision:
        return Decision(
            booking=booking,
            rule=rule,
            kind=rule.kind,
            phone=booking.phone,
            occurrence=occurrence_of(rule, booking, self.as_of),
            flag=rule.flag,
            first_sight=first_sight,
            not_before=self._not_before(rule),
            not_after=rule.not_after.deadline(booking.ends_at, self.as_of),
            shadow=is_shadow(self.stages[rule.name], booking.store_id),
            position=position,
        )

    def count_unknown_stores(self, bookings: Iterable[Booking], stores: StoreDirectory) -> None:
        """Decided like any other; their jobs are held later, so they should be seen here."""
        unknown = sum(booking.store_id not in stores.stores for booking in bookings)
        if unknown:
            self.misses[("bookings", "unknown store")] = unknown

    def plan(self, window: Window, ledger: Ledger) -> WindowPlan:
        """The finished plan."""
        return WindowPlan(
            window=window,
            rule_set=self.rules.name,
            decisions=tuple(self.decisions),
            notices=tuple(self.notices),
            failures=tuple(self.failures),
            not_matched={f"{rule}: {reason}": n for (rule, reason), n in self.misses.items()},
            ledger_before=ledger,
            ledger_after=replace(ledger, rows=self.history.rows),
        )


def decision_key(decision: Decision) -> DecisionKey:
    """What makes two decisions of a run the same message: booking, kind, occurrence, phone."""
    return (
        decision.booking.booking_num,
        decision.kind,
        decision.occurrence,
        decision.phone,
        decision.shadow,
    )
