"""Airflow's REST API as the local stack uses it.

SQLite makes the API answer 503, or 500 for a locked database, now and then while the scheduler
writes: every call is repeated then, and a run is triggered under an id of our own, so that a
repeated trigger is no second run.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

import httpx
from tenacity import Retrying, retry_if_exception_type, stop_after_delay, wait_random_exponential

from local_stack.environment import USER
from local_stack.layout import StackError

HEALTHY = "healthy"
COMPONENTS = ("metadatabase", "scheduler", "triggerer", "dag_processor")
WARM_UP_WITHIN_S = 120
FINAL = frozenset({"success", "failed"})


class Busy(StackError):
    """Airflow could not answer just now: the same call may succeed in a moment."""


class AirflowApi:
    """A logged-in client. ``password`` is the one of the local admin."""

    def __init__(self, url: str, password: str) -> None:
        self._client = httpx.Client(base_url=url, timeout=20, trust_env=False)
        self._password = password

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def is_up(self) -> bool:
        """Whether the API server answers."""
        return bool(self._health())

    def is_healthy(self) -> bool:
        """Whether every component says that it is well."""
        health = self._health()
        return all((health.get(name) or {}).get("status") == HEALTHY for name in COMPONENTS)

    def _health(self) -> dict[str, Any]:
        try:
            answer = self._client.get("/api/v2/monitor/health")
        except httpx.TransportError:
            return {}
        return {} if answer.is_error else answer.json()

    def warm_up(self) -> None:
        """Let the server build the tasks' side of its API, which takes seconds of the CPU.

        It does so at the first request, and until then answers nobody: left to the first task,
        every task and every call of ours would wait and try again.
        """
        self._client.get("/execution/health", timeout=WARM_UP_WITHIN_S).raise_for_status()

    def log_in(self) -> None:
        """Get a token for all further calls."""
        body = {"username": USER, "password": self._password}
        token = self._call("POST", "/auth/token", json=body).json()["access_token"]
        self._client.headers["Authorization"] = f"Bearer {token}"

    def import_errors(self) -> list[str]:
        """DAG files that could not be read, with the last line of the reason."""
        errors = self.get("importErrors")["import_errors"]
        return [f"{e['filename']}: {e['stack_trace'].strip().splitlines()[-1]}" for e in errors]

    def dag_ids(self) -> set[str]:
        """DAGs that Airflow knows."""
        return {dag["dag_id"] for dag in self.get("dags", limit=100)["dags"]}

    def set_pool(self, name: str, slots: int, description: str) -> None:
        """Create the pool, or give it this size."""
        body = {"slots": slots, "description": description, "include_deferred": False}
        answer = self._call("POST", "/api/v2/pools", accept=(409,), json={"name": name, **body})
        if answer.status_code == httpx.codes.CONFLICT:
            # The same field has another name here.
            self._call("PATCH", f"/api/v2/pools/{quote(name)}", json={"pool": name, **body})

    def unpause(self, dag_id: str) -> None:
        """Let the scheduler run a DAG."""
        self._call("PATCH", f"/api/v2/dags/{dag_id}", json={"is_paused": False})

    def pause(self, dag_id: str) -> None:
        """Keep the scheduler from running a DAG."""
        self._call("PATCH", f"/api/v2/dags/{dag_id}", json={"is_paused": True})

    def trigger(self, dag_id: str, run_id: str, conf: Mapping[str, Any]) -> None:
        """Start a manual run under this id."""
        body = {"dag_run_id": run_id, "logical_date": None, "conf": dict(conf)}
        # 409: an earlier attempt of this very call had arrived.
        self._call("POST", f"/api/v2/dags/{dag_id}/dagRuns", accept=(409,), json=body)

    def run(self, dag_id: str, run_id: str) -> dict[str, Any]:
        """One DAG run."""
        return self.get(f"dags/{dag_id}/dagRuns/{quote(run_id, safe='')}")

    def runs(self, dag_id: str) -> list[dict[str, Any]]:
        """All runs of a DAG."""
        return self.get(f"dags/{dag_id}/dagRuns", limit=100)["dag_runs"]

    def task_instances(self, dag_id: str, run_id: str) -> list[dict[str, Any]]:
        """Task instances of a run, mapped ones included."""
        path = f"dags/{dag_id}/dagRuns/{quote(run_id, safe='')}/taskInstances"
        return self.get(path, limit=100)["task_instances"]

    def runs_caused_by(self, dag_id: str, source_run_id: str) -> list[str]:
        """Ids of the runs of ``dag_id`` that an asset event of this run started."""
        events = self.get("assets/events", source_run_id=source_run_id)["asset_events"]
        caused = (run for event in events for run in event["created_dagruns"])
        return sorted({run["run_id"] for run in caused if run["dag_id"] == dag_id})

    def result(self, dag_id: str, run_id: str, task_id: str, **where: Any) -> Any:
        """What a task left in XCom (None when it left nothing); ``key`` and ``map_index``."""
        key = where.pop("key", "return_value")
        path = f"/api/v2/dags/{dag_id}/dagRuns/{quote(run_id, safe='')}"
        path = f"{path}/taskInstances/{task_id}/xcomEntries/{key}"
        params = {"deserialize": "false", **where}
        answer = self._call("GET", path, accept=(404,), params=params)
        return None if answer.status_code == httpx.codes.NOT_FOUND else answer.json()["value"]

    def answer(self, dag_id: str, run_id: str, task_id: str, option: str) -> None:
        """Answer a task that waits for a person, as the UI's page of required actions does."""
        path = f"/api/v2/dags/{dag_id}/dagRuns/{quote(run_id, safe='')}"
        body = {"chosen_options": [option], "params_input": {}}
        # 409: an earlier attempt of this very call had arrived.
        path = f"{path}/taskInstances/{task_id}/-1/hitlDetails"
        self._call("PATCH", path, accept=(409,), json=body)

    def page(self, path: str) -> httpx.Response:
        """A page outside the public API, as somebody who is logged in sees it."""
        return self._call("GET", path, accept=tuple(range(400, 500)))

    def get(self, path: str, **params: Any) -> Any:
        """GET below the public API; the answer's JSON."""
        return self._call("GET", f"/api/v2/{path}", params=params).json()

    def _call(
        self, method: str, path: str, *, accept: tuple[int, ...] = (), **request: Any
    ) -> httpx.Response:
        for attempt in Retrying(
            retry=retry_if_exception_type(Busy),
            wait=wait_random_exponential(multiplier=0.2, max=2),
            stop=stop_after_delay(30),
            reraise=True,
        ):
            with attempt:
                answer = self._once(method, path, **request)
        if answer.is_error and answer.status_code not in accept:
            raise StackError(f"Airflow: {method} {path}: {answer.status_code} {answer.text[:200]}")
        return answer

    def _once(self, method: str, path: str, **request: Any) -> httpx.Response:
        try:
            answer = self._client.request(method, path, **request)
        except httpx.TransportError as error:
            raise Busy(f"Airflow: {method} {path}: {type(error).__name__}") from error
        if _is_busy(answer):
            raise Busy(f"Airflow: {method} {path}: {answer.status_code}")
        return answer


def _is_busy(answer: httpx.Response) -> bool:
    """A locked SQLite shows as any 5xx; every call here is safe to repeat."""
    return answer.is_server_error
