"""Which day a run of ``sms_audit`` is about."""

from __future__ import annotations

from datetime import UTC, date, datetime
from types import SimpleNamespace
from typing import Any

import pytest

from booking_sms_airflow.audit import day_of

END = datetime(2026, 3, 2, 21, 0, tzinfo=UTC)  # 06:00 of the 3rd in Korea


def context(run_type: str, day: str | None = None) -> dict[str, Any]:
    run = SimpleNamespace(run_type=run_type, data_interval_end=END)
    return {"dag_run": run, "data_interval_end": END, "params": {"day": day}}


@pytest.mark.parametrize(
    ("run_type", "asked", "expected"),
    [
        ("scheduled", None, date(2026, 3, 2)),
        ("manual", None, None),
        ("manual", "2026-02-27", date(2026, 2, 27)),
    ],
)
def test_the_day_of_a_run(run_type: str, asked: str | None, expected: date | None) -> None:
    assert day_of(context(run_type, asked)) == expected
