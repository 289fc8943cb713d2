"""A scheduler that was down over the evening, and what an operator makes of it in Airflow.

The steps depend on each other, so each is a fixture that asks for the one before: the outage, a
backfill that Airflow runs itself, the repair that a person approves, the same once more, the
next evening, and a morning of six windows.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from local_stack.airflow_stack import AirflowStack
    from local_stack.day import Day
    from local_stack.embedded_world import EmbeddedWorld

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.airflow,
    pytest.mark.browser,
    pytest.mark.filterwarnings("default"),
    pytest.mark.timeout(3600),
    pytest.mark.long,
]

ETL, DISPATCH, REPAIR = "booking_sms_etl", "sms_dispatch", "repair_window"
APPROVAL = "approve_plan"
LENGTH = timedelta(minutes=20)
STORE, NAME = "900101", "이시험"
OVER, SOON, PROMISED = "01000007710", "01000007721", "01000007718"
"""Phones of two visits that the missed window has to tell the door code, from 20:10 and from
21:40, and of one that ended at 19:50 with a review promised."""
REVIEW = {"name": "네이버 리뷰 약속", "count": 1}
WAITS, OVER_NOW = "waits", "over"
HITL_SETTLES_S = 4.0
"""An answer in the first second after the task began to wait is lost in Airflow's scheduler."""
MISSED = ("20:00", "20:20", "20:40")
"""Windows without a row one interval after their end; that of 21:00 has ten minutes left."""
DAY = [f"010000099{number:02}" for number in range(24)]
"""Phones of a day, one for each third window."""
MORNING = [f"010000088{number:02}" for number in range(6)]
"""Phones of the next morning, one for each of six windows."""


def at(clock: str, day: str = "2026-03-02") -> datetime:
    return datetime.fromisoformat(f"{day}T{clock}:00+09:00")


def iso(clock: str) -> str:
    return at(clock).isoformat()


@dataclass
class Operator:
    """What a person does with Airflow and our commands; what came of it."""

    airflow: AirflowStack
    world: EmbeddedWorld
    day: Day
    seen: dict[str, Any] = field(default_factory=dict)
    ids: dict[str, int] = field(default_factory=dict)

    def jobs_of(self, window: str) -> Counter[tuple[str, str]]:
        """{(kind, state): number} of the jobs that a window planned."""
        stats = self.world.booking_sms("outbox", "stats", "--window", at(window).isoformat())
        counts: Counter[tuple[str, str]] = Counter()
        for row in stats["jobs"]:
            counts[row["kind"], row["state"]] += row["jobs"]
        return counts

    def book(
        self, phone: str, start: datetime, minutes: int, known: datetime, **facts: Any
    ) -> None:
        """A visit of an invented customer, made and confirmed at ``known``."""
        booked = self.world.book(
            STORE,
            phone=phone,
            name=NAME,
            start=start.isoformat(),
            minutes=minutes,
            registered_at=known.isoformat(),
            confirmed_at=known.isoformat(),
            **facts,
        )
        self.ids[phone] = booked["booking_id"]

    def texts(self) -> list[tuple[str, str]]:
        """(phone, content) of everything that phones have got, sorted."""
        return sorted((text["to"], text["content"]) for text in self.world.inbox())

    def backfill(
        self, first: datetime, last: datetime, reprocess: str = "none", within_s: float = 240
    ) -> list[str]:
        """Airflow's own backfill, to its end; states of its runs, oldest window first."""
        begun = datetime.fromtimestamp(time.time()).astimezone()
        self._wait_until_no_backfill_runs()
        count = (last - first) // LENGTH + 1
        # Many runs are one long transaction: on SQLite it and the scheduler would lock each
        # other out, and the scheduler may end by that.
        if count > 1:
            self.airflow.stop_component("scheduler")
        self.airflow.create_backfill(ETL, first, last, reprocess)
        if count > 1:
            self.airflow.start_component("scheduler")
        ended = partial(self._ended, begun, first, count)
        return list(self._wait_for("backfilled runs end", ended, within_s))

    def repair(self, first: datetime, last: datetime, answer: str) -> str:
        """One run of the repair DAG by hand, its plan answered by a person; the run's id."""
        conf = {"window_start": first.isoformat(), "window_end": last.isoformat(), "dry_run": False}
        run_id = f"manual__repair_{time.time_ns()}"
        self.airflow.api.trigger(REPAIR, run_id, conf)
        while self._wait_for("the plan waits or is over", lambda: self._phase(run_id)) == WAITS:
            time.sleep(HITL_SETTLES_S)
            self.airflow.api.answer(REPAIR, run_id, APPROVAL, answer)
            self._wait_for("the answer is taken", lambda: self._phase(run_id) != WAITS)
        return run_id

    def preview(self, first: datetime, last: datetime) -> Any:
        """A run of the repair DAG that only shows: the counts of its plan."""
        conf = {"window_start": first.isoformat(), "window_end": last.isoformat()}
        run_id = self.day.trigger(REPAIR, conf).run_id
        return self.airflow.api.result(REPAIR, run_id, "preview_effects")

    def state_of(self, dag_id: str, run_id: str) -> str:
        return str(self.airflow.api.run(dag_id, run_id)["state"])

    def _phase(self, run_id: str) -> str:
        """Whether the plan waits for an answer, or the run is over; empty in between.

        An answer that Airflow has lost is asked for again by the task's one retry.
        """
        if self._is_final(REPAIR, run_id):
            return OVER_NOW
        tasks = self.airflow.api.task_instances(REPAIR, run_id)
        is_waiting = any(
            ti["task_id"] == APPROVAL and ti["state"] == "awaiting_input" for ti in tasks
        )
        return WAITS if is_waiting else ""

    def _is_final(self, dag_id: str, run_id: str) -> bool:
        return self.state_of(dag_id, run_id) in {"success", "failed"}

    def _ended(self, begun: datetime, first: datetime, count: int) -> list[str]:
        runs = [
            run
            for run in self.airflow.api.runs(ETL)
            if run["run_type"] == "backfill"
            and datetime.fromisoformat(run["data_interval_end"]) >= first
            and run["start_date"]
            and datetime.fromisoformat(run["start_date"]) >= begun
        ]
        states = [run["state"] for run in sorted(runs, key=lambda run: run["data_interval_end"])]
        is_over = len(states) == count and set(states) <= {"success", "failed"}
        return states if is_over else []

    def _wait_until_no_backfill_runs(self) -> None:
        def none_runs() -> bool:
            backfills = self.airflow.api.get("backfills", dag_id=ETL)["backfills"]
            return all(one["completed_at"] for one in backfills)

        self._wait_for("earlier backfills are over", none_runs)

    def _wait_for(self, what: str, question: Any, within_s: float = 240) -> Any:
        from local_stack.processes import wait_for

        return wait_for(what, question, within_s=within_s)


@pytest.fixture(scope="module")
def operator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Operator]:
    from rich.console import Console

    from local_airflow import running
    from local_stack.day import Day
    from local_stack.layout import Layout

    folder = tmp_path_factory.mktemp("stack")
    layout = Layout(world=folder / "world", airflow_home=folder / "airflow")
    with running(layout, Console(quiet=True), fresh=True) as (airflow, world):
        airflow.unpause([REPAIR])
        yield Operator(airflow, world, Day(airflow.api, world))


@pytest.fixture(scope="module")
def outage(operator: Operator) -> Operator:
    """19:40 runs; then nothing runs until the clock shows 21:10."""
    operator.book(PROMISED, at("18:30"), 80, known=at("12:00"), options=[REVIEW])
    operator.day.run_window("19:40")
    operator.world.book(STORE, booking_id=operator.ids[PROMISED], completed_at=iso("19:52"))
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
    run_id = operator.repair(at("20:00"), at("20:00"), "Approve")
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
    run_id = operator.repair(first, last, "Approve")
    previewed = operator.airflow.api.result(REPAIR, run_id, "preview_effects")
    operator.seen["morning_plan"] = operator.world.booking_sms(
        "repair", "show", previewed["plan_id"]
    )
    operator.day.trigger(DISPATCH, {})
    operator.seen["after_morning"] = operator.texts()
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
    run_id = operator.repair(first, last, "Approve")
    previewed = operator.airflow.api.result(REPAIR, run_id, "preview_effects")
    operator.seen["day_plan"] = operator.world.booking_sms("repair", "show", previewed["plan_id"])
    operator.day.trigger(DISPATCH, {})
    operator.seen["after_day"] = operator.texts()
    return operator


def sent_between(operator: Operator, before: str, after: str) -> list[tuple[str, str]]:
    """Texts that phones got between two looks."""
    return sorted((Counter(operator.seen[after]) - Counter(operator.seen[before])).elements())


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


def assert_sent_as_previewed(
    sent: list[tuple[str, str]], plan: dict[str, Any], phones: list[str]
) -> None:
    """Everything that left was in the plan, to the byte; names alone are masked in it."""
    from booking_sms.domain.masking import mask_name
    from booking_sms.pipeline.effects import masked_text

    leaving = [message for message in plan["messages"] if message["outcome"] == "would_send"]
    shown = Counter(message["text"] for message in leaving)
    ours = [text for to, text in sent if to in phones]
    masked = Counter(masked_text(text.replace(NAME, mask_name(NAME))) for text in ours)

    assert len(sent) == plan["texts"] == len(leaving)
    assert masked <= shown
    assert sorted(len(text.encode("cp949")) for _, text in sent) == sorted(
        message["bytes"] for message in leaving
    )


def test_six_windows_are_sent_as_they_were_previewed(morning: Operator) -> None:
    sent = sent_between(morning, "held_morning", "after_morning")
    plan = morning.seen["morning_plan"]

    assert morning.seen["morning_states"] == ["success"] * 6
    assert morning.seen["held_morning"] == morning.seen["before_morning"]
    assert Counter(to for to, _ in sent if to in MORNING) == Counter(MORNING)
    assert len({message["window"] for message in plan["messages"]}) == 6
    assert_sent_as_previewed(sent, plan, MORNING)


def test_a_day_of_windows_is_sent_as_it_was_previewed(whole_day: Operator) -> None:
    at_once = sent_between(whole_day, "before_day", "held_day")
    sent = sent_between(whole_day, "held_day", "after_day")

    assert whole_day.seen["day_states"] == ["success"] * 72
    assert Counter(to for to, _ in (*at_once, *sent) if to in DAY) == Counter(DAY)
    assert_sent_as_previewed(sent, whole_day.seen["day_plan"], DAY)
