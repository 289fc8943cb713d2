"""Peak memory is a process's own, not that of the process that started it."""

from __future__ import annotations

import subprocess
import sys
from multiprocessing import get_context
from multiprocessing.connection import Connection

import pytest

from booking_sms.telemetry.memory import MEGABYTE, peak_memory_mb

BIG = 160
OWN_PEAK = """
import resource
from booking_sms.telemetry.memory import peak_memory_mb
print(peak_memory_mb(), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
"""
EXECUTES = f"""
import subprocess, sys
held = bytearray({BIG} * 1024 * 1024)
print(subprocess.run([sys.executable, "-c", {OWN_PEAK!r}], capture_output=True, text=True).stdout)
"""


def test_what_was_held_counts_after_it_was_given_back() -> None:
    before = peak_memory_mb()
    held = bytearray(BIG * MEGABYTE)
    del held
    after = peak_memory_mb()

    assert before is not None
    assert after is not None
    assert after >= BIG


@pytest.mark.slow
def test_a_program_that_a_large_process_starts_has_its_own_peak() -> None:
    """getrusage is wrong here, which is why it is not used."""
    done = subprocess.run(
        [sys.executable, "-c", EXECUTES], capture_output=True, text=True, check=True
    )
    own, from_getrusage = map(float, done.stdout.split())

    assert own < BIG <= from_getrusage


@pytest.mark.slow
def test_a_fork_does_not_inherit_a_peak_that_its_parent_has_left() -> None:
    held = bytearray(BIG * MEGABYTE)
    del held
    context = get_context("fork")
    ours, theirs = context.Pipe()
    child = context.Process(target=_tell, args=(theirs,))
    child.start()
    child_peak = ours.recv()
    child.join()

    parent_peak = peak_memory_mb()
    assert parent_peak is not None
    assert child_peak <= parent_peak - BIG / 2


def _tell(pipe: Connection) -> None:
    pipe.send(peak_memory_mb())
