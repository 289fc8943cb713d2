"""What the law asks of an advertising text: its hours, its gap, the number's refusal.

Each from the plan to the final state, as planned now and as approved out of a backfill.
"""

from datetime import datetime, timedelta
from typing import Any

import pytest
from outbox_world import World
from pydantic import ValidationError
from rule_world import CATALOG, decide, shop_secrets, with_catalog

from booking_sms.domain.booking import KST, BookingStatus
from booking_sms.domain.rule import Rule, RuleSet
from booking_sms.domain.rule_timing import OutOfHours
from booking_sms.domain.sms_job import JobState, Move, SmsJob
from booking_sms.pipeline.build import build_jobs
from booking_sms.pipeline.load import load_jobs
from booking_sms.testing import GatewayFault, make_booking

DAY = timedelta(days=1)
AT_EIGHT = {
    "kind": "event",
    "message_class": "advertising",
    "allowed_hours": "08:10-20:50",
    "not_before": datetime(2026, 3, 1, 20, 0, tzinfo=KST),
    "due_at": datetime(2026, 3, 1, 20, 0, tzinfo=KST),
    "not_after": datetime(2026, 3, 9, 20, 0, tzinfo=KST),
}


def at(clock: str, day: int = 2) -> datetime:
    return datetime.fromisoformat(f"2026-03-{day:02}T{clock}:00+09:00")


def promotion(**changes: Any) -> RuleSet:
    """The shipped review rule, at any hour of the day."""
    rule = CATALOG.rules.rule("event-at-eight").model_dump(mode="json", by_alias=True)
    when = {"type": "booking_status", "status": "completed"}
    return RuleSet.model_validate({
        "name": "mine",
        "rules": [{**rule, "when": when, "rollout": "all", **changes}],
    })


DEFER, DROP = promotion(), promotion(out_of_hours="drop", deferred_to=None)


@pytest.fixture
def world() -> World:
    return World()


def planned(world: World, rules: RuleSet, as_of: datetime, now: datetime) -> SmsJob:
    """Plan one finished visit's advertising text at ``now`` for the window ``as_of``."""
    world.clock.set(now)
    batch = build_jobs(
        decide(make_booking(status=BookingStatus.COMPLETED), rules=rules, as_of=as_of),
        with_catalog(rules=rules),
        shop_secrets(),
        hmac_key=b"test-key",
        code_version="test",
        now=now,
    )
    load_jobs(batch, world.jobs, world.bodies)
    (job,) = world.jobs.jobs
    return job


def story(job: SmsJob) -> tuple[str, str, datetime]:
    return (job.state.value, job.reason, job.not_before)


# --- hours, now -------------------------------------------------------------------------------


@pytest.mark.parametrize("clock", ["08:10", "20:49"])
@pytest.mark.parametrize("rules", [DEFER, DROP], ids=["defer", "drop"])
def test_within_hours_it_goes_at_once(world: World, rules: RuleSet, clock: str) -> None:
    job = planned(world, rules, at(clock), at(clock))

    world.dispatch()

    assert story(job) == ("available", "", at(clock))
    assert story(world.stored(job)) == ("accepted", "", at(clock))


@pytest.mark.parametrize(
    ("clock", "until"),
    [
        ("08:09", at("20:00")),
        ("20:50", at("20:00", 3)),
        ("20:59", at("20:00", 3)),
        ("21:00", at("20:00", 3)),
    ],
)
def test_out_of_hours_it_is_put_off_and_says_so(world: World, clock: str, until: datetime) -> None:
    job = planned(world, DEFER, at(clock), at(clock))

    world.dispatch()

    assert story(world.stored(job)) == ("scheduled", "outside_hours", until)
    world.clock.set(until)
    world.dispatch()
    assert story(world.stored(job)) == ("accepted", "", until)


@pytest.mark.parametrize("clock", ["08:09", "20:50", "20:59", "21:00"])
def test_out_of_hours_it_is_dropped_where_the_rule_says_so(world: World, clock: str) -> None:
    job = planned(world, DROP, at(clock), at(clock))

    assert story(job) == ("suppressed", "outside_hours", at(clock))
    world.clock.set(at("12:00", 3))
    assert world.dispatch().is_idle
    assert world.texts == []


def test_a_dropped_message_is_not_planned_again(world: World) -> None:
    job = planned(world, DROP, at("20:59"), at("20:59"))

    again = planned(world, DROP, at("12:00", 3), at("12:00", 3))

    assert again == job


@pytest.mark.parametrize(
    ("rules", "state", "not_before"),
    [
        pytest.param(DEFER, "scheduled", at("20:00", 3), id="defer"),
        pytest.param(DROP, "suppressed", at("20:40"), id="drop"),
    ],
)
def test_what_dispatch_comes_to_too_late_follows_its_rule_too(
    world: World, rules: RuleSet, state: str, not_before: datetime
) -> None:
    job = planned(world, rules, at("20:40"), at("20:40"))
    world.clock.set(at("20:50"))

    world.dispatch()

    assert story(world.stored(job)) == (state, "outside_hours", not_before)
    assert world.texts == []


@pytest.mark.parametrize(
    ("deferred_to", "until"), [("10:30", at("10:30", 3)), (None, at("08:10", 3))]
)
def test_both_looks_put_off_to_where_the_rule_says(
    world: World, deferred_to: str | None, until: datetime
) -> None:
    rules = promotion(deferred_to=deferred_to)
    early = planned(world, rules, at("20:49"), at("20:49"))
    world.clock.set(at("20:50"))
    late = planned(World(), rules, at("20:50"), at("20:50"))

    world.dispatch()

    assert world.stored(early).not_before == late.not_before == until


def test_planning_that_is_late_itself_drops_what_was_due_in_time(world: World) -> None:
    job = planned(world, DROP, at("20:40"), at("20:55"))

    assert story(job) == ("suppressed", "outside_hours", at("20:40"))


@pytest.mark.parametrize(
    ("out_of_hours", "expected"),
    [
        ("defer", ("scheduled", "outside_hours", at("09:00", 3))),
        ("drop", ("suppressed", "outside_hours", at("22:00"))),
    ],
)
def test_a_notice_to_colleagues_follows_its_rule_too(
    world: World, out_of_hours: str, expected: tuple[str, str, datetime]
) -> None:
    rules = RuleSet.model_validate({
        "name": "mine",
        "rules": [
            {
                "name": "finished",
                "action": "log_event",
                "kind": "finished",
                "when": {"type": "booking_status", "status": "completed"},
                "not_after": {"as_of": "1d"},
                "allowed_hours": "09:00-18:00",
                "out_of_hours": out_of_hours,
            }
        ],
    })

    assert story(planned(world, rules, at("22:00"), at("22:00"))) == expected


# --- hours, in a backfill ---------------------------------------------------------------------


def approved(world: World, rules: RuleSet, clock: str, when: datetime) -> SmsJob:
    """A plan of a day ago, held, then approved at ``when``."""
    job = planned(world, rules, at(clock), at(clock, 3))
    assert (job.state, job.reason) == (JobState.HELD, "awaiting_approval")
    world.clock.set(when)
    assert world.dispatch().is_idle
    moved = world.jobs.move(job, Move.APPROVE, reason="")
    assert moved is not None
    return moved


@pytest.mark.parametrize(
    ("clock", "until"),
    [
        ("08:09", at("20:00", 3)),
        ("20:50", at("20:00", 4)),
        ("20:59", at("20:00", 4)),
        ("21:00", at("20:00", 4)),
    ],
)
def test_an_approved_backfill_waits_for_its_hours(
    world: World, clock: str, until: datetime
) -> None:
    job = approved(world, DEFER, clock, at(clock, 3))

    world.dispatch()

    assert story(world.stored(job)) == ("available", "", until)
    assert world.texts == []
    world.clock.set(until)
    world.dispatch()
    assert world.stored(job).state is JobState.ACCEPTED


@pytest.mark.parametrize("clock", ["08:10", "20:49"])
@pytest.mark.parametrize("rules", [DEFER, DROP], ids=["defer", "drop"])
def test_a_backfill_that_is_approved_within_hours_goes_at_once(
    world: World, rules: RuleSet, clock: str
) -> None:
    job = approved(world, rules, clock, at(clock, 3))

    world.dispatch()

    assert story(world.stored(job)) == ("accepted", "", at(clock))


@pytest.mark.parametrize("clock", ["08:09", "20:50", "20:59", "21:00"])
def test_a_backfill_that_is_approved_out_of_hours_is_dropped_where_the_rule_says_so(
    world: World, clock: str
) -> None:
    job = approved(world, DROP, clock, at(clock, 3))

    world.dispatch()

    assert story(world.stored(job)) == ("suppressed", "outside_hours", at(clock))
    assert world.texts == []


def test_approval_at_night_moves_a_text_of_the_day_to_the_next_evening(world: World) -> None:
    job = approved(world, DEFER, "20:49", at("21:00", 3))

    world.dispatch()

    assert story(world.stored(job)) == ("scheduled", "outside_hours", at("20:00", 4))


# --- the gap between two texts ----------------------------------------------------------------


def evening(world: World) -> None:
    world.clock.set(at("20:00"))


def test_a_second_advertising_text_waits_a_day(world: World) -> None:
    evening(world)
    jobs = [world.add(booking=number, **AT_EIGHT) for number in (1, 2)]

    assert world.dispatch().counts == {"deferred:advertising_gap": 1, "sent": 1}

    (second,) = [one for one in map(world.stored, jobs) if one.state is JobState.SCHEDULED]
    assert story(second) == ("scheduled", "advertising_gap", at("20:00", 3))
    world.clock.set(at("20:00", 3))
    assert world.dispatch().counts == {"sent": 1}


def test_other_numbers_and_information_know_no_gap(world: World) -> None:
    evening(world)
    world.add(**AT_EIGHT)
    world.add(booking=2, to="01000009999", **AT_EIGHT)
    world.add(booking=3, not_after=at("23:00"))

    assert world.dispatch().counts == {"sent": 3}


def test_without_a_gap_both_go(world: World) -> None:
    evening(world)
    for number in (1, 2):
        world.add(booking=number, **AT_EIGHT)

    assert world.dispatch(advertising_gap_days=0).counts == {"sent": 2}


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"not_after": at("20:00", 3)}, id="useless by then"),
        pytest.param({"allowed_hours": "08:10-20:00"}, id="out of its own hours by then"),
    ],
)
def test_what_could_not_wait_that_long_is_suppressed(world: World, changes: dict[str, Any]) -> None:
    evening(world)
    world.add(**AT_EIGHT)
    world.dispatch()
    world.clock.set(at("19:30", 3))
    second = world.add(booking=2, **{**AT_EIGHT, **changes})

    assert world.dispatch().counts == {"suppressed:advertising_gap": 1}
    assert world.stored(second).reason == "advertising_gap"


def test_a_text_in_doubt_counts_as_sent(world: World) -> None:
    evening(world)
    world.gateway.faults.append(GatewayFault.TIMEOUT_BEFORE_ACCEPT)
    for number in (1, 2):
        world.add(booking=number, **AT_EIGHT)

    assert world.dispatch().counts == {
        "deferred:advertising_gap": 1,
        "in_doubt:SmsOutcomeUnknown": 1,
    }


def test_a_text_whose_sender_died_counts_once_it_lapses(world: World) -> None:
    evening(world)
    job = world.add(**AT_EIGHT)
    t0 = world.transport_clock.now_ms()
    world.jobs.move(job, Move.INTENT, now=at("20:00"), t0=t0, lease_until=t0 + 1)
    world.advance(minutes=1)

    world.settle()

    record = world.control.last_advertising(job.to)
    assert record is not None
    assert record.job_id == job.job_id


def test_a_text_that_certainly_did_not_go_starts_no_gap(world: World) -> None:
    evening(world)
    world.gateway.faults.append(GatewayFault.REFUSED)
    for number in (1, 2):
        world.add(booking=number, **AT_EIGHT)

    assert world.dispatch().counts == {"refused:SmsRefused": 1, "sent": 1}


def test_a_doubt_of_its_own_does_not_stop_the_resend(world: World) -> None:
    evening(world)
    world.gateway.faults.append(GatewayFault.TIMEOUT_BEFORE_ACCEPT)
    job = world.add(**AT_EIGHT)
    world.dispatch()

    world.go_on(rounds=3)

    assert world.stored(job).attempt == 2
    assert len(world.texts) == 1


# --- no waiver --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "change",
    [
        pytest.param({"allowed_hours": None}, id="no hours"),
        pytest.param({"allowed_hours": "08:00-21:00"}, id="hours of the law without the margin"),
        pytest.param({"out_of_hours": "send"}, id="a third way out of hours"),
        pytest.param({"out_of_hours": None}, id="none at all"),
        pytest.param({"message_class": "information", "action": "send_ad"}, id="another action"),
        *(
            pytest.param({key: value}, id=key)
            for key, value in {
                "waiver": True,
                "night_consent": True,
                "ignore_opt_out": True,
                "skip_label": True,
                "label": "",
                "opt_out_line": False,
                "gap_days": 0,
            }.items()
        ),
    ],
)
def test_no_rule_can_be_written_that_waives_the_law(change: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        promotion(**change)


def test_the_language_has_two_ways_out_of_hours_and_no_word_for_a_waiver() -> None:
    assert {one.value for one in OutOfHours} == {"defer", "drop"}
    words = {word for name in Rule.model_fields for word in name.split("_")}
    assert not words & {"waiver", "force", "ignore", "skip", "consent", "label", "opt"}


def test_an_advertising_text_that_lost_its_label_is_held_at_planning(world: World) -> None:
    job = planned(world, promotion(template="confirm"), at("20:00"), at("20:00"))

    assert (job.state, job.reason.split(" ")[0]) == (JobState.HELD, "TextNotLawful")
