"""Every file in wrong_rules/ is refused, or warned of, at the very line that says so itself."""

import json
import re
from datetime import date
from pathlib import Path

import pytest
from typer.testing import CliRunner

from booking_sms.cli.rules import rules_app
from booking_sms.config.rules_check import CheckedFile, check_rule_files, rule_files
from booking_sms.domain.errors import RuleInvalid

INCLUDE = Path(__file__).resolve().parents[3] / "include"
WRONG = Path(__file__).parent / "wrong_rules"
TODAY = date(2026, 3, 2)
EXPECTED = re.compile(r"# expect( warning)?: (.+)$")


def expectations(path: Path) -> list[tuple[bool, int, str]]:
    """(whether a warning, line, part of the message) as the file's own comments say."""
    lines = path.read_text(encoding="utf-8").splitlines()
    found = ((number, EXPECTED.search(line)) for number, line in enumerate(lines, start=1))
    return [(bool(match[1]), number, match[2]) for number, match in found if match]


@pytest.fixture(scope="module")
def checked() -> dict[str, CheckedFile]:
    files = sorted(WRONG.glob("*.yaml"))
    return {one.path.name: one for one in check_rule_files(files, INCLUDE, TODAY)}


def test_there_are_many() -> None:
    assert len(list(WRONG.glob("*.yaml"))) >= 60


@pytest.mark.parametrize("path", sorted(WRONG.glob("*.yaml")), ids=lambda path: path.stem)
def test_each_wrong_file_is_told_with_its_line(path: Path, checked: dict[str, CheckedFile]) -> None:
    ((is_warning, line, said),) = expectations(path)
    result = checked[path.name]

    notes = result.warnings if is_warning else result.errors
    assert {(note.line, Path(note.file).name) for note in notes} == {(line, path.name)}
    assert any(said in note.message for note in notes)
    assert not (result.errors if is_warning else result.warnings)


def test_the_shipped_rules_pass_without_a_word() -> None:
    for result in check_rule_files(rule_files(str(INCLUDE / "rules"), INCLUDE), INCLUDE, TODAY):
        assert (result.errors, result.warnings) == ((), ()), result.path


@pytest.mark.parametrize(
    ("today", "warnings"),
    [
        pytest.param(None, 0, id="nobody said which day it is"),
        pytest.param(date(2026, 2, 28), 0, id="its last day"),
        pytest.param(date(2026, 3, 1), 1, id="the day after"),
    ],
)
def test_days_are_over_when_the_last_one_is(today: date | None, warnings: int) -> None:
    (result,) = check_rule_files([WRONG / "active-is-over.yaml"], INCLUDE, today)

    assert len(result.warnings) == warnings
    assert result.catalog is not None


def test_the_command_knows_which_day_it_is() -> None:
    path = str(WRONG / "active-is-over.yaml")

    result = CliRunner().invoke(rules_app, ["check", path, "--json"])

    (warning,) = json.loads(result.stdout)["warning_list"]
    assert (warning["line"], result.exit_code) == (9, 0)


def test_a_name_a_file_and_a_folder_are_understood() -> None:
    rules = INCLUDE / "rules"

    assert rule_files("legacy", rules) == [rules / "legacy.yaml"]
    assert rule_files(str(rules / "legacy.yaml"), rules) == [rules / "legacy.yaml"]
    assert rules / "legacy.yaml" in rule_files(str(rules), rules)
    with pytest.raises(RuleInvalid, match="no rule set 'nobody'"):
        rule_files("nobody", rules)
