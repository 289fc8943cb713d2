"""One POST, signed for these very bytes, guarded to the last moment, its answer told by type."""

from __future__ import annotations

import base64
import hashlib
import hmac
import logging
from datetime import timedelta

import httpx
import pytest
from gateway_world import ACCEPTED, SERVICE_ID, Sens

from booking_sms.domain.errors import (
    PhoneInvalid,
    SendingForbidden,
    SignatureRejected,
    SmsNotSent,
    SmsOutcomeUnknown,
    SmsQuotaSpent,
    SmsRefused,
    SmsThrottled,
    StoreUnavailable,
)
from booking_sms.ports import SignedSend
from booking_sms.testing import NOW_MS, make_outgoing_sms


def send(sens, **config):
    gateway = sens.gateway(**config)
    return gateway.send(gateway.sign(make_outgoing_sms()))


def test_an_acceptance_gives_the_request_id():
    sens = Sens()

    receipt = send(sens)

    assert receipt.request_id == ACCEPTED["requestId"]
    assert receipt.request_time == ACCEPTED["requestTime"]
    assert len(sens.requests) == 1


@pytest.mark.parametrize("service_id", [SERVICE_ID, "ncp%3Asms%3Akr%3A1%3Astudio"])
def test_what_is_signed_is_what_is_sent(service_id):
    sens = Sens()

    send(sens, service_id=service_id)

    request = sens.requests[0]
    path = f"/sms/v2/services/{service_id}/messages"
    assert request.url.raw_path == path.encode()
    text = f"POST {path}\n{NOW_MS}\nTESTACCESSKEY0000001"
    digest = hmac.new(b"test-secret-key-of-nobody", text.encode(), hashlib.sha256).digest()
    headers = request.headers
    assert headers["x-ncp-apigw-signature-v2"] == base64.b64encode(digest).decode()
    assert headers["x-ncp-apigw-timestamp"] == str(NOW_MS)
    assert headers["content-type"] == "application/json; charset=utf-8"


def test_signing_reads_the_clock_and_does_no_io():
    sens = Sens()

    signed = sens.gateway().sign(make_outgoing_sms())

    assert signed.t0 == NOW_MS
    assert sens.requests == []
    shown = repr(signed)
    assert "01000001234" not in shown
    assert "signature" not in shown


def test_each_signature_has_its_own_timestamp():
    sens = Sens()
    gateway = sens.gateway()
    first = gateway.sign(make_outgoing_sms())
    sens.clock.advance(timedelta(seconds=1))

    assert gateway.sign(make_outgoing_sms()).t0 == first.t0 + 1000


def test_a_number_that_is_none_is_found_before_anything_is_written():
    with pytest.raises(PhoneInvalid):
        Sens().gateway().sign(make_outgoing_sms(to="+82"))


# --- guards -----------------------------------------------------------------------------------


@pytest.mark.parametrize(("age_ms", "sent"), [(0, 1), (4999, 1), (5000, 0), (600_000, 0)])
def test_a_stale_signature_is_not_sent(age_ms, sent):
    sens = Sens()
    gateway = sens.gateway()
    signed = gateway.sign(make_outgoing_sms())
    sens.clock.advance(timedelta(milliseconds=age_ms))

    if sent:
        gateway.send(signed)
    else:
        with pytest.raises(SmsNotSent, match="stale_signature"):
            gateway.send(signed)

    assert len(sens.requests) == sent


def test_a_slow_permit_counts_towards_the_age():
    sens = Sens()
    gateway = sens.gateway()
    sens.permit = None
    gateway._permit = lambda message: sens.clock.advance(timedelta(seconds=6)) and None

    with pytest.raises(SmsNotSent, match="stale_signature"):
        gateway.send(gateway.sign(make_outgoing_sms()))

    assert sens.requests == []


@pytest.mark.parametrize("reason", ["mode_off", "mode_comparison", "kill_all"])
def test_what_the_permit_forbids_never_leaves(reason):
    sens = Sens()
    sens.refusal = reason

    with pytest.raises(SendingForbidden, match=reason):
        send(sens)

    assert sens.requests == []


def test_a_permit_that_cannot_be_read_is_a_no():
    sens = Sens()
    sens.refusal = StoreUnavailable()

    with pytest.raises(SendingForbidden, match="control_unreadable"):
        send(sens)

    assert sens.requests == []


@pytest.mark.parametrize(
    "base_url",
    [
        "https://sens.apigw.ntruss.com",
        "http://127.0.0.1.example.com",
        "http://localhost.example.com",
        "http://10.0.0.1",
    ],
)
def test_tests_and_ci_reach_loopback_only(base_url):
    sens = Sens()

    with pytest.raises(SendingForbidden, match="host_not_loopback"):
        send(sens, base_url=base_url, loopback_only=True)

    assert sens.requests == []


@pytest.mark.parametrize(
    "base_url", ["http://127.0.0.1:8025", "http://localhost:8025/", "http://[::1]:8025"]
)
def test_loopback_is_loopback_in_every_spelling(base_url):
    assert send(Sens(), base_url=base_url, loopback_only=True)


def test_what_was_not_signed_here_is_not_sent():
    sens = Sens()
    foreign = SignedSend(t0=NOW_MS, url="https://sens.apigw.ntruss.com/", headers={}, body=b"")

    with pytest.raises(SendingForbidden, match="not_signed_here"):
        sens.gateway().send(foreign)

    assert sens.requests == []


# --- answers ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(httpx.Response(202), id="empty"),
        pytest.param(httpx.Response(202, content=b'{"requestId":"REQ'), id="cut"),
        pytest.param(httpx.Response(202, html="<h1>502</h1>"), id="html"),
        pytest.param(httpx.Response(202, json={"statusCode": "202"}), id="no request id"),
        pytest.param(httpx.Response(202, json={"requestId": ""}), id="empty request id"),
        pytest.param(httpx.Response(202, json={"requestId": 12}), id="request id of another type"),
        pytest.param(
            httpx.Response(202, json=ACCEPTED | {"statusName": "fail"}), id="202 and fail"
        ),
        pytest.param(httpx.Response(202, json=[ACCEPTED]), id="array"),
        pytest.param(
            httpx.Response(202, content=b"x", headers={"content-encoding": "gzip"}), id="not gzip"
        ),
    ],
)
def test_an_acceptance_that_cannot_be_read_is_a_doubt(answer):
    with pytest.raises(SmsOutcomeUnknown):
        send(Sens(answer))


@pytest.mark.parametrize(
    ("status", "code", "error"),
    [
        (400, "100", SmsRefused),
        (401, "200", SignatureRejected),
        (404, "300", SignatureRejected),
        (429, "400", SmsQuotaSpent),
        (429, "410", SmsThrottled),
        (503, "500", SmsOutcomeUnknown),
        (307, "", SmsOutcomeUnknown),
    ],
)
def test_refusals_are_told_by_type(status, code, error):
    sens = Sens(httpx.Response(status, json={"error": {"errorCode": code}}))

    with pytest.raises(error) as caught:
        send(sens)

    assert type(caught.value) is error
    assert len(sens.requests) == 1


@pytest.mark.parametrize(
    ("failure", "error"),
    [
        (httpx.ConnectError("no such host"), SmsNotSent),
        (httpx.ConnectTimeout("slow"), SmsNotSent),
        (httpx.PoolTimeout("busy"), SmsNotSent),
        (httpx.ReadTimeout("slow"), SmsOutcomeUnknown),
        (httpx.ReadError("reset"), SmsOutcomeUnknown),
        (httpx.WriteError("reset"), SmsOutcomeUnknown),
        (httpx.RemoteProtocolError("cut"), SmsOutcomeUnknown),
    ],
)
def test_failures_are_told_by_type_and_never_retried(failure, error):
    sens = Sens(failure)

    with pytest.raises(error):
        send(sens)

    assert len(sens.requests) == 1


def test_timeouts_are_set_for_every_phase():
    sens = Sens()

    send(sens)

    assert sens.requests[0].extensions["timeout"] == {
        "connect": 3.0,
        "write": 5.0,
        "read": 10.0,
        "pool": 2.0,
    }


def test_nobody_is_logged(caplog):
    caplog.set_level(logging.DEBUG)
    sens = Sens()
    send(sens)
    sens.answers = [httpx.Response(404)]
    sens.gateway().by_request("REQ-1")

    assert "0100" not in caplog.text
    assert "HTTP Request" not in caplog.text


def test_a_gateway_can_be_closed():
    sens = Sens()
    gateway = sens.gateway()
    gateway.close()
