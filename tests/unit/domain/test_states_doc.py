"""docs/states.md says what the state machine does."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from booking_sms.domain.sms_job import JobState, Move
from booking_sms.pipeline.crash_points import CRASH_POINTS

PROJECT = Path(__file__).resolve().parents[3]
SCRIPT = PROJECT / "scripts" / "generate_states_doc.py"
PAGE = (PROJECT / "docs" / "states.md").read_text(encoding="utf-8")


def test_the_page_is_up_to_date():
    done = subprocess.run(
        [sys.executable, str(SCRIPT), "--check"], capture_output=True, text=True, check=False
    )

    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("name", [*JobState, *Move])
def test_every_state_and_move_is_on_the_page(name):
    assert re.search(rf"\| ([a-z_]+, )?{name}[ ,]", PAGE)


@pytest.mark.parametrize("point", CRASH_POINTS, ids=lambda point: point.after or "nothing")
def test_every_crash_point_is_on_the_page(point):
    assert f"| {point.moment} | {point.meaning} | {point.found_as} | {point.then} |" in PAGE


def test_the_residual_race_is_stated():
    assert "residual race is at most 5 seconds" in PAGE
