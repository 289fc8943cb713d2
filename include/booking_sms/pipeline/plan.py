"""Decides a window: who gets which message, and why not the others. The only planner there is.

Pure: reads bookings, the projected ledger, rules and as_of; never a clock, a table or a network.
The CLI, repairs and parity call ``plan_window``; the main job, which must not hold all stores in
memory, calls ``plan_stores``. Both are the same ``WindowPlanner``, and decide the same.

Bookings that are not completed are looked at first, in the order given, then the completed
ones: LEGACY worked through its confirmed list, then its completed list. All rules see a booking
as it was when its turn came; what they decide is in the working ledger for the next turn, so a
booking that comes twice is decided the second time on the row that the first turn made.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import starmap

from booking_sms.domain.booking import KST, Booking, BookingStatus
from booking_sms.domain.conditions import CompiledRule, compile_rule
from booking_sms.domain.decision import BookingFailure, Decision, Notice, WindowPlan
from booking_sms.domain.errors import FieldUnreadable, LedgerRowIncomplete
from booking_sms.domain.facts import Facts
from booking_sms.domain.job_change import start_occurrence
from booking_sms.domain.lateness import is_late
from booking_sms.domain.ledger import Ledger, first_sight_row
from booking_sms.domain.rule import Rule, RuleSet, Scope
from booking_sms.domain.rule_counts import RuleCounts, add_up
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
    """Decide every booking as of the window's end, all at once.

    ``rollout`` overrides rules' own stages by rule name (``shadow``, ``store:ID``, ``all``);
    a stage that nobody knows counts as shadow. Bookings whose ledger row or fields cannot be
    read by a rule become failures; the rest goes on. Per booking and phone the result does not
    depend on the order of the other bookings.
    """
    planner = WindowPlanner(rules, stores, window, rollout)
    decided, digests = planner.plan_store(bookings, ledger), planner.close(ledger)
    return replace(
        decided,
        notices=decided.notices + digests.notices,
        not_matched=dict(Counter(decided.not_matched) + Counter(digests.not_matched)),
        rules=add_up(decided.rules, digests.rules),
    )


def plan_stores(
    planner: WindowPlanner,
    chunks: Iterable[tuple[Sequence[Booking], Ledger]],
    ledger_of_digests: Ledger,
) -> Iterator[WindowPlan]:
    """One plan a store, as they are asked for, and at last that of the digests.

    ``chunks`` are the stores' bookings, each with what is known of them. Nothing of a store is
    kept when its plan was given away (but bookings in digests): memory is the largest store's.
    """
    # starmap, not a loop: a loop's variables would keep a store while the next one is loaded.
    yield from starmap(planner.plan_store, chunks)
    yield planner.close(ledger_of_digests)


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
        return start_occurrence(booking)
    if rule.occurrence is Occurrence.PER_DAY:
        return as_of.strftime("day-%Y%m%d")
    return rule.occurrence.value


class WindowPlanner:
    """Plans one window store by store: a booking's decisions need no other store's bookings.

    Digests do: they gather what every store brought and are told in ``close``.
    """

    def __init__(
        self,
        rules: RuleSet,
        stores: StoreDirectory,
        window: Window,
        rollout: Mapping[str, str] | None = None,
    ) -> None:
        self._stores = stores
        self._terms = _Terms(
            rules=rules,
            window=window,
            as_of=window.as_of.astimezone(KST),
            stages={rule.name: rule.rollout for rule in rules.rules} | dict(rollout or {}),
        )
        self._compiled = tuple(compile_rule(rule) for rule in rules.rules if rule.enabled)
        self._digests: dict[str, list[Booking]] = {}
        self._position = 0

    def plan_store(self, bookings: Sequence[Booking], ledger: Ledger) -> WindowPlan:
        """Decide these bookings, of one store or of several; all of a booking's turns at once."""
        run = self._run(ledger)
        for position, booking in enumerate(in_legacy_order(bookings), start=self._position):
            run.look_at(booking, position)
        self._position += len(bookings)
        run.count_unknown_stores(bookings, self._stores)
        for name, found in run.digests.items():
            self._digests.setdefault(name, []).extend(found)
        return run.plan(ledger)

    def close(self, ledger: Ledger) -> WindowPlan:
        """One notice for each digest that found bookings in any store; an empty one is silent.

        ``ledger`` knows the digests that were told before.
        """
        run = self._run(ledger)
        for rule in self._terms.rules.rules:
            if rule.name in self._digests:
                found = in_legacy_order(self._digests[rule.name])
                run.notify(rule, digest_number(rule), tuple(found))
        plan = run.plan(ledger)
        # The bookings were looked at in the stores' turns.
        rules = {name: replace(counts, looked_at=0) for name, counts in plan.rules.items()}
        return replace(plan, rules=rules)

    def _run(self, ledger: Ledger) -> _Run:
        return _Run(self._terms, History(ledger, self._terms.rules), self._compiled)


@dataclass(frozen=True, kw_only=True)
class _Terms:
    """What holds for all bookings of a window."""

    rules: RuleSet
    window: Window
    as_of: datetime
    stages: Mapping[str, str]


@dataclass
class _Run:
    """The working state of one chunk: the ledger as decisions change it, and the results."""

    terms: _Terms
    history: History
    compiled: tuple[CompiledRule, ...]
    decisions: list[Decision] = field(default_factory=list)
    notices: list[Notice] = field(default_factory=list)
    digests: dict[str, list[Booking]] = field(default_factory=dict)
    failures: list[BookingFailure] = field(default_factory=list)
    matched: Counter[str] = field(default_factory=Counter)
    unreadable: Counter[str] = field(default_factory=Counter)
    misses: Counter[tuple[str, str]] = field(default_factory=Counter)
    unknown_stores: int = 0
    seen: set[DecisionKey] = field(default_factory=set)

    def look_at(self, booking: Booking, position: int) -> None:
        """Let every rule look at one booking, then write what was decided into the ledger."""
        row = self.history.row_of(booking)
        facts = self.history.facts(booking, self.terms.as_of)
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
                self.unreadable[compiled.rule.name] += 1
                reasons.append(f"rule {compiled.rule.name}: {error}")
            except LedgerRowIncomplete as error:
                self.unreadable[compiled.rule.name] += 1
                return [*reasons, str(error)]
        return reasons

    def _apply(
        self, compiled: CompiledRule, facts: Facts, position: int, *, first_sight: bool
    ) -> None:
        rule = compiled.rule
        failed = compiled.first_failure(facts)
        if failed:
            self.misses[rule.name, failed] += 1
        elif self._act(compiled, facts, position, first_sight=first_sight):
            self.matched[rule.name] += 1

    def _act(
        self, compiled: CompiledRule, facts: Facts, position: int, *, first_sight: bool
    ) -> bool:
        """Decide what the rule is for; False if it was decided before."""
        rule, booking = compiled.rule, facts.booking
        if rule.scope is Scope.RUN:
            self.digests.setdefault(rule.name, []).append(booking)
            return True
        if rule.is_notice:
            late = is_late(compiled, facts)
            return self.notify(rule, booking.booking_num, (booking,), late=late)
        decision = self._decide(compiled, facts, position, first_sight=first_sight)
        has_job = self.history.has_job(booking, rule, decision.occurrence)
        if not self._is_new(rule, decision_key(decision), has_job=has_job):
            return False
        self.decisions.append(decision)
        return True

    def _is_new(self, rule: Rule, key: DecisionKey, *, has_job: bool) -> bool:
        """Whether nobody promised this message, neither before nor in this run."""
        if has_job or key in self.seen:
            self.misses[rule.name, "has a job" if has_job else "already decided"] += 1
            return False
        self.seen.add(key)
        return True

    def notify(
        self, rule: Rule, number: str, bookings: tuple[Booking, ...], *, late: bool = False
    ) -> bool:
        """Tell colleagues; False if they were told before."""
        occurrence = occurrence_of(rule, bookings[0], self.terms.as_of)
        key = (number, rule.kind, occurrence, "", False)
        has_job = self.history.has_notice(number, rule, occurrence)
        if not self._is_new(rule, key, has_job=has_job):
            return False
        is_digest = rule.scope is Scope.RUN
        visit_end = None if is_digest else bookings[0].ends_at
        stage, store_id = self.terms.stages[rule.name], "" if is_digest else bookings[0].store_id
        self.notices.append(
            Notice(
                rule=rule,
                number=number,
                bookings=bookings,
                occurrence=occurrence,
                not_before=self._not_before(rule),
                not_after=rule.not_after.deadline(visit_end, self.terms.as_of),
                shadow=is_shadow(stage, store_id),
                late=late,
            )
        )
        return True

    def _not_before(self, rule: Rule) -> datetime:
        return rule.hours.earliest(self.terms.as_of) if rule.hours else self.terms.as_of

    def _decide(
        self, compiled: CompiledRule, facts: Facts, position: int, *, first_sight: bool
    ) -> Decision:
        rule, booking = compiled.rule, facts.booking
        return Decision(
            booking=booking,
            rule=rule,
            kind=rule.kind,
            phone=booking.phone,
            occurrence=occurrence_of(rule, booking, self.terms.as_of),
            flag=rule.flag,
            first_sight=first_sight,
            not_before=self._not_before(rule),
            not_after=rule.not_after.deadline(booking.ends_at, self.terms.as_of),
            shadow=is_shadow(self.terms.stages[rule.name], booking.store_id),
            position=position,
            late=is_late(compiled, facts),
        )

    def count_unknown_stores(self, bookings: Iterable[Booking], stores: StoreDirectory) -> None:
        """Decided like any other; their jobs are held later, so they should be seen here."""
        self.unknown_stores = sum(booking.store_id not in stores.stores for booking in bookings)

    def plan(self, ledger: Ledger) -> WindowPlan:
        """The finished plan."""
        not_matched = {f"{rule}: {reason}": n for (rule, reason), n in self.misses.items()}
        if self.unknown_stores:
            not_matched["bookings: unknown store"] = self.unknown_stores
        return WindowPlan(
            window=self.terms.window,
            rule_set=self.terms.rules.name,
            decisions=tuple(self.decisions),
            notices=tuple(self.notices),
            failures=tuple(self.failures),
            not_matched=not_matched,
            rules=self._rule_counts(),
            ledger_before=ledger,
            ledger_after=replace(ledger, rows=self.history.rows),
        )

    def _rule_counts(self) -> dict[str, RuleCounts]:
        """What each rule looked at; a digest that is closed looks at nothing any more."""
        missed: dict[str, dict[str, int]] = {}
        for (name, reason), number in self.misses.items():
            missed.setdefault(name, {})[reason] = number
        late = Counter(one.rule.name for one in self.decisions if one.late)
        late.update(one.rule.name for one in self.notices if one.late)
        counts: dict[str, RuleCounts] = {}
        for name in dict.fromkeys((*missed, *self.matched, *self.unreadable)):
            reasons = missed.get(name, {})
            looked_at = self.matched[name] + self.unreadable[name] + sum(reasons.values())
            counts[name] = RuleCounts(
                looked_at=looked_at,
                matched=self.matched[name],
                late=late[name],
                missed=reasons,
            )
        return counts


def decision_key(decision: Decision) -> DecisionKey:
    """What makes two decisions of a run the same message: booking, kind, occurrence, phone."""
    return (
        decision.booking.booking_num,
        decision.kind,
        decision.occurrence,
        decision.phone,
        decision.shadow,
    )
