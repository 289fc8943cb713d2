"""The main job through real Airflow processes, a real Chromium and the embedded world.

The passes depend on each other, so each is a fixture that asks for the one before: the day, the
same day again; among the long tests a store that is down, a login that needs a person, a run
without a window. What was left behind is searched for personal data at the end.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from leaks import files_of, leaks

if TYPE_CHECKING:
    from local_stack.airflow_stack import AirflowStack
    from local_stack.day import Day, Step, WindowOutcome
    from local_stack.embedded_world import EmbeddedWorld
    from local_stack.outcome import DayOutcome

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.airflow,
    pytest.mark.browser,
    pytest.mark.filterwarnings("default"),
    pytest.mark.timeout(600),
]

WINDOWS = ("13:40", "20:00")
STORE_THAT_FAILS = "900103"
ETL, DISPATCH = "booking_sms_etl", "sms_dispatch"
# In a process of its own: it keeps connections open, which a test may not.
READ_COVERAGE = """
import json, sys
from datetime import datetime
from booking_sms.cli.composition import application
app, at = application(), datetime.fromisoformat(sys.argv[1])
rows = {store: app.windows.of_store(store, at, at) for store in app.store_ids()}
print(json.dumps({store: [row[0].status, row[0].reason] for store, row in rows.items() if row}))
"""


@dataclass
class Stack:
    """Airflow and the world that all passes share."""

    airflow: AirflowStack
    world: EmbeddedWorld
    day: Day

    def outcome_of(self, drive: Callable[[], list[WindowOutcome]]) -> DayOutcome:
        """Take windows through the three DAGs; what came of it."""
        from local_stack.outcome import Before, DayOutcome

        before = Before.of(self.world)
        return DayOutcome.gather(self.world, before, drive())

    def backfill(self, instant: datetime) -> Step:
        """Run the window that ends at ``instant`` as a backfill of Airflow's own."""
        known = self.day.run_ids(ETL, "backfill")
        self.airflow.create_backfill(ETL, instant, instant)
        return self.day.wait_for_new_run(ETL, "backfill", known)

    def task_states(self, run_id: str) -> dict[str, set[str]]:
        """States of an ETL run's tasks."""
        states: dict[str, set[str]] = {}
        for ti in self.airflow.api.task_instances(ETL, run_id):
            states.setdefault(ti["task_id"], set()).add(str(ti["state"]))
        return states

    def coverage(self, window: str) -> dict[str, tuple[str, str]]:
        """{store: (status, reason)} of a window, as the table has it."""
        from local_stack.day import instant_of
        from local_stack.environment import command_environ

        done = subprocess.run(
            [sys.executable, "-c", READ_COVERAGE, instant_of(window).isoformat()],
            env=command_environ(self.world.layout),
            capture_output=True,
            text=True,
            check=True,
        )
        return {store: tuple(row) for store, row in json.loads(done.stdout).items()}


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    from rich.console import Console

    from local_airflow import running
    from local_stack.day import Day
    from local_stack.layout import Layout

    folder = tmp_path_factory.mktemp("stack")
    layout = Layout(world=folder / "world", airflow_home=folder / "airflow")
    with running(layout, Console(quiet=True), fresh=True) as (airflow, world):
        yield Stack(airflow, world, Day(airflow.api, world))


@pytest.fixture(scope="module")
def first(stack: Stack) -> DayOutcome:
    return stack.outcome_of(lambda: stack.day.run(WINDOWS))


@pytest.fixture(scope="module")
def again(stack: Stack, first: DayOutcome) -> DayOutcome:
    """Its last window once more, this time as a backfill of Airflow's own."""
    return stack.outcome_of(lambda: [stack.day.run_window(WINDOWS[-1], stack.backfill)])


@pytest.fixture(scope="module")
def without_window(stack: Stack, again: DayOutcome) -> Step:
    return stack.day.trigger(ETL, {})


@pytest.fixture(scope="module")
def store_down(stack: Stack, again: DayOutcome) -> WindowOutcome:
    stack.world.add_fault(
        service="naver_booking",
        operation="*",
        kind="http_500",
        match={"store": STORE_THAT_FAILS},
        times=None,
    )
    outcome = stack.day.run_window("20:20")
    stack.world.clear_faults()
    return outcome


@pytest.fixture(scope="module")
def login_wall(stack: Stack, store_down: WindowOutcome) -> WindowOutcome:
    stack.world.expire_sessions()
    stack.world.add_fault(service="naver_login", kind="captcha", times=None)
    return stack.day.run_window("20:40")


def test_every_window_goes_through_the_three_dags(first: DayOutcome) -> None:
    assert [window.clock for window in first.windows] == list(WINDOWS)
    for window in first.windows:
        assert window.succeeded
        assert {step.dag_id for step in window.steps} == {ETL, DISPATCH, "sms_reconcile"}


def test_every_store_is_read(first: DayOutcome) -> None:
    for window in first.windows:
        assert len(window.bookings) == 8
        assert all(window.bookings.values())


def test_phones_get_at_least_twenty_texts_of_all_three_kinds(first: DayOutcome) -> None:
    assert first.delivered >= 20
    assert first.kinds_delivered() == {"confirm", "guide", "event"}
    assert first.problems() == []


def test_the_accounting_identity_holds_in_every_window(first: DayOutcome) -> None:
    for window in first.windows:
        assert window.accounting["planned"] > 0
        assert window.adds_up


def test_a_real_browser_logs_in_once(first: DayOutcome) -> None:
    assert [w.session["browser_started"] for w in first.windows] == [True, False]
    assert first.logins == 1


def test_the_owner_is_told_without_full_numbers(stack: Stack, first: DayOutcome) -> None:
    canaries = stack.world.canaries()
    told = "\n".join(first.notes)

    assert first.notes
    assert not [word for group in canaries.values() for word in group if word in told]


def test_the_same_day_again_sends_nothing_and_starts_no_browser(again: DayOutcome) -> None:
    assert all(window.succeeded for window in again.windows)
    assert sum(again.windows[0].bookings.values()) > 20
    assert again.texts == []
    assert (again.logins, again.browsers) == (0, 0)


def test_a_backfill_decides_as_of_the_end_of_its_window(again: DayOutcome, stack: Stack) -> None:
    (run,) = [run for run in stack.airflow.api.runs(ETL) if run["run_type"] == "backfill"]
    report = stack.airflow.api.result(ETL, run["dag_run_id"], "report_window")

    assert report["window"] == "2026-03-02T20:00:00+09:00"


def test_a_scheduled_window_that_the_world_has_not_reached_is_skipped(
    stack: Stack, first: DayOutcome
) -> None:
    """The world stands in March; the scheduler lives today. Nothing turns red by that."""
    scheduled = [r for r in stack.airflow.api.runs(ETL) if r["run_type"] == "scheduled"]

    assert scheduled
    assert {run["state"] for run in scheduled if run["state"] != "running"} == {"success"}
    states = stack.task_states(scheduled[0]["dag_run_id"])
    assert states.pop("open_session") == {"success"}
    assert set().union(*states.values()) == {"skipped"}


@pytest.mark.long
def test_a_manual_run_without_a_window_is_refused(stack: Stack, without_window: Step) -> None:
    assert without_window.state == "failed"
    states = stack.task_states(without_window.run_id)
    assert states["open_session"] == {"failed"}
    assert "success" not in set().union(*states.values())
    log = stack.airflow.layout.airflow_home / "logs"
    said = [p.read_text() for p in files_of([log]) if f"run_id={without_window.run_id}" in str(p)]
    assert any("a manual run needs the parameter window_end" in text for text in said)
    assert any(f"task failed: dag={ETL} task=open_session" in text for text in said)


@pytest.mark.long
def test_one_store_that_is_down_stops_no_other(stack: Stack, store_down: WindowOutcome) -> None:
    etl, dispatch = store_down.steps[:2]

    assert (etl.dag_id, etl.state) == (ETL, "failed")
    assert STORE_THAT_FAILS not in store_down.bookings
    assert len(store_down.bookings) == 7
    assert (dispatch.dag_id, dispatch.state) == (DISPATCH, "success")
    states = stack.task_states(etl.run_id)
    assert states["extract_store"] == {"success", "failed"}
    assert states["load_jobs"] == {"success"}
    assert states["report_window"] == {"failed"}


@pytest.mark.long
def test_a_store_that_is_down_is_a_failed_window(stack: Stack, store_down: WindowOutcome) -> None:
    coverage = stack.coverage("20:20")

    assert coverage.pop(STORE_THAT_FAILS) == ("failed", "BookingApiUnavailable")
    assert len(coverage) == 7
    assert "failed" not in {status for status, _ in coverage.values()}


@pytest.mark.long
def test_a_login_that_needs_a_person_fails_every_window(
    stack: Stack, login_wall: WindowOutcome
) -> None:
    (etl,) = (step for step in login_wall.steps if step.dag_id == ETL)
    states = stack.task_states(etl.run_id)

    assert etl.state == "failed"
    assert states["open_session"] == {"failed"}
    assert states["extract_store"] == {"upstream_failed"}
    assert stack.coverage("20:40") == dict.fromkeys(
        stack.coverage("13:40"), ("failed", "CaptchaRequired")
    )


def test_nobody_is_named_outside_the_places_that_need_it(stack: Stack, again: DayOutcome) -> None:
    """Airflow's database, XCom, logs of tasks and components, logs of the sandbox's programs."""
    home, world = stack.airflow.layout.airflow_home, stack.world.layout.world
    files = list(files_of([home, world / "logs"]))
    sizes = {path.name: path.stat().st_size for path in files}

    assert sizes["airflow.db"] > 100_000
    assert sizes["scheduler.log"] > 10_000
    assert sum("task_id=extract_store" in str(path) for path in files) >= 8 * 3
    assert leaks(stack.world.canaries(), files) == []


def test_the_search_finds_what_is_there(stack: Stack, first: DayOutcome, tmp_path: Path) -> None:
    canaries = stack.world.canaries()
    name, phone = canaries["names"][0], canaries["phones"][0]
    (tmp_path / "plain.log").write_text(f"... {phone} ...")
    (tmp_path / "escaped.json").write_bytes(b'{"n": "%s"}' % name.encode("unicode_escape"))

    assert len(leaks(canaries, files_of([tmp_path]))) == 2


def test_nothing_listens_beyond_this_machine(stack: Stack) -> None:
    from local_stack.processes import listening_addresses

    addresses: set[tuple[str, Any]] = listening_addresses(stack.airflow.state.components)

    assert "127.0.0.1" in {host for host, _ in addresses}
    assert {host for host, _ in addresses} <= {"127.0.0.1", "::1"}
