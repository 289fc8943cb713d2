"""A small outbox world on the in-memory ports: clocks that move together, faults at any call."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from booking_sms.domain.sms_job import OPEN_SHARDS, LedgerEntry, SmsJob
from booking_sms.pipeline.dispatch import dispatch_shards
from booking_sms.pipeline.outcomes import DispatchSummary
from booking_sms.pipeline.reconcile import (
    expire_overdue,
    poll_delivery_reports,
    settle_unknown_outcomes,
)
from booking_sms.pipeline.services import DispatchPolicy, DispatchServices, ReconcilePolicy
from booking_sms.ports import GatewayMessage
from booking_sms.testing import (
    NOW,
    NOW_MS,
    FixedClock,
    FixedTransportClock,
    InMemoryBodyStore,
    InMemoryControlRepository,
    InMemoryLegacyLedger,
    InMemorySmsGateway,
    InMemorySmsJobRepository,
    RecordingAlertChannel,
    make_job,
)

TEXT = "[시험] 이용 안내입니다. 문 번호는 준비된 안내문을 보세요."
ALL_SHARDS = range(OPEN_SHARDS)


class Crash(BaseException):
    """The process dies here; nothing of ours may catch it."""


class Tripwire:
    """Counts the calls of all wrapped ports and fails at the n-th, before or after it acts."""

    def __init__(self, at: int | None, when: str, failure: BaseException) -> None:
        self.at, self.when, self.failure = at, when, failure
        self.calls: list[str] = []

    def wrap(self, port: Any) -> Any:
        return _Wrapped(port, self)

    def step(self, name: str, act: Callable[[], Any]) -> Any:
        self.calls.append(name)
        is_here = len(self.calls) - 1 == self.at
        if is_here and self.when == "before":
            raise self.failure
        result = act()
        if is_here:
            raise self.failure
        return result


class _Wrapped:
    def __init__(self, port: Any, wire: Tripwire) -> None:
        self._port, self._wire = port, wire

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._port, name)
        if not callable(method):
            return method

        def call(*args: Any, **kwargs: Any) -> Any:
            move = next((str(arg) for arg in args if type(arg).__name__ == "Move"), "")
            label = f"{name}:{move}" if move else name
            return self._wire.step(label, lambda: method(*args, **kwargs))

        return call


class World:
    """Everything around the outbox. ``sleep`` lets both clocks run on."""

    def __init__(self) -> None:
        self.clock = FixedClock(NOW)
        self.transport_clock = FixedTransportClock(NOW_MS)
        self.control = InMemoryControlRepository(self.clock)
        self.control.set_delivery_mode("live", by="test", reason="test")
        self.jobs = InMemorySmsJobRepository(self.control)
        self.bodies = InMemoryBodyStore()
        self.ledger = InMemoryLegacyLedger()
        self.gateway: Any = InMemorySmsGateway(self.transport_clock)
        self.channels = {name: RecordingAlertChannel(name) for name in ("telegram", "slack")}
        self.slept: list[float] = []
        self.reconcile_policy = ReconcilePolicy()

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.advance(seconds=seconds)

    def advance(self, **step: float) -> None:
        self.clock.advance(timedelta(**step))
        self.transport_clock.advance(timedelta(**step))

    @property
    def services(self) -> DispatchServices:
        return self.services_through(lambda port: port)

    def services_through(self, wrap: Callable[[Any], Any]) -> DispatchServices:
        return DispatchServices(
            jobs=wrap(self.jobs),
            bodies=wrap(self.bodies),
            ledger=wrap(self.ledger),
            control=wrap(self.control),
            gateway=wrap(self.gateway),
            clock=self.clock,
            transport_clock=self.transport_clock,
            sleep=self.sleep,
            channels={name: wrap(channel) for name, channel in self.channels.items()},
        )

    # -- contents -----------------------------------------------------------------------------

    def add(self, text: str = TEXT, **overrides: Any) -> SmsJob:
        """Enqueue a valid job; a plain number as ``booking`` makes another booking of it."""
        booking = overrides.pop("booking", 1)
        job = make_job(**{
            "booking_num": f"900101_70000000{booking:02}",
            "body_sha": self.bodies.put(text),
            **overrides,
        })
        assert self.jobs.insert_if_absent(job)
        return job

    def add_notice(self, text: str = "알림", channel: str = "slack", **overrides: Any) -> SmsJob:
        """Enqueue a digest for colleagues."""
        return self.add(
            text,
            **{
                "booking_num": "digest#roster",
                "sort_key": f"roster#once#{channel}",
                "kind": "roster",
                "channel": channel,
                "to": channel,
                "store_id": "",
                "message_type": "NOTICE",
                "ledger": LedgerEntry(phone="", name=""),
                **overrides,
            },
        )

    def stored(self, job: SmsJob) -> SmsJob:
        found = self.jobs.get(job.booking_num, job.sort_key)
        assert found is not None
        return found

    def flag(self, job: SmsJob) -> Any:
        rows = self.ledger.rows([job.booking_num])
        return next((row.flag(job.ledger.flag) for row in rows), None)

    @property
    def texts(self) -> list[GatewayMessage]:
        """What customers got."""
        accepted: list[GatewayMessage] = self.gateway.accepted
        return accepted

    # -- steps --------------------------------------------------------------------------------

    def dispatch(self, services: DispatchServices | None = None, **policy: Any) -> DispatchSummary:
        limits = {"sends_per_second": 100.0, "control_max_age_ms": 0, **policy}
        stop = limits.pop("should_stop", lambda: False)
        shards = limits.pop("shards", ALL_SHARDS)
        return dispatch_shards(services or self.services, shards, DispatchPolicy(**limits), stop)

    def settle(self, services: DispatchServices | None = None) -> Any:
        return settle_unknown_outcomes(services or self.services, self.reconcile_policy)

    def poll(self, services: DispatchServices | None = None) -> Any:
        return poll_delivery_reports(services or self.services, self.reconcile_policy)

    def expire(self) -> Any:
        return expire_overdue(self.services)

    def go_on(self, rounds: int = 4) -> None:
        """What the schedule would do next: reconcile and dispatch, every ten minutes."""
        for _ in range(rounds):
            self.advance(minutes=10)
            self.settle()
            self.gateway.deliver_all()
            self.poll()
            self.expire()
            self.dispatch()
