"""Airflow's four components on this machine: from an empty home to three unpaused DAGs."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import replace
from datetime import datetime

from tenacity import Retrying, stop_after_delay, wait_fixed

from local_stack.airflow_api import AirflowApi
from local_stack.environment import LOOPBACK, Keys, airflow_environ, free_port
from local_stack.layout import PROJECT, Layout, StackError
from local_stack.processes import (
    COMPONENTS,
    StackState,
    airflow,
    is_listening,
    listening_addresses,
    run_command,
    start_component,
    stop_components,
    this_process,
    wait_for,
)

DAG_IDS = ("booking_sms_etl", "sms_dispatch", "sms_reconcile")
DAILY_DAG_IDS = ("sms_audit", "golden_parity")
"""Unpaused where Airflow stays up; the report of `run` holds an audit of its own."""
MIGRATED_WITHIN_S = 180
LOCAL_ONLY = frozenset({LOOPBACK, "::1"})
UP_WITHIN_S = 90
HEALTHY_WITHIN_S = 60
CREATED_WITHIN_S = 200
DAGS_WITHIN_S = 60


class AirflowStack:
    """Airflow in one home folder. ``port`` 0 takes a free one."""

    def __init__(self, layout: Layout, port: int = 0) -> None:
        self.layout = layout
        self.state = StackState(free_port(port), (), this_process())
        self.environ = airflow_environ(layout, self.state.port)
        self.api = AirflowApi(self.state.url, self.password)
        self._migration: subprocess.Popen[str] | None = None

    @classmethod
    def begin(cls, layout: Layout, port: int = 0, *, fresh: bool) -> AirflowStack:
        """A stack whose database is being made; ``fresh`` forgets the runs of earlier starts.

        What an interrupted run left as running would otherwise block the next one for minutes.
        """
        if fresh:
            for path in layout.airflow_home.glob("airflow.db*"):
                path.unlink()
        stack = cls(layout, port)
        stack._migration = subprocess.Popen(
            airflow("db", "migrate"),
            env=stack.environ,
            cwd=PROJECT,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        return stack

    @property
    def password(self) -> str:
        """Password of the local admin."""
        return Keys.of(self.layout.airflow_home).password

    def start(self) -> None:
        """Start the components once the database is there and the world has its connections."""
        output, _ = self._migration.communicate(timeout=MIGRATED_WITHIN_S)
        if self._migration.returncode:
            raise StackError(f"airflow db migrate failed:\n{output[-1500:]}")
        environ = airflow_environ(self.layout, self.state.port)
        for name in COMPONENTS:
            component = start_component(name, environ, self.layout.component_logs)
            self.state = replace(self.state, components=(*self.state.components, component))
            self.state.write(self.layout.state_file)

    def wait_ready(self) -> None:
        """Wait until all components are well and all DAGs are read."""
        wait_for("the API server answers", self._alive(self._answers), within_s=UP_WITHIN_S)
        self.api.warm_up()
        wait_for("Airflow is healthy", self._alive(self.api.is_healthy), within_s=HEALTHY_WITHIN_S)
        self.api.log_in()
        wait_for("the DAGs are read", self._dags_read, within_s=DAGS_WITHIN_S)
        self._refuse_other_interfaces()

    def make_pools(self, pools: Iterable[tuple[str, int, str]]) -> None:
        """Create the pools that guard Naver."""
        for name, slots, description in pools:
            self.api.set_pool(name, slots, description)

    def unpause(self, dag_ids: Iterable[str] = DAG_IDS) -> None:
        """Let the scheduler run our DAGs."""
        for dag_id in dag_ids:
            self.api.unpause(dag_id)

    def stop_component(self, name: str) -> None:
        """Stop one component, as if its machine had gone."""
        stop_components(c for c in self.state.components if c.name == name)

    def start_component(self, name: str) -> None:
        """Start a component that was stopped, and wait until Airflow is well again."""
        others = tuple(c for c in self.state.components if c.name != name)
        # The world's connections were not there yet when this stack was made.
        environ = airflow_environ(self.layout, self.state.port)
        component = start_component(name, environ, self.layout.component_logs)
        self.state = replace(self.state, components=(*others, component))
        self.state.write(self.layout.state_file)
        wait_for("Airflow is healthy", self._alive(self.api.is_healthy), within_s=HEALTHY_WITHIN_S)

    def create_backfill(
        self, dag_id: str, first: datetime, last: datetime, reprocess: str = "none"
    ) -> None:
        """Let Airflow run the windows that end from ``first`` to ``last``, oldest first.

        ``reprocess`` says what becomes of runs that are there: none, failed or completed ones
        run again.

        By the command and not by the API: on SQLite a refused attempt would keep the API
        server's lock on the database, while a command's lock ends with it. An attempt that
        loses its lock half way leaves a backfill without runs, which Airflow ends after two
        minutes; until then every other attempt is refused.
        """
        dates = ("--from-date", first.isoformat(), "--to-date", last.isoformat())
        how = ("--reprocess-behavior", reprocess, "--max-active-runs", "1")
        command = airflow("backfill", "create", "--dag-id", dag_id, *dates, *how)
        for attempt in Retrying(
            stop=stop_after_delay(CREATED_WITHIN_S), wait=wait_fixed(3), reraise=True
        ):
            with attempt:
                run_command(command, self.environ)

    def leave_running(self) -> None:
        """Leave the components to `down`."""
        self.state = replace(self.state, owner=None)
        self.state.write(self.layout.state_file)

    def stop(self) -> None:
        """Stop every component; StackError if one survives or the port still answers."""
        self.api.close()
        self._end_migration()
        stop(self.layout, self.state)

    def _end_migration(self) -> None:
        if self._migration and self._migration.poll() is None:
            self._migration.kill()
            self._migration.communicate()

    def _alive(self, probe: Callable[[], bool]) -> Callable[[], bool]:
        """The probe, which is not worth asking any more once a component has ended."""

        def probe_while_alive() -> bool:
            dead = [c.name for c in self.state.components if not c.is_running]
            if dead:
                raise StackError(f"{', '.join(dead)} ended: see {self.layout.component_logs}")
            return probe()

        return probe_while_alive

    def _answers(self) -> bool:
        """Whether what answers on our port is ours: another start may have taken it meanwhile."""
        ours = listening_addresses(self.state.components)
        return (LOOPBACK, self.state.port) in ours and self.api.is_up()

    def _dags_read(self) -> bool:
        errors = self.api.import_errors()
        if errors:
            raise StackError("DAG files cannot be read:\n" + "\n".join(errors))
        return set(DAG_IDS) <= self.api.dag_ids()

    def _refuse_other_interfaces(self) -> None:
        addresses = listening_addresses(self.state.components)
        open_to_others = sorted(address for address in addresses if address[0] not in LOCAL_ONLY)
        if open_to_others:
            raise StackError(f"listening beyond this machine: {open_to_others}")


def stop(layout: Layout, state: StackState | None) -> None:
    """Stop what a state says is running, and forget it."""
    if state is None:
        return
    stop_components(state.components)
    with suppress(FileNotFoundError):
        layout.state_file.unlink()
    if is_listening(state.port):
        raise StackError(f"port {state.port} still answers after Airflow was stopped")
