"""The gateway in memory tells the truth, or the lie that a test asked for."""

import json
from datetime import timedelta

import pytest

from booking_sms.domain.errors import (
    GatewayListUnavailable,
    SendingForbidden,
    SmsNotSent,
    SmsOutcomeUnknown,
    SmsQuotaSpent,
    SmsRefused,
    SmsThrottled,
)
from booking_sms.testing import (
    NOW,
    NOW_MS,
    FixedTransportClock,
    GatewayFault,
    InMemorySmsGateway,
    make_outgoing_sms,
)


@pytest.fixture
def clock():
    return FixedTransportClock(NOW_MS)


@pytest.fixture
def gateway(clock):
    return InMemorySmsGateway(clock)


def send(gateway, **overrides):
    return gateway.send(gateway.sign(make_outgoing_sms(**overrides)))


def find(gateway, message=None):
    message = message or make_outgoing_sms()
    hour = timedelta(hours=1)
    return gateway.find(message.to, message.sender, NOW - hour, NOW + hour)


def test_an_accepted_text_is_listed_with_its_subject(gateway):
    receipt = send(gateway, subject="안내 ABC234")

    [row] = find(gateway)
    assert (row.request_id, row.subject, row.state) == (receipt.request_id, "안내 ABC234", "ready")
    assert row.requested_at == NOW
    assert gateway.by_request(receipt.request_id) == (row,)


def test_signing_sends_nothing_and_takes_the_clocks_present(gateway, clock):
    signed = gateway.sign(make_outgoing_sms())

    assert signed.t0 == clock.now_ms()
    assert json.loads(signed.body)["to"] == make_outgoing_sms().to
    assert gateway.accepted == []


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        (GatewayFault.NOT_SENT, SmsNotSent),
        (GatewayFault.FORBIDDEN, SendingForbidden),
        (GatewayFault.THROTTLED, SmsThrottled),
        (GatewayFault.QUOTA_SPENT, SmsQuotaSpent),
        (GatewayFault.REFUSED, SmsRefused),
        (GatewayFault.TIMEOUT_BEFORE_ACCEPT, SmsOutcomeUnknown),
    ],
)
def test_a_fault_that_leaves_nothing_behind(gateway, fault, error):
    gateway.faults.append(fault)

    with pytest.raises(error):
        send(gateway)

    assert find(gateway) == ()
    assert send(gateway).request_id


def test_a_time_out_after_acceptance_leaves_the_text(gateway):
    gateway.faults.append(GatewayFault.TIMEOUT_AFTER_ACCEPT)

    with pytest.raises(SmsOutcomeUnknown):
        send(gateway)

    assert len(find(gateway)) == 1


def test_a_request_that_was_signed_too_long_ago_is_not_sent(gateway, clock):
    signed = gateway.sign(make_outgoing_sms())
    clock.advance(timedelta(seconds=5))

    with pytest.raises(SmsNotSent):
        gateway.send(signed)

    assert gateway.accepted == []


def test_the_list_lags_behind(clock):
    gateway = InMemorySmsGateway(clock, list_delay=timedelta(minutes=1))
    send(gateway)

    assert find(gateway) == ()
    clock.advance(timedelta(minutes=1))
    assert len(find(gateway)) == 1


def test_the_list_is_by_recipient_sender_and_time(gateway):
    send(gateway)

    assert find(gateway, make_outgoing_sms(to="01000009999")) == ()
    assert find(gateway, make_outgoing_sms(sender="050000000009")) == ()
    to, sender = make_outgoing_sms().to, make_outgoing_sms().sender
    assert gateway.find(to, sender, NOW + timedelta(seconds=1), NOW + timedelta(hours=1)) == ()


def test_a_list_that_is_down_settles_nothing(gateway):
    gateway.list_is_down = True

    with pytest.raises(GatewayListUnavailable):
        find(gateway)
    with pytest.raises(GatewayListUnavailable):
        gateway.by_request("REQ-000001")


def test_the_carriers_final_word(gateway):
    first, second = send(gateway), send(gateway)

    gateway.complete(first.request_id, state="undelivered", code="3018")
    gateway.deliver_all()

    [failed] = gateway.by_request(first.request_id)
    [delivered] = gateway.by_request(second.request_id)
    assert (failed.state, failed.code) == ("undelivered", "3018")
    assert (delivered.state, delivered.code, delivered.completed_at) == ("delivered", "0", NOW)


def test_numbers_that_refused_advertising(gateway):
    gateway.refused_advertising.append("01000001234")

    assert list(gateway.opted_out()) == ["01000001234"]
