"""At every call a process may die: what is the text then, and what does the next run do?"""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from functools import cache

import pytest
from outbox_world import Crash, Tripwire, World

from booking_sms.domain.send_meaning import MAY_BE_SENT_AGAIN, SendMeaning
from booking_sms.domain.sms_job import FINAL, SENT, JobState, SmsJob
from booking_sms.pipeline.crash_points import BEFORE_ANYTHING, CRASH_POINTS, crash_point_of
from booking_sms.testing import NOW, GatewayFault

MESSAGES = {
    "LMS": {"message_type": "LMS", "message_class": "information"},
    "SMS": {"message_type": "SMS", "message_class": "advertising"},
}
ANSWERS = {
    "accepted": None,
    "not_sent": GatewayFault.NOT_SENT,
    "refused": GatewayFault.REFUSED,
    "lost_before": GatewayFault.TIMEOUT_BEFORE_ACCEPT,
    "lost_after": GatewayFault.TIMEOUT_AFTER_ACCEPT,
}
Act = Callable[[World, SmsJob, Tripwire], None]


# --- what is done until the process dies ------------------------------------------------------


def dispatch(world: World, job: SmsJob, wire: Tripwire) -> None:
    world.dispatch(world.services_through(wire.wrap), shards=[job.open_shard])


def dispatch_and_settle(world: World, job: SmsJob, wire: Tripwire) -> None:
    """Two looks: the second is the one that may call it absent."""
    dispatch(world, job, wire)
    for minutes in (5, 10):
        world.advance(minutes=minutes)
        world.settle(world.services_through(wire.wrap))


def die_and_settle(world: World, job: SmsJob, wire: Tripwire) -> None:
    """The first sender dies at its POST, so that the lease lapses; its calls count as well."""
    sender = Tripwire(calls_until("move:intent", job), "after", Crash())
    dying(lambda: dispatch(world, job, sender))
    wire.calls += sender.calls
    wire.at = None if wire.at is None else wire.at + len(sender.calls)
    for minutes in (5, 10):
        world.advance(minutes=minutes)
        world.settle(world.services_through(wire.wrap))


def unwanted_meanwhile(world: World, job: SmsJob, wire: Tripwire) -> None:
    dispatch(world, job, wire)
    world.jobs.amend(world.stored(job), no_resend=True)
    for minutes in (5, 10):
        world.advance(minutes=minutes)
        world.settle(world.services_through(wire.wrap))


def calls_until(call: str, job: SmsJob) -> int:
    probe = Tripwire(None, "before", Crash())
    rehearsal = World()
    dispatch(rehearsal, rehearsal.add(**MESSAGES[job.message_type]), probe)
    return probe.calls.index(call)


SCENARIOS: dict[str, tuple[Act, str, dict[str, object]]] = {
    "accepted": (dispatch, "accepted", {}),
    "not sent": (dispatch, "not_sent", {}),
    "refused": (dispatch, "refused", {}),
    "doubt, absent": (dispatch_and_settle, "lost_before", {}),
    "doubt, listed": (dispatch_and_settle, "lost_after", {}),
    "doubt, absent and too late": (
        dispatch_and_settle,
        "lost_before",
        {"not_after": NOW.replace(minute=12)},
    ),
    "doubt, absent and unwanted": (unwanted_meanwhile, "lost_before", {}),
    "sender dead at its POST": (die_and_settle, "accepted", {}),
}


def dying(act: Callable[[], None]) -> None:
    with contextlib.suppress(Crash):
        act()


def played(scenario: str, message: str, at: int | None) -> tuple[World, SmsJob, list[str]]:
    """The world after the crash behind call ``at``, and the calls that took effect until then."""
    act, answer, overrides = SCENARIOS[scenario]
    world = World()
    job = world.add(**MESSAGES[message], **overrides)
    if fault := ANSWERS[answer]:
        world.gateway.faults.append(fault)
    wire = Tripwire(at, "after", Crash())
    dying(lambda: act(world, job, wire))
    return world, job, wire.calls


@cache
def calls_of(scenario: str, message: str) -> tuple[str, ...]:
    return tuple(played(scenario, message, None)[2])


def own_calls(scenario: str, message: str) -> tuple[str, ...]:
    """Calls at which to die: without those of the sender that is dead already."""
    calls = calls_of(scenario, message)
    is_dead = SCENARIOS[scenario][0] is die_and_settle
    return calls[calls.index("move:intent") + 1 :] if is_dead else calls


def every_crash() -> list[object]:
    """One case a call: a crash before a call is the same as one behind the call before it."""
    cases = []
    for scenario in SCENARIOS:
        for message in MESSAGES:
            own = own_calls(scenario, message)
            for at, (call, last) in enumerate(zip(own, (None, *own), strict=False)):
                if (call, last) != ("open_jobs", "open_jobs"):
                    name = f"{scenario}-{message}-{at:02}-{call}"
                    cases.append(pytest.param(scenario, message, at, id=name))
    return cases


def meaning_of_state(job: SmsJob) -> SendMeaning:
    if job.state in SENT:
        return SendMeaning.ACCEPTED
    if job.state in FINAL:
        return SendMeaning.PERMANENT
    is_doubt = job.state in (JobState.SENDING, JobState.OUTCOME_UNKNOWN)
    return SendMeaning.DOUBT if is_doubt else SendMeaning.NOT_SENT


# --- the table is complete --------------------------------------------------------------------


def test_every_write_of_every_scenario_is_in_the_table():
    known = {point.after for point in CRASH_POINTS}
    made = {call for name in SCENARIOS for m in MESSAGES for call in calls_of(name, m)}
    writes = {call for call in made if call.startswith("move:")}
    writes |= made & {"sign", "send", "find", "amend", "claim_request", "mark_accepted"}

    assert writes <= known
    assert known - {""} <= made  # no line about a call that nobody makes


def test_each_point_is_there_once_and_only_what_is_certain_may_be_sent_again():
    assert len({point.after for point in CRASH_POINTS}) == len(CRASH_POINTS)
    assert {SendMeaning.NOT_SENT} == MAY_BE_SENT_AGAIN
    assert {point.meaning for point in CRASH_POINTS} == set(SendMeaning)


def test_a_point_is_that_of_the_last_telling_call():
    assert crash_point_of([]) is BEFORE_ANYTHING
    assert crash_point_of(["open_jobs", "kill_switches"]) is BEFORE_ANYTHING
    assert crash_point_of(["sign", "move:intent", "send"]).after == "send"


# --- and true ---------------------------------------------------------------------------------


@pytest.mark.parametrize(("scenario", "message", "at"), every_crash())
def test_after_a_crash_the_next_runs_do_what_the_table_says(scenario, message, at):
    world, job, calls = played(scenario, message, at)
    point = crash_point_of(calls)
    stored, posts, texts = world.stored(job), world.gateway.sends, len(world.texts)

    assert meaning_of_state(stored) is point.meaning
    world.gateway.faults.clear()
    without_reconcile(world, stored)
    goes_out = point.meaning in MAY_BE_SENT_AGAIN and not stored.no_resend
    assert world.gateway.sends == posts + goes_out
    world.go_on(rounds=3)

    final = world.stored(job)
    assert len(world.texts) <= 1
    if point.meaning is SendMeaning.PERMANENT:
        assert (final.state, world.gateway.sends) == (stored.state, posts)
    elif point.meaning is SendMeaning.ACCEPTED or texts:
        assert (final.state, world.gateway.sends) == (JobState.DELIVERED, posts)
        assert world.flag(job) is True
    elif SCENARIOS[scenario][2] or scenario.endswith("unwanted"):
        assert final.state in FINAL
    else:
        assert (final.state, world.gateway.sends) == (JobState.DELIVERED, posts + 1)


def without_reconcile(world: World, job: SmsJob) -> None:
    """Some ticks of dispatch alone, longer than a lease and than a retry's pause."""
    for _ in range(3):
        world.advance(minutes=2)
        world.dispatch(shards=[job.open_shard])


@pytest.mark.parametrize("point", CRASH_POINTS[1:], ids=lambda point: point.after)
def test_the_state_that_a_point_names_is_the_one_that_is_found(point):
    where = next(
        (scenario, calls.index(point.after))
        for scenario in SCENARIOS
        for calls in [own_calls(scenario, "SMS")]
        if point.after in calls
    )

    world, job, _ = played(where[0], "SMS", where[1])

    assert world.stored(job).state is point.found_as
