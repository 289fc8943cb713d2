"""An Application whose ports are all in memory: the workflow without any service."""

from __future__ import annotations

from typing import Any

from cryptography.fernet import Fernet

from booking_sms.adapters.dynamodb.sealing import Sealer
from booking_sms.bootstrap import Application
from booking_sms.config.connections import (
    AwsConnection,
    Connections,
    NaverConnection,
    OwnConnection,
    SensConnection,
)
from booking_sms.config.settings import Settings
from booking_sms.pipeline.services import DispatchServices
from booking_sms.testing import (
    NOW,
    NOW_MS,
    FakeBookingSource,
    FakeNaverSession,
    FixedClock,
    FixedTransportClock,
    InMemoryBodyStore,
    InMemoryControlRepository,
    InMemoryEvidenceStore,
    InMemoryLegacyLedger,
    InMemoryMetricsSink,
    InMemoryPayloadStage,
    InMemoryPlanRepository,
    InMemorySecretSource,
    InMemorySmsGateway,
    InMemorySmsJobRepository,
    InMemoryWindowRepository,
    RecordingAlertChannel,
)

STORES = tuple(f"90010{number}" for number in range(1, 9))


def make_connections() -> Connections:
    """Connections that nobody is asked at."""
    return Connections(
        naver=NaverConnection(
            username="owner",
            password="password",
            login_url="http://127.0.0.1:1",
            booking_url="http://127.0.0.1:1",
        ),
        sens=SensConnection(
            base_url="http://127.0.0.1:1", access_key="key", secret_key="key", service_id="id"
        ),
        telegram=None,
        slack=None,
        aws=AwsConnection(region="ap-northeast-2"),
        own=OwnConnection(fernet_keys=(Fernet.generate_key().decode(),), hmac_key=b"digest"),
    )


class InMemoryApplication(Application):
    """The real application and catalog; every port is replaced in its cache."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(Settings(**settings), make_connections(), clock=FixedClock(NOW))
        self.transport_clock = FixedTransportClock(NOW_MS)
        secrets = {
            f"booking-sms/stores/{store}#{name}": "1234*"
            for store in STORES
            for name in ("door_code", "wifi_password")
        }
        control = InMemoryControlRepository(clock=self.clock)
        self.__dict__ |= {
            "jobs": InMemorySmsJobRepository(control),
            "bodies": InMemoryBodyStore(),
            "ledger": InMemoryLegacyLedger(),
            "windows": InMemoryWindowRepository(),
            "control": control,
            "plans": InMemoryPlanRepository(),
            "stage": InMemoryPayloadStage(),
            "evidence": InMemoryEvidenceStore(),
            "secrets": InMemorySecretSource(secrets),
            "sealer": Sealer(self.connections.own.fernet_keys),
            "source": FakeBookingSource(),
            "session": FakeNaverSession(),
            "gateway": InMemorySmsGateway(self.transport_clock),
            "operations_metrics": InMemoryMetricsSink(),
            "_owner_channel": RecordingAlertChannel("telegram"),
            "_team_channel": RecordingAlertChannel("slack"),
        }
        if "metrics_comparison_namespace" not in settings:
            self.__dict__["comparison_metrics"] = InMemoryMetricsSink()
        self.__dict__["dispatch_services"] = DispatchServices(
            jobs=self.jobs,
            bodies=self.bodies,
            ledger=self.ledger,
            control=self.control,
            gateway=self.gateway,
            clock=self.clock,
            transport_clock=self.transport_clock,
            sleep=lambda seconds: None,
            channels=self.channels,
        )
        self.control.set_delivery_mode("live", by="test", reason="test")
