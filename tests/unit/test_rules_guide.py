"""The owner's guide keeps its word: its examples are put in place and checked as it says."""

import json
import re
import shlex
from pathlib import Path
from shutil import copytree
from typing import Any, get_args

import pytest
import typer
import yaml
from pydantic import TypeAdapter
from typer.testing import CliRunner
from workflow_world import InMemoryApplication

from booking_sms.cli import control, plan
from booking_sms.domain.condition_model import Condition, Leaf

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[2]
GUIDE = (ROOT / "docs" / "rules-guide.ko.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```(yaml|bash)\n(.*?)```", GUIDE, re.S)
PLACE = re.compile(r"^# include/(\S+\.yaml)( 맨 끝에 추가)?\n")
COMMANDS = [
    line for kind, text in BLOCKS if kind == "bash" for line in text.splitlines() if line.strip()
]
CHANGING = re.compile(r" (control|rules apply|rules revert) | --(resend|send-to-me) ")
LOOKING = [command for command in COMMANDS if not CHANGING.search(command)]
CONDITION: TypeAdapter[Any] = TypeAdapter(Condition)

app = typer.Typer()
plan.register(app)
app.add_typer(control.app, name="control")


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the owner's files with the guide's examples put where it says."""
    for folder in ("rules", "messages", "stores"):
        copytree(ROOT / "include" / folder, tmp_path / folder)
    for kind, text in BLOCKS:
        if kind == "yaml" and (match := PLACE.match(text)):
            path = tmp_path / match[1]
            before = path.read_text(encoding="utf-8") + "\n" if match[2] else ""
            path.write_text(before + text[match.end() :], encoding="utf-8")
    monkeypatch.setenv("BOOKING_SMS_HOME", str(tmp_path))
    return tmp_path


@pytest.fixture
def app_in_use(home: Path, monkeypatch: pytest.MonkeyPatch) -> InMemoryApplication:
    """The chain as its owner finds it: the last window was decided by the files."""
    known = InMemoryApplication(home=home, rule_set="recommended")
    known.catalog()
    monkeypatch.setattr("booking_sms.cli.composition.application", lambda at=None: known)
    return known


def run(command: str) -> Any:
    return CliRunner().invoke(app, shlex.split(command)[1:])


def test_the_example_of_ten_minutes_passes_its_own_check(home: Path) -> None:
    result = run("booking-sms rules check recommended --json")

    facts = json.loads(result.stdout)
    assert result.exit_code == 0
    assert (facts["rules"], facts["messages"], facts["warnings"]) == (5, 5, 0)


@pytest.mark.parametrize("command", LOOKING)
def test_commands_that_only_look_work_as_written(
    app_in_use: InMemoryApplication, command: str
) -> None:
    result = run(command)

    assert result.exit_code == 0, result.output
    assert app_in_use.jobs.jobs == ()


@pytest.mark.parametrize("command", [one for one in COMMANDS if one not in LOOKING])
def test_commands_that_change_something_exist(command: str) -> None:
    words = shlex.split(command)[1:3]
    options = re.findall(r"--[a-z-]+", command)

    found: Any = typer.main.get_command(app)
    for word in words:
        found = found.commands[word]

    assert {"--by", "--reason"} <= set(options)
    assert set(options) <= {name for parameter in found.params for name in parameter.opts}


def test_both_sorts_of_commands_are_there() -> None:
    assert len(LOOKING) >= 8
    changing = " ".join(one for one in COMMANDS if one not in LOOKING)
    for words in ("rules apply", "rules revert", "message outdated", "control rollout"):
        assert words in changing


def test_every_condition_of_the_examples_is_understood() -> None:
    examples = [yaml.safe_load(text) for _, text in BLOCKS if text.startswith("when:")]

    assert len(examples) >= 2
    for example in examples:
        CONDITION.validate_python(example["when"])


def test_every_condition_has_a_line_in_the_table() -> None:
    types = {
        get_args(model.model_fields["type"].annotation)[0] for model in get_args(Leaf.__origin__)
    }

    conditions = GUIDE.partition("## 조건\n")[2].partition("\n## ")[0]
    assert types == set(re.findall(r"^\| `([a-z_]+)` \|", conditions, re.M))
