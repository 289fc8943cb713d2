"""An outbox of an earlier instant: what went out since is found in SENS's list, never sent again.

The steps are those of docs/restore.md, from the switch to the restored tables on.
"""

from __future__ import annotations

from copy import deepcopy
from dataclasses import replace

import pytest
from outbox_world import TEXT, World

from booking_sms.domain.errors import ActionRefused, StoreUnavailable
from booking_sms.domain.sms_job import JobState, Move
from booking_sms.pipeline.audit import AuditReport, audit_day
from booking_sms.pipeline.going_live import HeldAll, hold_everything
from booking_sms.pipeline.operator import Operator, Person
from booking_sms.testing import NOW
from booking_sms.testing.gateway import GatewayFault

KIM = Person(by="kim", reason="restored")
KINDS = ("LMS", "SMS")


@pytest.fixture
def world() -> World:
    return World()


def restored(world: World, then: tuple[dict, dict]) -> None:
    """The tables of ``then``, with the kill switch thrown before anything is restarted."""
    world.jobs._jobs, world.ledger = deepcopy(then[0]), deepcopy(then[1])
    world.control.set_kill_switch("all", True, by="kim", reason="restored")


def tables(world: World) -> tuple[dict, dict]:
    return deepcopy(world.jobs._jobs), deepcopy(world.ledger)


def hold(world: World) -> HeldAll:
    return hold_everything(world.control, world.jobs, KIM)


def audited(world: World) -> AuditReport:
    world.advance(minutes=20)  # past the settle time
    return audit_day(world.services, world.reconcile_policy, NOW.date())


def settle_what_is_named(world: World) -> int:
    """The person's part: each row of SENS's that has no job is settled as the job that is named."""
    jobs = {job.job_id: job for job in world.jobs.jobs}
    residue = audited(world).residue
    for one in residue:
        assert one.kind == "row_without_job"
        Operator(world.services, world.reconcile_policy, KIM).settle_as_sent(
            jobs[one.job_id], one.request_id
        )
    return len(residue)


def release(world: World) -> None:
    """Approve what is held still, and let it go."""
    for job in world.jobs.jobs:
        if job.state is JobState.HELD:
            Operator(world.services, world.reconcile_policy, KIM).approve(job)
    world.control.set_kill_switch("all", False, by="kim", reason="settled")
    world.go_on()


@pytest.mark.parametrize("kind", KINDS)
def test_no_text_is_doubled_and_none_is_lost(world, kind):
    # Short lives would expire what waits for the person.
    life = {"message_type": kind, "not_after": NOW.replace(hour=23)}
    before = world.add("보낸 글", booking=1, **life)
    world.dispatch()
    waits = world.add("복원 뒤에 나간 글", booking=2, to="01000000002", **life)
    never = {"booking": 3, "to": "01000000003", "due_at": NOW.replace(hour=18)}
    later = world.add("아직 안 나간 글", **never, **life | {"not_before": NOW.replace(hour=18)})
    then = tables(world)
    world.dispatch()
    booked = world.add("나중에 예약한 사람의 글", booking=4, to="01000000004", **life)
    world.dispatch()
    assert len(world.texts) == 3

    restored(world, then)
    # A window decides on the bookings that were made since: their jobs come back under their keys.
    again = world.add("나중에 예약한 사람의 글", booking=4, to="01000000004", **life)
    world.dispatch()
    assert hold(world) == HeldAll(held=3, plan_hash=world.stored(again).plan_hash)
    assert settle_what_is_named(world) == 2
    assert audited(world).is_clean
    release(world)
    assert len(world.texts) == 3
    world.clock.set(NOW.replace(hour=18, minute=1))
    world.go_on(2)

    assert len(world.texts) == 4
    assert [world.stored(job).state for job in (before, waits, booked, later)] == [
        JobState.DELIVERED
    ] * 4
    assert [world.flag(job) for job in (waits, booked)] == [True, True]
    assert audited(world).is_clean


def test_a_retry_after_the_instant_is_found_though_the_restored_job_knows_of_none(world):
    world.gateway.faults += [GatewayFault.TIMEOUT_BEFORE_ACCEPT]
    job = world.add(not_after=NOW.replace(hour=23))
    world.dispatch()
    then = tables(world)
    world.go_on()
    assert world.stored(job).attempt == 2
    assert len(world.texts) == 1

    restored(world, then)
    assert not hold(world).is_whole
    for _ in range(3):
        world.advance(minutes=10)
        world.settle()
    assert world.stored(job).state is JobState.RETRYABLE
    assert hold(world).is_whole
    assert settle_what_is_named(world) == 1
    release(world)

    assert len(world.texts) == 1
    assert world.stored(job).state is JobState.DELIVERED


def test_without_the_kill_switch_nothing_is_held(world):
    job = world.add()

    with pytest.raises(ActionRefused, match="kill switch"):
        hold(world)

    assert world.stored(job) == job


def test_holding_says_who_and_why_and_leaves_notices_and_what_is_settled(world):
    notice, sent = world.add_notice(), world.add(booking=2)
    sent = world.jobs.move(sent, Move.CANCEL, reason="x")
    world.control.set_kill_switch("all", True, by="kim", reason="x")

    assert hold(world).held == 0

    assert (world.stored(notice), world.stored(sent)) == (notice, sent)
    assert ("outbox", "hold all", "kim") in [
        (one.name, one.value, one.by) for one in world.control.operator_changes(NOW.date())
    ]


# --- settling without a try that we know of ----------------------------------------------------


def held(world: World, kind: str, **facts):
    return world.add(state=JobState.HELD, reason="awaiting_approval", message_type=kind, **facts)


def sent_row(world: World, kind: str, text: str = TEXT):
    """A request of SENS's for the same recipient, by a job that is then forgotten."""
    job = world.add(text, booking=9, message_type=kind)
    world.dispatch()
    del world.jobs._jobs[job.booking_num, job.sort_key]
    world.ledger.claims.clear()
    return world.texts[-1]


@pytest.mark.parametrize("kind", KINDS)
def test_another_text_to_the_same_person_is_no_proof(world, kind):
    row = sent_row(world, kind, "다른 글")
    job = held(world, kind)

    with pytest.raises(ActionRefused, match="state=held"):
        Operator(world.services, world.reconcile_policy, KIM).settle_as_sent(job, row.request_id)

    assert world.stored(job) == job


def test_a_text_that_the_list_hides_is_no_proof(world):
    row = sent_row(world, "SMS")
    world.gateway.accepted[-1] = replace(row, content=None)
    job = held(world, "SMS")

    with pytest.raises(ActionRefused, match="does not show the text"):
        Operator(world.services, world.reconcile_policy, KIM).settle_as_sent(job, row.request_id)


@pytest.mark.parametrize("state", [JobState.AVAILABLE, JobState.SCHEDULED, JobState.RETRYABLE])
def test_what_could_leave_at_this_moment_is_held_before_it_is_settled(world, state):
    row = sent_row(world, "SMS")
    job = world.add(state=state, message_type="SMS")

    with pytest.raises(ActionRefused, match="held"):
        Operator(world.services, world.reconcile_policy, KIM).settle_as_sent(job, row.request_id)


def test_one_request_settles_one_of_two_twins(world):
    row = sent_row(world, "SMS")
    first, second = (held(world, "SMS", booking=number) for number in (1, 2))
    operator = Operator(world.services, world.reconcile_policy, KIM)

    after = operator.settle_as_sent(first, row.request_id)

    assert after.state is JobState.ACCEPTED
    assert after.t0 == int(row.requested_at.timestamp() * 1000)
    with pytest.raises(ActionRefused, match="another job"):
        operator.settle_as_sent(second, row.request_id)


def test_a_settling_that_is_cut_off_can_only_be_done_again(world):
    row = sent_row(world, "SMS")
    job = held(world, "SMS")
    operator = Operator(world.services, world.reconcile_policy, KIM)
    world.jobs.fail_next_write(StoreUnavailable(table="x"), applied=True)
    with pytest.raises(StoreUnavailable):
        operator.settle_as_sent(job, row.request_id)

    with pytest.raises(ActionRefused, match="in doubt"):
        operator.approve(world.stored(job))

    assert operator.settle_as_sent(world.stored(job), row.request_id).state is JobState.ACCEPTED
