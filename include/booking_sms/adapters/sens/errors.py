"""What each answer or failure of SENS means for the text: one closed table, as data.

A wrong line here sends a text twice or loses it, so the rule is: *not sent* only where SENS or
the network says so; everything that is not listed is in doubt and is reconciled, never retried.
Where status and code of one answer disagree, the more cautious of both counts.

Sources: api-call-lgc-errorhandling (gateway codes), sens-sms-send (statuses of a send). 504/510
and 500/900 are second-hand; as 5xx they are in doubt anyway.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from enum import StrEnum
from typing import Any

import httpx

from booking_sms.domain.errors import (
    DispatchError,
    SignatureRejected,
    SmsNotSent,
    SmsOutcomeUnknown,
    SmsQuotaSpent,
    SmsRefused,
    SmsThrottled,
)


class Verdict(StrEnum):
    """What became of the text."""

    ACCEPTED = "accepted"
    NOT_SENT = "not_sent"
    THROTTLED = "throttled"
    QUOTA_SPENT = "quota_spent"
    CREDENTIALS = "credentials"
    REFUSED = "refused"
    DOUBT = "doubt"


ERROR_OF: Mapping[Verdict, type[DispatchError]] = {
    Verdict.NOT_SENT: SmsNotSent,
    Verdict.THROTTLED: SmsThrottled,
    Verdict.QUOTA_SPENT: SmsQuotaSpent,
    Verdict.CREDENTIALS: SignatureRejected,
    Verdict.REFUSED: SmsRefused,
    Verdict.DOUBT: SmsOutcomeUnknown,
}

STATUS_VERDICTS: Mapping[int, Verdict] = {
    202: Verdict.ACCEPTED,  # in doubt after all if its body cannot be read: see parse_receipt
    400: Verdict.REFUSED,
    401: Verdict.CREDENTIALS,
    403: Verdict.CREDENTIALS,
    404: Verdict.CREDENTIALS,  # the path holds nothing but the service id: never the text's fault
    413: Verdict.REFUSED,
    429: Verdict.THROTTLED,
    500: Verdict.DOUBT,
    503: Verdict.DOUBT,
    504: Verdict.DOUBT,
}
"""By HTTP status; a status that is not here is in doubt."""

CODE_VERDICTS: Mapping[tuple[int, str], Verdict] = {
    (400, "100"): Verdict.REFUSED,  # bad request
    (401, "200"): Verdict.CREDENTIALS,  # authentication failed: key, signature or timestamp
    (401, "210"): Verdict.CREDENTIALS,  # permission denied
    (404, "300"): Verdict.CREDENTIALS,  # not found
    (413, "430"): Verdict.REFUSED,  # request entity too large
    (429, "400"): Verdict.QUOTA_SPENT,
    (429, "410"): Verdict.THROTTLED,
    (429, "420"): Verdict.THROTTLED,  # rate limited
    (500, "900"): Verdict.DOUBT,  # unexpected error
    (503, "500"): Verdict.DOUBT,  # endpoint error: the endpoint may have taken it before
    (504, "510"): Verdict.DOUBT,  # endpoint timeout
}
"""By HTTP status and code in the body, looked up before the status alone."""

VERDICT_OF_CODE: Mapping[str, Verdict] = {
    code: verdict for (_, code), verdict in CODE_VERDICTS.items()
}
CAUTION = (
    Verdict.REFUSED,
    Verdict.THROTTLED,
    Verdict.QUOTA_SPENT,
    Verdict.CREDENTIALS,
    Verdict.DOUBT,
)
"""From least to most cautious. To refuse comes first: it burns a text for what may be our fault."""

TRANSPORT_VERDICTS: Mapping[type[httpx.RequestError], tuple[Verdict, str]] = {
    # No connection, so no request: DNS, refused, unreachable and TLS are all ConnectError.
    httpx.ConnectError: (Verdict.NOT_SENT, "connect_failed"),
    httpx.ConnectTimeout: (Verdict.NOT_SENT, "connect_timeout"),
    httpx.PoolTimeout: (Verdict.NOT_SENT, "pool_timeout"),
    httpx.ProxyError: (Verdict.NOT_SENT, "proxy_failed"),
    httpx.UnsupportedProtocol: (Verdict.NOT_SENT, "unsupported_protocol"),
    # The request was on its way: SENS may have read all of it.
    httpx.ReadTimeout: (Verdict.DOUBT, "read_timeout"),
    httpx.WriteTimeout: (Verdict.DOUBT, "write_timeout"),
    httpx.ReadError: (Verdict.DOUBT, "connection_reset"),
    httpx.WriteError: (Verdict.DOUBT, "write_failed"),
    httpx.CloseError: (Verdict.DOUBT, "close_failed"),
    httpx.RemoteProtocolError: (Verdict.DOUBT, "protocol_error"),
    httpx.LocalProtocolError: (Verdict.DOUBT, "protocol_error"),
    httpx.DecodingError: (Verdict.DOUBT, "unreadable_answer"),
}
"""By exact error class; one that is not here is in doubt."""


def judge_reply(status: int, code: str) -> Verdict:
    """Verdict of an HTTP answer; ``code`` is the code in its body or empty."""
    by_status = CODE_VERDICTS.get((status, code)) or STATUS_VERDICTS.get(status, Verdict.DOUBT)
    if not code or code == str(status):  # the service layer repeats the status: no gateway code
        return by_status
    if by_status is Verdict.ACCEPTED:
        return Verdict.DOUBT
    return max(by_status, VERDICT_OF_CODE.get(code, by_status), key=CAUTION.index)


def judge_failure(failure: httpx.RequestError) -> tuple[Verdict, str]:
    """Verdict and reason of a request that got no answer."""
    return TRANSPORT_VERDICTS.get(type(failure), (Verdict.DOUBT, "transport_error"))


def reply_error(status: int, body: bytes) -> DispatchError:
    """Build the error of an answer that is not a 202; no text, no number in it."""
    code = error_code(body)
    error = ERROR_OF[judge_reply(status, code)]
    return error(reason=reply_reason(status, code), status=status, code=code)


def reply_reason(status: int, code: str) -> str:
    """A stable word for an answer: ``http_429_410``."""
    return f"http_{status}_{code}" if code else f"http_{status}"


def failure_error(failure: httpx.RequestError) -> DispatchError:
    """Build the error of a request that got no answer."""
    verdict, reason = judge_failure(failure)
    return ERROR_OF[verdict](reason=reason)


def error_code(body: bytes) -> str:
    """Code in an error body of either shape (gateway ``error.errorCode``, service), or empty.

    What is not a short number is not a code: the body of a refusal may quote the request.
    """
    fields = read_object(body)
    gateway = fields.get("error")
    candidates = [gateway.get("errorCode")] if isinstance(gateway, dict) else []
    candidates += [fields.get(name) for name in ("errorCode", "code", "statusCode")]
    found = (str(one) for one in candidates if isinstance(one, str | int))
    return next((text for text in found if text.isdigit() and len(text) <= 4), "")


def read_object(body: bytes) -> dict[str, Any]:
    """Return the JSON object in a body; empty if there is none."""
    try:
        fields = json.loads(body)
    except ValueError:
        return {}
    return fields if isinstance(fields, dict) else {}
