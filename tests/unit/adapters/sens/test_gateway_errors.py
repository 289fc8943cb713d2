"""The closed table of answers and failures: exhaustive, because a wrong line doubles or loses."""

from __future__ import annotations

import json

import httpx
import pytest

from booking_sms.adapters.sens.errors import (
    CODE_VERDICTS,
    ERROR_OF,
    STATUS_VERDICTS,
    TRANSPORT_VERDICTS,
    Verdict,
    error_code,
    failure_error,
    judge_failure,
    judge_reply,
    reply_error,
)
from booking_sms.domain.errors import (
    SignatureRejected,
    SmsNotSent,
    SmsOutcomeUnknown,
    SmsQuotaSpent,
    SmsRefused,
    SmsThrottled,
)

CERTAINLY_NOT_SENT = {400, 401, 403, 404, 413, 429}
BEFORE_THE_REQUEST = {
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpx.ProxyError,
    httpx.UnsupportedProtocol,
}


def subclasses(kind):
    return {kind}.union(*(subclasses(one) for one in kind.__subclasses__()))


def gateway_body(code):
    return json.dumps({"error": {"errorCode": code, "message": "m", "details": "d"}}).encode()


# --- answers ----------------------------------------------------------------------------------


def test_every_status_has_one_verdict():
    verdicts = {status: judge_reply(status, "") for status in range(100, 600)}

    certain = {s for s, v in verdicts.items() if v not in {Verdict.ACCEPTED, Verdict.DOUBT}}
    assert certain == CERTAINLY_NOT_SENT
    assert [s for s, v in verdicts.items() if v is Verdict.ACCEPTED] == [202]


@pytest.mark.parametrize(
    ("status", "code", "error"),
    [
        (400, "", SmsRefused),
        (400, "100", SmsRefused),
        (401, "", SignatureRejected),
        (401, "200", SignatureRejected),
        (401, "210", SignatureRejected),
        (403, "", SignatureRejected),
        (404, "", SignatureRejected),
        (404, "300", SignatureRejected),
        (413, "430", SmsRefused),
        (429, "", SmsThrottled),
        (429, "400", SmsQuotaSpent),
        (429, "410", SmsThrottled),
        (429, "420", SmsThrottled),
        (429, "999", SmsThrottled),
        (500, "900", SmsOutcomeUnknown),
        (503, "500", SmsOutcomeUnknown),
        (504, "510", SmsOutcomeUnknown),
        (502, "", SmsOutcomeUnknown),
        (200, "", SmsOutcomeUnknown),
        (302, "", SmsOutcomeUnknown),
        (409, "", SmsOutcomeUnknown),
        (418, "400", SmsOutcomeUnknown),
    ],
)
def test_what_an_answer_means(status, code, error):
    raised = reply_error(status, gateway_body(code) if code else b"")

    assert type(raised) is error
    assert raised.context["reason"] == (f"http_{status}_{code}" if code else f"http_{status}")


def test_codes_refine_only_statuses_of_the_table():
    assert {status for status, _ in CODE_VERDICTS} <= STATUS_VERDICTS.keys()


def test_only_what_says_so_is_certainly_not_sent():
    doubtful = {status for status in range(500, 600)}

    assert all(judge_reply(status, "400") is Verdict.DOUBT for status in doubtful)


def test_every_verdict_but_acceptance_has_an_error():
    assert ERROR_OF.keys() == set(Verdict) - {Verdict.ACCEPTED}


def test_configuration_mistakes_are_not_refusals_of_the_message():
    assert issubclass(SignatureRejected, SmsNotSent)
    assert not issubclass(SignatureRejected, SmsRefused)


# --- failures ---------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", sorted(subclasses(httpx.RequestError), key=lambda k: k.__name__))
def test_every_failure_has_one_verdict(kind):
    verdict, reason = judge_failure(kind("boom"))

    assert verdict is (Verdict.NOT_SENT if kind in BEFORE_THE_REQUEST else Verdict.DOUBT)
    assert reason


def test_a_new_kind_of_failure_is_in_doubt():
    class Novelty(httpx.ConnectError):
        """A subclass that a later httpx may bring."""

    error = failure_error(Novelty("boom"))

    assert type(error) is SmsOutcomeUnknown
    assert error.context["reason"] == "transport_error"


def test_concrete_failures_are_all_listed():
    abstract = {
        httpx.RequestError,
        httpx.TransportError,
        httpx.TimeoutException,
        httpx.NetworkError,
        httpx.ProtocolError,
        httpx.TooManyRedirects,  # redirects are never followed
    }
    of_httpx = {kind for kind in subclasses(httpx.RequestError) if kind.__module__ == "httpx"}

    assert of_httpx - abstract == TRANSPORT_VERDICTS.keys()


# --- bodies -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "code"),
    [
        pytest.param(gateway_body("400"), "400", id="gateway"),
        pytest.param(b'{"error":{"errorCode":410}}', "410", id="gateway, number"),
        pytest.param(b'{"status":403,"error":"Forbidden","message":"m"}', "", id="service"),
        pytest.param(b'{"statusCode":"400","statusName":"fail"}', "400", id="service, own code"),
        pytest.param(b'{"errorCode":"300"}', "300", id="flat"),
        pytest.param(b"", "", id="empty"),
        pytest.param(b"<html>502</html>", "", id="html"),
        pytest.param(b'{"error":{"errorCode":"4', "", id="cut"),
        pytest.param(b"[1]", "", id="array"),
        pytest.param(b"\xff\xfe", "", id="not text"),
        pytest.param(b'{"code":"01000001234"}', "", id="not a code but a number of somebody"),
        pytest.param(b'{"error":{"errorCode":{"a":1}}}', "", id="nested nonsense"),
    ],
)
def test_error_bodies_are_read_defensively(body, code):
    assert error_code(body) == code


def test_errors_repeat_nothing_of_the_body():
    body = b'{"message":"to 01000001234 is wrong","errorCode":"100"}'

    assert "0100" not in repr(reply_error(400, body)) + str(reply_error(400, body))
