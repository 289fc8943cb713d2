"""``booking-sms golden`` as it is typed."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from booking_sms.cli.golden import app
from booking_sms.parity.dataset import DatasetInvalid

pytestmark = pytest.mark.slow

GOLDEN = Path(__file__).resolve().parents[3] / "include" / "golden"
OWN = "own-digest.jsonl"


def run(*arguments: str | Path) -> Any:
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return Path(shutil.copytree(GOLDEN, tmp_path / "golden"))


def another_line(folder: Path, **booking: Any) -> Path:
    line = json.loads((folder / OWN).read_text(encoding="utf-8").splitlines()[0])
    line["id"] = "another"
    line["confirmed"][0].update(booking)
    path = folder.parent / "more.jsonl"
    path.write_text(json.dumps(line), encoding="utf-8")
    return path


def test_verify_counts_own_expectations_apart() -> None:
    result = run("verify", "--json")

    document = json.loads(result.stdout)
    assert result.exit_code == 0
    assert document["legacy"] == {"legacy-decisions.jsonl": 228}
    assert document["own"][OWN] == {"scenarios": 6, "matched": 6, "mismatches": 0, "vacuous": []}


def test_verify_fails_on_a_changed_file(folder: Path) -> None:
    (folder / OWN).write_bytes((folder / OWN).read_bytes()[:-40])

    result = run("verify", "--folder", folder, "--json")

    assert result.exit_code == 1
    assert f"{OWN}: sha256:" in result.stderr


def test_add_pins_a_line(folder: Path) -> None:
    result = run(
        "add", another_line(folder), "--to", "own-digest", "--folder", folder, "--json",
        "--reason", "one more digest",
    )  # fmt: skip

    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout)["scenarios"] == 7
    assert run("verify", "--folder", folder).exit_code == 0


@pytest.mark.parametrize("marked", [True, False], ids=["marked", "not marked"])
def test_a_new_name_has_to_be_marked_as_invented(folder: Path, marked: bool) -> None:
    names = (folder / "invented-names.txt").read_bytes()
    source = another_line(folder, name="홍빛나")
    flags = ["--invented", "홍빛나"] if marked else []

    result = run(
        "add", source, "--to", "own-digest", "--folder", folder,
        "--reason", "one more digest", *flags,
    )  # fmt: skip

    after = (folder / "invented-names.txt").read_bytes()
    if marked:
        assert "홍빛나" in after.decode()
    else:
        assert isinstance(result.exception, DatasetInvalid)
        assert after == names


def test_refresh_needs_a_yes_for_what_it_shows(folder: Path) -> None:
    text = (folder / OWN).read_text(encoding="utf-8")
    (folder / OWN).write_text(text.replace("전문가 보정 2건", "보정 2건"), encoding="utf-8")
    asked = ("refresh", "--folder", folder, "--reason", "another wording")

    refused = run(*asked)
    assert refused.exit_code == 1
    assert "digest-today: slack" in refused.stderr
    assert run("verify", "--folder", folder).exit_code == 1

    assert run(*asked, "--yes").exit_code == 0
    assert run("verify", "--folder", folder).exit_code == 0
