"""A booking changes while its messages wait: what is withdrawn, rewritten, planned anew."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from changes_world import STORE, ChangingWorld

from booking_sms import workflow
from booking_sms.domain.booking import BookingStatus
from booking_sms.domain.errors import StoreUnavailable
from booking_sms.domain.job_change import start_occurrence
from booking_sms.domain.sms_job import JobState, Move
from booking_sms.domain.window import Window
from booking_sms.pipeline.plan_document import read_plan
from booking_sms.testing import NOW, GatewayFault

HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
OTHER = "01000009999"


@pytest.fixture
def world() -> ChangingWorld:
    """The recommended rules: a confirmation once, a guide for each start."""
    return ChangingWorld()


def outcome(job: Any) -> tuple[str, str]:
    return job.state.value, job.reason


def test_nothing_waits_for_a_booking_that_was_cancelled(world):
    world.put(starts_in=HOUR)
    world.window()
    world.put(starts_in=HOUR, status=BookingStatus.CANCELLED)

    result = world.window()
    world.send()

    assert {outcome(job) for job in world.app.jobs.jobs} == {("cancelled", "booking_cancelled")}
    assert result["counts"]["changed"] == 2
    assert world.texts() == []


def test_what_was_sent_before_the_cancellation_stays_sent(world):
    world.put(starts_in=HOUR)
    world.window()
    world.send()
    world.put(starts_in=HOUR, status=BookingStatus.CANCELLED)

    world.window()

    assert {job.state for job in world.app.jobs.jobs} == {JobState.ACCEPTED}


def test_a_replaced_bookings_messages_make_room_for_the_new_ones(world):
    world.put(starts_in=HOUR)
    world.window()
    world.put(starts_in=HOUR, status=BookingStatus.CANCELLED)
    world.put(booking_id="7000000002", previous_booking_id="7000000001", starts_in=90 * MINUTE)

    result = world.window()

    old = [job for job in world.app.jobs.jobs if job.booking_num.endswith("1")]
    assert {outcome(job) for job in old} == {("superseded", "booking_replaced")}
    assert (result["counts"]["planned"], result["counts"]["loaded"]) == (2, 2)


def test_the_new_booking_alone_is_enough(world):
    old = world.put(starts_in=HOUR)
    world.window()
    world.app.source.bookings.clear()
    world.put(booking_id="7000000002", previous_booking_id=old.booking_id, starts_in=90 * MINUTE)

    world.window()

    states = [job.state for job in world.app.jobs.of_booking(old.booking_num)]
    assert states == [JobState.SUPERSEDED] * 2


def test_a_confirmation_that_was_sent_is_inherited_and_one_that_was_not_is_not(world):
    for number, is_sent in ((1, True), (3, False)):
        old = world.put(booking_id=f"700000000{number}", starts_in=5 * HOUR)
        world.window()
        if is_sent:
            world.send()
        world.put(booking_id=old.booking_id, starts_in=5 * HOUR, status=BookingStatus.CANCELLED)
        world.put(
            booking_id=f"700000000{number + 1}",
            previous_booking_id=old.booking_id,
            starts_in=6 * HOUR,
        )
    world.window()

    assert not world.app.jobs.of_booking("900101_7000000002")
    assert [job.kind for job in world.app.jobs.of_booking("900101_7000000004")] == ["confirm"]


def test_a_moved_visit_gets_the_guide_of_its_new_start_in_the_same_window(world):
    before = world.put(starts_in=HOUR)
    world.window()
    after = world.put(starts_in=90 * MINUTE)

    world.window()

    old = world.job("guide", occurrence=start_occurrence(before))
    new = world.job("guide", occurrence=start_occurrence(after))
    assert outcome(old) == ("superseded", "booking_moved")
    assert outcome(new) == ("available", "")
    confirm = world.job("confirm")
    assert (confirm.visit_at, confirm.not_after) == (after.starts_at, after.ends_at)
    assert confirm.ledger.booking_time == after.booking_time


def test_a_visit_that_moves_there_and_back_gets_the_guide_of_the_first_start(world):
    first = world.put(starts_in=HOUR)
    world.window()
    world.put(starts_in=90 * MINUTE)
    world.window()
    world.put(starts_in=HOUR)

    result = world.window()
    world.send()

    assert world.job("guide", occurrence=start_occurrence(first)).state is JobState.ACCEPTED
    assert result["counts"]["renewed"] == 1
    assert len(world.texts()) == 2


def test_a_guide_that_went_out_for_a_later_start_is_no_guide_for_the_first_one(world):
    """The row was written for the first start, and its flag was set by the second one's guide."""
    first = world.put(starts_in=3 * HOUR)
    world.window()
    world.send()
    world.put(starts_in=HOUR)
    world.window()
    world.send()
    world.put(starts_in=3 * HOUR)
    world.pass_time(80 * MINUTE)

    world.window()

    assert world.job("guide", occurrence=start_occurrence(first)).state is JobState.AVAILABLE


def test_another_number_gets_everything_that_was_not_sent_to_the_first(world):
    world.put(starts_in=HOUR)
    world.window()
    world.put(starts_in=HOUR, phone=OTHER)

    world.window()
    world.send()

    old = [job for job in world.app.jobs.jobs if job.to != OTHER]
    assert {outcome(job) for job in old} == {("superseded", "phone_changed")}
    assert {row.to for row in world.app.gateway.accepted} == {OTHER}
    assert len(world.texts()) == 2


def test_a_number_that_changes_back_is_texted_after_all(world):
    first = world.put(starts_in=HOUR)
    world.window()
    world.put(starts_in=HOUR, phone=OTHER)
    world.window()
    world.put(starts_in=HOUR)

    world.window()
    world.send()

    assert {row.to for row in world.app.gateway.accepted} == {first.phone}
    assert len(world.texts()) == 2


def test_a_cancellation_that_is_undone_brings_the_messages_back(world):
    world.put(starts_in=HOUR)
    world.window()
    world.put(starts_in=HOUR, status=BookingStatus.CANCELLED)
    world.window()
    world.put(starts_in=HOUR, name="박시험")

    result = world.window()
    world.send()

    assert result["accounting"]["planned"] == result["accounting"]["in_flight"] == 2
    assert {job.state for job in world.app.jobs.jobs} == {JobState.ACCEPTED}
    assert {job.ledger.name for job in world.app.jobs.jobs} == {"박시험"}


def test_what_a_person_cancelled_is_left_alone_whatever_the_booking_does(world):
    world.put(starts_in=5 * HOUR)
    world.window()
    world.app.jobs.move(world.job("confirm"), Move.CANCEL, reason="cancelled_by_person")
    world.put(starts_in=6 * HOUR, name="박시험")

    result = world.window()

    assert outcome(world.job("confirm")) == ("cancelled", "cancelled_by_person")
    assert (result["counts"]["already_there"], result["counts"]["conflicts"]) == (1, 0)


def test_the_same_booking_again_changes_nothing(world):
    world.put(starts_in=HOUR)
    world.window()
    before = world.app.jobs.jobs

    result = world.window()

    assert result["counts"]["changed"] == result["counts"]["planned"] == 0
    assert world.app.jobs.jobs == before


def test_a_rewritten_job_keeps_what_is_its_own(world):
    world.put(starts_in=5 * HOUR)
    world.window()
    job = world.job("confirm")
    held = world.app.jobs.move(job, Move.HOLD, reason="awaiting_approval", plan_hash="f" * 16)
    world.put(starts_in=6 * HOUR)

    world.window()

    now = world.job("confirm")
    assert (now.state, now.reason, now.plan_hash) == (held.state, held.reason, held.plan_hash)
    assert (now.window, now.not_before, now.due_at) == (job.window, job.not_before, job.due_at)
    assert now.booking_version != job.booking_version
    assert now.visit_at == NOW + 6 * HOUR


def test_a_completed_visit_loses_none_of_its_messages(world):
    world.put(starts_in=HOUR)
    world.window()
    world.put(starts_in=HOUR, status=BookingStatus.COMPLETED)

    world.window()

    assert {job.state for job in world.app.jobs.jobs} == {JobState.AVAILABLE}


@pytest.mark.parametrize("is_known", [True, False], ids=["text missing", "rule gone"])
def test_what_cannot_be_written_anew_waits_for_a_person(world, is_known):
    world.put(starts_in=5 * HOUR)
    world.window()
    job = world.job("confirm")
    if not is_known:
        world.app.jobs.amend(job, rule="a-rule-of-yesterday")
    else:
        del world.app.catalog().messages.templates["confirm"]
    world.put(starts_in=6 * HOUR)

    world.window()
    world.send()

    state, reason = outcome(world.job("confirm"))
    assert state == "held"
    assert reason.startswith("MessageTextMissing" if is_known else "rule_gone")
    assert world.texts() == []


# --- in doubt ---------------------------------------------------------------------------------


def in_doubt(world: ChangingWorld) -> None:
    """A confirmation of which nobody knows whether it arrived; it did not."""
    world.put(starts_in=5 * HOUR)
    world.window()
    world.app.gateway.faults.append(GatewayFault.TIMEOUT_BEFORE_ACCEPT)
    world.send()
    assert world.job("confirm").state is JobState.OUTCOME_UNKNOWN


def settle(world: ChangingWorld) -> None:
    for _ in range(3):
        world.pass_time()
        workflow.settle_unknown_outcomes(world.app)


def test_a_doubt_of_a_cancelled_booking_is_not_sent_again(world):
    in_doubt(world)
    world.put(starts_in=5 * HOUR, status=BookingStatus.CANCELLED)

    world.window()
    settle(world)
    world.send()

    assert outcome(world.job("confirm")) == ("cancelled", "no_resend")
    assert world.texts() == []


def test_a_doubt_that_is_wanted_again_is_sent_again(world):
    in_doubt(world)
    world.put(starts_in=5 * HOUR, status=BookingStatus.CANCELLED)
    world.window()
    assert world.job("confirm").no_resend
    world.put(starts_in=5 * HOUR)

    world.window()
    settle(world)
    world.send()

    assert world.job("confirm").state is JobState.ACCEPTED
    assert len(world.texts()) == 1


def test_what_was_absent_and_unwanted_is_planned_anew_when_it_is_wanted_again(world):
    in_doubt(world)
    world.put(starts_in=5 * HOUR, status=BookingStatus.CANCELLED)
    world.window()
    settle(world)
    world.put(starts_in=5 * HOUR)

    world.window()
    world.send()

    assert (world.job("confirm").state, world.job("confirm").attempt) == (JobState.ACCEPTED, 2)
    assert not world.job("confirm").no_resend


def test_a_held_doubt_keeps_its_place_and_is_only_marked(world):
    in_doubt(world)
    world.app.jobs.move(world.job("confirm"), Move.HOLD, reason="content_differs")
    world.put(starts_in=5 * HOUR, status=BookingStatus.CANCELLED)

    world.window()

    job = world.job("confirm")
    assert (job.state, job.reason, job.no_resend) == (JobState.HELD, "content_differs", True)


# --- races and crashes --------------------------------------------------------------------------


def test_a_withdrawal_that_comes_too_late_leaves_the_new_message_to_the_next_window(world):
    world.put(starts_in=5 * HOUR)
    world.window()
    world.put(starts_in=5 * HOUR, phone=OTHER)
    window, extracts, planned = world.plan()
    world.send()  # between the plan and its load

    loaded = workflow.load_jobs(world.app, window, planned["plan_key"])
    report, _ = workflow.window_report(world.app, window, extracts, loaded)

    assert loaded["counts"]["lost_changes"] == loaded["counts"]["overtaken"] == 1
    assert report["accounting"]["planned"] == report["accounting"]["overtaken"] == 1
    assert len(world.app.jobs.jobs) == 1
    world.window()  # the number changed after the confirmation arrived: none for the new one
    assert len(world.app.jobs.jobs) == 1


def test_a_load_that_is_repeated_after_a_crash_goes_on(world):
    world.put(starts_in=HOUR)
    world.window()
    world.put(starts_in=HOUR, phone=OTHER)
    window, _, planned = world.plan()
    world.app.jobs.fail_next_write(StoreUnavailable(), applied=True)

    with pytest.raises(StoreUnavailable):
        workflow.load_jobs(world.app, window, planned["plan_key"])
    again = workflow.load_jobs(world.app, window, planned["plan_key"])

    assert again["counts"]["overtaken"] == 0
    states = sorted((job.to, job.state.value) for job in world.app.jobs.jobs)
    assert states == [
        ("01000001234", "superseded"),
        ("01000001234", "superseded"),
        (OTHER, "available"),
        (OTHER, "available"),
    ]


def test_an_old_window_changes_nothing(world):
    """It knows the booking as it was, and must not undo what a later window saw."""
    world.put(starts_in=5 * HOUR, phone=OTHER)
    workflow.extract_store(world.app, Window(NOW), STORE)
    world.pass_time(HOUR)
    world.put(starts_in=5 * HOUR)
    world.window()

    result = world.window(NOW)

    waiting = world.job("confirm", to="01000001234")
    assert (waiting.state, result["counts"]["changed"]) == (JobState.AVAILABLE, 0)


def test_a_plan_that_became_old_before_it_was_loaded_changes_nothing(world):
    world.put(starts_in=5 * HOUR)
    world.window()
    world.put(starts_in=5 * HOUR, phone=OTHER)
    window, _, planned = world.plan()
    world.pass_time(HOUR)

    loaded = workflow.load_jobs(world.app, window, planned["plan_key"])

    assert world.job("confirm").state is JobState.AVAILABLE
    assert loaded["counts"]["overtaken"] == loaded["counts"]["lost_changes"] == 1


def test_the_staged_plan_carries_the_changes(world):
    world.put(starts_in=HOUR)
    world.window()
    before = world.app.jobs.jobs
    world.put(starts_in=90 * MINUTE)

    _, _, planned = world.plan()
    batch = read_plan(world.app.stage, world.app.sealer, planned["plan_key"])

    assert sorted(change.action.value for change in batch.changes) == ["rewrite", "supersede"]
    assert {change.job for change in batch.changes} == set(before)
    assert planned["counts"]["changes"] == {"rewrite": 1, "supersede": 1}


# --- twins --------------------------------------------------------------------------------------


def test_two_bookings_of_one_customer_at_one_time_are_two_bookings(world):
    """Two ids are two bookings, with a guide each: one of them may be a friend's, or cancelled."""
    for number in (1, 2):
        world.put(booking_id=f"700000000{number}", starts_in=HOUR)
    world.window()
    world.put(booking_id="7000000001", starts_in=HOUR, status=BookingStatus.CANCELLED)

    world.window()
    world.send()

    kept = world.app.jobs.of_booking("900101_7000000002")
    assert [job.state for job in kept] == [JobState.ACCEPTED] * 2
    assert len(world.texts()) == 2


def test_notices_to_colleagues_are_not_withdrawn(world):
    booking = world.put(starts_in=5 * HOUR)
    world.window()
    notice = world.job("confirm").evolve(
        sort_key="seen#once#slack", kind="seen", channel="slack", to="slack"
    )
    world.app.jobs.insert_if_absent(notice)
    world.put(starts_in=5 * HOUR, status=BookingStatus.CANCELLED)

    world.window()

    assert world.app.jobs.get(booking.booking_num, "seen#once#slack") == notice
