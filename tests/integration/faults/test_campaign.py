"""Real dispatchers under fire: small here, large in ``make test-long`` and by hand."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import psutil
import pytest

pytestmark = pytest.mark.integration
BOOKING_SMS = Path(sys.executable).with_name("booking-sms")


def run(sends: int, seed: int, seconds: float) -> tuple[int, dict[str, Any]]:
    before = {process.pid for process in psutil.process_iter()}
    command = [str(BOOKING_SMS), "faults", "run", "--sends", str(sends), "--seed", str(seed)]
    done = subprocess.run(
        [*command, "--json"], capture_output=True, text=True, timeout=seconds, check=False
    )
    started = [process for process in psutil.process_iter(["cmdline"]) if process.pid not in before]
    ours = [p for p in started if "booking" in " ".join(p.info["cmdline"] or ())]
    assert [p for p in ours if "campaign" in " ".join(p.info["cmdline"])] == []
    assert done.stdout, done.stderr
    return done.returncode, json.loads(done.stdout)


def assert_clean(found: dict[str, Any], sends: int) -> None:
    bad = {name: found[name] for name in ("duplicates", "lost", "unsettled", "wrong_settlements")}
    assert bad == dict.fromkeys(bad, 0)
    assert (found["sends"], found["texts"]) == (sends, sends)


def test_a_small_storm_doubles_and_loses_nothing() -> None:
    code, found = run(sends=80, seed=11, seconds=300)

    assert_clean(found, 80)
    assert code == 0
    assert found["kills"] >= 5
    assert found["freezes"] >= 3
    assert sum(found["faults"].values()) == 20
    assert found["lost_answers"] > 0


@pytest.mark.long
@pytest.mark.timeout(1200)
@pytest.mark.parametrize("seed", [1, 2])
def test_a_large_storm(seed: int) -> None:
    code, found = run(sends=2000, seed=seed, seconds=900)

    assert_clean(found, 2000)
    assert code == 0
    assert found["kills"] > 100
