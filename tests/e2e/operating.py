"""What an operator does by hand with a running Airflow, our commands and the embedded world."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from local_stack.airflow_stack import AirflowStack
    from local_stack.day import Day
    from local_stack.embedded_world import EmbeddedWorld

ETL, DISPATCH, REPAIR = "booking_sms_etl", "sms_dispatch", "repair_window"
RECONCILE = "sms_reconcile"
APPROVAL = "approve_plan"
NAVER_POOL = "naver"
LENGTH = timedelta(minutes=20)
STORE, NAME = "900101", "이시험"
WAITS, OVER_NOW = "waits", "over"
ACCEPTED = "accepted"
HITL_SETTLES_S = 6.0
"""An answer that comes before the scheduler has seen the task begin to wait is lost, and the task
asks again: its retries are for that."""


def at(clock: str, day: str = "2026-03-02") -> datetime:
    """An instant of the seeded day, or of another one, in Korea."""
    return datetime.fromisoformat(f"{day}T{clock}:00+09:00")


@dataclass
class Operator:
    """What a person does with Airflow and our commands; what came of it."""

    airflow: AirflowStack
    world: EmbeddedWorld
    day: Day
    seen: dict[str, Any] = field(default_factory=dict)
    ids: dict[str, int] = field(default_factory=dict)

    def jobs_of(self, window: str) -> Counter[tuple[str, str]]:
        """{(kind, state): number} of the jobs that a window planned.

        What was delivered counts as accepted: the schedule of reconcile runs on beside a test, and
        may have asked for the carrier's word at any moment.
        """
        stats = self.world.booking_sms("outbox", "stats", "--window", at(window).isoformat())
        counts: Counter[tuple[str, str]] = Counter()
        for row in stats["jobs"]:
            state = ACCEPTED if row["state"] == "delivered" else row["state"]
            counts[row["kind"], state] += row["jobs"]
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

    def repair(self, first: datetime, last: datetime, answer: str = "Approve") -> str:
        """One run of the repair DAG by hand, its plan answered by a person; the run's id."""
        run_id = self.ask(first, last)
        while self._wait_for("the plan waits or is over", lambda: self._phase(run_id)) == WAITS:
            self.answer(run_id, answer)
        return run_id

    def ask(self, first: datetime, last: datetime) -> str:
        """Start a repair whose plan somebody has to answer; the run's id."""
        conf = {"window_start": first.isoformat(), "window_end": last.isoformat(), "dry_run": False}
        run_id = f"manual__repair_{time.time_ns()}"
        self.airflow.api.trigger(REPAIR, run_id, conf)
        return run_id

    def answer(self, run_id: str, answer: str = "Approve") -> None:
        """Answer the plan as soon as it waits, and wait until the answer was taken."""
        if self._wait_for("the plan waits or is over", lambda: self._phase(run_id)) != WAITS:
            return
        time.sleep(HITL_SETTLES_S)
        self.airflow.api.answer(REPAIR, run_id, APPROVAL, answer)
        self._wait_for("the answer is taken", lambda: self._phase(run_id) != WAITS)

    def run(self, dag_id: str, conf: dict[str, Any], within_s: float) -> str:
        """One run by hand, to its end; the run's id."""
        run_id = f"manual__run_{time.time_ns()}"
        self.airflow.api.trigger(dag_id, run_id, conf)
        ended = partial(self._is_final, dag_id, run_id)
        self._wait_for(f"{dag_id} ended", ended, within_s)
        return run_id

    def sign(self, dag_id: str, answers: Mapping[str, str], conf: dict[str, Any]) -> str:
        """One run by hand whose questions are answered by task id; how the run ended.

        An answer that Airflow has lost is given again when it asks again.
        """
        run_id = f"manual__sign_{time.time_ns()}"
        self.airflow.api.trigger(dag_id, run_id, conf)
        while not self._is_final(dag_id, run_id):
            waiting = self._waiting(dag_id, run_id)
            if waiting:
                time.sleep(HITL_SETTLES_S)
            for task_id in waiting & answers.keys():
                self.airflow.api.answer(dag_id, run_id, task_id, answers[task_id])
            moved = partial(self._has_moved, dag_id, run_id, waiting)
            self._wait_for("the questions are taken, or others are asked", moved)
        return self.state_of(dag_id, run_id)

    def _waiting(self, dag_id: str, run_id: str) -> set[str]:
        tasks = self.airflow.api.task_instances(dag_id, run_id)
        return {ti["task_id"] for ti in tasks if ti["state"] == "awaiting_input"}

    def _has_moved(self, dag_id: str, run_id: str, waiting: set[str]) -> bool:
        return self._is_final(dag_id, run_id) or self._waiting(dag_id, run_id) != waiting

    def repair_in_between(
        self, window: datetime, change: Callable[[dict[str, Any]], object]
    ) -> tuple[str, dict[str, Any]]:
        """A repair of one window in which something changes between approval and execution.

        Execution waits meanwhile for a slot in the pool of those who ask Naver. Returns the
        run's end and the plan's counts as they were previewed.
        """
        api, run_id = self.airflow.api, self.ask(window, window)
        self._wait_for("the plan waits or is over", lambda: self._phase(run_id))
        previewed = api.result(REPAIR, run_id, "preview_effects")
        api.set_pool(NAVER_POOL, 0, "held by a test")
        try:
            while not self._is_approved(run_id) and not self._is_final(REPAIR, run_id):
                self.answer(run_id)
                self._wait_for("approved or asked again", lambda: self._is_settled(run_id))
            change(previewed)
        finally:
            api.set_pool(NAVER_POOL, 2, "who ask Naver")
        self._wait_for("the repair is over", lambda: self._is_final(REPAIR, run_id))
        return self.state_of(REPAIR, run_id), previewed

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
        return WAITS if self._task_state(run_id, APPROVAL) == "awaiting_input" else ""

    def _is_approved(self, run_id: str) -> bool:
        return self._task_state(run_id, APPROVAL) == "success"

    def _is_settled(self, run_id: str) -> bool:
        return self._is_approved(run_id) or self._phase(run_id) != ""

    def _task_state(self, run_id: str, task_id: str) -> str:
        tasks = self.airflow.api.task_instances(REPAIR, run_id)
        return next((str(ti["state"]) for ti in tasks if ti["task_id"] == task_id), "")

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


@contextmanager
def operating(folder: Path) -> Iterator[Operator]:
    """An operator before a fresh world and a fresh Airflow, with the repairs unpaused."""
    from rich.console import Console

    from local_airflow import running
    from local_stack.day import Day
    from local_stack.layout import Layout

    layout = Layout(world=folder / "world", airflow_home=folder / "airflow")
    with running(layout, Console(quiet=True), fresh=True) as (airflow, world):
        airflow.unpause([REPAIR])
        yield Operator(airflow, world, Day(airflow.api, world))


def sent_between(operator: Operator, before: str, after: str) -> list[tuple[str, str]]:
    """Texts that phones got between two looks."""
    return sorted((Counter(operator.seen[after]) - Counter(operator.seen[before])).elements())


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
