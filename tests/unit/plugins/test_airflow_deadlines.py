"""A run that is late is told once, by ids alone; a backfilled run is never late."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest

pytestmark = [pytest.mark.airflow, pytest.mark.filterwarnings("default")]


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    from booking_sms_airflow import deadlines

    texts: list[str] = []
    app = SimpleNamespace(alert=lambda text: not texts.append(text))
    monkeypatch.setattr(deadlines, "current_application", lambda: app)
    return texts


def miss(**run: Any) -> None:
    from booking_sms_airflow.deadlines import tell_missed_deadline

    run = {"dag_id": "booking_sms_etl", "dag_run_id": "run-1", "conf": {"who": "김시험"}} | run
    context = {"dag_run": run, "deadline": {"id": "1", "deadline_time": "2026-03-02T14:15:00Z"}}
    asyncio.run(tell_missed_deadline(minutes=15, context=context))


@pytest.mark.parametrize("run_type", ["scheduled", "manual", "asset_triggered"])
def test_a_late_run_is_told_by_its_ids(told: list[str], run_type: str) -> None:
    miss(run_type=run_type)

    assert told == ["booking_sms_etl run-1 has not ended well 15 minutes after it was queued"]


def test_a_backfilled_run_is_never_late(told: list[str]) -> None:
    miss(run_type="backfill")

    assert told == []
