"""Publishing fails nothing and holds nothing up, whatever the sink does."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

import pytest
from structlog.testing import capture_logs
from workflow_world import InMemoryApplication

from booking_sms.domain.metric import Metric, Publication
from booking_sms.domain.metric_catalogue import data_point
from booking_sms.telemetry.publishing import publish
from booking_sms.telemetry.run_metrics import measured_task, publish_count
from booking_sms.testing import NOW_MS


class Broken:
    def put(self, metrics: Sequence[Metric]) -> Publication:
        raise RuntimeError("no such region")


class Hanging:
    def __init__(self) -> None:
        self.released = threading.Event()

    def put(self, metrics: Sequence[Metric]) -> Publication:
        self.released.wait()
        return Publication(published=len(metrics))


def heartbeat(at: datetime) -> list[Metric]:
    return [data_point("WatchdogHeartbeat", 1, at)]


def app_with(sink: object) -> InMemoryApplication:
    app = InMemoryApplication()
    app.__dict__["operations_metrics"] = sink
    return app


@pytest.fixture
def hanging() -> Iterator[Hanging]:
    sink = Hanging()
    yield sink
    sink.released.set()


def test_points_carry_the_transport_clock() -> None:
    app = InMemoryApplication()

    assert publish(app, heartbeat).published == 1
    (point,) = app.operations_metrics.metrics
    assert point.at == datetime.fromtimestamp(NOW_MS / 1000, UTC)


def test_a_sink_that_raises_costs_a_log_line() -> None:
    with capture_logs() as lines:
        publish_count(app_with(Broken()), "AuditOpen", 1)

    assert [(line["event"], line["why"]) for line in lines] == [
        ("metrics_not_published", "RuntimeError")
    ]


def test_a_sink_that_hangs_costs_a_log_line(hanging: Hanging) -> None:
    with capture_logs() as lines:
        done = publish(app_with(hanging), heartbeat, patience_s=0.05)

    assert done == Publication()
    assert [line["why"] for line in lines] == ["timeout"]


def test_a_name_that_is_not_on_the_list_costs_a_log_line() -> None:
    with capture_logs() as lines:
        publish_count(InMemoryApplication(), "SMSSentTotl", 1)

    assert [line["why"] for line in lines] == ["KeyError"]


def test_a_switched_off_sink_costs_nothing() -> None:
    with capture_logs() as lines:
        assert publish(app_with(None), heartbeat) == Publication()

    assert lines == []


def test_a_task_ends_as_it_would_have_without_being_measured() -> None:
    app = app_with(Broken())
    with measured_task(app, "booking_sms_etl", "plan_jobs"):
        answer = 42
    with pytest.raises(ZeroDivisionError), measured_task(app, "booking_sms_etl", "plan_jobs"):
        answer = 1 // 0

    assert answer == 42
