"""A plan that comes to the outbox late: looked at once more, held, and all of it counted."""

from __future__ import annotations

from datetime import timedelta

import pytest
from repair_world import MISSED, change, native_backfill, send, shop, states, visit

from booking_sms import workflow
from booking_sms.domain.booking import BookingStatus
from booking_sms.domain.errors import BookingApiUnavailable
from booking_sms.domain.sms_job import JobState
from booking_sms.domain.window import Window
from booking_sms.pipeline.plan_document import read_plan
from booking_sms.testing import NOW


def planned(app, as_of=MISSED):
    """Extract and plan a window; what comes next is the loading."""
    extracts, _ = workflow.extract_stores(app, Window(as_of), app.store_ids())
    return extracts, workflow.plan_jobs(app, Window(as_of), extracts)["plan_key"]


def loaded_and_counted(app, extracts, plan_key, as_of=MISSED):
    """Load a staged plan and close the books of its window."""
    loaded = workflow.load_jobs(app, Window(as_of), plan_key)
    report, _ = workflow.window_report(app, Window(as_of), extracts, loaded)
    return loaded, report["accounting"]


@pytest.mark.parametrize("status", [BookingStatus.CANCELLED, BookingStatus.NO_SHOW])
def test_a_visit_that_is_off_is_recorded_as_cancelled(status):
    app = shop(visit(), visit(2))
    extracts, key = planned(app)
    change(app, 1, status=status)

    loaded, accounting = loaded_and_counted(app, extracts, key)

    assert states(app) == {f"cancelled: {status}": 2, "held: awaiting_approval": 2}
    assert (accounting["planned"], accounting["skipped"], accounting["held"]) == (4, 2, 2)
    assert loaded["dropped"] == {}


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"starts_at": NOW + timedelta(hours=2)}, "moved"),
        ({"phone": "01000009999"}, "phone_changed"),
    ],
)
def test_a_visit_that_needs_another_message_is_taken_out_and_counted(changes, reason):
    app = shop(visit(), visit(2))
    extracts, key = planned(app)
    change(app, 1, **changes)

    loaded, accounting = loaded_and_counted(app, extracts, key)

    assert loaded["dropped"] == {reason: 2}
    assert states(app) == {"held: awaiting_approval": 2}
    assert accounting["planned"] == accounting["held"] == 2
    batch = read_plan(app.stage, app.sealer, loaded["plan_key"])
    assert batch.outcomes == {"held: awaiting_approval": 2, f"dropped: {reason}": 2}
    assert sum(counts.planned for counts in batch.rules.values()) == 2


def test_a_moved_visit_still_gets_its_door_code():
    """A row of the old plan under the same key would have taken the new message's place."""
    app = shop()
    extracts, key = planned(app)
    change(app, starts_at=NOW + timedelta(hours=1), ends_at=NOW + timedelta(hours=2))
    loaded_and_counted(app, extracts, key)

    native_backfill(app, NOW)

    assert send(app) == {"sent": 2}


def test_what_is_past_its_use_expires_instead_of_waiting():
    app = shop(visit(starts_in=timedelta(minutes=-50)))
    extracts, key = planned(app)
    app.clock.advance(timedelta(minutes=11))

    _, accounting = loaded_and_counted(app, extracts, key)

    assert states(app) == {"expired: not_after": 1, "held: awaiting_approval": 1}
    assert accounting["expired"] == 1


def test_a_booking_that_cannot_be_read_is_held_all_the_same():
    app = shop()
    extracts, key = planned(app)
    app.source.failures["900101"] = BookingApiUnavailable(store="900101")

    loaded_and_counted(app, extracts, key)

    assert states(app) == {"held: awaiting_approval": 2}


def test_a_plan_that_was_on_time_and_is_loaded_late_is_held_too():
    app = shop()
    extracts, key = planned(app, NOW)
    app.clock.advance(timedelta(minutes=41))

    loaded_and_counted(app, extracts, key, NOW)

    assert {job.state for job in app.jobs.jobs} == {JobState.HELD}
    assert len({job.plan_hash for job in app.jobs.jobs}) == 1
    assert send(app) == {}


def test_a_plan_that_is_loaded_in_time_asks_nothing_again():
    app = shop()
    extracts, key = planned(app, NOW)
    app.source.failures["900101"] = BookingApiUnavailable(store="900101")

    loaded_and_counted(app, extracts, key, NOW)

    assert states(app) == {"available": 2}


def test_loading_an_old_plan_twice_changes_nothing():
    app = shop()
    extracts, key = planned(app)
    first, _ = loaded_and_counted(app, extracts, key)
    written = list(app.jobs.writes)

    again, accounting = loaded_and_counted(app, extracts, key)

    assert app.jobs.writes == written
    assert again["counts"]["already_there"] == first["counts"]["loaded"] == 2
    assert accounting["planned"] == 2
