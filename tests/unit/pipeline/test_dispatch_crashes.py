"""A process may die, or a table may fail, at any call: at most one text, and never a lost one.

Each scenario is run once to list the calls that it makes; then it is broken at every one of
them, before and after the call takes effect, and the schedule goes on as if nothing had been.
"""

from __future__ import annotations

import pytest
from outbox_world import Crash, Tripwire, World

from booking_sms.domain.errors import StoreUnavailable
from booking_sms.domain.sms_job import FINAL, JobState
from booking_sms.testing import GatewayFault

WHENS = ("before", "after")


def dispatched(message_type, wire):
    """One due text, dispatched under the tripwire."""
    world = World()
    job = world.add(message_type=message_type)
    run(lambda: world.dispatch(world.services_through(wire.wrap), shards=[job.open_shard]), wire)
    return world, job


def settled(message_type, wire):
    """One text in doubt that SENS lists."""
    world, job = in_doubt(message_type, GatewayFault.TIMEOUT_AFTER_ACCEPT)
    run(lambda: world.settle(world.services_through(wire.wrap)), wire)
    return world, job


def settled_absent(message_type, wire):
    """One text in doubt that SENS does not list, at the look that settles it."""
    world, job = in_doubt(message_type, GatewayFault.TIMEOUT_BEFORE_ACCEPT)
    world.settle()
    world.advance(minutes=10)
    run(lambda: world.settle(world.services_through(wire.wrap)), wire)
    return world, job


def in_doubt(message_type, fault):
    world = World()
    job = world.add(message_type=message_type)
    world.gateway.faults.append(fault)
    world.dispatch()
    world.advance(minutes=10)
    return world, job


def polled(message_type, wire):
    """One accepted text whose flag is missing, delivered by the carrier."""
    world = World()
    job = world.add(message_type=message_type)
    broken = Tripwire(None, "before", StoreUnavailable())
    broken.at = len(calls_of(dispatched, message_type)) - 1
    world.dispatch(world.services_through(broken.wrap), shards=[job.open_shard])
    world.gateway.deliver_all()
    run(lambda: world.poll(world.services_through(wire.wrap)), wire)
    return world, job


def run(act, wire):
    """Run into the tripwire's failure, whatever it is."""
    try:
        act()
    except type(wire.failure):
        pass


def calls_of(scenario, message_type):
    wire = Tripwire(None, "before", Crash())
    scenario(message_type, wire)
    return wire.calls


def every_call(scenario, *, without=()):
    """One case a call; of the listings of shards, which are alike, the first."""
    cases = []
    for message_type in ("LMS", "SMS"):
        names = calls_of(scenario, message_type)
        cases += [
            pytest.param(message_type, at, id=f"{message_type}-{at:02}-{name}")
            for at, name in enumerate(names)
            if name not in without and (at == 0 or (name, names[at - 1]) != ("open_jobs",) * 2)
        ]
    return cases


def assert_one_text_and_delivered(world, job):
    assert len(world.texts) <= 1
    world.go_on()
    stored = world.stored(job)
    assert len(world.texts) == 1
    assert stored.state is JobState.DELIVERED
    assert stored.request_id == world.texts[0].request_id
    assert world.flag(job) is True


def test_a_text_is_sent_in_the_designed_order():
    calls = calls_of(dispatched, "SMS")

    order = ["sending_state", "count_texts", "get_many", "sign", "move:intent"]
    order += ["send", "claim_request", "move:accept", "mark_accepted"]
    assert [name for name in calls if name in order] == order


@pytest.mark.parametrize("when", WHENS)
@pytest.mark.parametrize(("message_type", "at"), every_call(dispatched))
def test_crash_at_any_call_of_dispatch(message_type, at, when):
    assert_one_text_and_delivered(*dispatched(message_type, Tripwire(at, when, Crash())))


@pytest.mark.parametrize("when", WHENS)
@pytest.mark.parametrize(("message_type", "at"), every_call(dispatched, without=("sign", "send")))
def test_table_failure_at_any_call_of_dispatch(message_type, at, when):
    wire = Tripwire(at, when, StoreUnavailable())

    assert_one_text_and_delivered(*dispatched(message_type, wire))


@pytest.mark.parametrize("failure", [Crash(), StoreUnavailable()], ids=["crash", "table failure"])
@pytest.mark.parametrize("when", WHENS)
@pytest.mark.parametrize(("message_type", "at"), every_call(settled))
def test_failure_at_any_call_of_settling_what_is_listed(message_type, at, when, failure):
    assert_one_text_and_delivered(*settled(message_type, Tripwire(at, when, failure)))


@pytest.mark.parametrize("failure", [Crash(), StoreUnavailable()], ids=["crash", "table failure"])
@pytest.mark.parametrize("when", WHENS)
@pytest.mark.parametrize(("message_type", "at"), every_call(settled_absent))
def test_failure_at_any_call_of_settling_what_is_absent(message_type, at, when, failure):
    assert_one_text_and_delivered(*settled_absent(message_type, Tripwire(at, when, failure)))


@pytest.mark.parametrize("failure", [Crash(), StoreUnavailable()], ids=["crash", "table failure"])
@pytest.mark.parametrize("when", WHENS)
@pytest.mark.parametrize(("message_type", "at"), every_call(polled))
def test_failure_at_any_call_of_the_delivery_poll(message_type, at, when, failure):
    assert_one_text_and_delivered(*polled(message_type, Tripwire(at, when, failure)))


@pytest.mark.parametrize("fault", list(GatewayFault))
def test_every_answer_of_the_gateway_ends_in_one_outcome(fault):
    world = World()
    job = world.add()
    world.gateway.faults.append(fault)

    world.dispatch()
    world.go_on(rounds=12)

    stored = world.stored(job)
    refused = fault is GatewayFault.REFUSED
    assert stored.state is (JobState.REJECTED if refused else JobState.DELIVERED)
    assert len(world.texts) == (0 if refused else 1)
    assert stored.attempts
    assert stored.reason or not refused


def test_a_sender_that_always_dies_at_the_post_ends_expired_with_a_reason():
    world = World()
    job = world.add()
    sending = calls_of(dispatched, "LMS").index("send")

    for _ in range(20):
        world.advance(minutes=10)
        world.settle()
        wire = Tripwire(sending, "before", Crash())
        services = world.services_through(wire.wrap)
        run(lambda services=services: world.dispatch(services, shards=[job.open_shard]), wire)
        world.expire()

    assert world.texts == []
    assert world.stored(job).state in FINAL
    assert world.stored(job).state is JobState.EXPIRED
    assert world.stored(job).reason in {"not_after", "absent_past_not_after"}
