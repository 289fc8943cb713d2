"""Numbers of what was done and what was not, from the very steps that know it."""

from __future__ import annotations

from datetime import timedelta

import pytest
from workflow_world import STORES, InMemoryApplication

from booking_sms import workflow
from booking_sms.domain.errors import AccountingBroken
from booking_sms.domain.sms_job import JobState
from booking_sms.domain.window import Window
from booking_sms.testing import NOW, InMemoryAirflowView, make_booking, make_job

WINDOW = Window(NOW)
LATE = {"due_at": NOW - timedelta(hours=3), "not_before": NOW - timedelta(hours=3)}


@pytest.fixture
def app() -> InMemoryApplication:
    return InMemoryApplication()


def test_messages_that_were_planned_and_are_nowhere_are_counted(app: InMemoryApplication) -> None:
    app.source.put(make_booking(starts_in=timedelta(hours=1)))
    extract = workflow.extract_store(app, WINDOW, STORES[0])
    planned = workflow.plan_jobs(app, WINDOW, [extract])

    with pytest.raises(AccountingBroken):
        workflow.window_report(app, WINDOW, [extract], planned)

    assert app.operations_metrics.values("UnaccountedBookings") == [2]
    assert app.operations_metrics.values("QuarantinedRows") == [0]


def test_texts_that_expire_are_lost_and_notices_are_not(app: InMemoryApplication) -> None:
    over = {**LATE, "not_after": NOW - timedelta(hours=1), "state": JobState.AVAILABLE}
    app.jobs.insert_if_absent(make_job(**over))
    app.jobs.insert_if_absent(make_job(booking_num="900101_78", channel="slack", **over))

    assert workflow.expire_overdue(app)["expired"] == 2
    assert app.operations_metrics.values("SMSFailedTotal") == [1]


def test_windows_are_missed_by_window_and_store(app: InMemoryApplication) -> None:
    airflow = InMemoryAirflowView(app.settings.watched_dag_ids)
    missed = workflow.Watchdog(app, airflow).round()

    (number,) = app.operations_metrics.values("WindowsMissed")
    assert number == sum(one["windows"] for one in missed.facts["windows"])
    assert number >= len(STORES) * 70  # of the 72 of a day, the newest are not over yet
