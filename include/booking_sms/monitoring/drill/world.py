"""A small installation in memory that a scenario brings into trouble and out of it.

It is the real application with every port replaced, so a scenario calls what the runs call.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from booking_sms.bootstrap import Application
from booking_sms.config.connections import (
    AwsConnection,
    Connections,
    NaverConnection,
    OwnConnection,
    SensConnection,
)
from booking_sms.config.settings import Settings
from booking_sms.domain.catalog import Catalog
from booking_sms.pipeline.services import DispatchServices
from booking_sms.ports import MetricsSink
from booking_sms.testing import (
    FakeBookingSource,
    FakeNaverSession,
    FixedClock,
    FixedTransportClock,
    InMemoryBodyStore,
    InMemoryControlRepository,
    InMemoryEvidenceStore,
    InMemoryLegacyLedger,
    InMemorySmsGateway,
    InMemorySmsJobRepository,
    InMemoryWindowRepository,
    RecordingAlertChannel,
)

NOWHERE = "http://127.0.0.1:1"
BY = "alarm drill"


class DrillApplication(Application):
    """The real application; every port that a scenario meets is in memory."""

    def __init__(self, begin: datetime) -> None:
        self.business_time = FixedClock(begin)
        self.real_time = FixedTransportClock(round(begin.timestamp() * 1000))
        super().__init__(Settings(), _connections(), clock=self.business_time)
        self.transport_clock = self.real_time
        control = InMemoryControlRepository(clock=self.clock)
        self.booking_source = FakeBookingSource()
        self.in_memory_jobs = InMemorySmsJobRepository(control)
        # Cached properties: what is in the cache is never built.
        self.__dict__ |= {
            "jobs": self.in_memory_jobs,
            "bodies": InMemoryBodyStore(),
            "ledger": InMemoryLegacyLedger(),
            "windows": InMemoryWindowRepository(),
            "control": control,
            "evidence": InMemoryEvidenceStore(),
            "source": self.booking_source,
            "session": FakeNaverSession(),
            "gateway": InMemorySmsGateway(self.real_time),
            "_owner_channel": RecordingAlertChannel("telegram"),
            "_team_channel": RecordingAlertChannel("slack"),
        }
        self.__dict__["dispatch_services"] = DispatchServices(
            jobs=self.jobs,
            bodies=self.bodies,
            ledger=self.ledger,
            control=self.control,
            gateway=self.gateway,
            clock=self.clock,
            transport_clock=self.transport_clock,
            sleep=lambda _: None,
            channels=self.channels,
        )
        control.set_delivery_mode("live", by=BY, reason=BY)


def _connections() -> Connections:
    """Connections that nobody is asked at."""
    return Connections(
        naver=NaverConnection(
            username="drill", password="", login_url=NOWHERE, booking_url=NOWHERE
        ),
        sens=SensConnection(base_url=NOWHERE, access_key="", secret_key="", service_id="drill"),
        telegram=None,
        slack=None,
        aws=AwsConnection(region="ap-northeast-2", endpoint_url=NOWHERE),
        own=OwnConnection(fernet_keys=(), hmac_key=b"drill"),
    )


class DrillWorld:
    """The application, its two clocks, which move together and only here, and the sinks."""

    def __init__(
        self,
        *,
        operations: MetricsSink,
        comparison: MetricsSink,
        begin: datetime,
        catalog: Catalog | None = None,
    ) -> None:
        self.app = DrillApplication(begin)
        self.app.__dict__ |= {"operations_metrics": operations, "comparison_metrics": comparison}
        self.comparison_metrics = comparison
        if catalog is not None:
            self.app.use_catalog(catalog)

    @property
    def now(self) -> datetime:
        """The world's time."""
        return self.app.clock.now()

    @property
    def stores(self) -> tuple[str, ...]:
        """The chain's stores."""
        return self.app.store_ids()

    def wait(self, minutes: float) -> None:
        """Let time go by."""
        step = timedelta(minutes=minutes)
        self.app.business_time.advance(step)
        self.app.real_time.advance(step)

    def every(self, minutes: float, times: int, act: Callable[[DrillWorld], object]) -> None:
        """Do something so often, with a pause after each time."""
        for _ in range(times):
            act(self)
            self.wait(minutes)


Scenario = Callable[[DrillWorld], None]


@dataclass(frozen=True, kw_only=True)
class Drill:
    """How an alarm is made to fire, and how it is made to clear. ``clear`` comes first too: calm
    must not alarm. Both let so much time go by that the alarm has to follow.
    """

    fire: Scenario
    clear: Scenario


def repeated(minutes: float, times: int, act: Callable[[DrillWorld], object]) -> Scenario:
    """A scenario that does one thing again and again."""
    return lambda world: world.every(minutes, times, act)
