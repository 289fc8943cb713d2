"""Lines in Slack: compared where a side speaks of them, and nothing where nobody does."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from golden_world import DIGESTS, lines
from parity_world import CATALOG, INCLUDE, TODAY, outcome

from booking_sms.adapters.naver.parsing import parse_booking
from booking_sms.config.catalog_loader import load_catalog
from booking_sms.parity.compare import compare
from booking_sms.parity.dataset import counts_of
from booking_sms.parity.golden import golden_parity
from booking_sms.parity.scenario import parse_scenario
from booking_sms.parity.told import decide_and_tell

SPOKEN = ["[별빛스튜디오] 3월 2일(월) 1건", "· 1호점 14:00"]


def paths(expected: dict[str, Any], actual: dict[str, Any]) -> list[str]:
    report = compare([expected], [actual], CATALOG.rules, today=TODAY)
    return [found.path for found in report.unexplained]


@pytest.mark.parametrize(
    ("expected", "actual", "found"),
    [
        pytest.param(SPOKEN, SPOKEN, [], id="same"),
        pytest.param(SPOKEN, "\n".join(SPOKEN), [], id="as a text"),
        pytest.param(SPOKEN, SPOKEN[:1], ["slack.missing"], id="line missing"),
        pytest.param(SPOKEN, [*SPOKEN, SPOKEN[1]], ["slack.unexpected"], id="line doubled"),
        pytest.param(SPOKEN, SPOKEN[::-1], ["slack.order"], id="order"),
        pytest.param(SPOKEN, [SPOKEN[0] + " ", SPOKEN[1]], ["slack.missing", "slack.unexpected"]),
        pytest.param(SPOKEN, 5, ["slack.shape"], id="no lines at all"),
        pytest.param([], [], [], id="silent"),
    ],
)
def test_lines_are_compared_one_by_one(expected: Any, actual: Any, found: list[str]) -> None:
    assert paths(outcome(slack=expected), outcome(slack=actual)) == found


def test_a_side_that_does_not_speak_has_no_lines() -> None:
    assert paths(outcome(), outcome(slack=[])) == []
    assert paths(outcome(), outcome(slack=SPOKEN)) == ["slack.unexpected"] * 2
    assert paths(outcome(slack=SPOKEN), outcome()) == ["slack.missing"] * 2


def test_where_nobody_speaks_nothing_is_counted_and_nothing_demanded() -> None:
    silent = compare([outcome()], [outcome()], CATALOG.rules, today=TODAY)
    spoken = compare([outcome(slack=SPOKEN)], [outcome(slack=SPOKEN)], CATALOG.rules, today=TODAY)

    assert "slack" not in silent.channels
    assert silent.passed
    assert spoken.channels["slack"].as_dict() == {"expected": 2, "actual": 2, "mismatches": 0}


def test_an_error_differs_in_slack_too_where_the_other_side_spoke() -> None:
    error = {"id": "one", "error": "down"}

    assert paths(outcome(slack=SPOKEN), error)[-1] == "slack.error"
    assert "slack.error" not in paths(outcome(), error)


def test_the_candidate_says_what_the_pipeline_would_render() -> None:
    """The digests that people reviewed hold the same text, as one text."""
    catalog = load_catalog(INCLUDE, DIGESTS)
    (reviewed, *_) = (line for line in lines("own-digest.jsonl") if line["expected"]["slack"])

    decided = decide_and_tell(parse_scenario(json.dumps(reviewed), "x:1"), catalog, parse_booking)

    assert decided["slack"] == reviewed["expected"]["slack"].split("\n")


def test_a_set_without_such_rules_has_no_such_channel() -> None:
    first = lines("legacy-decisions.jsonl")[0]

    decided = decide_and_tell(parse_scenario(json.dumps(first), "x:1"), CATALOG, parse_booking)

    assert "slack" not in decided


def test_lines_of_a_scenario_file_are_read_counted_and_compared(tmp_path: Path) -> None:
    recorded = lines("legacy-decisions.jsonl")[0]
    recorded["expected"]["slack"] = SPOKEN
    path = tmp_path / "spoken.jsonl"
    path.write_text(json.dumps(recorded, ensure_ascii=False) + "\n", encoding="utf-8")

    report = golden_parity(path, CATALOG, parse_booking, today=TODAY)

    assert [found.path for found in report.unexplained] == ["slack.missing", "slack.missing"]
    assert counts_of(path)["slack_lines"] == 2
