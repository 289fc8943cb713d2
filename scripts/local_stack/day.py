"""Takes windows of a seeded day through the three DAGs, the world's clock following.

All runs are started by hand through the API, apart from `sms_dispatch`: the asset that
`load_jobs` announces starts that one, as in production.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from local_stack.airflow_api import FINAL, AirflowApi
from local_stack.embedded_world import EmbeddedWorld
from local_stack.processes import wait_for

ETL, DISPATCH, RECONCILE = "booking_sms_etl", "sms_dispatch", "sms_reconcile"
DAY = "2026-03-02"
WINDOWS = ("13:40", "14:00", "14:20", "20:00", "20:20", "20:40")
RUN_WITHIN_S = 240
CAUSED_WITHIN_S = 60
# The simulated carrier needs about two seconds of real time for its final word.
DELIVERED_WITHIN_S = 60
SUCCESS = "success"
ON_ITS_WAY = "accepted"


def instant_of(clock: str) -> datetime:
    """A time of the seeded day in Korea."""
    return datetime.fromisoformat(f"{DAY}T{clock}:00+09:00")


@dataclass
class Step:
    """One DAG run: which, how it ended, how long it took."""

    dag_id: str
    run_id: str
    state: str
    seconds: float


@dataclass
class WindowOutcome:
    """What became of one window."""

    clock: str
    steps: list[Step] = field(default_factory=list)
    bookings: dict[str, int] = field(default_factory=dict)
    quarantined: int = 0
    planned: dict[str, Any] = field(default_factory=dict)
    accounting: dict[str, Any] = field(default_factory=dict)
    session: dict[str, Any] = field(default_factory=dict)

    @property
    def succeeded(self) -> bool:
        """Whether each of its runs was a success."""
        return all(step.state == SUCCESS for step in self.steps)

    @property
    def adds_up(self) -> bool:
        """planned = sent + refused + skipped + superseded + expired + held + in flight."""
        groups = (v for k, v in self.accounting.items() if k != "planned" and isinstance(v, int))
        return "planned" in self.accounting and self.accounting["planned"] == sum(groups)

    def seconds(self, dag_id: str) -> float:
        """Time spent in a DAG's runs."""
        return sum(step.seconds for step in self.steps if step.dag_id == dag_id)


class Day:
    """Drives windows; ``tell`` gets one line a step."""

    def __init__(
        self, api: AirflowApi, world: EmbeddedWorld, tell: Callable[[str], None] = lambda _: None
    ) -> None:
        self.api = api
        self.world = world
        self.tell = tell

    def run(self, windows: Iterable[str] = WINDOWS) -> list[WindowOutcome]:
        """All windows, and reconcile runs until every accepted text has its final word."""
        outcomes = [self.run_window(clock) for clock in windows]
        if outcomes:
            outcomes[-1].steps.extend(self.reconcile_until_final())
        return outcomes

    def run_window(
        self, clock: str, start: Callable[[datetime], Step] | None = None
    ) -> WindowOutcome:
        """One window: extract to load (by hand unless ``start`` does it), dispatch, reconcile."""
        outcome = WindowOutcome(clock)
        instant = instant_of(clock)
        self.world.set_clock(instant)
        etl = (start or self.trigger_window)(instant)
        outcome.steps.append(etl)
        self._read_results(outcome, etl.run_id)
        if self.api.result(ETL, etl.run_id, "load_jobs") is not None:
            outcome.steps.append(self.dispatch_after(etl.run_id))
        outcome.steps.append(self.trigger(RECONCILE, {}))
        self.tell(_line(outcome))
        return outcome

    def trigger(self, dag_id: str, conf: dict[str, Any]) -> Step:
        """Start a run by hand and wait for its end."""
        begun = time.monotonic()
        run_id = f"manual__{conf.get('window_end', 'now')}__{secrets.token_hex(3)}"
        self.api.trigger(dag_id, run_id, conf)
        return self._finished(dag_id, run_id, begun)

    def trigger_window(self, instant: datetime) -> Step:
        """Run the window that ends at ``instant`` by hand."""
        return self.trigger(ETL, {"window_end": instant.isoformat()})

    def wait_for_new_run(self, dag_id: str, run_type: str, known: set[str]) -> Step:
        """Wait for a run of this type that is not among the known ones, and for its end."""
        begun = time.monotonic()
        (run_id,) = wait_for(
            f"a {run_type} run of {dag_id} was made",
            lambda: self.run_ids(dag_id, run_type) - known,
            within_s=CAUSED_WITHIN_S,
        )
        return self._finished(dag_id, run_id, begun)

    def run_ids(self, dag_id: str, run_type: str) -> set[str]:
        """Runs of a DAG by type: manual, scheduled, backfill, asset_triggered."""
        runs = self.api.runs(dag_id)
        return {run["dag_run_id"] for run in runs if run["run_type"] == run_type}

    def dispatch_after(self, etl_run_id: str) -> Step:
        """Wait for the dispatch run that the jobs of this ETL run started."""
        begun = time.monotonic()
        caused = wait_for(
            f"{DISPATCH} was started by {etl_run_id}",
            lambda: self.api.runs_caused_by(DISPATCH, etl_run_id),
            within_s=CAUSED_WITHIN_S,
        )
        return self._finished(DISPATCH, caused[0], begun)

    def reconcile_until_final(self) -> list[Step]:
        """Reconcile until no text is on its way any more (bounded: the rest is reported)."""
        steps: list[Step] = []
        end = time.monotonic() + DELIVERED_WITHIN_S
        while self._on_their_way() and time.monotonic() < end:
            steps.append(self.trigger(RECONCILE, {}))
        return steps

    def _on_their_way(self) -> int:
        jobs = self.world.booking_sms("outbox", "stats")["jobs"]
        return sum(row["jobs"] for row in jobs if row["state"] == ON_ITS_WAY)

    def _finished(self, dag_id: str, run_id: str, begun: float) -> Step:
        def ended() -> str | None:
            state = self.api.run(dag_id, run_id)["state"]
            return state if state in FINAL else None

        state = wait_for(f"{dag_id} {run_id} ended", ended, within_s=RUN_WITHIN_S)
        step = Step(dag_id, run_id, state, time.monotonic() - begun)
        if state != SUCCESS:
            self.tell(f"{dag_id} {run_id}: {state} ({', '.join(self._red_tasks(step))})")
        return step

    def _red_tasks(self, step: Step) -> list[str]:
        instances = self.api.task_instances(step.dag_id, step.run_id)
        return sorted({ti["task_id"] for ti in instances if ti["state"] == "failed"})

    def _read_results(self, outcome: WindowOutcome, run_id: str) -> None:
        stores = self.api.result(ETL, run_id, "open_session") or []
        extracts = (
            self.api.result(ETL, run_id, "extract_store", map_index=index)
            for index in range(len(stores))
        )
        for extract in filter(None, extracts):
            outcome.bookings[extract["store"]] = extract["bookings"]
            outcome.quarantined += extract["quarantined"]
        planned = self.api.result(ETL, run_id, "plan_jobs") or {}
        report = self.api.result(ETL, run_id, "report_window") or {}
        outcome.planned = planned.get("counts", {})
        outcome.accounting = report.get("accounting", {})
        outcome.session = self.api.result(ETL, run_id, "open_session", key="session") or {}


def _line(outcome: WindowOutcome) -> str:
    times = ", ".join(
        f"{name} {outcome.seconds(dag_id):.1f} s"
        for name, dag_id in (("etl", ETL), ("dispatch", DISPATCH), ("reconcile", RECONCILE))
    )
    verdict = "ok" if outcome.succeeded else "FAILED"
    return f"{outcome.clock}  {verdict}  {sum(outcome.bookings.values())} bookings; {times}"
