"""Real dispatchers under fire: small here, large in ``make test-long`` and by hand."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import psutil
import pytest

pytestmark = pytest.mark.integration
BOOKING_SMS = Path(sys.executable).with_name("booking-sms")


def run(folder: Path, sends: int, seed: int, seconds: float) -> tuple[int, dict[str, Any]]:
    """Run a campaign whose world lies in ``folder``: its servers name it, and all must go."""
    command = [str(BOOKING_SMS), "faults", "run", "--sends", str(sends), "--seed", str(seed)]
    done = subprocess.run(
        [*command, "--json"],
        capture_output=True,
        text=True,
        timeout=seconds,
        check=False,
        env=os.environ | {"TMPDIR": str(folder)},
    )
    commands = (" ".join(p.info["cmdline"] or ()) for p in psutil.process_iter(["cmdline"]))
    assert [command for command in commands if str(folder) in command] == []
    assert done.stdout, done.stderr
    return done.returncode, json.loads(done.stdout)


def assert_clean(found: dict[str, Any], sends: int) -> None:
    bad = {name: found[name] for name in ("duplicates", "lost", "unsettled", "wrong_settlements")}
    assert bad == dict.fromkeys(bad, 0)
    assert (found["sends"], found["texts"]) == (sends, sends)


def test_a_small_storm_doubles_and_loses_nothing(tmp_path: Path) -> None:
    code, found = run(tmp_path, sends=80, seed=11, seconds=300)

    assert_clean(found, 80)
    assert code == 0
    assert found["kills"] >= 5
    assert found["freezes"] >= 3
    assert sum(found["faults"].values()) == 20
    assert found["lost_answers"] > 0


@pytest.mark.long
@pytest.mark.timeout(1200)
@pytest.mark.parametrize("seed", [1, 2])
def test_a_large_storm(tmp_path: Path, seed: int) -> None:
    code, found = run(tmp_path, sends=2000, seed=seed, seconds=900)

    assert_clean(found, 2000)
    assert code == 0
    assert found["kills"] > 100
