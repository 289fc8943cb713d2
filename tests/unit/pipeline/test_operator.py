"""What a person decides about one job: legal or refused with the job's state, and always kept."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from outbox_world import World

from booking_sms.domain.errors import ActionRefused
from booking_sms.domain.sms_job import JobState, Move, SmsJob
from booking_sms.pipeline.operator import (
    RESENT_BY_PERSON,
    SETTLED_NOT_SENT,
    Operator,
    Person,
)
from booking_sms.testing import NOW
from booking_sms.testing.gateway import GatewayFault

KIM = Person(by="kim", reason="checked with the customer")


@pytest.fixture
def world() -> World:
    return World()


def operator(world: World) -> Operator:
    return Operator(world.services, world.reconcile_policy, KIM)


def doubt(world: World, fault: GatewayFault, **facts: Any) -> SmsJob:
    job = world.add(**facts)
    world.gateway.faults.append(fault)
    world.dispatch()
    return world.stored(job)


def held_doubt(world: World, fault: GatewayFault, **facts: Any) -> SmsJob:
    job = doubt(world, fault, **facts)
    held = world.jobs.move(job, Move.HOLD, reason="content_differs")
    assert held is not None
    return held


def trail(world: World) -> list[tuple[str, str, str]]:
    """What was kept of decisions about jobs."""
    changes = world.control.operator_changes(NOW.date())
    return [(c.name, c.value, c.by) for c in changes if c.name.startswith("job#")]


# --- settled as sent ---------------------------------------------------------------------------


@pytest.mark.parametrize("make", [doubt, held_doubt])
@pytest.mark.parametrize("kind", ["LMS", "SMS"])
def test_settled_as_sent_by_the_named_request_with_flag_and_record(world, make, kind):
    job = make(world, GatewayFault.TIMEOUT_AFTER_ACCEPT, message_type=kind)
    request_id = world.texts[0].request_id

    after = operator(world).settle_as_sent(job, request_id)

    assert (after.state, after.request_id) == (JobState.ACCEPTED, request_id)
    assert after.attempts[-1].outcome == "settled_sent_by_person"
    assert world.flag(job) is True
    word = f"settle sent {request_id} (was {job.state.value}, attempt 1)"
    assert trail(world) == [(f"job#{job.job_id}", word, "kim")]
    world.go_on()
    assert world.stored(job).state is JobState.DELIVERED
    assert len(world.texts) == 1


def test_a_request_that_sens_does_not_list_for_this_recipient_is_refused(world):
    job = held_doubt(world, GatewayFault.TIMEOUT_BEFORE_ACCEPT)
    other = world.add(booking=2, to="01000009999")
    world.dispatch()

    for request_id in ("REQ-000099", world.stored(other).request_id):
        with pytest.raises(ActionRefused, match="state=held"):
            operator(world).settle_as_sent(job, request_id)

    assert world.stored(job) == job
    assert trail(world) == []


@pytest.mark.parametrize("kind", ["LMS", "SMS"])
def test_a_request_that_is_another_jobs_is_refused(world, kind):
    job = held_doubt(world, GatewayFault.TIMEOUT_BEFORE_ACCEPT, message_type=kind)
    other = world.add(booking=2, message_type=kind)
    world.dispatch()

    with pytest.raises(ActionRefused, match="another"):
        operator(world).settle_as_sent(job, world.stored(other).request_id)


def test_what_the_person_saw_ends_without_a_question_to_sens(world):
    job = held_doubt(world, GatewayFault.TIMEOUT_AFTER_ACCEPT)

    after = operator(world).settle_as_seen(job)

    assert (after.state, after.request_id) == (JobState.DELIVERED, "")
    assert world.flag(job) is True


def test_a_crash_after_the_acceptance_of_what_was_seen_is_ended_by_the_poll(world):
    job = held_doubt(world, GatewayFault.TIMEOUT_AFTER_ACCEPT)
    world.jobs.move(job, Move.ACCEPT, reason="settled_sent_by_person")

    world.poll()

    assert world.stored(job).state is JobState.DELIVERED
    assert world.flag(job) is True


@pytest.mark.parametrize("state", sorted(set(JobState) - {JobState.HELD, JobState.OUTCOME_UNKNOWN}))
def test_nothing_else_is_settled_as_sent(world, state):
    job = world.add(state=state, attempt=1)

    with pytest.raises(ActionRefused, match=f"state={state.value}"):
        operator(world).settle_as_seen(job)


def test_a_job_that_was_never_tried_cannot_have_been_sent(world):
    job = world.add(state=JobState.HELD, reason="awaiting_approval")

    with pytest.raises(ActionRefused, match="ever tried"):
        operator(world).settle_as_seen(job)


# --- settled as not sent -----------------------------------------------------------------------


@pytest.mark.parametrize("make", [doubt, held_doubt])
def test_provably_absent_after_the_settle_time_is_sent_once_more(world, make):
    job = make(world, GatewayFault.TIMEOUT_BEFORE_ACCEPT)
    world.advance(minutes=10)

    after = operator(world).settle_as_not_sent(job, accept_possible_duplicate=False)

    assert after.state in (JobState.RETRYABLE, JobState.AVAILABLE)
    assert after.attempts[-1].outcome == SETTLED_NOT_SENT
    world.dispatch()
    assert world.stored(job).attempt == 2
    assert len(world.texts) == 1


@pytest.mark.parametrize("make", [doubt, held_doubt])
def test_before_the_settle_time_only_as_a_recorded_possible_duplicate(world, make):
    job = make(world, GatewayFault.TIMEOUT_BEFORE_ACCEPT)

    with pytest.raises(ActionRefused, match="settle time ends"):
        operator(world).settle_as_not_sent(job, accept_possible_duplicate=False)
    after = operator(world).settle_as_not_sent(job, accept_possible_duplicate=True)

    assert after.attempts[-1].outcome == RESENT_BY_PERSON
    assert "settle time" in trail(world)[0][1]


def test_what_sens_lists_is_not_called_unsent(world):
    job = held_doubt(world, GatewayFault.TIMEOUT_AFTER_ACCEPT)
    world.advance(minutes=10)

    with pytest.raises(ActionRefused, match="SENS lists REQ-000001"):
        operator(world).settle_as_not_sent(job, accept_possible_duplicate=False)


def test_a_list_that_cannot_be_read_proves_nothing(world):
    job = doubt(world, GatewayFault.TIMEOUT_BEFORE_ACCEPT)
    world.advance(minutes=10)
    world.gateway.list_is_down = True

    with pytest.raises(ActionRefused, match="cannot be read"):
        operator(world).settle_as_not_sent(job, accept_possible_duplicate=False)


def test_nothing_is_sent_again_past_its_useful_life(world):
    job = doubt(world, GatewayFault.TIMEOUT_BEFORE_ACCEPT)
    world.advance(hours=4)

    with pytest.raises(ActionRefused, match="useful life"):
        operator(world).settle_as_not_sent(job, accept_possible_duplicate=True)


# --- approve, drop, cancel, reopen -------------------------------------------------------------


def test_an_approved_job_goes_out(world):
    job = world.add(state=JobState.HELD, reason="awaiting_approval")

    after = operator(world).approve(job)
    world.dispatch()

    assert after.state is JobState.AVAILABLE
    assert len(world.texts) == 1
    assert trail(world)[0][1].startswith("approve (was held")


@pytest.mark.parametrize("cap", ["daily", "monthly"])
def test_what_a_cap_held_goes_out_once_approved_under_a_higher_cap(world, cap):
    texts = [world.add(booking=number) for number in (1, 2)]
    world.dispatch(**{f"{cap}_text_cap": 1})
    held = next(job for job in map(world.stored, texts) if job.state is JobState.HELD)
    assert held.reason == f"{cap}_cap"

    operator(world).approve(held)

    assert world.dispatch(**{f"{cap}_text_cap": 2}).counts == {"sent": 1}
    assert world.stored(held).state is JobState.ACCEPTED


@pytest.mark.parametrize("cap", ["daily", "monthly"])
def test_an_approval_does_not_pass_the_cap_itself(world, cap):
    texts = [world.add(booking=number) for number in (1, 2)]
    world.dispatch(**{f"{cap}_text_cap": 1})
    held = next(job for job in map(world.stored, texts) if job.state is JobState.HELD)

    operator(world).approve(held)

    assert world.dispatch(**{f"{cap}_text_cap": 1}).counts == {f"held:{cap}_cap": 1}
    assert (world.stored(held).state, len(world.texts)) == (JobState.HELD, 1)


def test_a_held_doubt_is_not_approved_but_settled(world):
    job = held_doubt(world, GatewayFault.TIMEOUT_AFTER_ACCEPT)

    with pytest.raises(ActionRefused, match="in doubt"):
        operator(world).approve(job)


def test_a_held_job_is_dropped_reopened_and_approved(world):
    job = world.add(state=JobState.HELD, reason="awaiting_approval")

    dropped = operator(world).drop(job)
    assert world.jobs.open_jobs(job.open_shard, NOW) == ()
    reopened = operator(world).reopen(dropped)
    assert world.jobs.open_jobs(job.open_shard, NOW) == (reopened,)
    approved = operator(world).approve(reopened)

    assert [dropped.state, reopened.state, approved.state] == ["cancelled", "held", "available"]
    assert len(trail(world)) == 3


@pytest.mark.parametrize("state", sorted(JobState))
def test_what_is_legal_from_which_state(world, state):
    """Everything else is refused, says the state, and leaves no record."""
    legal = {
        "approve": {JobState.HELD},
        "drop": {JobState.HELD},
        "cancel": {JobState.SCHEDULED, JobState.AVAILABLE, JobState.RETRYABLE, JobState.HELD},
        "reopen": {JobState.CANCELLED},
    }
    for number, (action, states) in enumerate(legal.items()):
        job = world.add(booking=number, state=state)
        decide = getattr(operator(world), action)
        before = trail(world)
        if state in states:
            assert decide(job).state is not state
            continue
        with pytest.raises(ActionRefused, match=f"state={state.value}"):
            decide(job)
        assert world.stored(job) == job
        assert trail(world) == before


@pytest.mark.parametrize("action", ["approve", "reopen"])
def test_nothing_comes_back_past_its_useful_life(world, action):
    state = JobState.HELD if action == "approve" else JobState.CANCELLED
    job = world.add(state=state, not_after=NOW - timedelta(seconds=1))

    with pytest.raises(ActionRefused, match="useful life"):
        getattr(operator(world), action)(job)


def test_a_job_that_moved_on_meanwhile_is_left_alone_and_the_record_says_so(world):
    job = doubt(world, GatewayFault.TIMEOUT_BEFORE_ACCEPT)
    world.go_on(rounds=2)  # settled as absent, and sent again
    moved_on = world.stored(job)
    assert moved_on.attempt == 2

    with pytest.raises(ActionRefused, match="moved on"):
        operator(world).settle_as_seen(job)

    assert world.stored(job) == moved_on
    assert "refused" in trail(world)[-1][1]


@pytest.mark.parametrize("fields", [{"by": " ", "reason": "x"}, {"by": "kim", "reason": ""}])
def test_nobody_decides_without_a_name_and_a_reason(fields):
    with pytest.raises(ActionRefused):
        Person(**fields)
