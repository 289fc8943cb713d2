"""SENS as a function from request to response, and a gateway in front of it."""

from __future__ import annotations

import json
from urllib.parse import parse_qsl

import httpx

from booking_sms.adapters.sens.client import SensConfig, SensGateway
from booking_sms.adapters.sens.signature import ApiKey
from booking_sms.testing import NOW_MS, FixedTransportClock

SERVICE_ID = "ncp:sms:kr:100000000001:studio"
ACCEPTED = {
    "requestId": "RSSA-1772427600000-1234-00000001-abcdefgh",
    "requestTime": "2026-03-02T14:00:00.123",
    "statusCode": "202",
    "statusName": "success",
}


class Sens:
    """Records requests and gives the next answer: a response, a document or an error to raise."""

    def __init__(self, *answers):
        self.answers = list(answers)
        self.requests: list[httpx.Request] = []
        self.clock = FixedTransportClock(NOW_MS)
        self.refusal: str | Exception | None = None

    def __call__(self, request):
        self.requests.append(request)
        answer = self.answers.pop(0) if self.answers else httpx.Response(202, json=ACCEPTED)
        if isinstance(answer, Exception):
            raise answer
        if isinstance(answer, httpx.Response):
            return answer
        return httpx.Response(200, json=answer)

    def gateway(self, **config):
        fields = {
            "service_id": SERVICE_ID,
            "key": ApiKey("TESTACCESSKEY0000001", "test-secret-key-of-nobody"),
            **config,
        }
        return SensGateway(
            SensConfig(**fields), self.clock, self.permit, transport=httpx.MockTransport(self)
        )

    def permit(self, message):
        if isinstance(self.refusal, Exception):
            raise self.refusal
        return self.refusal

    @property
    def queries(self):
        return [dict(parse_qsl(request.url.query.decode())) for request in self.requests]


def row(number=1, **overrides):
    """A row of the list, as the vendor writes it."""
    return {
        "requestId": f"REQ-{number}",
        "messageId": f"MSG-{number}",
        "requestTime": "2026-03-02 14:00:00",
        "contentType": "COMM",
        "type": "LMS",
        "countryCode": "82",
        "from": "0500000000001",
        "to": "01000001234",
        "subject": "이용 안내 ABC234",
        "content": "시험 안내 문자입니다.",
        "status": "COMPLETED",
        "statusCode": "0",
        "statusName": "success",
        "completeTime": "2026-03-02 14:00:05",
        **overrides,
    }


def page(*rows, **extra):
    return {"statusCode": "200", "statusName": "success", "messages": list(rows), **extra}


def cut(document):
    return httpx.Response(200, content=json.dumps(document).encode()[:-9])
