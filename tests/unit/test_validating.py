"""The steps of golden parity, one after the other, on the shipped goldens and on spoilt ones."""

from __future__ import annotations

import json
import shutil
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from workflow_world import InMemoryApplication

from booking_sms import workflow
from booking_sms.domain.errors import ParityFailed
from booking_sms.parity.dataset import DatasetInvalid
from booking_sms.parity.told import decide_and_tell
from booking_sms.testing import InMemoryMetricsSink
from booking_sms.workflow import validating

pytestmark = pytest.mark.slow
INCLUDE = Path(__file__).resolve().parents[2] / "include"


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A copy of the owner's files and goldens."""
    for name in ("rules", "messages", "stores", "golden"):
        shutil.copytree(INCLUDE / name, tmp_path / name)
    return tmp_path


def application(home: Path = INCLUDE, **settings: Any) -> InMemoryApplication:
    app = InMemoryApplication(home=home, **settings)
    app.__dict__["comparison_metrics"] = InMemoryMetricsSink()
    return app


def judge(app: InMemoryApplication, run: str = "run") -> Mapping[str, Any]:
    loaded = workflow.load_golden(app)
    decided = workflow.decide_candidate(app, f"{run}/decide")
    compared = workflow.compare_outcomes(app, f"{run}/compare", decided)
    expected = workflow.check_expectations(app, f"{run}/expectations", compared)
    return workflow.publish_golden(app, f"{run}/publish", loaded, compared, expected)


def break_rule(home: Path) -> None:
    """The guide goes out three hours before, instead of two."""
    path = home / "rules" / "legacy.yaml"
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("hours: 2, inclusive: true", "hours: 3, inclusive: true"), "utf-8")


def test_shipped_goldens_are_clean_and_published() -> None:
    app = application()

    done = judge(app)

    report = app.stage.read(done["key"])
    assert report["result"]["unexplained"] == 0
    assert (report["result"]["scenarios"], report["result"]["match_percentage"]) == (228, 100.0)
    assert report["result"]["bookings"] == 1164
    assert report["result"]["dataset"] == workflow.load_golden(app)["dataset"]
    assert set(report["own"]) == set(workflow.load_golden(app)["own"])
    assert done["metrics"]["published"] == len(app.comparison_metrics.metrics) == 14
    assert app.comparison_metrics.values("DiscrepanciesDetected") == [0]


def test_what_travels_between_tasks_names_nobody() -> None:
    app = application()
    decided = workflow.decide_candidate(app, "run/decide")
    compared = workflow.compare_outcomes(app, "run/compare", decided)
    expected = workflow.check_expectations(app, "run/expectations", compared)

    travelling = json.dumps([decided, compared, expected], ensure_ascii=False)

    assert "0100" not in travelling
    assert len(travelling) < 3000


def test_clean_files_are_not_judged_again_until_they_change(home: Path) -> None:
    app = application(home)
    assert not workflow.load_golden(app)["judged"]

    judge(app)
    assert workflow.load_golden(app)["judged"]

    with (home / "messages" / "confirm.yaml").open("a", encoding="utf-8") as file:
        file.write("\n# a word more\n")
    assert not workflow.load_golden(app)["judged"]


def test_a_broken_rule_is_red_published_told_and_judged_again(home: Path) -> None:
    break_rule(home)
    app = application(home)

    with pytest.raises(ParityFailed, match="unexplained differences") as caught:
        judge(app)

    report = app.stage.read(caught.value.context["report"])
    assert report["result"]["critical"] > 0
    assert report["result"]["match_percentage"] < 100
    assert app.comparison_metrics.values("SMSMismatchCount")[0] > 0
    assert any(text.startswith("GOLDEN PARITY:") for text in app._team_channel.texts)
    assert not workflow.load_golden(app)["judged"]
    assert "0100" not in json.dumps(report["samples"])


def test_metrics_go_to_the_namespace_of_the_settings_or_nowhere() -> None:
    somewhere = InMemoryApplication(metrics_comparison_namespace="shop/comparison")

    assert somewhere.comparison_metrics.namespace == "shop/comparison"
    assert InMemoryApplication(metrics_comparison_namespace="off").comparison_metrics is None


def test_metrics_that_are_switched_off_are_unmeasured() -> None:
    app = application()
    app.__dict__["comparison_metrics"] = None

    assert judge(app)["metrics"] is None


def test_a_sink_that_is_down_fails_no_proof() -> None:
    app = application()
    app.comparison_metrics.is_down = True

    assert judge(app)["metrics"]["failed"] == 14


def test_a_payload_that_cannot_be_read_is_an_error_of_its_run(home: Path) -> None:
    app = application(home)
    decided = dict(workflow.decide_candidate(app, "run/decide"))
    outcomes = app.stage.read(decided["key"])
    outcomes["outcomes"]["legacy-decisions.jsonl"][3] = {"id": "new-x", "error": "BookingMalformed"}
    decided["key"] = app.stage.write("run/spoilt", outcomes)

    compared = workflow.compare_outcomes(app, "run/compare", decided)

    assert compared["result"]["unexplained"] > 0


def test_a_candidate_that_decides_otherwise_when_asked_again_is_red(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: Counter[str] = Counter()

    def unsteady(scenario: Any, *args: Any) -> dict[str, Any]:
        outcome = decide_and_tell(scenario, *args)
        asked[scenario.id] += 1
        return outcome | {"telegram": ""} if asked[scenario.id] == 2 else outcome

    monkeypatch.setattr(validating, "decide_and_tell", unsteady)
    app = application()
    decided = workflow.decide_candidate(app, "run/decide")
    result = workflow.compare_outcomes(app, "run/compare", decided)["result"]

    assert decided["undecided"] > 0
    assert (result["unexplained"], len(result["vacuous"])) == (0, 1)
    assert "asked again" in result["vacuous"][0]


def test_no_outcome_at_all_is_vacuous() -> None:
    app = application()
    nothing: dict[str, Any] = {"legacy-decisions.jsonl": []}
    document = {"outcomes": nothing, "undecided": nothing}
    decided = {"key": app.stage.write("none", document), "duration_ms": 0}

    result = workflow.compare_outcomes(app, "run/compare", decided)["result"]

    assert result["vacuous"]
    assert result["match_percentage"] == 0


def test_a_cut_file_stops_the_run_before_anything_is_decided(home: Path) -> None:
    path = home / "golden" / "legacy-decisions.jsonl"
    path.write_bytes(path.read_bytes()[:100_000])

    with pytest.raises(DatasetInvalid, match=r"legacy-decisions.jsonl: bytes: 100000"):
        workflow.load_golden(application(home))


def test_a_wrong_own_expectation_is_red_and_not_called_parity(home: Path) -> None:
    path = home / "golden" / "own-digest.jsonl"
    text = path.read_text(encoding="utf-8").replace("전문가 보정 2건", "보정 2건")
    path.write_text(text, encoding="utf-8")
    app = application(home)
    decided = workflow.decide_candidate(app, "run/decide")
    compared = workflow.compare_outcomes(app, "run/compare", decided)
    expected = workflow.check_expectations(app, "run/expectations", compared)

    assert compared["result"]["unexplained"] == 0
    assert expected["files"]["own-digest.jsonl"]["mismatches"] == 1
    with pytest.raises(ParityFailed, match=r"own expectations own-digest.jsonl: 1 differences"):
        workflow.publish_golden(app, "run/publish", {"inputs": "x"}, compared, expected)
