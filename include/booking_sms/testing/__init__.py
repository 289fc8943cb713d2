"""Every port in memory, and makers of valid data: shipped and tested like product code.

The contract suite runs each of these beside its real adapter, so that a pipeline that passes
its tests on them behaves the same on the real thing.
"""

from booking_sms.testing.airflow import InMemoryAirflowView
from booking_sms.testing.alerts import RecordingAlertChannel
from booking_sms.testing.clocks import FixedClock, FixedTransportClock
from booking_sms.testing.control import InMemoryControlRepository
from booking_sms.testing.evidence import InMemoryEvidenceStore
from booking_sms.testing.factories import (
    NOW,
    NOW_MS,
    make_booking,
    make_coverage,
    make_job,
    make_ledger_row,
    make_outgoing_sms,
    make_store,
    make_store_directory,
    make_window,
)
from booking_sms.testing.gateway import GatewayFault, InMemorySmsGateway
from booking_sms.testing.jobs import InMemorySmsJobRepository
from booking_sms.testing.metrics import InMemoryMetricsSink
from booking_sms.testing.naver import FakeBookingSource, FakeNaverSession
from booking_sms.testing.personal_records import InMemoryPersonalRecords
from booking_sms.testing.sessions import InMemoryLoginLock, InMemorySessionStore
from booking_sms.testing.tables import (
    InMemoryBodyStore,
    InMemoryLegacyLedger,
    InMemoryPayloadStage,
    InMemoryPlanRepository,
    InMemorySecretSource,
    InMemoryWindowRepository,
)

__all__ = [
    "NOW",
    "NOW_MS",
    "FakeBookingSource",
    "FakeNaverSession",
    "FixedClock",
    "FixedTransportClock",
    "GatewayFault",
    "InMemoryAirflowView",
    "InMemoryBodyStore",
    "InMemoryControlRepository",
    "InMemoryEvidenceStore",
    "InMemoryLegacyLedger",
    "InMemoryLoginLock",
    "InMemoryMetricsSink",
    "InMemoryPayloadStage",
    "InMemoryPersonalRecords",
    "InMemoryPlanRepository",
    "InMemorySecretSource",
    "InMemorySessionStore",
    "InMemorySmsGateway",
    "InMemorySmsJobRepository",
    "InMemoryWindowRepository",
    "RecordingAlertChannel",
    "make_booking",
    "make_coverage",
    "make_job",
    "make_ledger_row",
    "make_outgoing_sms",
    "make_store",
    "make_store_directory",
    "make_window",
]
