"""Twenty texts over real HTTP: units and the shape of the answer; never how fast it was."""

import json
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
import typer
from typer.testing import CliRunner

from booking_sms.adapters.dynamodb import DynamoDbSmsJobRepository
from booking_sms.cli import bench
from booking_sms.domain.sms_job import Move

pytestmark = pytest.mark.integration
app = typer.Typer()
app.add_typer(bench.app, name="bench")
ONE_WRITE, ENTERS_OR_LEAVES = {"base": 1.0, "index": 0.0}, {"base": 1.0, "index": 1.0}


def run(*options: str) -> tuple[int, dict[str, Any]]:
    result = CliRunner().invoke(app, ["bench", "dispatch", "--sends", "20", "--json", *options])
    assert result.stdout, result.output
    return result.exit_code, json.loads(result.stdout)


@pytest.fixture(autouse=True)
def nothing_is_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The bench's world lies in this test's folder, and its servers name it: both must go."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    yield
    commands = (" ".join(p.info["cmdline"] or ()) for p in psutil.process_iter(["cmdline"]))
    assert [command for command in commands if str(tmp_path) in command] == []
    assert list(tmp_path.iterdir()) == []


def test_a_delivered_text_costs_seven_units() -> None:
    code, found = run()

    assert found["sends"] == 20
    assert found["write_units"] == {
        "per_text": 7.0,
        "base": 5.0,
        "index": 2.0,
        "by_operation": {
            "enqueue": ENTERS_OR_LEAVES,
            "intent": ONE_WRITE,
            "accept": ONE_WRITE,
            "ledger": ONE_WRITE,
            "final": ENTERS_OR_LEAVES,
        },
        "apart": found["write_units"]["apart"],
    }
    assert found["write_units"]["apart"].keys() == {"bodies", "counters"}
    assert code == (0 if found["verdict"]["fast"] else 1)


@pytest.mark.long
def test_reads_and_speed_are_told_beside_the_units() -> None:
    _, found = run("--own-texts")

    reads = found["read_units_per_text"]
    assert reads["by_phase"].keys() == {"enqueue", "dispatch", "delivery"}
    assert reads["by_phase"]["dispatch"]["strong"] >= 2  # the job and its own text
    assert reads["strong"] > reads["eventual"] > 0
    assert found["write_units"]["apart"]["bodies"]["base"] == 1.0
    assert found["texts_per_second"] > 0
    assert found["bare_per_second"] > 0
    assert found["ratio"] > 0
    assert sum(each["texts"] for each in found["rounds"]) == 20
    assert found["verdict"].keys() == {"cheap", "most_units", "fast", "least_ratio"}


@pytest.mark.long
def test_one_write_too_many_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    """A product that writes once more for each text, as a careless change would."""
    move = DynamoDbSmsJobRepository.move

    def wasteful(self: Any, job: Any, step: Move, **changes: Any) -> Any:
        moved = move(self, job, step, **changes)
        return self.amend(moved, reason="looked") if step is Move.ACCEPT else moved

    monkeypatch.setattr(DynamoDbSmsJobRepository, "move", wasteful)
    code, found = run()

    assert code == 1
    assert not found["verdict"]["cheap"]
    assert found["write_units"]["per_text"] == 8.0
    assert found["write_units"]["by_operation"]["other"] == ONE_WRITE
