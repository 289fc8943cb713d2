"""Airflow as the watchdog sees it, in memory."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from booking_sms.domain.airflow_view import (
    COMPONENTS,
    HEALTHY,
    ComponentHealth,
    EndedRun,
    KilledTask,
)
from booking_sms.domain.errors import AirflowUnavailable


class InMemoryAirflowView:
    """Well until something is written into ``ill``, ``dags``, ``runs`` or ``killed``.

    ``is_down`` refuses every question that needs an account.
    """

    def __init__(self, dag_ids: Sequence[str] = ()) -> None:
        self.ill: dict[str, str] = {}
        self.dags: dict[str, bool] = dict.fromkeys(dag_ids, False)
        self.runs: list[EndedRun] = []
        self.killed: list[KilledTask] = []
        self.is_down = False

    def health(self) -> Sequence[ComponentHealth]:
        """All components, ``ill`` ones by their own word."""
        return [
            ComponentHealth(name=name, status=self.ill.get(name, HEALTHY)) for name in COMPONENTS
        ]

    def paused(self) -> Mapping[str, bool]:
        """DAGs and whether they are paused."""
        self._answer()
        return dict(self.dags)

    def ended_runs(self, since: datetime, until: datetime) -> Sequence[EndedRun]:
        """Runs that ended in between."""
        self._answer()
        return [run for run in self.runs if since <= run.ended_at < until]

    def killed_tasks(self, since: datetime) -> Sequence[KilledTask]:
        """What was put there; instants are not looked at."""
        self._answer()
        return list(self.killed)

    def _answer(self) -> None:
        if self.is_down:
            raise AirflowUnavailable(reason="ConnectError")
