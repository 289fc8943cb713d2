"""The comparator itself: it must fail on nothing, on errors, and on every single change."""

import copy
import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from parity_world import CATALOG, INCLUDE, TODAY, outcome

from booking_sms.adapters.naver.parsing import parse_booking
from booking_sms.parity.compare import ParityReport, compare
from booking_sms.parity.golden import recorded_outcome
from booking_sms.parity.masking import shown
from booking_sms.parity.outcome import decide
from booking_sms.parity.scenario import read_scenarios

GOLDEN = INCLUDE / "golden" / "legacy-decisions.jsonl"


def report_of(expected: list[Any], actual: list[Any]) -> ParityReport:
    return compare(expected, actual, CATALOG.rules, today=TODAY)


def paths(expected: Any, actual: Any) -> list[str]:
    return [difference.path for difference in report_of([expected], [actual]).unexplained]


def test_equal_outcomes_pass() -> None:
    report = report_of([outcome()], [outcome()])

    assert report.passed
    assert report.as_dict() == {
        "scenarios": 1,
        "sms": {"expected": 2, "actual": 2, "mismatches": 0},
        "writes": {"expected": 2, "actual": 2, "mismatches": 0},
        "ledger": {"expected": 2, "actual": 2, "mismatches": 0},
        "telegram": {"expected": 2, "actual": 2, "mismatches": 0},
        "match_percentage": 100.0,
        "explained": 0,
        "unexplained": 0,
    }


def test_nothing_compared_is_not_a_pass() -> None:
    report = report_of([], [])

    assert not report.passed
    assert (report.match_percentage, report.vacuous) == (0.0, ("no scenario was compared",))


@pytest.mark.parametrize("channel", ["sms", "writes", "ledger_after", "telegram"])
@pytest.mark.parametrize("sides", ["expected", "actual", "both"])
def test_a_channel_that_is_empty_on_a_side_is_not_a_pass(channel: str, sides: str) -> None:
    nothing: Any = "문자 발송 대상 없음" if channel == "telegram" else []
    empty = outcome(**{channel: nothing})
    expected, actual = {
        "expected": (empty, outcome()),
        "actual": (outcome(), empty),
        "both": (empty, empty),
    }[sides]

    report = report_of([expected], [actual])

    assert not report.passed
    assert report.vacuous


def test_an_error_on_either_side_is_a_difference_in_every_channel() -> None:
    error = {"id": "one", "error": "BookingMalformed"}

    for pair in ((outcome(), error), (error, outcome()), (error, error)):
        report = report_of([outcome("two"), pair[0]], [outcome("two"), pair[1]])
        assert not report.passed
        assert [difference.path for difference in report.unexplained] == [
            "sms.error",
            "writes.error",
            "ledger.error",
            "telegram.error",
        ]
        assert report.match_percentage == 50.0


def test_a_scenario_that_only_one_side_has_is_an_error() -> None:
    assert not report_of([outcome(), outcome("two")], [outcome()]).passed
    assert not report_of([outcome()], [outcome(), outcome("two")]).passed


def test_of_several_about_the_same_equal_ones_are_a_pair() -> None:
    first, other = outcome()["sms"]
    later = {**first, "text": "another text"}

    assert paths(outcome(sms=[first, later, other]), outcome(sms=[later, other])) == ["sms.missing"]
    assert paths(outcome(sms=[later, other]), outcome(sms=[first, later, other])) == [
        "sms.unexpected"
    ]
    assert paths(outcome(sms=[first, later]), outcome(sms=[later, first])) == ["sms.order"]
    assert paths(outcome(sms=[first, first]), outcome(sms=[first, later])) == ["sms.text"]


def test_an_id_that_comes_twice_is_not_a_pass() -> None:
    report = report_of([outcome(), outcome()], [outcome()])

    assert report.vacuous == ("an id comes twice on the expected side",)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        pytest.param({"sms": outcome()["sms"][:1]}, ["sms.missing"], id="message missing"),
        pytest.param(
            {"sms": [*outcome()["sms"], outcome()["sms"][0]]}, ["sms.unexpected"], id="doubled"
        ),
        pytest.param({"sms": outcome()["sms"][::-1]}, ["sms.order"], id="order"),
        pytest.param({"writes": outcome()["writes"][::-1]}, ["writes.order"], id="order of writes"),
        pytest.param({"ledger_after": outcome()["ledger_after"][1:]}, ["ledger.missing"], id="row"),
        pytest.param(
            {"telegram": outcome()["telegram"].replace("안내", "옵션")},
            ["telegram.missing", "telegram.unexpected"],
            id="line",
        ),
    ],
)
def test_differences_are_named_by_their_path(changes: dict[str, Any], expected: list[str]) -> None:
    assert paths(outcome(), outcome(**changes)) == expected


def test_true_is_not_one_and_a_missing_key_is_not_null() -> None:
    one, without = outcome(), outcome()
    one["ledger_after"][0]["confirm_sms"] = 1
    del without["ledger_after"][0]["confirm_sms"]
    null = copy.deepcopy(without)
    null["ledger_after"][0]["confirm_sms"] = None

    assert paths(outcome(), one) == ["ledger.confirm_sms"]
    assert paths(outcome(), without) == ["ledger.confirm_sms"]
    assert paths(null, without) == ["ledger.confirm_sms"]


def test_the_percentage_is_never_rounded_up_to_a_hundred() -> None:
    one = report_of([outcome()], [outcome(sms=outcome()["sms"][::-1])])

    assert one.match_percentage == 0.0
    assert replace(one, scenarios=100_000).match_percentage == 99.99


@pytest.mark.parametrize("value", [None, "text", [1], {}], ids=repr)
@pytest.mark.parametrize("channel", ["sms", "writes", "ledger_after", "telegram"])
def test_a_side_of_another_shape_is_a_difference(channel: str, value: Any) -> None:
    odd = {**outcome(), channel: 5 if channel == "telegram" and value == "text" else value}

    for pair in ((odd, outcome()), (outcome(), odd), (odd, odd)):
        assert f"{channel.split('_')[0]}.shape" in paths(*pair)


def mutants(document: Any) -> Iterator[Any]:
    """Every way to change one leaf, drop one key or item, or double one item."""
    if isinstance(document, dict):
        for key, value in document.items():
            yield {k: v for k, v in document.items() if k != key}
            yield from ({**document, key: changed} for changed in mutants(value))
    elif isinstance(document, list):
        for index, item in enumerate(document):
            yield [*document[:index], *document[index + 1 :]]
            yield [*document[:index], item, *document[index:]]
            for changed in mutants(item):
                yield [*document[:index], changed, *document[index + 1 :]]
    elif isinstance(document, bool):
        yield not document
        yield int(document)
    else:
        yield f"{document}x"
        yield None


def test_every_seeded_mutant_of_an_outcome_is_caught() -> None:
    whole = outcome()
    body = {key: value for key, value in whole.items() if key != "id"}
    seen = 0

    for mutant in mutants(body):
        seen += 1
        assert not report_of([whole], [{"id": "one", **mutant}]).passed, mutant

    assert seen > 80


def test_every_seeded_mutant_of_a_golden_is_caught() -> None:
    """The comparator on the real thing: one change in one recorded run turns the report red."""
    scenarios = [s for s in read_scenarios(GOLDEN, recorded=True) if not s.id.startswith("random")]
    small = [s for s in scenarios if len(s.confirmed) + len(s.completed) == 1 and s.expected]
    for scenario in small:
        actual = decide(scenario, CATALOG.rules, CATALOG.stores, parse_booking)
        for mutant in mutants(dict(scenario.expected or {})):
            expected = {"id": scenario.id, **mutant}
            assert not compare([expected], [actual], CATALOG.rules, today=TODAY).passed, mutant


def test_a_deliberately_blind_comparator_would_be_found_out(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The test of the tests: with the comparator broken, the mutants above survive."""
    monkeypatch.setattr("booking_sms.parity.compare.differences_of", lambda *_: [])
    mutant = outcome(sms=outcome()["sms"][::-1])

    assert report_of([outcome()], [mutant]).passed


def test_recorded_outcomes_without_a_record_are_errors() -> None:
    scenario = read_scenarios(GOLDEN, recorded=True)[0]
    blank = scenario.__class__(**{**scenario.__dict__, "expected": None})

    assert "error" in recorded_outcome(blank)


def test_differences_are_shown_without_a_person() -> None:
    changed = outcome()
    changed["ledger_after"][0]["name"] = "이다른"
    changed["sms"][0]["to"] = "01000009999"

    lines = "\n".join(shown(each) for each in report_of([outcome()], [changed]).unexplained)

    assert "김시험" not in lines
    assert "이다른" not in lines
    assert "01000009999" not in lines
    assert "010-****-9999" in lines
    assert "ledger.name" in lines


def test_a_difference_does_not_show_a_person_in_its_repr() -> None:
    (difference,) = report_of([outcome()], [outcome(sms=outcome()["sms"][:1])]).unexplained

    assert "1234" not in repr(difference)
    json.dumps(report_of([outcome()], [outcome()]).as_dict())
