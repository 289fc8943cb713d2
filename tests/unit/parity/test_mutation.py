"""The comparator sees every kind of fault, and one that was weakened on purpose does not."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pytest
from parity_world import CATALOG, INCLUDE, TODAY, outcome

from booking_sms.parity.differences import Difference, differences_of
from booking_sms.parity.golden import recorded_outcome
from booking_sms.parity.mutants import KINDS, SLACK_LINES, MutantKind
from booking_sms.parity.mutation import LEAST_KINDS, Comparator, mutate
from booking_sms.parity.scenario import read_scenarios

pytestmark = pytest.mark.slow

Outcome = Mapping[str, Any]
Differ = Callable[[str, Outcome, Outcome], Sequence[Difference]]
GOLDEN = INCLUDE / "golden" / "legacy-decisions.jsonl"
OUTCOMES = [recorded_outcome(one) for one in read_scenarios(GOLDEN, recorded=True)]


def mutated(differ: Differ = differences_of) -> Any:
    return mutate(OUTCOMES, Comparator.ours(CATALOG.rules, (), TODAY, differ))


def without(forbidden: Callable[[Difference], bool]) -> Differ:
    """A comparator that keeps some of what it sees to itself."""
    return lambda scenario, left, right: [
        found for found in differences_of(scenario, left, right) if not forbidden(found)
    ]


def by_value_alone(scenario: str, left: Outcome, right: Outcome) -> Sequence[Difference]:
    """A comparator for which ``True`` is ``1``."""
    found = differences_of(scenario, left, right)
    return [one for one in found if one.expected is None or one.expected != one.actual]


def on_totals(scenario: str, left: Outcome, right: Outcome) -> Sequence[Difference]:
    """A comparator that counts, as the predecessor's campaign did."""
    channels = {"sms": "sms", "writes": "writes", "ledger_after": "ledger"}
    return [
        Difference(scenario=scenario, channel=channel, path=f"{channel}.count")
        for name, channel in channels.items()
        if len(left.get(name, ())) != len(right.get(name, ()))
    ]


def without_spaces(scenario: str, left: Outcome, right: Outcome) -> Sequence[Difference]:
    """A comparator that trims the summary first."""
    sides = [
        dict(side) | ({"telegram": side["telegram"].strip()} if "telegram" in side else {})
        for side in (left, right)
    ]
    return differences_of(scenario, *sides)


def blind(scenario: str, left: Outcome, right: Outcome) -> Sequence[Difference]:
    return []


def test_every_kind_of_fault_is_seen() -> None:
    mutation = mutated()

    assert mutation.survivors == ()
    assert mutation.idle == tuple(kind.name for kind in SLACK_LINES)
    assert mutation.kinds >= LEAST_KINDS
    assert mutation.mutants > 1_000
    assert mutation.passed


@pytest.mark.parametrize(
    ("differ", "survivor"),
    [
        (without(lambda found: found.path.endswith(".order")), "sms.order_swapped"),
        (without(lambda found: found.channel == "telegram"), "telegram.character_changed"),
        (without(lambda found: found.channel == "ledger"), "ledger.remind_sms_flipped"),
        (without(lambda found: found.path.endswith(".unexpected")), "writes.doubled"),
        (without(lambda found: found.path.endswith(".missing")), "sms.first_dropped"),
        (without(lambda found: found.path == "sms.store"), "sms.store_of_another"),
        (by_value_alone, "writes.flag_as_number"),
        (on_totals, "sms.recipient_of_another"),
        (without_spaces, "telegram.space_at_the_end"),
        (blind, "outcome.raised"),
    ],
)
def test_a_weakened_comparator_lets_faults_live(differ: Differ, survivor: str) -> None:
    mutation = mutated(differ)

    assert not mutation.passed
    assert survivor in {name.split(" of ")[0] for name in mutation.survivors}


def test_a_fault_in_the_wrong_channel_is_no_kill() -> None:
    """A report that names the wrong channel sends its reader to the wrong place."""

    def misnamed(scenario: str, left: Outcome, right: Outcome) -> Sequence[Difference]:
        other = {"sms": "ledger", "ledger": "sms", "writes": "telegram", "telegram": "writes"}
        return [
            Difference(scenario=scenario, channel=other[found.channel], path=found.path)
            for found in differences_of(scenario, left, right)
        ]

    assert "sms.store_of_another" in {name.split(" of ")[0] for name in mutated(misnamed).survivors}


def test_a_run_that_compares_nothing_is_seen_too() -> None:
    comparator = Comparator.ours(CATALOG.rules, (), TODAY)
    gullible = Comparator(
        differ=comparator.differ,
        judge=lambda left, right: comparator.judge(OUTCOMES, OUTCOMES),
        is_intended=comparator.is_intended,
    )

    survivors = mutate(OUTCOMES, gullible).survivors

    assert {"run.nothing_at_all", "run.scenario_dropped", "run.both_sides_failed"} <= set(survivors)


def test_a_mutant_that_changes_nothing_is_an_error_and_no_kill() -> None:
    idle = MutantKind(name="sms.same", channel="sms", spoil=lambda whole: whole)

    with pytest.raises(ValueError, match="changes nothing"):
        idle.of(outcome())


def test_faults_of_lines_in_slack_are_seen_where_there_are_any() -> None:
    spoken = [outcome(name, slack=[f"{name}: 1건", "· 1호점 14:00"]) for name in ("one", "two")]
    comparator = Comparator.ours(CATALOG.rules, (), TODAY)
    deaf = Comparator.ours(
        CATALOG.rules, (), TODAY, without(lambda found: found.channel == "slack")
    )

    seen, unseen = (mutate(spoken, one, SLACK_LINES) for one in (comparator, deaf))

    assert (seen.survivors, seen.idle) == ((), ())
    assert len(unseen.survivors) == 2 * len(SLACK_LINES)


def test_too_few_kinds_prove_nothing() -> None:
    mutation = mutate(OUTCOMES, Comparator.ours(CATALOG.rules, (), TODAY), KINDS[:5])

    assert mutation.survivors == ()
    assert not mutation.passed


def test_the_names_of_the_kinds_are_their_own() -> None:
    assert len({kind.name for kind in KINDS}) == len(KINDS)
