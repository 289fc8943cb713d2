"""What operators and chance do to windows, through Airflow: slow proofs beside the outage's.

A plan that changes between approval and execution, both roads on one window, a window that failed
and is run again, bookings around the moment of their reminder, and a whole day backfilled.
Each has a day of its own in one world.
"""

from __future__ import annotations

import shutil
import sys
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
import yaml
from operating import (
    DISPATCH,
    LENGTH,
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
    pytest.mark.timeout(3600),
    pytest.mark.long,
]

DAY = [f"010000099{number:02}" for number in range(24)]
"""Phones of a day, one for each third window."""
KEEPS, CANCELS = "01000006601", "01000006602"
"""Phones of the window that two roads lead to: one visit stands, one is cancelled."""
FAILS = "01000005501"
PROJECT = Path(__file__).resolve().parents[2]
START = at("15:00", "2026-03-16")
MADE_BEFORE = (1, 59, 119, 120, 121)
"""Minutes before the visit at which a booking was made; its reminder is due at 120."""
PHONE_OF_MINUTES = {minutes: f"0100004{minutes:04}" for minutes in MADE_BEFORE}
POLICIES = {
    "send_now": {},
    "skip": {},
    "shift": {"allowed_hours": "09:00-21:00", "deferred_to": "14:40"},
}
OTHER_RECIPIENT = """
import sys
from dataclasses import replace
from booking_sms.cli.composition import application, close_applications
from booking_sms.pipeline.repair_plan import read_repair, store_plan

app = application()
plan = read_repair(app.plans, app.sealer, sys.argv[1])
first, *rest = plan.items
changed = replace(first, job=first.job.evolve(to="01000000666"))
store_plan(app.plans, app.sealer, replace(plan, items=(changed, *rest)))
close_applications()
"""


@pytest.fixture(scope="module")
def operator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Operator]:
    with operating(tmp_path_factory.mktemp("stack")) as ready:
        yield ready


@pytest.fixture(scope="module")
def doctored(operator: Operator) -> Operator:
    """An approved plan whose first text somebody sends to another phone before it is executed."""
    from local_stack.environment import command_environ
    from local_stack.processes import run_command

    window = at("09:00", "2026-03-05")
    for phone in (KEEPS, CANCELS):
        operator.book(phone, at("14:00", "2026-03-05"), 60, known=window - timedelta(minutes=9))
    operator.world.set_clock(at("12:00", "2026-03-05"))
    operator.seen["before_doctored"] = operator.texts()
    command = [sys.executable, "-c", OTHER_RECIPIENT]
    environ = command_environ(operator.airflow.layout)
    operator.seen["doctored"], operator.seen["doctored_plan"] = operator.repair_in_between(
        window, lambda previewed: run_command([*command, previewed["plan_id"]], environ)
    )
    operator.day.trigger(DISPATCH, {})
    operator.seen["after_doctored"] = operator.texts()
    return operator


@pytest.fixture(scope="module")
def overtaken(doctored: Operator) -> Operator:
    """The same window once more; one customer cancels between approval and execution."""
    operator, window = doctored, at("09:00", "2026-03-05")

    def cancel(previewed: object) -> None:
        now = at("12:01", "2026-03-05")
        operator.world.set_clock(now)
        operator.world.book(STORE, booking_id=operator.ids[CANCELS], cancelled_at=now.isoformat())

    operator.seen["overtaken"], plan = operator.repair_in_between(window, cancel)
    operator.seen["overtaken_plan"] = operator.world.booking_sms("repair", "show", plan["plan_id"])
    operator.day.trigger(DISPATCH, {})
    operator.seen["after_overtaken"] = operator.texts()
    return operator


@pytest.fixture(scope="module")
def other_road(overtaken: Operator) -> Operator:
    """Airflow's own backfill of the window that a repair has served, and another repair."""
    operator, window = overtaken, at("09:00", "2026-03-05")
    operator.seen["other_road"] = operator.backfill(window, window)
    operator.seen["repair_after"] = operator.preview(window, window)
    operator.day.trigger(DISPATCH, {})
    operator.seen["after_other_road"] = operator.texts()
    return operator


@pytest.fixture(scope="module")
def reprocessed(operator: Operator) -> Operator:
    """A backfilled window that failed for a store, and its failed run processed again, twice."""
    window = at("09:00", "2026-03-06")
    operator.book(FAILS, at("14:00", "2026-03-06"), 60, known=window - timedelta(minutes=9))
    operator.world.set_clock(at("12:00", "2026-03-06"))
    operator.world.add_fault(
        service="naver_booking",
        operation="*",
        kind="http_500",
        times=None,
        match={"store": STORE},
    )
    operator.seen["failed"] = operator.backfill(window, window)
    operator.world.clear_faults()
    operator.seen["reprocessed"] = operator.backfill(window, window, "failed")
    operator.seen["before_repair"] = operator.texts()
    operator.seen["repaired"] = operator.state_of(REPAIR, operator.repair(window, window))
    operator.day.trigger(DISPATCH, {})
    operator.seen["after_reprocessed"] = operator.texts()
    return operator


@pytest.fixture(scope="module")
def whole_day(operator: Operator) -> Operator:
    """Seventy-two windows that nobody ran, backfilled in the next night."""
    first, last = at("00:20", "2026-03-10"), at("00:00", "2026-03-11")
    for number, phone in enumerate(DAY):
        known = first + number * 3 * LENGTH - timedelta(minutes=5)
        operator.book(phone, at("14:00", "2026-03-12"), 60, known=known)
    operator.world.set_clock(at("00:50", "2026-03-11"))
    operator.seen["before_day"] = operator.texts()
    operator.seen["day_states"] = operator.backfill(first, last, within_s=3000)
    # The two newest windows are of the last forty minutes: they need no approval.
    operator.day.trigger(DISPATCH, {})
    operator.seen["held_day"] = operator.texts()
    run_id = operator.repair(first, last)
    previewed = operator.airflow.api.result(REPAIR, run_id, "preview_effects")
    operator.seen["day_plan"] = operator.world.booking_sms("repair", "show", previewed["plan_id"])
    operator.day.trigger(DISPATCH, {})
    operator.seen["after_day"] = operator.texts()
    return operator


@pytest.fixture(scope="module")
def late(operator: Operator, tmp_path_factory: pytest.TempPathFactory) -> Operator:
    """One rule for each late policy, applied; bookings around the moment of their reminder."""
    from local_stack.environment import command_environ
    from local_stack.processes import run_command

    home = tmp_path_factory.mktemp("late") / "home"
    for part in ("stores", "messages"):
        shutil.copytree(PROJECT / "include" / part, home / part)
    (home / "rules").mkdir()
    rules = {"name": "late", "rules": [two_hours_before(policy) for policy in POLICIES]}
    (home / "rules" / "late.yaml").write_text(yaml.safe_dump(rules))
    environ = command_environ(operator.airflow.layout) | {"BOOKING_SMS_HOME": str(home)}
    apply = ["rules", "apply", "late", "--by", "test", "--reason", "late policies"]
    run_command([sys.executable, "-m", "booking_sms.cli.app", *apply], environ)
    for minutes, phone in PHONE_OF_MINUTES.items():
        operator.book(phone, START, 60, known=START - timedelta(minutes=minutes))
    for clock in ("13:00", "13:20", "14:20", "15:00"):
        window = at(clock, f"{START:%Y-%m-%d}")
        operator.world.set_clock(window)
        assert operator.day.trigger_window(window).state == "success"
        operator.day.trigger(DISPATCH, {})
    operator.seen["after_late"] = operator.texts()
    return operator


def two_hours_before(policy: str) -> dict[str, object]:
    """A reminder of its own kind, two hours before the visit or in its first minutes."""
    in_time = [
        {"type": "time_before_booking", "hours": 2},
        {"type": "during_visit", "first_minutes": 30},
    ]
    return {
        "name": policy.replace("_", "-"),
        "kind": policy,
        "template": "guide",
        "message_class": "information",
        "late_policy": policy,
        "when": {"all": [{"type": "booking_status", "status": "confirmed"}, {"any": in_time}]},
        "not_after": {"visit_end": "0m"},
        **POLICIES[policy],
    }


def test_a_plan_changed_between_approval_and_execution_is_refused(doctored: Operator) -> None:
    assert doctored.seen["doctored_plan"]["texts"] >= len((KEEPS, CANCELS))
    assert doctored.seen["doctored"] == "failed"
    assert doctored.seen["after_doctored"] == doctored.seen["before_doctored"]


def test_a_visit_cancelled_after_the_approval_gets_nothing(overtaken: Operator) -> None:
    sent = sent_between(overtaken, "after_doctored", "after_overtaken")
    done = overtaken.seen["overtaken_plan"]["execution"]

    assert overtaken.seen["overtaken"] == "success"
    assert [to for to, _ in sent if to in (KEEPS, CANCELS)] == [KEEPS]
    assert "cancelled" in str(done)


def test_both_roads_on_one_window_text_nobody_twice(other_road: Operator) -> None:
    assert other_road.seen["other_road"] == ["success"]
    assert other_road.seen["repair_after"]["texts"] == 0
    assert other_road.seen["after_other_road"] == other_road.seen["after_overtaken"]


def test_a_failed_run_is_processed_again_and_texts_once(reprocessed: Operator) -> None:
    sent = sent_between(reprocessed, "before_repair", "after_reprocessed")

    assert reprocessed.seen["failed"] == ["failed"]
    assert reprocessed.seen["reprocessed"] == ["success"]
    assert reprocessed.seen["repaired"] == "success"
    assert [to for to, _ in sent if to == FAILS] == [FAILS]


def test_a_day_of_windows_is_sent_as_it_was_previewed(whole_day: Operator) -> None:
    at_once = sent_between(whole_day, "before_day", "held_day")
    sent = sent_between(whole_day, "held_day", "after_day")

    assert whole_day.seen["day_states"] == ["success"] * 72
    assert Counter(to for to, _ in (*at_once, *sent) if to in DAY) == Counter(DAY)
    assert_sent_as_previewed(sent, whole_day.seen["day_plan"], DAY)


def test_each_late_policy_around_the_moment_when_a_reminder_is_due(late: Operator) -> None:
    sent = Counter(to for to, _ in late.seen["after_late"] if to in PHONE_OF_MINUTES.values())
    # In time: all three; late: send_now always, shift if its hour comes before the visit ends.
    texts = {121: 3, 120: 3, 119: 2, 59: 2, 1: 1}

    assert sent == {PHONE_OF_MINUTES[minutes]: number for minutes, number in texts.items()}
