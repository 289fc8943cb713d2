"""Airflow's REST API as ports.AirflowView: it looks and changes nothing.

A viewer's account suffices. Every question may be asked again, and is, once: SQLite and a
restarting server answer 5xx now and then.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote

import httpx
from tenacity import Retrying, retry_if_exception_type, stop_after_attempt, wait_fixed

from booking_sms.adapters.airflow.killed import KilledTaskFinder, longest_wait
from booking_sms.domain.airflow_view import (
    API_SERVER,
    COMPONENTS,
    HEALTHY,
    ComponentHealth,
    EndedRun,
    KilledTask,
)
from booking_sms.domain.errors import AirflowUnavailable

TAG = "booking_sms"
PAGE = 100
MOST_PAGES = 20
ENDED = ("success", "failed")
UNREACHABLE = "unreachable"


class AirflowApi:
    """Logs in when it first has to. The constructor does no I/O.

    :param transport: what carries the requests; tests give a server as a callable.
    """

    def __init__(
        self,
        base_url: str,
        *,
        username: str,
        password: str,
        timeout_s: float = 10.0,
        pause_s: float = 1.0,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        self._account = {"username": username, "password": password}
        self._client = httpx.Client(
            base_url=base_url, timeout=timeout_s, transport=transport, trust_env=False
        )
        self._pause_s = pause_s
        self._token = ""

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    # -- questions ----------------------------------------------------------------------------

    def health(self) -> Sequence[ComponentHealth]:
        """The health page; an API server that does not answer is a component that is not well."""
        try:
            page = self._asked("GET", "/api/v2/monitor/health").json()
        except (AirflowUnavailable, ValueError):
            return [ComponentHealth(name=name, status=UNREACHABLE) for name in COMPONENTS]
        shown = [name for name in COMPONENTS if name != API_SERVER]
        return [
            *(_component(name, page.get(name) or {}) for name in shown),
            ComponentHealth(name=API_SERVER, status=HEALTHY),
        ]

    def paused(self) -> Mapping[str, bool]:
        """Our DAGs are known by their tag."""
        dags = self.pages("dags", "dags", tags=TAG)
        return {str(dag["dag_id"]): bool(dag["is_paused"]) for dag in dags}

    def ended_runs(self, since: datetime, until: datetime) -> Sequence[EndedRun]:
        """Ended runs of our DAGs, with the longest wait of their tasks for a slot."""
        ours = self.paused()
        asked = {"end_date_gte": since.isoformat(), "end_date_lt": until.isoformat()}
        runs = self.pages("dags/~/dagRuns", "dag_runs", order_by="end_date", **asked)
        return [self._ended(run) for run in runs if run["dag_id"] in ours and run["state"] in ENDED]

    def killed_tasks(self, since: datetime) -> Sequence[KilledTask]:
        """See ``KilledTaskFinder``."""
        return KilledTaskFinder(self, frozenset(self.paused())).find(since)

    def _ended(self, run: Mapping[str, Any]) -> EndedRun:
        tasks = self.pages(f"{run_path(run['dag_id'], run['dag_run_id'])}/taskInstances")
        ended_at = instant(run["end_date"])
        return EndedRun(
            dag_id=str(run["dag_id"]),
            run_id=str(run["dag_run_id"]),
            state=str(run["state"]),
            started_at=instant(run["start_date"]) if run["start_date"] else ended_at,
            ended_at=ended_at,
            longest_wait=max(map(longest_wait, tasks), default=timedelta(0)),
        )

    # -- wire ---------------------------------------------------------------------------------

    def pages(
        self, path: str, name: str = "task_instances", **params: Any
    ) -> Iterator[dict[str, Any]]:
        """Every entry of a list, page by page; AirflowUnavailable when there are too many.

        A part of a list would tell of tasks that ended well that they had not.
        """
        for number in range(MOST_PAGES):
            asked = {**params, "limit": PAGE, "offset": number * PAGE}
            entries = self.get(path, **asked)[name]
            yield from entries
            if len(entries) < PAGE:
                return
        raise AirflowUnavailable(reason="too_many_entries", path=path)

    def get(self, path: str, **params: Any) -> Any:
        """GET below the public API, logged in; the answer's JSON."""
        return self._logged_in(path, params).json()

    def text(self, path: str, **params: Any) -> str:
        """GET below the public API, logged in; the answer as it came."""
        return self._logged_in(path, params).text

    def _logged_in(self, path: str, params: Mapping[str, Any]) -> httpx.Response:
        if not self._token:
            self._log_in()
        answer = self._asked("GET", f"/api/v2/{path}", params=params, good=(401,))
        if answer.status_code == httpx.codes.UNAUTHORIZED:  # the token has run out
            self._log_in()
            answer = self._asked("GET", f"/api/v2/{path}", params=params)
        return answer

    def _log_in(self) -> None:
        self._token = ""
        answer = self._asked("POST", "/auth/token", json=self._account)
        self._token = str(answer.json()["access_token"])

    def _asked(
        self, method: str, path: str, *, good: tuple[int, ...] = (), **request: Any
    ) -> httpx.Response:
        retrying = Retrying(
            retry=retry_if_exception_type(AirflowUnavailable),
            stop=stop_after_attempt(2),
            wait=wait_fixed(self._pause_s),
            reraise=True,
        )
        return retrying(self._once, method, path, good, request)

    def _once(
        self, method: str, path: str, good: tuple[int, ...], request: Mapping[str, Any]
    ) -> httpx.Response:
        headers = {"Authorization": f"Bearer {self._token}"} if self._token else {}
        try:
            answer = self._client.request(method, path, headers=headers, **request)
        except httpx.RequestError as error:
            raise AirflowUnavailable(reason=type(error).__name__) from None
        if answer.is_error and answer.status_code not in good:
            raise AirflowUnavailable(status=answer.status_code)
        return answer


def run_path(dag_id: str, run_id: str) -> str:
    """Path of a DAG run below the public API."""
    return f"dags/{quote(dag_id, safe='')}/dagRuns/{quote(run_id, safe='')}"


def instant(text: str) -> datetime:
    """An instant as Airflow writes it; aware, always."""
    return datetime.fromisoformat(text)


def _component(name: str, facts: Mapping[str, Any]) -> ComponentHealth:
    """Each has its own field for its last heartbeat; the database has none."""
    seen = next((value for key, value in facts.items() if key.startswith("latest_")), None)
    return ComponentHealth(
        name=name,
        status=str(facts.get("status") or "absent"),
        seen_at=instant(str(seen)) if seen else None,
    )
