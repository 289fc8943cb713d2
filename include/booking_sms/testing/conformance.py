"""The type checker's proof that every in-memory store is its port."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from booking_sms import ports, testing

    PORTS: tuple[
        type[ports.Clock],
        type[ports.TransportClock],
        type[ports.BookingSource],
        type[ports.NaverSession],
        type[ports.SessionStore],
        type[ports.LoginLock],
        type[ports.SmsJobRepository],
        type[ports.BodyStore],
        type[ports.LegacyLedger],
        type[ports.WindowRepository],
        type[ports.ControlRepository],
        type[ports.PlanRepository],
        type[ports.PayloadStage],
        type[ports.PersonalRecords],
        type[ports.EvidenceStore],
        type[ports.SecretSource],
        type[ports.SmsGateway],
        type[ports.AlertChannel],
        type[ports.MetricsSink],
        type[ports.AirflowView],
    ] = (
        testing.FixedClock,
        testing.FixedTransportClock,
        testing.FakeBookingSource,
        testing.FakeNaverSession,
        testing.InMemorySessionStore,
        testing.InMemoryLoginLock,
        testing.InMemorySmsJobRepository,
        testing.InMemoryBodyStore,
        testing.InMemoryLegacyLedger,
        testing.InMemoryWindowRepository,
        testing.InMemoryControlRepository,
        testing.InMemoryPlanRepository,
        testing.InMemoryPayloadStage,
        testing.InMemoryPersonalRecords,
        testing.InMemoryEvidenceStore,
        testing.InMemorySecretSource,
        testing.InMemorySmsGateway,
        testing.RecordingAlertChannel,
        testing.InMemoryMetricsSink,
        testing.InMemoryAirflowView,
    )
