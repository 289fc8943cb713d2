"""``parity --out`` and ``--control``, as they are typed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from booking_sms.cli import parity, plan
from booking_sms.parity import outcome
from booking_sms.parity.noise import NoiseRefused

pytestmark = pytest.mark.slow

GOLDEN = Path(__file__).resolve().parents[3] / "include" / "golden" / "legacy-decisions.jsonl"
LINES = GOLDEN.read_text(encoding="utf-8").splitlines()

app = typer.Typer()
plan.register(app)
app.add_typer(parity.app, name="parity")


def run(*arguments: str | Path) -> Any:
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def written(path: Path, lines: list[str]) -> Path:
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def outcomes(path: Path, count: int, **changes: Any) -> Path:
    """Recorded outcomes as ``plan --out`` writes them, the first one changed."""
    lines = [json.loads(line) for line in LINES[:count]]
    found = [{"id": line["id"], **line["expected"]} for line in lines]
    found[0] |= changes
    return written(path, [json.dumps(one, ensure_ascii=False) for one in found])


def test_a_report_is_written_beside_its_table(tmp_path: Path) -> None:
    changed = LINES[0].replace('"kind":"confirm"', '"kind":"guide"')
    golden = written(tmp_path / "some.jsonl", [changed, *LINES[1:8]])
    folder = tmp_path / "deep" / "report"

    result = run("parity", "--golden", golden, "--out", folder, "--json")

    assert result.exit_code == 1
    assert f"report: {folder / 'report.html'}" in result.stderr
    assert json.loads((folder / "result.json").read_text("utf-8")) == json.loads(result.stdout)
    assert "sms.missing" in (folder / "mismatches.csv").read_text("utf-8")
    assert "No parity" in (folder / "report.html").read_text("utf-8")
    assert not any("01009898387" in file.read_text("utf-8") for file in folder.iterdir())


def test_a_folder_that_cannot_be_written_is_one_line(tmp_path: Path) -> None:
    golden = written(tmp_path / "some.jsonl", LINES[:8])

    result = run("parity", "--golden", golden, "--partial", "--out", golden)

    assert result.exit_code == 2
    assert "cannot be written" in result.stderr


@pytest.mark.slow
def test_noise_is_learned_from_two_controls(tmp_path: Path) -> None:
    recorded = [json.loads(line) for line in LINES[:100]]
    rows = recorded[0]["expected"]["ledger_after"]
    rows[0]["option_time"] = "2026-03-02 15:00:00"
    lines = [json.dumps(line, ensure_ascii=False) for line in recorded]
    golden = written(tmp_path / "some.jsonl", lines)
    first = outcomes(tmp_path / "first.jsonl", 100)
    second = outcomes(tmp_path / "second.jsonl", 100, ledger_after=rows)
    arguments = ("parity", "--golden", golden, "--partial", "--json")

    without = run(*arguments)
    learned = run(*arguments, "--control", first, "--control", second)

    assert (without.exit_code, json.loads(without.stdout)["unexplained"]) == (1, 1)
    assert (learned.exit_code, json.loads(learned.stdout)["noise"]) == (0, 1)


def test_a_control_whose_messages_differ_is_refused(tmp_path: Path) -> None:
    first = outcomes(tmp_path / "first.jsonl", 8)
    second = outcomes(tmp_path / "second.jsonl", 8, sms=[])

    result = run("parity", "--control", first, "--control", second)

    assert isinstance(result.exception, NoiseRefused)
    assert run("parity", "--control", first).exit_code == 2


def test_a_candidate_that_changes_its_mind_is_red(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, asked = outcome.outcome_of, []

    def outcome_of(scenario_id: str, plan: Any) -> Any:
        found = real(scenario_id, plan)
        asked.append(scenario_id)
        return found if asked.count(scenario_id) == 1 else found | {"sms": []}

    monkeypatch.setattr(outcome, "outcome_of", outcome_of)

    golden = written(tmp_path / "some.jsonl", LINES[:8])
    result = run("parity", "--golden", golden, "--partial", "--json")

    document = json.loads(result.stdout)
    assert (result.exit_code, document["unexplained"], document["passed"]) == (1, 0, False)
    assert "asked again, the candidate decides" in result.stderr
