"""The application of a rehearsal: the real one, with every port in memory."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from cryptography.fernet import Fernet

from booking_sms.adapters.dynamodb.sealing import Sealer
from booking_sms.adapters.naver.parsing import parse_booking
from booking_sms.bootstrap import Application
from booking_sms.config.connections import (
    AwsConnection,
    Connections,
    NaverConnection,
    OwnConnection,
    SensConnection,
)
from booking_sms.config.settings import Settings
from booking_sms.domain.booking import KST, Booking, BookingStatus
from booking_sms.domain.errors import BookingMalformed
from booking_sms.domain.ledger import Ledger, LedgerRow
from booking_sms.domain.window import Window
from booking_sms.pipeline.build import build_jobs
from booking_sms.pipeline.live import asked_for
from booking_sms.pipeline.plan import everywhere, plan_window
from booking_sms.ports import GatewayMessage, StoreExtract
from booking_sms.testing import (
    FakeNaverSession,
    FixedClock,
    FixedTransportClock,
    InMemoryBodyStore,
    InMemoryControlRepository,
    InMemoryLegacyLedger,
    InMemoryPayloadStage,
    InMemoryPlanRepository,
    InMemorySecretSource,
    InMemorySmsJobRepository,
    InMemoryWindowRepository,
    RecordingAlertChannel,
    make_booking,
)

EVENT_TEXT = "약속하신 후기를 남겨 주세요."
"""The predecessor's event text carried no label: it is not compared to the letter."""
NOWHERE = "http://127.0.0.1:1"
DAY = timedelta(days=1)


class ChainSource:
    """Bookings as the stand-in's chain shows them, by the fetch plan of each window."""

    def __init__(self) -> None:
        self._bookings: dict[str, Booking] = {}
        self.unreadable = 0

    def update(self, payloads: Iterable[Mapping[str, Any]]) -> None:
        """Take over what changed; a payload that cannot be read is counted, as quarantine does."""
        for payload in payloads:
            try:
                booking = parse_booking(str(payload["businessId"]), payload)
            except BookingMalformed:
                self.unreadable += 1
                continue
            self._bookings[booking.booking_num] = booking

    def fetch_store(self, store_id: str, window: Window) -> StoreExtract:
        """What the fetch plan of this window asks of one store."""
        mine = (one for one in self._bookings.values() if one.store_id == store_id)
        found = sorted(asked_for(mine, window), key=lambda one: (one.starts_at, one.booking_id))
        return StoreExtract(store_id=store_id, bookings=tuple(found), api_calls=1)

    def fetch_booking(self, store_id: str, booking_id: str) -> Booking | None:
        """One booking as it is now."""
        return self._bookings.get(f"{store_id}_{booking_id}")


class TextList:
    """The gateway's list as far as a campaign reads it. It cannot send."""

    def __init__(self) -> None:
        self._rows: list[GatewayMessage] = []

    def add(self, sent: Iterable[Mapping[str, Any]]) -> None:
        """Texts of the predecessor."""
        for text in sent:
            number = str(len(self._rows) + 1)
            self._rows.append(
                GatewayMessage(
                    request_id=number,
                    message_id=number,
                    requested_at=datetime.fromisoformat(text["at"]),
                    to=text["to"],
                    sender="",
                    subject="",
                    content=text["content"],
                )
            )

    def list_between(self, since: datetime, until: datetime) -> Sequence[GatewayMessage]:
        """Rows by request time."""
        return [row for row in self._rows if since <= row.requested_at <= until]


class RehearsedApplication(Application):
    """In comparison mode, on the rule set that copies the predecessor."""

    def __init__(self, at: datetime) -> None:
        super().__init__(Settings(), _connections(), clock=FixedClock(at))
        control = InMemoryControlRepository(clock=self.clock)
        self.chain, self.texts, self.told = (
            ChainSource(),
            TextList(),
            RecordingAlertChannel("slack"),
        )
        self.table = InMemoryLegacyLedger()
        self.staged = InMemoryPayloadStage()
        self.transport_clock = FixedTransportClock(int(at.timestamp() * 1000))
        self.use_catalog(self.load_catalog("legacy"))
        secrets = {
            f"booking-sms/stores/{store}#{name}": "1234*"
            for store in self.store_ids()
            for name in ("door_code", "wifi_password")
        }
        self.__dict__ |= {
            "jobs": InMemorySmsJobRepository(control),
            "bodies": InMemoryBodyStore(),
            "ledger": self.table,
            "windows": InMemoryWindowRepository(),
            "control": control,
            "plans": InMemoryPlanRepository(),
            "stage": self.staged,
            "secrets": InMemorySecretSource(secrets),
            "sealer": Sealer(self.connections.own.fernet_keys),
            "source": self.chain,
            "session": FakeNaverSession(),
            "gateway": self.texts,
            "operations_metrics": None,
            "comparison_metrics": None,
            "_owner_channel": None,
            "_team_channel": self.told,
        }
        # Before the campaign begins: its gate asks which mode was in force from the start.
        self.set_time(at - DAY)
        control.set_delivery_mode("comparison", by="rehearsal", reason="rehearsal")
        self.set_time(at)

    def set_time(self, at: datetime) -> None:
        """Both clocks jump."""
        self.clock.set(at)  # type: ignore[attr-defined]
        self.transport_clock.set(int(at.timestamp() * 1000))  # type: ignore[attr-defined]

    def apply(self, write: Mapping[str, Any]) -> None:
        """One write of the predecessor's to its table."""
        if write["op"] == "put":
            item = write["item"]
            number, phone = item["booking_num"], item["phone"]
            self.table.put(LedgerRow(booking_num=number, phone=phone, item=item))
            return
        number, phone = write["key"]
        known = {row.phone: row for row in self.table.rows([number])}
        row = known.get(phone) or LedgerRow(
            booking_num=number, phone=phone, item={"booking_num": number, "phone": phone}
        )
        self.table.put(row.with_values(**{write["flag"]: True}))


def static_texts(app: Application) -> dict[str, Any]:
    """Confirmation and guide as this catalog has them: the predecessor sent the same."""
    texts: dict[str, Any] = {"guide": {}, "confirm": {}}
    for store in app.store_ids():
        found = _texts_at(app, store)
        for kind, by_store in texts.items():
            by_store[store] = found[kind]
    return {**texts, "event": EVENT_TEXT}


def _texts_at(app: Application, store: str) -> dict[str, str]:
    now = app.clock.now().astimezone(KST).replace(hour=14, minute=0, second=0, microsecond=0)
    starts = now + timedelta(hours=1)
    window = Window(now)
    catalog = app.catalog()
    booking = make_booking(store_id=store, starts_at=starts, status=BookingStatus.CONFIRMED)
    plan = plan_window(
        [booking], Ledger(), catalog.rules, catalog.stores, window, everywhere(catalog.rules)
    )
    batch = build_jobs(
        plan, catalog, app.secrets, hmac_key=b"-", code_version="-", now=window.as_of
    )
    return {job.kind: text for job, text in batch.jobs}


def _connections() -> Connections:
    """Connections that nobody is asked at, with keys of this process alone."""
    key = Fernet.generate_key().decode()
    return Connections(
        naver=NaverConnection(username="", password="", login_url=NOWHERE, booking_url=NOWHERE),
        sens=SensConnection(base_url=NOWHERE, access_key="", secret_key="", service_id=""),
        telegram=None,
        slack=None,
        aws=AwsConnection(region="ap-northeast-2"),
        own=OwnConnection(fernet_keys=(key,), hmac_key=key.encode()),
    )
