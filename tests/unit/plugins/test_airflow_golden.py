"""Which runs of ``golden_parity`` judge files that are known to be clean."""

from __future__ import annotations

from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest

from booking_sms_airflow import golden


def context(run_type: str, hour_in_utc: int) -> dict[str, Any]:
    end = datetime(2026, 3, 2, hour_in_utc, 10, tzinfo=UTC)
    run = SimpleNamespace(run_type=run_type, data_interval_end=end)
    return {"dag_run": run, "data_interval_end": end, "params": {}}


@pytest.mark.parametrize(
    ("run_type", "hour_in_utc", "judges"),
    [
        pytest.param("scheduled", 20, True, id="05:10 in Korea"),
        pytest.param("scheduled", 5, False, id="14:10 in Korea"),
        pytest.param("manual", 5, True, id="by hand"),
    ],
)
def test_unchanged_files_are_judged_daily_and_by_hand(
    run_type: str, hour_in_utc: int, judges: bool
) -> None:
    assert golden.must_judge(context(run_type, hour_in_utc)) is judges


def test_each_try_has_a_place_of_its_own() -> None:
    ti = SimpleNamespace(task_id="compare", try_number=2)

    assert golden.run_of({"run_id": "manual__1", "ti": ti}) == "manual__1/compare-2"
