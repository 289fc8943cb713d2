"""Noise: learned from a control that differs from itself, bounded, and shown."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from parity_world import CATALOG, TODAY, outcome

from booking_sms.parity.compare import compare
from booking_sms.parity.noise import NoiseRefused, learn_noise, read_outcomes, undecided
from booking_sms.parity.result import as_result
from booking_sms.parity.scenario import ScenarioInvalid
from booking_sms.testing import NOW

RUNS = [outcome(f"run-{number}") for number in range(100)]


def renamed(scenario: str, name: str) -> dict[str, Any]:
    changed = outcome(scenario)
    changed["ledger_after"][0]["name"] = name
    return changed


def test_a_control_that_agrees_with_itself_teaches_nothing() -> None:
    noise = learn_noise(RUNS, [outcome(f"run-{number}") for number in range(100)])

    assert (noise.paths, noise.differing, noise.percent) == ((), 0, 0.0)


def test_a_field_that_differs_in_one_of_a_hundred_is_noise() -> None:
    noise = learn_noise(RUNS, [renamed("run-0", "김다른"), *RUNS[1:]])

    assert noise.as_dict() == {
        "scenarios": 100,
        "differing": 1,
        "percent": 1.0,
        "paths": ["ledger.name"],
    }


@pytest.mark.parametrize(
    ("second", "said"),
    [
        pytest.param(
            [renamed("run-0", "김"), renamed("run-1", "이"), *RUNS[2:]], "2 of 100", id="too often"
        ),
        pytest.param(
            [outcome("run-0", sms=outcome()["sms"][:1]), *RUNS[1:]], "sms.missing", id="a message"
        ),
        pytest.param(
            [
                outcome("run-0", sms=[{**outcome()["sms"][0], "text": "?"}, outcome()["sms"][1]]),
                *RUNS[1:],
            ],
            "sms.text",
            id="a text",
        ),
        pytest.param([outcome("run-0", writes=[]), *RUNS[1:]], "writes.missing", id="a whole item"),
        pytest.param([{"id": "run-0", "error": "down"}, *RUNS[1:]], "sms.error", id="an error"),
        pytest.param(RUNS[1:], "same scenarios", id="one less"),
        pytest.param([RUNS[0], RUNS[0], *RUNS[2:]], "same scenarios", id="doubled"),
    ],
)
def test_more_is_no_noise(second: list[Any], said: str) -> None:
    with pytest.raises(NoiseRefused, match=said):
        learn_noise(RUNS, second)


def test_nothing_teaches_nothing() -> None:
    with pytest.raises(NoiseRefused):
        learn_noise([], [])


def test_noise_is_counted_apart_and_hides_no_other_field() -> None:
    changed = renamed("one", "김다른")
    changed["ledger_after"][0]["remind_sms"] = False

    report = compare([outcome()], [changed], CATALOG.rules, today=TODAY, noise=["ledger.name"])

    assert [found.path for found in report.noise] == ["ledger.name"]
    assert [found.path for found in report.unexplained] == ["ledger.remind_sms"]
    assert report.explained == ()
    assert as_result(report, None, NOW)["noise"] == 1
    assert report.channels["ledger"].mismatches == 2


@pytest.mark.parametrize("path", ["sms.text", "sms.store", "ledger.missing", "writes.item.phone"])
def test_what_says_whom_an_item_is_about_can_be_no_noise(path: str) -> None:
    with pytest.raises(ValueError, match="no noise"):
        compare([outcome()], [outcome()], CATALOG.rules, today=TODAY, noise=[path])


def test_a_candidate_that_differs_from_itself_is_no_pass() -> None:
    again = [outcome(), renamed("two", "김다른")]
    first = [outcome(), outcome("two")]
    report = compare(first, first, CATALOG.rules, today=TODAY)

    assert undecided(first, first) == []
    assert undecided(first, again) == ["two"]
    assert report.with_undecided([]) is report
    assert not report.with_undecided(["two"]).passed
    assert "1 scenarios otherwise, first two" in report.with_undecided(["two"]).vacuous[0]


def test_outcomes_are_read_with_file_and_line(tmp_path: Path) -> None:
    path = tmp_path / "out.jsonl"
    path.write_text(json.dumps(outcome()) + "\n\n", encoding="utf-8")
    assert read_outcomes(path) == [outcome()]

    for text, said in (("{}", ":2: id: is missing"), ("{", ":2: no JSON")):
        path.write_text(f"{json.dumps(outcome())}\n{text}\n", encoding="utf-8")
        with pytest.raises(ScenarioInvalid, match=said):
            read_outcomes(path)
    with pytest.raises(ScenarioInvalid, match="cannot be read"):
        read_outcomes(tmp_path / "nobody.jsonl")
