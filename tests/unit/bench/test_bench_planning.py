"""The bench measures honest work: checked is what it plans and says, never how fast it was."""

import json
from dataclasses import replace
from typing import Any, get_args

import pytest
import typer
from typer.testing import CliRunner

from booking_sms.bench.bookings import make_chunks
from booking_sms.bench.planning import MOST_GROWTH_MB, SLOWEST, Measured, plan_once, verdict_of
from booking_sms.bench.rules import bench_rules
from booking_sms.cli import bench
from booking_sms.domain.condition_model import AllOf, AnyOf, Leaf, Not
from booking_sms.domain.conditions import label_of
from booking_sms.domain.rule import Action

app = typer.Typer()
app.add_typer(bench.app, name="bench")


def types_below(condition: Any) -> set[str]:
    match condition:
        case AllOf(all=parts) | AnyOf(any=parts):
            return set[str]().union(*map(types_below, parts), {type(condition).__name__})
        case Not(not_=part):
            return types_below(part) | {"Not"}
        case _:
            return {label_of(condition)}


def test_the_rules_are_texts_that_use_every_condition() -> None:
    rules = bench_rules(50).rules
    leaves = {model.model_fields["type"].annotation for model in get_args(get_args(Leaf)[0])}
    wanted = {get_args(leaf)[0] for leaf in leaves} | {"AllOf", "AnyOf", "Not"}

    assert len({rule.name for rule in rules}) == 50
    assert {rule.action for rule in rules} == {Action.SEND_SMS}
    assert set[str]().union(*(types_below(rule.when) for rule in rules)) == wanted


def test_a_store_is_the_same_in_a_small_and_in_a_large_chain() -> None:
    small, large = (list(make_chunks(number, 20, seed=1)) for number in (50, 200))

    assert [len(bookings) for bookings, _ in small] == [20, 20, 10]
    assert large[:2] == small[:2]
    assert large[0] != large[1]


def test_people_are_invented_and_most_are_known() -> None:
    ((bookings, ledger),) = make_chunks(200, 200, seed=3)

    assert all(booking.phone.startswith("0100") for booking in bookings)
    assert len({booking.booking_num for booking in bookings}) == 200
    assert 100 < len(ledger.rows) < 200
    assert ledger.failed.keys() <= ledger.rows.keys()


def test_the_same_seed_decides_the_same() -> None:
    decisions, seconds = plan_once(300, 50, 100, 1)

    assert decisions > 0
    assert seconds > 0
    assert plan_once(300, 50, 100, 1)[0] == decisions


@pytest.mark.slow
def test_the_command_prints_three_sizes_and_a_verdict() -> None:
    result = CliRunner().invoke(
        app, ["bench", "plan", "--bookings", "300", "--per-store", "50", "--rules", "4", "--json"]
    )

    document = json.loads(result.stdout)
    verdict = document["verdict"]
    assert [size["bookings"] for size in document["sizes"]] == [30, 150, 300]
    assert [size["stores"] for size in document["sizes"]] == [1, 3, 6]
    assert {size["rules"] for size in document["sizes"]} == {4}
    assert all(size["decisions"] > 0 and size["peak_mb"] > 0 for size in document["sizes"])
    assert verdict["flat"]
    assert result.exit_code == (0 if verdict["linear"] else 1)


def size(microseconds: float, growth_mb: float) -> Measured:
    return Measured(
        bookings=1,
        stores=1,
        rules=1,
        decisions=1,
        seconds=1.0,
        microseconds_per_booking=microseconds,
        growth_mb=growth_mb,
        peak_mb=growth_mb,
    )


@pytest.mark.parametrize(
    ("largest", "is_linear", "is_flat"),
    [
        pytest.param(size(20 * SLOWEST, 1 + MOST_GROWTH_MB), True, True, id="just so"),
        pytest.param(size(20 * SLOWEST + 1, 1), False, True, id="slower and slower"),
        pytest.param(size(20, 1.1 + MOST_GROWTH_MB), True, False, id="keeps bookings"),
        pytest.param(size(10, 0), True, True, id="better than small"),
    ],
)
def test_the_largest_is_held_against_the_smallest(
    largest: Measured, is_linear: bool, is_flat: bool
) -> None:
    middle = replace(largest, microseconds_per_booking=10_000.0)

    verdict = verdict_of([size(20, 1), middle, largest])

    assert (verdict.is_linear, verdict.is_flat) == (is_linear, is_flat)
