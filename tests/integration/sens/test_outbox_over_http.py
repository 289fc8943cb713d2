"""Dispatch and reconcile with SENS in a process of its own: every lie ends in one text."""

from __future__ import annotations

import time
from datetime import timedelta

import pytest

from booking_sms.adapters.clock import SystemTransportClock
from booking_sms.adapters.sens.client import SensConfig, SensGateway
from booking_sms.adapters.sens.signature import ApiKey
from booking_sms.adapters.sens.wire import Timeouts
from booking_sms.domain.sms_job import OPEN_SHARDS, JobState
from booking_sms.pipeline.dispatch import dispatch_shards
from booking_sms.pipeline.reconcile import poll_delivery_reports, settle_unknown_outcomes
from booking_sms.pipeline.send_gate import SendGate, resume_sending
from booking_sms.pipeline.services import DispatchPolicy, DispatchServices, ReconcilePolicy
from booking_sms.testing import (
    NOW,
    FixedClock,
    InMemoryBodyStore,
    InMemoryControlRepository,
    InMemoryLegacyLedger,
    InMemorySmsJobRepository,
    make_job,
)

pytestmark = pytest.mark.integration

LOOPBACK_SETTLING = ReconcilePolicy(settle_s=1, looks=1, is_loopback=True)


class Outbox:
    """In-memory tables, the real gateway with its permit, real transport time."""

    def __init__(self, url):
        self.clock, self.transport = FixedClock(NOW), SystemTransportClock()
        self.jobs, self.bodies = InMemorySmsJobRepository(), InMemoryBodyStore()
        self.control, self.ledger = InMemoryControlRepository(), InMemoryLegacyLedger()
        self.control.set_delivery_mode("live", by="test", reason="test")
        config = SensConfig(
            service_id="ncp:sms:kr:900000000001:byeolbit",
            key=ApiKey("sandbox-access-key", "sandbox-signing-key"),
            base_url=url,
            loopback_only=True,
            timeouts=Timeouts(read=0.5),
        )
        gate = SendGate(self.control, self.transport, max_age_ms=0)
        self.gateway = SensGateway(config, self.transport, gate.permit)
        self.services = DispatchServices(
            jobs=self.jobs,
            bodies=self.bodies,
            ledger=self.ledger,
            control=self.control,
            gateway=self.gateway,
            clock=self.clock,
            transport_clock=self.transport,
            sleep=time.sleep,
        )

    def add(self, **overrides):
        fields = {"sender": "15990100", "body_sha": self.bodies.put("이용 안내입니다.")}
        job = make_job(**fields, **overrides)
        self.jobs.insert_if_absent(job)
        return job

    def dispatch(self):
        policy = DispatchPolicy(sends_per_second=200.0, lease_s=1, retry_base_s=0)
        return dispatch_shards(self.services, range(OPEN_SHARDS), policy)

    def go_on(self, job):
        for _ in range(100):
            time.sleep(0.1)
            settle_unknown_outcomes(self.services, LOOPBACK_SETTLING)
            poll_delivery_reports(self.services, LOOPBACK_SETTLING)
            self.dispatch()
            stored = self.jobs.get(job.booking_num, job.sort_key)
            if stored.state is JobState.DELIVERED:
                break
        return stored


@pytest.fixture
def outbox(sandbox):
    sandbox.configure("sens", progression={"by": "seconds", "processing": 0, "completed": 0.2})
    outbox = Outbox(sandbox.urls["sens"])
    yield outbox
    outbox.gateway.close()


@pytest.mark.parametrize(
    ("message_type", "kind", "params"),
    [
        pytest.param("LMS", "hang_after_accept", {"seconds": 2}, id="LMS, hang after accept"),
        pytest.param("SMS", "drop_after_accept", {}, id="SMS, drop after accept"),
        pytest.param("LMS", "drop_before_accept", {}, id="LMS, drop before accept"),
        pytest.param("SMS", "drop_before_accept", {}, id="SMS, drop before accept"),
        pytest.param("LMS", "accept_cut_body", {}, id="LMS, cut body"),
        pytest.param("LMS", "http_503", {"accept": True}, id="LMS, 503 after accept"),
        pytest.param("LMS", "throttle", {}, id="LMS, throttled"),
        pytest.param("LMS", "skew", {}, id="LMS, clocks apart"),
    ],
)
def test_one_text_arrives_whatever_the_answer_was(outbox, sandbox, message_type, kind, params):
    sandbox.fault("sens", "send", kind, **params)
    job = outbox.add(message_type=message_type)

    outbox.dispatch()
    resume_sending(outbox.control)  # after "clocks apart", which pauses all sending
    stored = outbox.go_on(job)

    assert stored.state is JobState.DELIVERED
    assert len(sandbox.messages("sens")) == 1


def test_no_byte_leaves_when_the_mode_changes_after_the_look(outbox, sandbox):
    outbox.add()
    original = outbox.gateway.sign

    def sign_and_switch_off(message):
        outbox.control.set_delivery_mode("off", by="test", reason="now")
        return original(message)

    outbox.gateway.sign = sign_and_switch_off

    assert outbox.dispatch().counts == {"not_sent:mode_off": 1}
    assert sandbox.messages("sens") == []
    assert sandbox.state("sens")["counters"].get("send", 0) == 0


def test_an_undelivered_text_ends_with_the_carriers_code(outbox):
    job = outbox.add(to="01000099901")
    outbox.dispatch()
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        poll_delivery_reports(outbox.services, LOOPBACK_SETTLING)
        stored = outbox.jobs.get(job.booking_num, job.sort_key)
        if stored.state is not JobState.ACCEPTED:
            break
        time.sleep(0.2)

    assert (stored.state, stored.reason) == (JobState.UNDELIVERED, "3001")


def test_forty_texts_go_out_once_each(outbox, sandbox):
    jobs = [
        outbox.add(
            booking_num=f"900101_{number}",
            to=f"0100000{number:04}",
            not_after=NOW + timedelta(hours=3),
        )
        for number in range(40)
    ]

    summary = outbox.dispatch()

    assert summary.counts == {"sent": 40}
    received = [message["to"] for message in sandbox.messages("sens")]
    assert sorted(received) == sorted(job.to for job in jobs)
