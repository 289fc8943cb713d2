"""Delivery: the carrier's final word ends a job, with its flag set; a silent list ends nothing."""

from __future__ import annotations

from datetime import timedelta
from itertools import pairwise

import pytest
from outbox_world import World

from booking_sms.domain.errors import StoreUnavailable
from booking_sms.domain.sms_job import JobState
from booking_sms.pipeline.delivery import LATE_COUNTER, LIST_LAG_NOTE, LISTED_COUNTER, is_poll_due
from booking_sms.testing import (
    NOW,
    InMemoryLegacyLedger,
    InMemoryPersonalRecords,
    InMemoryPlanRepository,
)

HOUR, DAY = 3600, 86_400


@pytest.fixture
def world():
    return World()


def accepted(world, **overrides):
    job = world.add(**overrides)
    world.dispatch()
    return job


def test_a_delivered_text_is_final(world):
    job = accepted(world)
    world.gateway.deliver_all()

    assert world.poll().delivered == 1
    stored = world.stored(job)
    assert (stored.state, stored.message_id) == (JobState.DELIVERED, "MSG-000001")
    assert world.poll().polled == 0


def test_an_undelivered_text_keeps_the_carriers_code(world):
    job = accepted(world)
    world.gateway.complete("REQ-000001", state="undelivered", code="2003")

    assert world.poll().undelivered == 1
    assert (world.stored(job).state, world.stored(job).reason) == (JobState.UNDELIVERED, "2003")


def test_a_text_under_way_is_left_alone(world):
    job = accepted(world)

    summary = world.poll()

    assert (summary.polled, summary.pending) == (1, 1)
    assert world.stored(job).state is JobState.ACCEPTED


def test_a_missing_flag_is_repaired_before_the_end(world):
    job = accepted(world)
    world.ledger = InMemoryLegacyLedger()
    world.gateway.deliver_all()

    assert world.poll().flags_repaired == 1
    assert world.flag(job) is True


def test_a_flag_that_is_set_costs_no_write(world):
    accepted(world)
    world.gateway.deliver_all()

    assert world.poll().flags_repaired == 0


def test_a_job_without_a_flag_has_nothing_to_repair(world):
    accepted(world, kind="notice")
    world.gateway.deliver_all()

    summary = world.poll()

    assert (summary.delivered, summary.flags_repaired) == (1, 0)


@pytest.mark.parametrize(("attempt", "state"), [(0, JobState.UNDELIVERED), (1, JobState.DELIVERED)])
def test_a_duplicate_on_a_resend_means_that_the_first_arrived(world, attempt, state):
    job = accepted(world, attempt=attempt)
    world.gateway.complete("REQ-000001", state="undelivered", code="E915")

    world.poll()

    assert world.stored(job).state is state
    assert world.stored(job).reason in {"E915", "duplicate_of_earlier_attempt"}


def test_a_list_that_is_down_is_not_asked_for_ever(world):
    for number in range(1, 7):
        accepted(world, booking=number)
    world.gateway.list_is_down = True

    summary = world.poll()

    assert (summary.list_unavailable, summary.polled) == (3, 3)


def test_a_failing_table_leaves_the_others_polled(world):
    accepted(world, booking=1)
    accepted(world, booking=2)
    world.gateway.deliver_all()
    world.jobs.fail_next_write(StoreUnavailable(), applied=False)

    summary = world.poll()

    assert (summary.store_failed, summary.delivered) == (1, 1)


def test_a_list_that_lags_is_recorded(world):
    world.gateway.list_delay = timedelta(minutes=5)
    accepted(world)
    world.advance(minutes=2)

    summary = world.poll()

    assert (summary.unlisted, summary.late, summary.max_unlisted_age_s) == (1, 1, 120)
    assert world.control.counter(LISTED_COUNTER, NOW.date()) == 1
    assert world.control.counter(LATE_COUNTER, NOW.date()) == 1
    assert world.control.get_note(LIST_LAG_NOTE)["p99_exceeds_half_margin"] is True


def test_a_prompt_list_leaves_no_note(world):
    accepted(world)
    world.advance(minutes=2)
    world.poll()

    assert world.control.counter(LISTED_COUNTER, NOW.date()) == 1
    assert world.control.get_note(LIST_LAG_NOTE) is None


def test_nobody_is_asked_about_a_text_whose_person_was_erased(world):
    job = accepted(world)
    records = InMemoryPersonalRecords(
        world.jobs, world.ledger, world.bodies, InMemoryPlanRepository()
    )
    assert records.blank_job(world.stored(job))
    world.advance(days=41)

    summary = world.poll()

    assert (summary.polled, summary.unreported, summary.unlisted) == (0, 0, 0)
    assert world.stored(job).state is JobState.ACCEPTED


def test_an_old_text_without_a_word_is_counted_and_stays(world):
    job = accepted(world)
    world.advance(days=8)

    assert world.poll().unreported == 1
    assert world.stored(job).state is JobState.ACCEPTED


@pytest.mark.parametrize(
    ("age_s", "due"),
    [
        pytest.param(5, True, id="fresh: always"),
        pytest.param(1790, True, id="half an hour: always"),
        pytest.param(1900, True, id="half-hour boundary just passed"),
        pytest.param(2500, False, id="between half hours"),
        pytest.param(6 * HOUR + 100, True, id="three-hour boundary"),
        pytest.param(7 * HOUR, False, id="between three hours"),
        pytest.param(3 * DAY + 10, True, id="daily boundary"),
        pytest.param(3 * DAY + HOUR, False, id="between days"),
    ],
)
def test_polls_grow_rarer_with_age(age_s, due):
    assert is_poll_due(age_s, tick_s=600) is due


def test_every_text_is_polled_at_least_once_in_each_interval():
    ticks = range(0, 2 * DAY, 600)
    polled = [age for age in ticks if is_poll_due(age, 600)]

    gaps = [later - earlier for earlier, later in pairwise(polled)]

    assert max(gaps) <= DAY
    assert len(polled) < 25


def test_a_delivered_text_costs_five_base_writes(world):
    """Enqueue, intent, accept, ledger flag, delivery: with two index writes, seven units."""
    job = world.add()
    flags = []
    world.ledger = CountingLedger(flags)
    world.dispatch()
    world.gateway.deliver_all()
    world.poll()

    moves = ["insert", "intent", "accept", "deliver"]
    assert world.jobs.writes == [(job.job_id, name) for name in moves]
    assert len(flags) == 1


class CountingLedger(InMemoryLegacyLedger):
    def __init__(self, flags):
        super().__init__()
        self.flags = flags

    def mark_accepted(self, job):
        self.flags.append(job.job_id)
        super().mark_accepted(job)
