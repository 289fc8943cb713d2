"""``kill -9`` of ``make run`` at any moment, then ``make run`` again: nothing doubled or lost."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.airflow,
    pytest.mark.browser,
    pytest.mark.long,
    pytest.mark.timeout(900),
]
PROJECT = Path(__file__).resolve().parents[2]
WINDOWS = ("13:40", "20:00")
AUDIT = r"(\d+) rows, (\d+) matched, (\d+) accepted, 0 waiting, 0 residue"


def command(folder: Path) -> list[str]:
    program = [sys.executable, str(PROJECT / "scripts/local_airflow.py"), "run"]
    places = ["--world", str(folder / "world"), "--airflow-home", str(folder / "airflow")]
    return [*program, *places, "--windows", *WINDOWS]


def processes_of(folder: Path) -> list[psutil.Process]:
    """Everything that runs in this folder's stack, by what its command line or environment says."""
    found = []
    for process in psutil.process_iter():
        try:
            said = [*process.cmdline(), *process.environ().values()]
        except psutil.Error:
            continue
        if any(str(folder) in one for one in said):
            found.append(process)
    return found


def kill_after(folder: Path, line: str, seconds: float, *, everything: bool) -> None:
    """Start a run, wait for a line of its output and some seconds, then kill it."""
    with subprocess.Popen(command(folder), stdout=subprocess.PIPE, text=True) as run:
        for said in run.stdout:
            if line in said:
                break
        time.sleep(seconds)
        assert run.poll() is None, "it ended before it was killed"
        run.send_signal(signal.SIGKILL)
        for process in processes_of(folder) if everything else ():
            process.kill()


@pytest.mark.parametrize(
    ("line", "seconds", "everything"),
    [
        pytest.param("the world is up", 3, False, id="Airflow is starting"),
        pytest.param("Airflow is ready", 8, False, id="the first window, its processes go on"),
        pytest.param("Airflow is ready", 12, True, id="the first window, with all its processes"),
        pytest.param("13:40", 9, True, id="the second window, with all its processes"),
    ],
)
def test_the_next_run_ends_well_and_its_audit_is_clean(
    tmp_path: Path, line: str, seconds: float, everything: bool
) -> None:
    kill_after(tmp_path, line, seconds, everything=everything)

    again = subprocess.run(command(tmp_path), capture_output=True, text=True, check=False)

    assert again.returncode == 0, again.stdout + again.stderr
    audit = re.search(AUDIT, " ".join(again.stdout.split()))
    assert audit, again.stdout
    rows, matched, accepted = map(int, audit.groups())
    assert rows == matched == accepted > 20
    assert processes_of(tmp_path) == []
