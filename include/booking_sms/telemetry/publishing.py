"""Puts numbers where monitoring reads them, and never fails or holds up what they measure."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import Protocol

import structlog

from booking_sms.domain.metric import Metric, Publication
from booking_sms.ports import MetricsSink, TransportClock
from booking_sms.telemetry.call_meter import CallMeter

PATIENCE_S = 10.0
"""A sink that has not answered by then is left alone; above its own timeouts together."""
log = structlog.get_logger(__name__)


class Measured(Protocol):
    """What an application shows to those who measure it."""

    @property
    def operations_metrics(self) -> MetricsSink | None:
        """Where numbers go; None when that is switched off."""
        ...

    @property
    def transport_clock(self) -> TransportClock:
        """Real time: monitoring knows no other."""
        ...

    @property
    def meter(self) -> CallMeter:
        """What this task's calls have cost so far."""
        ...


Points = Callable[[datetime], Iterable[Metric]]
"""Makes the data points of an instant; called where its failure costs a log line only."""


def publish(app: Measured, points: Points, *, patience_s: float = PATIENCE_S) -> Publication:
    """Publish and say how much arrived. Raises nothing and returns after ``patience_s`` at most."""
    published: list[Publication] = []

    def put() -> None:
        try:
            published.append(_put(app, points))
        except Exception as error:  # noqa: BLE001 - whatever a sink does, numbers fail nothing
            log.error("metrics_not_published", why=type(error).__name__)

    # A thread of its own: nothing else ends a call that hangs. It dies with the process.
    putting = threading.Thread(target=put, name="metrics", daemon=True)
    putting.start()
    putting.join(patience_s)
    if putting.is_alive():
        log.error("metrics_not_published", why="timeout")
    return published[0] if published else Publication()


def _put(app: Measured, points: Points) -> Publication:
    sink = app.operations_metrics
    if sink is None:
        return Publication()
    now = datetime.fromtimestamp(app.transport_clock.now_ms() / 1000, UTC)
    return sink.put(list(points(now)))
