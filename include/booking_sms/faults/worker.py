"""One real dispatcher or reconciler of a campaign, as a process of its own.

It composes the application from the environment that it is given, as any command does, and runs
the product's own steps in a loop until it is told to stop, or strikes itself.
"""

from __future__ import annotations

import logging
import os
import signal
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from multiprocessing import parent_process
from random import Random
from types import FrameType
from typing import Any

from booking_sms.bootstrap import Application, build_application
from booking_sms.config.connections import Connections
from booking_sms.config.settings import Settings
from booking_sms.domain.errors import BookingSmsError
from booking_sms.domain.sms_job import OPEN_SHARDS
from booking_sms.faults.doom import Doom, Doomed, LaggingIndex
from booking_sms.pipeline.dispatch import dispatch_shards
from booking_sms.pipeline.reconcile import (
    expire_overdue,
    poll_delivery_reports,
    settle_unknown_outcomes,
)
from booking_sms.pipeline.services import DispatchServices, ReconcilePolicy
from booking_sms.telemetry.log_stream import be_silent

INDEX_LAG = 0.2
DOOMED = ("jobs", "ledger", "bodies", "gateway")
HASTE: dict[str, Any] = {
    "retry_base_s": 0.2,
    "retry_limit_s": 1.0,
    "throttle_pause_s": 0.05,
    "pause_s": 1,
    "refusals_before_pause": 10**9,
}
"""A storm of hours in a minute: waiting is scaled down as SENS's skew limit is."""

DISPATCH, RECONCILE, POLL = "dispatch", "reconcile", "poll"
PAUSE_S, IDLE_PAUSE_S = 0.1, 1.0
"""Between two runs; each lists all that is open, so who had nothing to do waits longer."""
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Orders:
    """What one process is to be: role, environment, and how it is struck."""

    role: str
    environ: Mapping[str, str] = field(repr=False)
    seed: str
    kill: float = 0.0
    stop: float = 0.0
    planned: Mapping[int, int] = field(default_factory=dict)


class Stop:
    """Told by SIGTERM, or by the end of the campaign that started it, however that came."""

    def __init__(self) -> None:
        self.is_asked = False
        signal.signal(signal.SIGTERM, self._ask)

    def _ask(self, number: int, frame: FrameType | None) -> None:
        self.is_asked = True

    def __call__(self) -> bool:
        """Whether to end between two texts."""
        campaign = parent_process()
        return self.is_asked or (campaign is not None and not campaign.is_alive())


def work(orders: Orders) -> None:
    """Run one role until SIGTERM, or until it is struck."""
    os.environ |= orders.environ
    logging.disable()
    be_silent()
    stop = Stop()
    app = build_application(
        Settings.from_environ(orders.environ), Connections.from_environ(orders.environ)
    )
    step = _step(app, orders, stop)
    while not stop():
        is_idle = True
        try:
            is_idle = step()
        except BookingSmsError as error:
            log.warning("a run failed: %s", error.code)
        time.sleep(IDLE_PAUSE_S if is_idle else PAUSE_S)
    app.close()


def _step(app: Application, orders: Orders, stop: Stop) -> Callable[[], bool]:
    """One run of the role; it tells whether there was nothing to do."""
    random = Random(orders.seed)  # noqa: S311 (a drawing that can be repeated, not a secret)
    doom = Doom(random, orders.kill, orders.stop, orders.planned)
    services = _doomed(app.dispatch_services, doom, random)
    policy = replace(app.dispatch_policy(1), **HASTE)
    steps: dict[str, Callable[[], bool]] = {
        DISPATCH: lambda: dispatch_shards(services, _shards(random), policy, stop).is_idle,
        RECONCILE: lambda: _reconcile(services, app.reconcile_policy()),
        POLL: lambda: _poll(services, app.reconcile_policy()),
    }
    return steps[orders.role]


def _shards(random: Random) -> list[int]:
    """All shards from any of them on: dispatchers meet, but not in every single one."""
    first = random.randrange(OPEN_SHARDS)
    return [(first + number) % OPEN_SHARDS for number in range(OPEN_SHARDS)]


def _doomed(services: DispatchServices, doom: Doom, random: Random) -> DispatchServices:
    ports: dict[str, Any] = {name: Doomed(getattr(services, name), doom) for name in DOOMED}
    ports["jobs"] = LaggingIndex(ports["jobs"], random, INDEX_LAG)
    return replace(services, **ports)


def _reconcile(services: DispatchServices, policy: ReconcilePolicy) -> bool:
    settle_unknown_outcomes(services, policy)
    expire_overdue(services)
    return True


def _poll(services: DispatchServices, policy: ReconcilePolicy) -> bool:
    poll_delivery_reports(services, policy)
    return True
