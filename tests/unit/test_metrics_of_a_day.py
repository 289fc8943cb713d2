"""Over one day of an application in memory, every name of the operations block is published.

A name that nothing writes is a dead alarm. What is left out here is written by others, and named.
"""

from __future__ import annotations

import asyncio
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import httpx
import pytest
from workflow_world import STORES, InMemoryApplication

from booking_sms.adapters.naver.browser import _memory_watched
from booking_sms.adapters.sens.client import SensConfig, SensGateway
from booking_sms.adapters.sens.signature import ApiKey
from booking_sms.cli.run import run_window
from booking_sms.domain.airflow_view import EndedRun
from booking_sms.domain.metric import Metric
from booking_sms.domain.metric_catalogue import CATALOGUE, OPERATIONS, of_block
from booking_sms.domain.window import Window
from booking_sms.telemetry.run_metrics import RECONCILE, measured_task
from booking_sms.testing import NOW, NOW_MS, FakeNaverSession, InMemoryAirflowView, make_booking
from booking_sms.workflow import (
    Watchdog,
    audit_day,
    expire_overdue,
    poll_delivery_reports,
    settle_unknown_outcomes,
)

pytestmark = [pytest.mark.airflow, pytest.mark.slow, pytest.mark.filterwarnings("default")]

ELSEWHERE = frozenset({"NoticesFailed", "CanaryBeat", "CanaryAlarm"})
"""Written by the notices and the canary, and tested with them."""
PHONE, NAME = "01000005678", "이시험"


def sens_over_http(app: InMemoryApplication) -> SensGateway:
    """The real client; what it asks is answered as if nothing had ever been sent."""
    config = SensConfig(service_id="id", key=ApiKey("key", "secret"), base_url="http://127.0.0.1:1")
    answer = httpx.MockTransport(lambda request: httpx.Response(404))
    return SensGateway(
        config, app.transport_clock, lambda message: None, transport=answer, meter=app.meter
    )


@pytest.fixture(scope="module")
def app() -> InMemoryApplication:
    app = InMemoryApplication()
    app.source.put(make_booking(starts_in=timedelta(hours=1), phone=PHONE, name=NAME))
    app.__dict__["session"] = BrowserSession(app)
    run_window(app, Window(NOW))
    reconcile(app)
    audit_day(app, NOW.date())
    miss_a_deadline(app)
    watch(app)
    return app


class BrowserSession(FakeNaverSession):
    """A session that is had by a process, measured as the browser is."""

    def __init__(self, app: InMemoryApplication) -> None:
        super().__init__()
        self._app = app

    def ensure_valid(self) -> Any:
        command = [sys.executable, "-c", "input()"]
        with subprocess.Popen(command, stdin=subprocess.PIPE) as process:
            browser: Any = SimpleNamespace(process=process)
            with _memory_watched(browser, self._app.meter, start_ms=1.0):
                return super().ensure_valid()


def reconcile(app: InMemoryApplication) -> None:
    with measured_task(app, RECONCILE, "settle_unknown_outcomes", is_last=True):
        settle_unknown_outcomes(app)
        poll_delivery_reports(app)
        expire_overdue(app)
        sens_over_http(app).by_request("unknown")


def miss_a_deadline(app: InMemoryApplication) -> None:
    from booking_sms_airflow import deadlines

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(deadlines, "current_application", lambda: app)
        run = {"dag_id": "booking_sms_etl", "dag_run_id": "r", "run_type": "scheduled"}
        asyncio.run(deadlines.tell_missed_deadline(15, {"dag_run": run}))


def watch(app: InMemoryApplication) -> None:
    airflow = InMemoryAirflowView(app.settings.watched_dag_ids)
    ended = datetime.fromtimestamp(NOW_MS / 1000, UTC) - timedelta(minutes=1)
    airflow.runs.append(
        EndedRun(
            dag_id="booking_sms_etl",
            run_id="r",
            state="success",
            started_at=ended - timedelta(seconds=40),
            ended_at=ended,
            longest_wait=timedelta(seconds=1),
        )
    )
    Watchdog(app, airflow).round()


def published(app: InMemoryApplication) -> list[Metric]:
    return list(app.operations_metrics.metrics)


def test_nothing_on_the_list_is_dead(app: InMemoryApplication) -> None:
    wanted = {spec.name for spec in of_block(OPERATIONS)} - ELSEWHERE

    assert {metric.name for metric in published(app)} == wanted


def test_everything_published_is_as_the_list_says(app: InMemoryApplication) -> None:
    for metric in published(app):
        spec = CATALOGUE[metric.name]
        assert (metric.unit, set(metric.dimensions)) == (spec.unit, set(spec.dimensions))
        assert metric.problem() == ""


def test_a_text_is_counted_by_store_and_kind_with_its_price(app: InMemoryApplication) -> None:
    values = app.operations_metrics.values
    texts = [metric for metric in published(app) if metric.name == "TextsSent"]

    assert sum(values("SMSSentTotal")) == sum(metric.value for metric in texts) == 2
    assert {metric.dimensions["Kind"] for metric in texts} == {"confirm", "guide"}
    assert {metric.dimensions["Store"] for metric in texts} <= set(STORES)
    assert sum(values("TextsCost")) > 0


def test_no_person_is_in_any_number(app: InMemoryApplication) -> None:
    said = repr(published(app))

    assert PHONE not in said
    assert PHONE[-4:] not in said
    assert NAME not in said
