"""The measured parity run is a real one, in a process of its own."""

from __future__ import annotations

from pathlib import Path

import pytest

from booking_sms.bench.parity import ALL, FIRST, measure_parity, run
from booking_sms.domain.errors import BenchIncomplete

INCLUDE = Path(__file__).resolve().parents[3] / "include"
pytestmark = pytest.mark.slow


def test_all_recordings_are_decided_or_the_first_alone() -> None:
    assert run(INCLUDE, ALL)["bookings"] == 1164
    assert run(INCLUDE, FIRST)["bookings"] == 1


def test_every_measure_is_a_number_of_its_own_process() -> None:
    measured = measure_parity(INCLUDE)

    assert set(measured) == {"cold_start", "parity_run", "peak_memory", "rules_of_a_booking"}
    assert all(value and value > 0 for value in measured.values())


def test_a_process_that_fails_measures_nothing(tmp_path: Path) -> None:
    with pytest.raises(BenchIncomplete, match="exit_code=1"):
        measure_parity(tmp_path)
