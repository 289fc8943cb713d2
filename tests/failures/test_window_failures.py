"""What went wrong elsewhere with windows that were missed and bookings that changed meanwhile."""

from __future__ import annotations

from datetime import timedelta

import pytest
from changes_world import ChangingWorld
from repair_world import MISSED, OWNER, approved, execute, native_backfill, send, shop, visit

from booking_sms import workflow
from booking_sms.domain.booking import BookingStatus
from booking_sms.domain.errors import ActionRefused
from booking_sms.domain.sms_job import JobState
from booking_sms.domain.window import CoverageStatus, StoreCoverage, Window
from booking_sms.pipeline.window_ledger import WindowState, read_window_ledger
from booking_sms.testing import NOW

HOUR, LENGTH = timedelta(hours=1), timedelta(minutes=20)


@pytest.fixture
def world() -> ChangingWorld:
    return ChangingWorld()


def test_reminder_that_waited_went_out_after_the_cancellation(world):
    """calcom/cal.diy#7225: the reminder was made, and the cancellation did not reach it."""
    world.put(starts_in=HOUR)
    world.window()
    assert {job.state for job in world.app.jobs.jobs} == {JobState.AVAILABLE}

    world.put(starts_in=HOUR, status=BookingStatus.CANCELLED, cancelled_at=NOW)
    world.pass_time()
    world.window()
    world.send()

    assert world.texts() == []
    assert {job.state for job in world.app.jobs.jobs} == {JobState.CANCELLED}


def test_reminder_that_waited_named_the_start_that_was_given_up(world):
    """calcom/cal.diy#6905, onehashai/Cal-ID#1020: old and new start each sent their reminder."""
    world.put(starts_in=HOUR)
    world.window()

    world.put(starts_in=HOUR, status=BookingStatus.CANCELLED, cancelled_at=NOW)
    world.put(booking_id="7000000002", previous_booking_id="7000000001", starts_in=2 * HOUR)
    world.pass_time()
    world.window()
    world.send()

    old = {job.state for job in world.app.jobs.jobs if job.booking_num.endswith("1")}
    new = {job.kind for job in world.app.jobs.jobs if job.booking_num.endswith("2")}
    assert old == {JobState.SUPERSEDED}
    assert new == {"confirm", "guide"}
    assert len(world.texts()) == 2


def test_cron_missed_an_evening_and_nobody_saw_it():
    """invoiceninja/invoiceninja#2183: nothing ran, nothing was red, nothing was sent."""
    app = shop()
    for store_id in app.store_ids():
        app.windows.record(
            StoreCoverage(
                store_id=store_id,
                window=Window(MISSED - LENGTH),
                status=CoverageStatus.COVERED,
                bookings=1,
            )
        )

    found = workflow.watch_windows(app).findings
    (entry,) = read_window_ledger(app.windows, app.store_ids()[0], MISSED, MISSED, NOW)

    assert {finding.code for finding in found} == {"window_missed"}
    assert entry.state is WindowState.MISSED
    assert {item.job.window for item in approved(app).items} == {Window(MISSED).name}


def test_catching_up_sent_everything_at_once_and_unread():
    """odoo/odoo PR #62701, coldfront/coldfront#464: the first run after a pause texted all."""
    app = shop(visit(1), visit(2))
    native_backfill(app)
    assert send(app) == {}

    plan = workflow.preview_effects(
        app, workflow.repair_request(app, MISSED.isoformat(), MISSED.isoformat()), "owner"
    )
    with pytest.raises(ActionRefused):
        workflow.approve_plan(app, plan.plan_id, "another-hash", OWNER)
    with pytest.raises(ActionRefused):
        execute(app, plan)
    assert send(app) == {}

    execute(app, approved(app, plan))
    assert send(app) == {"sent": len(plan.items)}


def test_backfill_and_repair_of_one_window_both_texted():
    """apache/airflow#58554, #69658: two roads to one window, and each of them sent."""
    app = shop(visit(1))
    first = approved(app)
    native_backfill(app)
    execute(app, first)
    second = approved(app)
    report = execute(app, second)
    native_backfill(app)

    send(app)

    assert len(report.results) == len(second.items)
    texts = [(row.to, row.content) for row in app.gateway.accepted]
    assert len(texts) == len(set(texts)) == 2
