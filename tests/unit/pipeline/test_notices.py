"""Notices to colleagues go out at least once, never through SENS, and stop no door code."""

import itertools
from datetime import timedelta
from typing import Any

import pytest
import structlog
from outbox_world import Crash, Tripwire, World

from booking_sms.domain.errors import AlertFailed
from booking_sms.domain.sms_job import FINAL, JobState
from booking_sms.pipeline.send_gate import pause_sending

SAFE = AlertFailed(channel="slack", reason="throttled", retry_safe=True)
FOR_GOOD = AlertFailed(channel="slack", reason="no_team")


@pytest.fixture
def world() -> World:
    return World()


@pytest.mark.parametrize("channel", ["slack", "telegram"])
def test_it_reaches_its_channel_and_nobody_else(world: World, channel: str) -> None:
    notice = world.add_notice("명단 3건", channel=channel)

    summary = world.dispatch()

    assert summary.counts == {"told": 1}
    assert {name: one.texts for name, one in world.channels.items() if one.texts} == {
        channel: ["명단 3건"]
    }
    assert world.texts == []
    assert world.stored(notice).state is JobState.DELIVERED
    assert world.ledger.rows(["digest#roster"]) == ()


def test_a_log_event_is_one_line_of_the_log(world: World) -> None:
    world.add_notice('{"rule": "log-failed", "bookings": 1}', channel="log")

    with structlog.testing.capture_logs() as lines:
        world.dispatch()

    assert [line for line in lines if line["event"] == "roster"] == [
        {"event": "roster", "log_level": "info", "rule": "log-failed", "bookings": 1}
    ]


def test_customers_come_first_and_a_failing_chat_costs_one_try(world: World) -> None:
    notices = [world.add_notice(booking_num=f"digest#{n}") for n in range(3)]
    guide = world.add()
    world.channels["slack"].failure = SAFE

    summary = world.dispatch(shards=range(16))

    assert summary.counts == {
        "not_sent:throttled": 1,
        "sent": 1,
        "waiting:channel_failed": 2,
    }
    assert world.stored(guide).state is JobState.ACCEPTED
    assert {world.stored(notice).attempt for notice in notices} == {0, 1}


def test_it_is_tried_again_later_and_refused_for_good(world: World) -> None:
    notice = world.add_notice()
    world.channels["slack"].failure = SAFE
    world.dispatch()
    assert world.stored(notice).state is JobState.RETRYABLE

    world.advance(minutes=15)
    world.channels["slack"].failure = FOR_GOOD
    world.dispatch()

    assert world.stored(notice).state is JobState.REJECTED
    assert world.stored(notice).reason == "no_team"


def test_without_its_channel_it_waits_for_a_person(world: World) -> None:
    notice = world.add_notice(channel="slack")
    world.channels.pop("slack")

    assert world.dispatch().counts == {"held:no_channel": 1}
    assert world.stored(notice).state is JobState.HELD


def test_a_pause_of_sens_does_not_silence_those_who_should_hear_of_it(world: World) -> None:
    world.add_notice()
    world.add()
    pause_sending(world.control, "quota", world.transport_clock.now_ms(), 900)

    assert world.dispatch().counts == {"told": 1, "waiting:paused_quota": 1}


@pytest.mark.parametrize(
    ("throw", "reason"),
    [
        (lambda control: control.set_delivery_mode("off", by="a", reason="b"), "mode_off"),
        (lambda control: control.set_kill_switch("rule:r", True, by="a", reason="b"), "kill_rule"),
        (lambda control: control.set_kill_switch("all", True, by="a", reason="b"), "kill_all"),
    ],
)
def test_mode_and_kill_switches_hold_it_back(world: World, throw: Any, reason: str) -> None:
    world.add_notice(rule="r")
    throw(world.control)

    assert world.dispatch().counts == {f"waiting:{reason}": 1}
    assert world.channels["slack"].texts == []


def test_it_expires_like_any_message(world: World) -> None:
    notice = world.add_notice(not_after=world.clock.now() + timedelta(minutes=5))
    world.control.set_delivery_mode("off", by="a", reason="b")
    world.advance(minutes=6)
    world.expire()

    assert world.stored(notice).state is JobState.EXPIRED


def _steps_of_one_notice() -> int:
    world = World()
    world.add_notice()
    wire = Tripwire(None, "before", Crash())
    world.dispatch(world.services_through(wire.wrap))
    return len(wire.calls)


@pytest.mark.parametrize(
    ("step", "when"), [*itertools.product(range(_steps_of_one_notice()), ["before", "after"])]
)
def test_killed_anywhere_it_is_told_at_least_once_and_ends(step: int, when: str) -> None:
    world = World()
    notice = world.add_notice(not_after=world.clock.now() + timedelta(hours=3))
    wire = Tripwire(step, when, Crash())
    with pytest.raises(Crash):
        world.dispatch(world.services_through(wire.wrap))

    world.go_on()

    assert world.stored(notice).state in FINAL
    assert world.stored(notice).state is JobState.DELIVERED
    assert 1 <= len(world.channels["slack"].texts) <= 2
    assert world.texts == []
