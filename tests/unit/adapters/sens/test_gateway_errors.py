"""The closed table of answers and failures: exhaustive, because a wrong line doubles or loses."""

from __future__ import annotations

import inspect
import json

import httpx
import pytest

from booking_sms.adapters.sens.client import parse_receipt
from booking_sms.adapters.sens.errors import (
    CAUTION,
    CODE_VERDICTS,
    ERROR_OF,
    STATUS_VERDICTS,
    TRANSPORT_VERDICTS,
    VERDICT_OF_CODE,
    Verdict,
    error_code,
    failure_error,
    judge_failure,
    judge_reply,
    reply_error,
)
from booking_sms.adapters.sens.wire import Reply
from booking_sms.domain.errors import (
    DispatchError,
    GatewayListUnavailable,
    NeedsReconcile,
    Retryable,
    SignatureRejected,
    SmsNotSent,
    SmsOutcomeUnknown,
    SmsQuotaSpent,
    SmsRefused,
    SmsThrottled,
    Terminal,
)
from booking_sms.domain.send_meaning import MEANING_OF_ERROR, SendMeaning, meaning_of

CERTAINLY_NOT_SENT = {400, 401, 403, 404, 413, 429}
ODD_STATUSES = (-1, 0, 1, 99, 600, 700, 999)
KNOWN_CODES = sorted({code for _, code in CODE_VERDICTS})
UNKNOWN_CODES = ("0", "1", "202", "404", "411", "999", "9999")
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


# What may be sent again without a look at the list, written out by hand: whoever widens the
# table has to come here.
SENT_AGAIN = {401, 403, 404, 429}
SENT_AGAIN_BY_CODE = {(400, "200"), (400, "210"), (400, "300"), (400, "410"), (400, "420")}
SENT_AGAIN_BY_CODE |= {(413, code) for code in ("200", "210", "300", "400", "410", "420")}


@pytest.mark.parametrize("code", ["", *KNOWN_CODES, *UNKNOWN_CODES])
@pytest.mark.parametrize("statuses", [range(100, 600), ODD_STATUSES], ids=["http", "odd"])
def test_only_what_was_certainly_not_sent_is_sent_again(statuses, code):
    """Every status with every code: a wrong pair here sends somebody a text twice."""
    doubtful = VERDICT_OF_CODE.get(code) is Verdict.DOUBT
    for status in statuses:
        allowed = (status in SENT_AGAIN and not doubtful) or (status, code) in SENT_AGAIN_BY_CODE

        meaning = meaning_of_answer(status, code)

        assert (meaning is SendMeaning.NOT_SENT) == allowed, (status, code, meaning)
        assert meaning is not SendMeaning.ACCEPTED or (status, code) in {(202, ""), (202, "202")}
        assert meaning is not SendMeaning.PERMANENT or status in {400, 413}


def meaning_of_answer(status, code):
    """Through the client's own door: a 202 may be accepted, all else raises."""
    fields = {"requestId": "RSSA-1"} if status == 202 else {}
    body = json.dumps({**fields, "error": {"errorCode": code}} if code else fields).encode()
    try:
        parse_receipt(Reply(status, body))
    except DispatchError as error:
        return meaning_of(error)
    return SendMeaning.ACCEPTED


@pytest.mark.parametrize(
    ("status", "code", "verdict"),
    [
        pytest.param(400, "200", Verdict.CREDENTIALS, id="our key must not burn a text"),
        pytest.param(400, "420", Verdict.THROTTLED, id="a throttle is no refusal"),
        pytest.param(413, "400", Verdict.QUOTA_SPENT, id="a spent quota is no refusal"),
        pytest.param(401, "100", Verdict.CREDENTIALS, id="the status is the more cautious"),
        pytest.param(400, "400", Verdict.REFUSED, id="the service layer repeats the status"),
        pytest.param(400, "500", Verdict.DOUBT, id="the endpoint may have taken it"),
        pytest.param(429, "510", Verdict.DOUBT, id="a throttle that timed out at the endpoint"),
        pytest.param(404, "900", Verdict.DOUBT, id="an unexpected error is no certainty"),
        pytest.param(202, "410", Verdict.DOUBT, id="accepted and throttled"),
        pytest.param(503, "410", Verdict.DOUBT, id="a proxy's 503 around a throttle"),
    ],
)
def test_where_status_and_code_disagree_the_more_cautious_counts(status, code, verdict):
    assert judge_reply(status, code) is verdict


def test_every_verdict_on_a_refused_send_has_its_place_in_the_order():
    assert set(CAUTION) == set(ERROR_OF) - {Verdict.NOT_SENT}
    assert set(VERDICT_OF_CODE.values()) <= set(CAUTION)


@pytest.mark.parametrize("status", [100, 101, 103, 204, 301, 307, 304, 407, 408, 409, 425, 499])
def test_what_stands_between_us_and_sens_proves_nothing(status):
    """Proxies time out, redirect, or give up after they have passed the request on."""
    assert type(reply_error(status, b"<html>proxy</html>")) is SmsOutcomeUnknown


@pytest.mark.parametrize("status", [400, 401, 403, 404, 413, 429])
@pytest.mark.parametrize("body", [b"", b"<html>nginx</html>", b'{"error":{"errorCode":"999"}}'])
def test_a_refusal_with_an_unknown_body_means_what_its_status_means(status, body):
    assert type(reply_error(status, body)) is ERROR_OF[STATUS_VERDICTS[status]]


def test_a_code_has_one_verdict_whatever_its_status():
    verdicts = {}
    for (_, code), verdict in CODE_VERDICTS.items():
        assert verdicts.setdefault(code, verdict) is verdict


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


@pytest.mark.parametrize("kind", sorted(subclasses(httpx.RequestError), key=lambda k: k.__name__))
def test_every_failure_of_the_network_has_one_of_the_four_meanings(kind):
    expected = SendMeaning.NOT_SENT if kind in BEFORE_THE_REQUEST else SendMeaning.DOUBT

    assert meaning_of(failure_error(kind("boom"))) is expected


def test_the_class_tree_of_httpx_is_walked_whole():
    """Every error of a request that httpx exports is reached: none hides behind a lazy import."""
    exported = {
        kind
        for _, kind in inspect.getmembers(httpx, inspect.isclass)
        if issubclass(kind, httpx.RequestError)
    }

    assert exported == {k for k in subclasses(httpx.RequestError) if k.__module__ == "httpx"}


# --- errors -----------------------------------------------------------------------------------


def of_project(kind):
    return {one for one in subclasses(kind) if one.__module__.startswith("booking_sms.")}


def test_every_dispatch_error_has_exactly_one_meaning():
    assert of_project(DispatchError) - {DispatchError} == MEANING_OF_ERROR.keys()
    assert SendMeaning.ACCEPTED not in MEANING_OF_ERROR.values()


@pytest.mark.parametrize("kind", sorted(MEANING_OF_ERROR, key=lambda kind: kind.__name__))
def test_meanings_agree_with_what_a_task_may_retry(kind):
    marker = {
        SendMeaning.NOT_SENT: Retryable,
        SendMeaning.PERMANENT: Terminal,
        SendMeaning.DOUBT: NeedsReconcile,
    }[MEANING_OF_ERROR[kind]]
    markers = [one for one in (Retryable, Terminal, NeedsReconcile) if issubclass(kind, one)]

    # A look that failed may be repeated; the text that it was about stays in doubt.
    assert markers == [Retryable if kind is GatewayListUnavailable else marker]


def test_a_new_dispatch_error_is_in_doubt_whatever_it_derives_from():
    class Novelty(SmsNotSent):
        """A subclass that nobody gave a meaning."""

    assert meaning_of(Novelty()) is SendMeaning.DOUBT


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
