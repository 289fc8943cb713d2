"""What the watchdog sees: the outbox, the windows, visits, Airflow. Told by its real rounds."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from booking_sms.domain.airflow_view import (
    COMPONENTS,
    HEALTHY,
    ComponentHealth,
    EndedRun,
    KilledTask,
)
from booking_sms.domain.errors import ConnectionInvalid
from booking_sms.domain.sms_job import JobState, Move, SmsJob
from booking_sms.domain.window import WINDOW_LENGTH, CoverageStatus, Window, last_end
from booking_sms.monitoring.drill.world import Act, Drill, DrillWorld, Scenario, repeated
from booking_sms.telemetry.run_metrics import ETL
from booking_sms.testing import make_booking, make_coverage, make_job
from booking_sms.workflow.watchdog import Watchdog

ROUND_MIN = 5
COVERED_FOR = timedelta(hours=25)
"""The watch looks back a day."""
JOB, SHORT = timedelta(hours=3), timedelta(minutes=1)


@dataclass
class AirflowInMemory:
    """ports.AirflowView over lists: what somebody would see who looks at Airflow."""

    ill: dict[str, str] = field(default_factory=dict)
    paused_ids: set[str] = field(default_factory=set)
    dag_ids: tuple[str, ...] = ()
    runs: list[EndedRun] = field(default_factory=list)
    killed: list[tuple[datetime, KilledTask]] = field(default_factory=list)
    is_shut: bool = False
    """Whether the account of who asks was taken away."""

    def health(self) -> Sequence[ComponentHealth]:
        """Every component, healthy unless it is ill."""
        return [ComponentHealth(name=one, status=self.ill.get(one, HEALTHY)) for one in COMPONENTS]

    def paused(self) -> Mapping[str, bool]:
        """Our DAGs, and whether they are paused."""
        if self.is_shut:
            raise ConnectionInvalid(service="airflow", reason="drill")
        return {dag_id: dag_id in self.paused_ids for dag_id in self.dag_ids}

    def ended_runs(self, since: datetime, until: datetime) -> Sequence[EndedRun]:
        """Runs that ended in between."""
        return [run for run in self.runs if since <= run.ended_at < until]

    def killed_tasks(self, since: datetime) -> Sequence[KilledTask]:
        """Tries that died since then."""
        return [task for at, task in self.killed if at >= since]


def airflow_of(world: DrillWorld) -> AirflowInMemory:
    """The world's Airflow; there is one."""
    known = world.own.setdefault("airflow", AirflowInMemory())
    assert isinstance(known, AirflowInMemory)  # noqa: S101 - for the type checker
    known.dag_ids = world.app.settings.watched_dag_ids
    return known


def look(world: DrillWorld) -> None:
    """One round of the watchdog; the process lives as long as the world."""
    watchdog = world.own.setdefault("watchdog", Watchdog(world.app, airflow_of(world)))
    assert isinstance(watchdog, Watchdog)  # noqa: S101 - for the type checker
    watchdog.round()


def rounds(number: int, *before: Act) -> Scenario:
    """First what happens, then so many rounds at the watchdog's pace."""

    def scenario(world: DrillWorld) -> None:
        for act in before:
            act(world)
        world.every(ROUND_MIN, number, look)

    return scenario


# -- the outbox --------------------------------------------------------------------------------


def job_in(state: JobState, **fields: Any) -> Act:
    """A guide in this state, due now, of use for three hours."""

    def act(world: DrillWorld) -> None:
        now = world.now
        times = {
            "not_before": now,
            "due_at": now,
            "not_after": now + JOB,
            "visit_at": now + JOB,
            "t0": round(now.timestamp() * 1000),
        }
        world.app.jobs.insert_if_absent(make_job(state=state, **{**times, **fields}))

    return act


def settled(move: Move, **changes: Any) -> Act:
    """Every job of the drill makes this move; calm has none."""

    def act(world: DrillWorld) -> None:
        for job in jobs_of(world):
            world.app.jobs.move(job, move, **changes)

    return act


def jobs_of(world: DrillWorld) -> tuple[SmsJob, ...]:
    """All jobs of the world's outbox."""
    return world.app.in_memory_jobs.jobs


def _outbox(trouble: Act, minutes: float, end: Act) -> Drill:
    """A job that makes trouble when nobody settles it for so long."""
    number = int(minutes // ROUND_MIN) + 2
    return Drill(fire=rounds(number, trouble), clear=rounds(3, end))


# -- windows and visits ------------------------------------------------------------------------


def cover(
    bookings: int = 2, *, first_only: bool = False, status: CoverageStatus = CoverageStatus.COVERED
) -> Act:
    """Every window of the last day that has no better row: so many bookings in each store, or in
    the first store and two in the others.
    """

    def act(world: DrillWorld) -> None:
        since = world.own.get("covered_until") or world.now - COVERED_FOR
        assert isinstance(since, datetime)  # noqa: S101 - for the type checker
        as_of = last_end(since)
        while as_of <= world.now:
            for place, store_id in enumerate(world.stores):
                number = bookings if place == 0 or not first_only else 2
                state = status if place == 0 or not first_only else CoverageStatus.COVERED
                world.app.windows.record(
                    make_coverage(
                        store_id=store_id, window=Window(as_of), bookings=number, status=state
                    )
                )
            as_of += WINDOW_LENGTH
        world.own["covered_until"] = world.now

    return act


def let_go_by(**length: float) -> Act:
    """Time in which nobody looks."""
    return lambda world: world.wait(timedelta(**length) / timedelta(minutes=1))


def visit_without_guide(world: DrillWorld) -> None:
    """A confirmed visit in forty minutes, and no job at all."""
    starts_at = world.now + timedelta(minutes=40)
    booking = make_booking(store_id=world.stores[0], starts_at=starts_at)
    world.app.booking_source.put(booking)


def guide_arrives(world: DrillWorld) -> None:
    """The missing guide is accepted."""
    for booking in world.app.booking_source.bookings:
        world.app.jobs.insert_if_absent(
            make_job(
                booking_num=booking.booking_num,
                store_id=booking.store_id,
                to=booking.phone,
                state=JobState.ACCEPTED,
                visit_at=booking.starts_at,
                not_after=booking.ends_at,
            )
        )


# -- Airflow -----------------------------------------------------------------------------------


def _airflow(change: Callable[[AirflowInMemory, datetime], object]) -> Act:
    return lambda world: change(airflow_of(world), world.now)


def ended_run(state: str, took: timedelta) -> Act:
    """A run of the ETL that ended just now, so long after it began."""

    def act(world: DrillWorld) -> None:
        ended_at = world.now - SHORT
        airflow_of(world).runs.append(
            EndedRun(
                dag_id=ETL,
                run_id=f"drill__{ended_at.isoformat()}",
                state=state,
                started_at=ended_at - took,
                ended_at=ended_at,
                longest_wait=timedelta(seconds=2),
            )
        )

    return act


def _killed(airflow: AirflowInMemory, now: datetime) -> None:
    task = KilledTask(
        dag_id=ETL,
        run_id="drill",
        task_id="extract_store",
        map_index=0,
        try_number=1,
        state="failed",
        how="no end was told",
    )
    airflow.killed.append((now, task))


def good_run(world: DrillWorld) -> None:
    """A run that ended well, and the round that tells of it."""
    ended_run("success", timedelta(minutes=2))(world)
    look(world)


GOOD_RUNS = repeated(ROUND_MIN, 5, good_run)
COVERED = rounds(2, cover())
QUIET = rounds(4)
SCENARIOS: Mapping[str, Drill] = {
    "run-errors": Drill(
        fire=rounds(1, let_go_by(minutes=5), ended_run("failed", timedelta(minutes=2))),
        clear=GOOD_RUNS,
    ),
    "run-duration": Drill(
        fire=rounds(1, let_go_by(minutes=5), ended_run("success", timedelta(minutes=5))),
        clear=GOOD_RUNS,
    ),
    "in-doubt-age": _outbox(job_in(JobState.OUTCOME_UNKNOWN), 30, settled(Move.ACCEPT)),
    "backlog-age": _outbox(job_in(JobState.AVAILABLE), 15, settled(Move.CANCEL)),
    "held-jobs": _outbox(job_in(JobState.HELD), 0, settled(Move.CANCEL)),
    "windows-missed": Drill(fire=rounds(2, let_go_by(minutes=65)), clear=COVERED),
    "windows-failed": Drill(
        fire=rounds(
            2,
            let_go_by(minutes=25),
            cover(first_only=True, status=CoverageStatus.FAILED),
        ),
        clear=rounds(2, let_go_by(minutes=25), cover()),
    ),
    "silent-stores": Drill(
        fire=rounds(2, let_go_by(hours=26), cover(0, first_only=True)),
        clear=rounds(2, let_go_by(hours=2), cover()),
    ),
    "visits-at-risk": Drill(fire=rounds(2, visit_without_guide), clear=rounds(3, guide_arrives)),
    "watchdog-heartbeat": Drill(fire=let_go_by(minutes=15), clear=QUIET),
    "watchdog-blind": Drill(
        fire=rounds(4, _airflow(lambda airflow, _: setattr(airflow, "is_shut", True))),
        clear=rounds(4, _airflow(lambda airflow, _: setattr(airflow, "is_shut", False))),
    ),
    "airflow-unhealthy": Drill(
        fire=rounds(2, _airflow(lambda airflow, _: airflow.ill.update(scheduler="unhealthy"))),
        clear=rounds(3, _airflow(lambda airflow, _: airflow.ill.clear())),
    ),
    "dags-paused": Drill(
        fire=rounds(2, _airflow(lambda airflow, _: airflow.paused_ids.add(ETL))),
        clear=rounds(3, _airflow(lambda airflow, _: airflow.paused_ids.clear())),
    ),
    # Told for an hour after it happened; then it is over by itself.
    "tasks-killed": Drill(fire=rounds(2, _airflow(_killed)), clear=rounds(15)),
}
