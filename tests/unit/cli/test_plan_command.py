"""``plan``, ``parity``, ``rules`` and ``message`` as they are typed, without a world."""

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from booking_sms.cli import parity, plan
from booking_sms.domain.errors import ConfigError
from booking_sms.parity import outcome

pytestmark = pytest.mark.slow

INCLUDE = Path(__file__).resolve().parents[3] / "include"
GOLDEN = INCLUDE / "golden" / "legacy-decisions.jsonl"
LINES = GOLDEN.read_text(encoding="utf-8").splitlines()
KEYS = ["scenarios", "sms", "writes", "ledger", "telegram", "match_percentage", "explained"]
ADDED = ["kind", "ran_at", "passed", "slack", "critical", "warnings", "vacuous", "expired"]

app = typer.Typer()
plan.register(app)
app.add_typer(parity.app, name="parity")


def run(*arguments: str | Path) -> Any:
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def some(tmp_path: Path, *lines: str) -> Path:
    path = tmp_path / "some.jsonl"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def test_parity_prints_one_object_and_succeeds(tmp_path: Path) -> None:
    result = run("parity", "--golden", some(tmp_path, *LINES[:28]), "--partial", "--json")

    document = json.loads(result.stdout)
    assert result.exit_code == 0
    assert list(document) == [*KEYS, "unexplained", *ADDED, "noise", "dataset", "fields"]
    assert (document["kind"], document["dataset"], document["slack"]) == (
        "golden_parity",
        None,
        None,
    )
    assert document["sms"] == {"expected": 314, "actual": 314, "mismatches": 0}


@pytest.mark.slow
def test_parity_of_the_pinned_file_names_its_dataset() -> None:
    document = json.loads(run("parity", "--json").stdout)

    pinned = (INCLUDE / "golden" / "manifest.json").read_bytes()
    assert document["dataset"]["version"] == json.loads(pinned)["version"]
    assert document["dataset"]["sha256"] == hashlib.sha256(pinned).hexdigest()


def test_an_expired_explanation_fails_and_is_shown_with_its_owner(tmp_path: Path) -> None:
    entries = tmp_path / "entries.yaml"
    entries.write_text(
        "explained:\n  - {field: sms.order, rule: '*', reason: it was only for March,"
        " owner: product owner, expires: 2026-03-31}\n",
        encoding="utf-8",
    )
    lines = some(tmp_path, *LINES[:8])

    result = run("parity", "--golden", lines, "--partial", "--explained", entries, "--json")

    assert result.exit_code == 1
    assert json.loads(result.stdout)["unexplained"] == 0
    assert "expired: sms.order of *: since 2026-03-31" in result.stderr
    assert "decided by product owner" in result.stderr


def test_a_part_of_the_pinned_file_is_no_dataset(tmp_path: Path) -> None:
    result = run("parity", "--golden", some(tmp_path, *LINES[:100]), "--json")

    assert result.exit_code == 1
    assert "only 100 of the 228 scenarios" in result.stderr


def test_a_candidate_that_raises_is_an_error_of_its_scenario(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = outcome.plan_of

    def plan_of(scenario: Any, *rest: Any) -> Any:
        if scenario.id == json.loads(LINES[1])["id"]:
            raise KeyError("01009898387")
        return real(scenario, *rest)

    monkeypatch.setattr(outcome, "plan_of", plan_of)

    result = run("parity", "--golden", some(tmp_path, *LINES[:8]), "--partial", "--json")

    assert result.exit_code == 1
    assert json.loads(result.stdout)["unexplained"] == 4
    assert "sms.error: None -> raised KeyError" in result.stderr
    assert "01009898387" not in result.output


@pytest.mark.slow
def test_mutants_are_counted_and_killed() -> None:
    result = run("parity", "mutate", "--json")

    document = json.loads(result.stdout)
    assert result.exit_code == 0
    assert document["killed"] == document["mutants"] > 1_000
    assert (document["survived"], document["survivors"]) == (0, [])
    assert document["kinds"] >= 40


def test_goldens_too_poor_for_mutants_prove_nothing(tmp_path: Path) -> None:
    idle = [line for line in LINES if json.loads(line)["category"] == "empty"]

    result = run("parity", "mutate", "--golden", some(tmp_path, *idle))

    assert result.exit_code == 1
    assert "too poor" in result.stderr


def test_parity_shows_tables_to_people(tmp_path: Path) -> None:
    result = run("parity", "--golden", some(tmp_path, *LINES[:8]), "--partial", "--rules", "legacy")

    assert result.exit_code == 0
    assert "mismatches" in result.stdout
    assert "100.0" in result.stdout


def test_parity_fails_on_a_changed_record_and_masks_it(tmp_path: Path) -> None:
    changed = LINES[0].replace('"kind":"confirm"', '"kind":"guide"')

    result = run("parity", "--golden", some(tmp_path, changed, *LINES[1:8]), "--json")

    assert result.exit_code == 1
    assert json.loads(result.stdout)["sms"]["mismatches"] == 2
    assert "new-outside-window: sms.missing" in result.stderr
    assert "01009898387" not in result.stderr


@pytest.mark.parametrize("lines", [[], ["idle"]], ids=["no scenario", "idle only"])
def test_parity_fails_on_nothing(tmp_path: Path, lines: list[str]) -> None:
    idle = [line for line in LINES if '"id":"empty"' in line]

    result = run("parity", "--golden", some(tmp_path, *(idle if lines else [])), "--json")

    assert result.exit_code == 1
    assert "vacuous:" in result.stderr
    assert json.loads(result.stdout)["unexplained"] == 0


def test_plan_writes_one_line_per_scenario_in_the_goldens_form(tmp_path: Path) -> None:
    out = tmp_path / "out.jsonl"

    result = run("plan", "--scenarios", some(tmp_path, *LINES[:5]), "--out", out, "--json")

    assert result.exit_code == 0
    assert json.loads(result.stdout)["scenarios"] == 5
    for line, recorded in zip(out.read_text(encoding="utf-8").splitlines(), LINES, strict=False):
        scenario = json.loads(recorded)
        assert json.loads(line) == {"id": scenario["id"], **scenario["expected"]}


def test_plan_writes_to_stdout_without_a_file(tmp_path: Path) -> None:
    result = run("plan", "--scenarios", some(tmp_path, LINES[0]))

    assert json.loads(result.stdout)["id"] == "new-outside-window"
    assert run("plan", "--scenarios", some(tmp_path, LINES[0]), "--json").exit_code == 2


def test_a_scenario_that_cannot_be_decided_fails_and_hides_no_other(tmp_path: Path) -> None:
    broken = json.loads(LINES[0])
    del broken["confirmed"][0]["snapshotJson"]

    result = run("plan", "--scenarios", some(tmp_path, json.dumps(broken), LINES[1]))

    first, second = map(json.loads, result.stdout.splitlines())
    assert result.exit_code == 1
    assert first["error"].startswith("BookingMalformed")
    assert second["sms"]


@pytest.mark.parametrize(
    "arguments",
    [
        pytest.param(("parity", "--golden", "/nobody.jsonl"), id="no golden"),
        pytest.param(("plan", "--scenarios", "/nobody.jsonl"), id="no scenarios"),
        pytest.param(("rules", "check", "--rules", "modern"), id="no rule set"),
        pytest.param(("parity", "--golden", GOLDEN, "--explained", "/no.yaml"), id="no entries"),
    ],
)
def test_unusable_input_is_a_configuration_error(arguments: tuple[str, ...]) -> None:
    """The application's main() turns each into one line on stderr and exit code 2."""
    assert isinstance(run(*arguments).exception, ConfigError)


def test_an_unwritable_file_is_one_line_and_exit_two(tmp_path: Path) -> None:
    result = run("plan", "--scenarios", some(tmp_path, LINES[0]), "--out", "/nobody/out.jsonl")

    assert result.exit_code == 2
    assert "cannot be written" in result.stderr


def test_rules_check_says_that_all_is_well() -> None:
    facts = json.loads(run("rules", "check", "--json").stdout)

    assert (facts["rules"], facts["messages"], facts["stores"], facts["problems"]) == (5, 3, 8, 0)


def test_rules_check_renders_every_text(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from shutil import copytree

    for folder in ("rules", "messages", "stores"):
        copytree(INCLUDE / folder, tmp_path / folder)
    store = tmp_path / "stores" / "900104.yaml"
    store.write_text(store.read_text(encoding="utf-8").replace("parking", "car_park"))
    monkeypatch.setenv("BOOKING_SMS_HOME", str(tmp_path))

    result = run("rules", "check")

    assert result.exit_code == 2
    assert "rule guide-two-hours, store 900104: TextUnresolved" in result.stderr


def test_rules_check_takes_a_folder_and_lists_places(tmp_path: Path) -> None:
    good = (INCLUDE / "rules" / "legacy.yaml").read_text(encoding="utf-8")
    tmp_path.joinpath("legacy.yaml").write_text(good, encoding="utf-8")
    wrong = good.replace("name: legacy", "name: wrong", 1).replace("hours: 2", "hours: x", 1)
    tmp_path.joinpath("wrong.yaml").write_text(wrong, encoding="utf-8")

    result = run("rules", "check", tmp_path, "--json")

    document = json.loads(result.stdout)
    line = 1 + wrong[: wrong.index("hours: x")].count("\n")
    assert result.exit_code == 2
    assert (document["files"], document["problems"], document["rules"]) == (2, 1, 5)
    (listed,) = document["error_list"]
    assert (listed["file"], listed["line"]) == (str(tmp_path / "wrong.yaml"), line)
    assert f"wrong.yaml:{line}: rules.1.when" in result.stderr


def test_rules_check_says_once_what_is_wrong_with_texts_and_stores(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from shutil import copytree

    for folder in ("rules", "messages", "stores"):
        copytree(INCLUDE / folder, tmp_path / folder)
    tmp_path.joinpath("messages", "guide.yaml").write_text("name: guide\n", encoding="utf-8")
    monkeypatch.setenv("BOOKING_SMS_HOME", str(tmp_path))

    result = run("rules", "check", tmp_path / "rules", "--json")

    document = json.loads(result.stdout)
    assert result.exit_code == 2
    assert (document["files"], document["problems"]) == (2, 1)
    assert document["error_list"][0]["file"] == str(tmp_path / "messages" / "guide.yaml")


def test_rules_check_warns_and_passes(tmp_path: Path) -> None:
    place = INCLUDE.parent / "tests" / "unit" / "config" / "wrong_rules" / "any-status.yaml"

    result = run("rules", "check", place)

    assert result.exit_code == 0
    assert "any-status.yaml:7: " in result.stderr
    assert "(warning)" in result.stderr


def test_rules_diff_shows_what_another_set_changes(tmp_path: Path) -> None:
    past = [line for line in LINES if '"id":"new-already-past"' in line]

    result = run("rules", "diff", "legacy", "recommended", "--golden", some(tmp_path, *past))
    listed = run(
        "rules", "diff", "legacy", "recommended", "--golden", some(tmp_path, *past), "--json"
    )

    document = json.loads(listed.stdout)
    assert (document["scenarios"], document["gained"], document["lost"]) == (1, 0, 1)
    (change,) = document["changes"]
    assert (change["rule"], change["kind"]) == ("confirm-first-sight", "confirm")
    assert "****" in change["recipient"]
    assert "confirm lost (confirm-first-sight)" in " ".join(result.stdout.split())


@pytest.mark.slow
def test_rules_diff_counts_every_run(tmp_path: Path) -> None:
    both = ("legacy", "recommended", "--golden", GOLDEN)

    document = json.loads(run("rules", "diff", *both, "--json").stdout)
    result = run("rules", "diff", *both)

    assert (document["scenarios"], document["gained"], document["lost"]) == (228, 104, 66)
    assert "... and 150 more" in result.stdout
    assert json.loads(run("rules", "diff", "legacy", *both[:1], *both[2:], "--json").stdout) == {
        "before": "legacy",
        "after": "legacy",
        "scenarios": 228,
        "gained": 0,
        "lost": 0,
        "changes": [],
    }


def test_rules_explain_prints_the_truth_table() -> None:
    result = run("rules", "explain", "--scenarios", GOLDEN, "--id", "reminder-due", "--json")

    (document,) = json.loads(result.stdout)
    holds = {rule["rule"]: rule["holds"] for rule in document["rules"]}
    assert holds == {
        "confirm-first-sight": False,
        "guide-first-sight": False,
        "confirm-before-guide": False,
        "guide-two-hours": True,
        "event-at-eight": False,
    }
    parts = document["rules"][3]["conditions"][1]["parts"]
    assert parts[3]["because"] == "starts in 100 min"


def test_rules_explain_shows_a_table_to_people() -> None:
    result = run("rules", "explain", "--scenarios", GOLDEN, "--id", "reminder-due")

    assert "guide-two-hours" in result.stdout
    assert "starts in 100 min" in result.stdout


@pytest.mark.parametrize(
    "arguments", [("--id", "nobody"), ("--id", "reminder-due", "--booking", "900101_1")]
)
def test_rules_explain_knows_what_it_does_not_know(arguments: tuple[str, ...]) -> None:
    assert run("rules", "explain", "--scenarios", GOLDEN, *arguments).exit_code == 2


def test_rules_schema_is_a_json_schema() -> None:
    schema = json.loads(run("rules", "schema").stdout)

    assert schema["title"] == "RuleSet"
    assert schema["additionalProperties"] is False


def test_the_committed_schema_is_the_one_of_the_models() -> None:
    """To renew it: booking-sms rules schema > include/rules/rules.schema.json"""
    committed = (INCLUDE / "rules" / "rules.schema.json").read_text(encoding="utf-8")

    assert run("rules", "schema").stdout == committed


def test_message_preview_shows_text_bytes_class_and_cost() -> None:
    result = run("message", "preview", "guide-two-hours", "--store", "900103", "--json")

    document = json.loads(result.stdout)
    assert (document["type"], document["class"]) == ("LMS", "information")
    assert (document["sender"], document["estimated_krw"]) == ("15990103", 30)
    assert "[door_code]" in document["content"]
    assert document["bytes"] == len(document["content"].encode("cp949"))


def test_message_preview_shows_the_text_to_people() -> None:
    result = run("message", "preview", "event-at-eight")

    assert "(광고) 별빛스튜디오" in result.stdout
    assert "무료수신거부" in result.stdout


def test_message_preview_of_an_unknown_rule_names_the_known_ones() -> None:
    result = run("message", "preview", "nobody")

    assert result.exit_code == 2
    assert "guide-two-hours" in result.stderr
