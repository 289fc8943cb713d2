"""The watchdog's rounds over ports in memory: each part alone, each trouble told once."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from workflow_world import InMemoryApplication

from booking_sms.domain.airflow_view import EndedRun, KilledTask
from booking_sms.domain.errors import ConnectionInvalid, SessionNeedsPerson, StoreUnavailable
from booking_sms.domain.sms_job import JobState
from booking_sms.testing import NOW, NOW_MS, InMemoryAirflowView, make_booking, make_job
from booking_sms.workflow import Watchdog, WatchdogReport

DAGS = ("booking_sms_etl", "sms_dispatch", "sms_reconcile")
KILLED = KilledTask(
    dag_id="sms_dispatch",
    run_id="r1",
    task_id="claim_and_send",
    map_index=2,
    try_number=1,
    state="success",
    how="called a success, and left no result",
)


class World:
    """An application, an Airflow and its watchdog; windows of the last day were all decided."""

    def __init__(self, **settings: Any) -> None:
        self.app = InMemoryApplication(effective_from=NOW + timedelta(days=1), **settings)
        self.airflow = InMemoryAirflowView(DAGS)
        self.dog = Watchdog(self.app, self.airflow)

    def round(self) -> WatchdogReport:
        self.app.operations_metrics.metrics.clear()
        self.told.clear()
        return self.dog.round()

    def number(self, name: str, **dimensions: str) -> float:
        (value,) = [
            metric.value
            for metric in self.app.operations_metrics.metrics
            if metric.name == name and metric.dimensions == dimensions
        ]
        return value

    @property
    def told(self) -> list[str]:
        return self.app._team_channel.texts


@pytest.fixture
def world() -> World:
    return World()


def test_a_round_in_which_all_is_well_is_silent_and_publishes_zeros(world: World) -> None:
    report = world.round()

    assert (report.open, report.blind, world.told) == ({}, {}, [])
    assert world.number("WatchdogHeartbeat") == 1
    for name in ("BacklogAge", "InDoubtAge", "HeldJobs", "TasksKilled", "DagsPaused"):
        assert world.number(name) == 0
    assert world.number("AirflowUnhealthy", Component="scheduler") == 0


def test_a_dead_scheduler_is_told_once_and_so_is_its_end(world: World) -> None:
    world.airflow.ill["scheduler"] = "unhealthy"
    first, pages = world.round(), list(world.told)
    number = world.number("AirflowUnhealthy", Component="scheduler")
    second, again = world.round(), list(world.told)
    world.airflow.ill.clear()
    third = world.round()

    assert number == 1
    assert first.new == ("airflow#scheduler",)
    assert len(pages) == 1
    assert "scheduler" in pages[0]
    assert (second.new, again) == ((), [])
    assert third.over == ("airflow#scheduler",)
    assert "해결됐습니다" in world.told[0]


def test_a_new_process_does_not_tell_again(world: World) -> None:
    world.airflow.ill["triggerer"] = "unhealthy"
    world.round()
    world.dog = Watchdog(world.app, world.airflow)

    assert world.round().new == ()


def test_what_reached_nobody_is_told_by_the_next_round(world: World) -> None:
    world.airflow.ill["triggerer"] = "unhealthy"
    channels = world.app._team_channel, world.app._owner_channel
    world.app.__dict__ |= {"_team_channel": None, "_owner_channel": None}
    assert not world.dog.round().reached
    world.app.__dict__ |= dict(zip(("_team_channel", "_owner_channel"), channels, strict=True))

    assert world.round().new == ("airflow#triggerer",)
    assert len(world.told) == 1


@pytest.mark.parametrize("is_known", [True, False])
def test_a_paused_dag_and_one_that_is_gone_are_trouble(world: World, is_known: bool) -> None:
    world.airflow.dags["sms_dispatch"] = True
    if not is_known:
        del world.airflow.dags["sms_dispatch"]

    assert world.round().new == ("paused#sms_dispatch",)
    assert world.number("DagsPaused") == 1


def test_a_dag_that_nobody_watches_may_be_paused() -> None:
    world = World(watched_dags="booking_sms_etl")
    world.airflow.dags["sms_dispatch"] = True

    assert world.round().is_quiet


def test_a_killed_task_is_an_event_without_an_end(world: World) -> None:
    world.airflow.killed.append(KILLED)
    first = world.round()
    said = world.told[0]
    assert world.number("TasksKilled") == 1
    world.airflow.killed.clear()
    second = world.round()

    assert first.new == (f"killed#{KILLED.key}",)
    assert KILLED.how in said
    assert (second.over, world.told) == ((), [])


def test_a_part_that_fails_stops_no_other_and_ends_no_trouble_of_its_own(world: World) -> None:
    world.airflow.dags["sms_dispatch"] = True
    world.round()
    world.airflow.is_down = True
    report = world.round()

    assert set(report.blind) == {"paused_dags", "killed_tasks", "runs"}
    assert report.over == ()
    assert {f"blind#{part}" for part in report.blind} == set(report.new)
    assert world.number("BacklogAge") == 0
    assert world.number("AirflowUnhealthy", Component="api_server") == 0

    world.airflow.is_down = False
    assert set(world.round().over) == {f"blind#{part}" for part in report.blind}


def test_without_an_account_the_rest_is_watched(world: World) -> None:
    world.dog = Watchdog(world.app, None)
    report = world.round()

    assert report.blind["airflow_health"] == "ConnectionMissing"
    assert "outbox" not in report.blind
    assert world.number("WatchdogHeartbeat") == 1


def test_with_the_database_gone_somebody_is_paged_once(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: Any, **__: Any) -> Any:
        raise StoreUnavailable(service="dynamodb")

    for name in ("get_note", "put_note"):
        monkeypatch.setattr(world.app.control, name, refuse)
    memory: dict[str, dict[str, str]] = {}
    world.dog = Watchdog(world.app, world.airflow, memory)
    first, pages = world.round(), list(world.told)
    world.dog = Watchdog(world.app, world.airflow, memory)
    second = world.round()

    assert first.blind["runs"] == "StoreUnavailable"
    assert sum("감시의" in text for text in pages) == 1
    assert second.new == ()


def test_late_texts_and_old_doubts_are_measured_and_told(world: World) -> None:
    late = timedelta(minutes=16)
    world.app.jobs.insert_if_absent(
        make_job(state=JobState.AVAILABLE, due_at=NOW - late, not_before=NOW - late)
    )
    doubt = make_job(booking_num="900101_77", state=JobState.OUTCOME_UNKNOWN)
    world.app.jobs.insert_if_absent(doubt.evolve(t0=NOW_MS - 3_700_000))
    world.app.jobs.insert_if_absent(make_job(booking_num="900101_78", state=JobState.HELD))

    report = world.round()

    assert (world.number("BacklogJobs"), world.number("BacklogAge")) == (1, 960)
    assert (world.number("InDoubtJobs"), world.number("InDoubtAge")) == (1, 3700)
    assert world.number("HeldJobs") == 1
    assert set(report.new) == {"backlog", "in_doubt"}


def test_texts_that_wait_because_sending_is_off_are_no_trouble(world: World) -> None:
    world.app.control.set_delivery_mode("off", by="test", reason="test")
    due = NOW - timedelta(hours=1)
    world.app.jobs.insert_if_absent(make_job(state=JobState.AVAILABLE, due_at=due, not_before=due))

    assert "backlog" not in world.round().open
    assert world.number("BacklogJobs") == 1


def test_a_backlog_is_one_of_stores_that_send(world: World) -> None:
    world.app.control.set_delivery_mode("comparison", store_id="900101", by="t", reason="t")
    for store_id, hours in (("900101", 2), ("900102", 1)):
        due = NOW - timedelta(hours=hours)
        world.app.jobs.insert_if_absent(
            make_job(
                booking_num=f"{store_id}_5",
                store_id=store_id,
                state=JobState.AVAILABLE,
                due_at=due,
                not_before=due,
            )
        )

    assert "backlog" in world.round().open
    assert (world.number("BacklogJobs"), world.number("BacklogAge")) == (2, 3600)


def test_a_visit_at_risk_stays_at_risk_when_its_store_is_out_of_sight(world: World) -> None:
    booking = make_booking(starts_at=NOW + timedelta(minutes=40))
    world.app.source.put(booking)
    world.round()
    seen = world.number("VisitsAtRisk")
    world.app.source.failures[booking.store_id] = SessionNeedsPerson(state="CAPTCHA")
    world.round()

    assert (seen, world.number("VisitsAtRisk")) == (1, 1)

    world.app.source.failures.clear()
    world.app.jobs.insert_if_absent(
        make_job(booking_num=booking.booking_num, state=JobState.ACCEPTED, to=booking.phone)
    )
    world.round()
    assert world.number("VisitsAtRisk") == 0


def test_a_key_that_was_taken_away_silences_nothing(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: Any, **__: Any) -> Any:
        raise ConnectionInvalid(service="dynamodb", reason="ExpiredToken")

    for name in ("get_note", "put_note", "add_to_counter"):
        monkeypatch.setattr(world.app.control, name, refuse)
    world.airflow.ill["scheduler"] = "unhealthy"

    report = world.round()

    assert report.blind["runs"] == "ConnectionInvalid"
    assert world.number("WatchdogHeartbeat") == 1
    assert "airflow#scheduler" in report.new
    assert len(world.told) >= 1


def test_what_another_part_pages_is_no_quiet_either(world: World) -> None:
    world.app.source.put(make_booking(starts_at=NOW + timedelta(minutes=40)))

    report = world.round()

    assert report.told_elsewhere["visits"] == 1
    assert not report.is_quiet


def test_parts_that_cannot_look_are_a_number(world: World) -> None:
    world.round()
    well = world.number("WatchdogBlind")
    world.airflow.is_down = True
    world.round()

    assert (well, world.number("WatchdogBlind")) == (0, 3)


def test_each_run_is_counted_once_also_one_that_was_killed(world: World) -> None:
    now = datetime.fromtimestamp(NOW_MS / 1000, UTC)
    for minutes, state in ((2, "success"), (1, "failed")):
        world.airflow.runs.append(
            EndedRun(
                dag_id="sms_dispatch",
                run_id=state,
                state=state,
                started_at=now - timedelta(minutes=minutes, seconds=30),
                ended_at=now - timedelta(minutes=minutes),
                longest_wait=timedelta(seconds=1),
            )
        )

    world.round()
    sink = world.app.operations_metrics
    assert (sink.values("RunCount"), sink.values("RunErrors")) == ([1, 1], [0, 1])
    assert sink.values("RunDuration") == [30_000, 30_000]

    world.app.transport_clock.advance(timedelta(minutes=5))
    world.round()
    assert sink.values("RunCount") == []


def test_runs_whose_numbers_did_not_arrive_are_counted_by_the_next_round(world: World) -> None:
    now = datetime.fromtimestamp(NOW_MS / 1000, UTC)
    world.airflow.runs.append(
        EndedRun(
            dag_id="sms_dispatch",
            run_id="r",
            state="failed",
            started_at=now - timedelta(minutes=3),
            ended_at=now - timedelta(minutes=2),
            longest_wait=timedelta(seconds=1),
        )
    )
    world.app.operations_metrics.is_down = True
    world.round()
    world.app.operations_metrics.is_down = False
    world.app.transport_clock.advance(timedelta(minutes=5))
    world.round()

    assert world.app.operations_metrics.values("RunErrors") == [1]
