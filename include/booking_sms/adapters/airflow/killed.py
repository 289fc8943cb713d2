"""Finds tries that a signal ended: Airflow's states and callbacks alone do not tell them.

A killed task may be called failed, up for retry or even success, and its failure callback need
not run. What gives it away, in this order:
- the event that its supervisor's heartbeat stopped: both were killed, or their machine was;
- its log, in which the supervisor wrote the signal that ended the task;
- a success that left no result, though every task of ours returns one (apache/airflow 60858).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any, Protocol
from urllib.parse import quote

from booking_sms.domain.airflow_view import KilledTask
from booking_sms.domain.errors import AirflowUnavailable

HEARTBEAT_STOPPED = "heartbeat timeout"
SIGNALLED = "Process terminated by signal"
FAILED, RETRIED, SUCCEEDED = "failed", "up_for_retry", "success"
RESULT = "return_value"
PYTHON_TASK = "_PythonDecoratedOperator"
RETURNING = frozenset({"booking_sms_etl", "sms_dispatch", "sms_reconcile"})
"""DAGs of which every Python task returns something."""
BY_HEARTBEAT = "its heartbeat stopped"
BY_LOG = "its log says that a signal ended it"
BY_SILENCE = "called a success, and left no result"

TaskInstance = Mapping[str, Any]


class Api(Protocol):
    """What is asked of Airflow; see ``AirflowApi``."""

    def pages(
        self, path: str, name: str = "task_instances", **params: Any
    ) -> Iterator[dict[str, Any]]:
        """Every entry of a list."""
        ...

    def text(self, path: str, **params: Any) -> str:
        """An answer as it came."""
        ...


class KilledTaskFinder:
    """One look at the tries of some DAGs."""

    def __init__(self, api: Api, dag_ids: frozenset[str]) -> None:
        self._api = api
        self._dag_ids = dag_ids

    def find(self, since: datetime) -> list[KilledTask]:
        """Every killed try that ended since then, each once. Raises AirflowUnavailable."""
        stopped = self._stopped(since)
        ended = [ti for ti in self._ended(since) if ti["dag_id"] in self._dag_ids]
        found = [*self._without_heartbeat(stopped), *self._signalled(ended)]
        found += self._silent(ended, since)
        return list({task.key: task for task in reversed(found)}.values())

    # -- reading ------------------------------------------------------------------------------

    def _stopped(self, since: datetime) -> list[Mapping[str, Any]]:
        asked = {"event": HEARTBEAT_STOPPED, "after": since.isoformat()}
        events = self._api.pages("eventLogs", "event_logs", **asked)
        return [event for event in events if event["dag_id"] in self._dag_ids]

    def _ended(self, since: datetime) -> list[TaskInstance]:
        """Tasks whose newest try ended since, and those that are being tried again."""
        path, asked = "dags/~/dagRuns/~/taskInstances", {"updated_at_gte": since.isoformat()}
        return list(self._api.pages(path, **asked))

    # -- judging ------------------------------------------------------------------------------

    def _without_heartbeat(self, events: Iterable[Mapping[str, Any]]) -> Iterator[KilledTask]:
        for event in events:
            yield KilledTask(
                dag_id=str(event["dag_id"]),
                run_id=str(event["run_id"]),
                task_id=str(event["task_id"]),
                map_index=_map_index(event),
                try_number=int(event["try_number"] or 1),
                state=FAILED,
                how=BY_HEARTBEAT,
            )

    def _signalled(self, tasks: Iterable[TaskInstance]) -> Iterator[KilledTask]:
        for task in tasks:
            for tried in self._bad_tries(task):
                if SIGNALLED in self._log(tried):
                    yield _killed(tried, BY_LOG)

    def _bad_tries(self, task: TaskInstance) -> Iterator[TaskInstance]:
        """Tries that did not end well; the earlier ones of a task are asked for apart."""
        if task["state"] in (FAILED, RETRIED):
            yield task
        if task["try_number"] > 1:
            path = f"{_path(task)}/{_map_index(task)}/tries"
            for tried in self._api.pages(path):
                is_older = tried["try_number"] < task["try_number"]
                if is_older and tried["state"] in (FAILED, RETRIED):
                    yield {**task, **tried}

    def _log(self, task: TaskInstance) -> str:
        """Empty for a log that is gone: then the heartbeat alone can tell."""
        path = f"{_path(task)}/logs/{task['try_number']}"
        try:
            return self._api.text(path, map_index=_map_index(task), full_content="true")
        except AirflowUnavailable:
            return ""

    def _silent(self, tasks: Iterable[TaskInstance], since: datetime) -> Iterator[KilledTask]:
        """Only runs of the time looked at: of others not every result would be read."""
        judged = [
            task
            for task in tasks
            if task["state"] == SUCCEEDED
            and task["dag_id"] in RETURNING
            and task["operator"] == PYTHON_TASK
            and datetime.fromisoformat(task["run_after"]) >= since
        ]
        told = self._told(since) if judged else frozenset()
        for task in judged:
            if _place(task) not in told:
                yield _killed(task, BY_SILENCE)

    def _told(self, since: datetime) -> frozenset[tuple[str, str, str, int]]:
        path = "dags/~/dagRuns/~/taskInstances/~/xcomEntries"
        asked = {"xcom_key_pattern": RESULT, "run_after_gte": since.isoformat()}
        entries = self._api.pages(path, "xcom_entries", **asked)
        return frozenset(_place({**e, "dag_run_id": e["run_id"]}) for e in entries)


def longest_wait(task: TaskInstance) -> timedelta:
    """How long a task waited between queued and started; nothing if it never was either."""
    queued, started = task.get("queued_when"), task.get("start_date")
    if not queued or not started:
        return timedelta(0)
    waited = datetime.fromisoformat(started) - datetime.fromisoformat(queued)
    return max(waited, timedelta(0))


def _killed(task: TaskInstance, how: str) -> KilledTask:
    dag_id, run_id, task_id, map_index = _place(task)
    return KilledTask(
        dag_id=dag_id,
        run_id=run_id,
        task_id=task_id,
        map_index=map_index,
        try_number=int(task["try_number"]),
        state=str(task["state"]),
        how=how,
    )


def _place(task: TaskInstance) -> tuple[str, str, str, int]:
    ids = str(task["dag_id"]), str(task["dag_run_id"]), str(task["task_id"])
    return (*ids, _map_index(task))


def _map_index(task: Mapping[str, Any]) -> int:
    index = task.get("map_index")
    return -1 if index is None else int(index)


def _path(task: TaskInstance) -> str:
    dag_id, run_id, task_id, _ = _place(task)
    run = f"dags/{quote(dag_id, safe='')}/dagRuns/{quote(run_id, safe='')}"
    return f"{run}/taskInstances/{quote(task_id, safe='')}"
