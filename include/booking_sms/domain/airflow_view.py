"""What is seen of Airflow from outside: components, runs that ended, tasks that died."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

HEALTHY = "healthy"
API_SERVER = "api_server"
COMPONENTS = ("metadatabase", "scheduler", "triggerer", "dag_processor", API_SERVER)
"""Airflow's own names; the API server is judged by whether it answers."""


@dataclass(frozen=True, kw_only=True)
class ComponentHealth:
    """A component as the health page calls it. ``seen_at`` is its last heartbeat, if it has any."""

    name: str
    status: str
    seen_at: datetime | None = None

    @property
    def is_healthy(self) -> bool:
        """Whether Airflow itself says so; a status that is missing is none."""
        return self.status == HEALTHY


@dataclass(frozen=True, kw_only=True)
class EndedRun:
    """A DAG run that came to an end, whoever ended it."""

    dag_id: str
    run_id: str
    state: str
    started_at: datetime
    ended_at: datetime
    longest_wait: timedelta

    @property
    def is_failed(self) -> bool:
        """Whether it ended badly."""
        return self.state == "failed"

    @property
    def duration(self) -> timedelta:
        """From its start to its end."""
        return self.ended_at - self.started_at


@dataclass(frozen=True, kw_only=True)
class KilledTask:
    """A try of a task that ended without telling why, and by what that was seen.

    ``state`` is what Airflow calls it, which may be ``success`` (apache/airflow issue 60858).
    """

    dag_id: str
    run_id: str
    task_id: str
    map_index: int
    try_number: int
    state: str
    how: str

    @property
    def key(self) -> str:
        """Tells this try from every other."""
        place = f"{self.dag_id}#{self.run_id}#{self.task_id}"
        return f"{place}#{self.map_index}#{self.try_number}"
