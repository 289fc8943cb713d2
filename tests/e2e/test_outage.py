"""A scheduler that was down over the evening, and what an operator makes of it in Airflow.

The steps depend on each other, so each is a fixture that asks for the one before: the outage, a
backfill that Airflow runs itself, the repair that a person approves, the same once more, the
next evening, and a morning of six windows.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import timedelta

import pytest
from operating import (
    DISPATCH,
    LENGTH,
    RECONCILE,
    REPAIR,
    STORE,
    Operator,
    assert_sent_as_previewed,
    at,
    operating,
    sent_between,
)

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.airflow,
    pytest.mark.browser,
    pytest.mark.filterwarnings("default"),
    pytest.mark.timeout(1800),
]

OVER, SOON, PROMISED = "01000007710", "01000007721", "01000007718"
"""Phones of two visits that the missed window has to tell the door code, from 20:10 and from
21:40, and of one that ended at 19:50 with a review promised."""
REVIEW = {"name": "네이버 리뷰 약속", "count": 1}
MISSED = ("20:00", "20:20", "20:40")
"""Windows without a row one interval after their end; that of 21:00 has ten minutes left."""
MORNING = [f"010000088{number:02}" for number in range(6)]
"""Phones of the next morning, one for each of six windows."""


@pytest.fixture(scope="module")
def operator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Operator]:
    with operating(tmp_path_factory.mktemp("stack")) as ready:
        yield ready


@pytest.fixture(scope="module")
def outage(operator: Operator) -> Operator:
    """19:40 runs; then nothing runs until the clock shows 21:10."""
    operator.book(PROMISED, at("18:30"), 80, known=at("12:00"), options=[REVIEW])
    operator.day.run_window("19:40")
    operator.world.book(
        STORE, booking_id=operator.ids[PROMISED], completed_at=at("19:52").isoformat()
    )
    operator.book(OVER, at("20:10"), 50, known=at("19:46"))
    operator.book(SOON, at("21:40"), 60, known=at("19:47"))
    operator.airflow.stop_component("scheduler")
    operator.world.set_clock(at("21:10"))
    operator.seen["watched"] = operator.world.booking_sms("watch", "--once", good_codes=(1,))
    hours = ("--since", at("19:40").isoformat(), "--until", at("21:00").isoformat())
    operator.seen["windows"] = operator.world.booking_sms("windows", *hours)
    operator.airflow.start_component("scheduler")
    operator.seen["before"] = operator.texts()
    return operator


@pytest.fixture(scope="module")
def backfilled(outage: Operator) -> Operator:
    """The window of 20:00 as a backfill of Airflow's own, at 21:10."""
    outage.seen["states"] = outage.backfill(at("20:00"), at("20:00"))
    outage.day.trigger(DISPATCH, {})
    outage.seen["held"] = outage.jobs_of("20:00")
    outage.seen["after_backfill"] = outage.texts()
    return outage


@pytest.fixture(scope="module")
def repaired(backfilled: Operator) -> Operator:
    """What the backfill held, previewed, approved by a person and executed."""
    operator = backfilled
    run_id = operator.repair(at("20:00"), at("20:00"))
    previewed = operator.airflow.api.result(REPAIR, run_id, "preview_effects")
    operator.seen["repair"] = operator.state_of(REPAIR, run_id)
    operator.seen["plan"] = operator.world.booking_sms("repair", "show", previewed["plan_id"])
    operator.day.trigger(DISPATCH, {})
    operator.seen["became"] = operator.jobs_of("20:00")
    operator.seen["after_repair"] = operator.texts()
    return operator


@pytest.fixture(scope="module")
def again(repaired: Operator) -> Operator:
    """Both roads once more: the completed run again, and another repair of the same window."""
    operator = repaired
    operator.seen["states_again"] = operator.backfill(at("20:00"), at("20:00"), "completed")
    operator.seen["repair_again"] = operator.preview(at("20:00"), at("20:00"))
    operator.day.trigger(DISPATCH, {})
    operator.day.trigger(RECONCILE, {})
    operator.seen["after_again"] = operator.texts()
    operator.seen["became_again"] = operator.jobs_of("20:00")
    return operator


@pytest.fixture(scope="module")
def next_evening(again: Operator) -> Operator:
    again.world.set_clock(at("20:00", "2026-03-03"))
    again.day.trigger(DISPATCH, {})
    again.seen["next_evening"] = again.jobs_of("20:00")
    return again


@pytest.fixture(scope="module")
def morning(next_evening: Operator) -> Operator:
    """Six windows of a morning that nobody ran, backfilled at noon, previewed and approved."""
    operator, first = next_evening, at("09:00", "2026-03-04")
    for number, phone in enumerate(MORNING):
        known = first + number * LENGTH - timedelta(minutes=5)
        operator.book(phone, at("14:00", "2026-03-04"), 60, known=known)
    operator.world.set_clock(at("12:00", "2026-03-04"))
    operator.seen["before_morning"] = operator.texts()
    last = first + 5 * LENGTH
    operator.seen["morning_states"] = operator.backfill(first, last)
    operator.seen["held_morning"] = operator.texts()
    run_id = operator.repair(first, last)
    previewed = operator.airflow.api.result(REPAIR, run_id, "preview_effects")
    operator.seen["morning_plan"] = operator.world.booking_sms(
        "repair", "show", previewed["plan_id"]
    )
    operator.day.trigger(DISPATCH, {})
    operator.seen["after_morning"] = operator.texts()
    return operator


def test_missed_windows_are_shown_before_anything_runs_again(outage: Operator) -> None:
    states = {(row["window"][11:16], row["state"]) for row in outage.seen["windows"]}
    findings = {finding["code"] for finding in outage.seen["watched"]["findings"]}

    assert states == {("19:40", "covered"), *((clock, "missed") for clock in MISSED)}
    assert "window_missed" in findings


def test_a_backfill_decides_as_of_its_window_and_holds_what_it_plans(backfilled: Operator) -> None:
    held = backfilled.seen["held"]

    assert backfilled.seen["states"] == ["success"]
    assert {state for _, state in held} == {"held", "expired"}
    assert {kind for kind, _ in held} == {"confirm", "guide", "event"}
    assert backfilled.seen["after_backfill"] == backfilled.seen["before"]


def test_what_makes_sense_goes_out_advertising_waits_and_the_rest_expires(
    repaired: Operator,
) -> None:
    became = repaired.seen["became"]
    phones = Counter(to for to, _ in sent_between(repaired, "after_backfill", "after_repair"))

    assert repaired.seen["repair"] == "success"
    assert became["confirm", "accepted"] >= 2
    assert became["guide", "accepted"] >= 1
    assert became["guide", "expired"] >= 1
    assert became["event", "scheduled"] >= 1
    assert became["event", "accepted"] == 0
    assert not [state for _, state in became if state == "held"]
    assert phones[SOON] == 2  # the confirmation and the door code
    assert phones[OVER] == 1  # the confirmation alone: that visit ended at 21:00
    assert repaired.seen["plan"]["approval"]["by"] == "admin"


def test_running_it_twice_changes_nothing(again: Operator) -> None:
    assert again.seen["states_again"] == ["success"]
    assert again.seen["after_again"] == again.seen["after_repair"]
    assert again.seen["became_again"] == again.seen["became"]
    assert again.seen["repair_again"]["texts"] == 0


def test_the_advertising_goes_out_on_the_next_evening(next_evening: Operator) -> None:
    waiting = next_evening.seen["became"]["event", "scheduled"]

    assert next_evening.seen["next_evening"]["event", "accepted"] == waiting
    assert next_evening.seen["next_evening"]["event", "scheduled"] == 0


def test_six_windows_are_sent_as_they_were_previewed(morning: Operator) -> None:
    sent = sent_between(morning, "held_morning", "after_morning")
    plan = morning.seen["morning_plan"]

    assert morning.seen["morning_states"] == ["success"] * 6
    assert morning.seen["held_morning"] == morning.seen["before_morning"]
    assert Counter(to for to, _ in sent if to in MORNING) == Counter(MORNING)
    assert len({message["window"] for message in plan["messages"]}) == 6
    assert_sent_as_previewed(sent, plan, MORNING)
