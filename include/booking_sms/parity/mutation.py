"""The proof that the comparator can fail: faults are put into right outcomes, it must see each.

A mutant is killed when the comparator reports an unexplained difference of its very scenario in
the fault's own channel. Whatever else it reports does not count, nor does a refusal to pass on
nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import islice
from typing import Any

from booking_sms.domain.rule import RuleSet
from booking_sms.parity.compare import ParityReport, compare
from booking_sms.parity.differences import Difference, differences_of
from booking_sms.parity.explained import Explanation, is_explained, kinds_of
from booking_sms.parity.mutants import KINDS, MutantKind

Outcome = Mapping[str, Any]
Differ = Callable[[str, Outcome, Outcome], Sequence[Difference]]
Judge = Callable[[Sequence[Outcome], Sequence[Outcome]], ParityReport]
Side = list[Outcome]
EACH = 25
"""Mutants of one kind, each of another scenario."""
LEAST_KINDS = 40


@dataclass(frozen=True, kw_only=True)
class Mutation:
    """What came of the mutants. ``survivors`` are ``kind of scenario``; ``idle`` kinds fit nothing.

    ``kinds`` counts those with at least one mutant.
    """

    mutants: int
    kinds: int
    survivors: tuple[str, ...] = ()
    idle: tuple[str, ...] = ()

    @property
    def passed(self) -> bool:
        """All were killed, and there were enough kinds of them to say so."""
        return not self.survivors and self.kinds >= LEAST_KINDS

    def as_dict(self, ran_at: datetime) -> dict[str, Any]:
        """The published form."""
        return {
            "kind": "mutation",
            "ran_at": ran_at.isoformat(),
            "mutants": self.mutants,
            "kinds": self.kinds,
            "killed": self.mutants - len(self.survivors),
            "survived": len(self.survivors),
            "survivors": list(self.survivors),
            "idle": list(self.idle),
        }


@dataclass(frozen=True, kw_only=True)
class Comparator:
    """What is on trial: how two outcomes of a scenario differ, and what a run of them is worth."""

    differ: Differ
    judge: Judge
    is_intended: Callable[[Difference], bool]

    @classmethod
    def ours(
        cls,
        rules: RuleSet,
        explanations: Sequence[Explanation],
        today: date,
        differ: Differ = differences_of,
    ) -> Comparator:
        """The comparator as ``parity`` uses it; another ``differ`` is one weakened on purpose."""
        kinds = kinds_of(rules)
        # An expired one makes every run red: no fault would have to be seen for that.
        valid = [entry for entry in explanations if not entry.is_expired(today)]
        return cls(
            differ=differ,
            judge=lambda left, right: compare(left, right, rules, valid, today=today),
            is_intended=lambda found: is_explained(found, valid, kinds, today),
        )

    def sees(self, right: Outcome, mutant: Outcome, channel: str) -> bool:
        """Whether the fault is reported: this scenario, this channel, not explained away."""
        scenario = str(right["id"])
        return any(
            found.scenario == scenario and found.channel == channel
            for found in self.differ(scenario, right, mutant)
            if not self.is_intended(found)
        )


def mutate(
    outcomes: Sequence[Outcome], comparator: Comparator, kinds: Sequence[MutantKind] = KINDS
) -> Mutation:
    """Put every kind of fault into these right outcomes, and ask the comparator for each."""
    survivors: list[str] = []
    made: Counter[str] = Counter()
    for kind in kinds:
        for right, mutant in islice(_mutants(outcomes, kind), EACH):
            made[kind.name] += 1
            if not comparator.sees(right, mutant, kind.channel):
                survivors.append(f"{kind.name} of {right['id']}")
    for name, left, right_side in _spoiled_runs(list(outcomes)):
        made[name] += 1
        if comparator.judge(left, right_side).passed:
            survivors.append(name)
    return Mutation(
        mutants=made.total(),
        kinds=len(made),
        survivors=tuple(survivors),
        idle=tuple(kind.name for kind in kinds if not made[kind.name]),
    )


def _mutants(outcomes: Sequence[Outcome], kind: MutantKind) -> Iterator[tuple[Outcome, Outcome]]:
    for outcome in outcomes:
        mutant = kind.of(outcome)
        if mutant is not None:
            yield outcome, mutant


def _spoiled_runs(outcomes: Side) -> Iterator[tuple[str, Side, Side]]:
    """Faults of whole runs: (name, expected side, candidate's side)."""
    if len(outcomes) < 2:
        return
    first, second, *rest = outcomes
    exchanged = [{**second, "id": first["id"]}, {**first, "id": second["id"]}, *rest]
    failing: Side = [{"id": one["id"], "error": "down"} for one in outcomes]
    yield "run.scenario_dropped", outcomes, [second, *rest]
    yield "run.scenario_doubled", outcomes, [first, *outcomes]
    yield "run.scenario_unknown", outcomes, [*outcomes, {**first, "id": "unknown"}]
    yield "run.outcomes_exchanged", outcomes, exchanged
    yield "run.nothing_decided", outcomes, []
    yield "run.nothing_at_all", [], []
    yield "run.both_sides_failed", failing, failing
