"""A small world for the tests of SENS, Telegram, Slack and the inbox: one context, one clock."""

import base64
import hashlib
import hmac
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

import httpx
from starlette.applications import Starlette
from starlette.routing import BaseRoute
from starlette.testclient import TestClient

from sandbox.clock import WorldClock
from sandbox.config import SandboxConfig
from sandbox.context import SandboxContext
from sandbox.faults import Fault, FaultBook
from sandbox.sens.models import SensState
from sandbox.slack.models import SlackState
from sandbox.telegram.models import TelegramState

START = datetime(2026, 2, 14, 11, 0, tzinfo=UTC)  # 20:00 in Seoul
PHONE, OTHER_PHONE = "01000000011", "01000000012"


@dataclass
class SettableNow:
    """A real clock that stands still until a test moves it."""

    instant: float = START.timestamp()

    def __call__(self) -> float:
        return self.instant

    def advance(self, seconds: float) -> None:
        self.instant += seconds


@dataclass
class VendorWorld:
    """The context with fresh states; `now` is the transport clock of all three."""

    now: SettableNow = field(default_factory=SettableNow)

    def __post_init__(self) -> None:
        self.sens, self.telegram = SensState(self.now), TelegramState(self.now)
        self.slack = SlackState(self.now)
        services = {"sens": self.sens, "telegram": self.telegram, "slack": self.slack}
        self.context = SandboxContext(WorldClock(START), FaultBook(), services, SandboxConfig())

    def fault(self, service: str, operation: str, kind: str, **params: Any) -> None:
        """Script the next call of that operation to go wrong."""
        self.context.faults.add(Fault(service, operation, kind, params))

    def client(self, routes: Callable[[SandboxContext], list[BaseRoute]]) -> TestClient:
        """An in-process client of one service."""
        return TestClient(Starlette(routes=routes(self.context)))


def sign(method: str, target: str, timestamp: str, access_key: str, secret_key: str) -> str:
    """The client's side of signature v2, written apart from the server's."""
    text = "\n".join([f"{method} {target}", timestamp, access_key])
    mac = hmac.new(secret_key.encode(), text.encode(), hashlib.sha256)
    return base64.b64encode(mac.digest()).decode()


class SensCaller:
    """Signs and makes the calls of a well-behaved client; each part can be spoiled."""

    def __init__(self, world: VendorWorld, client: httpx.Client) -> None:
        self.world = world
        self.client = client
        self.base = f"/sms/v2/services/{world.sens.settings.service_id}"

    def call(
        self,
        method: str,
        path: str,
        *,
        query: dict[str, str] | None = None,
        body: object = None,
        base: str | None = None,
        **spoiled: str,
    ) -> httpx.Response:
        """`spoiled` replaces timestamp, access_key, secret_key or signed_target."""
        target = (self.base if base is None else base) + path
        if query:
            target += "?" + "&".join(f"{name}={quote(value)}" for name, value in query.items())
        headers = self.headers(method, target, **spoiled)
        content = None if body is None else json.dumps(body)
        return self.client.request(method, target, headers=headers, content=content)

    def headers(self, method: str, target: str, **spoiled: str) -> dict[str, str]:
        settings = self.world.sens.settings
        timestamp = spoiled.get("timestamp", str(int(self.world.now() * 1000)))
        access_key = spoiled.get("access_key", settings.access_key)
        secret_key = spoiled.get("secret_key", settings.secret_key)
        signed = spoiled.get("signed_target", target)
        return {
            "Content-Type": "application/json; charset=utf-8",
            "x-ncp-apigw-timestamp": timestamp,
            "x-ncp-iam-access-key": access_key,
            "x-ncp-apigw-signature-v2": sign(method, signed, timestamp, access_key, secret_key),
        }

    def send(self, **fields: Any) -> httpx.Response:
        """A valid LMS to one phone, with the given fields replaced (None removes one)."""
        body = lms(**fields)
        return self.call("POST", "/messages", body=body)

    def search(self, **query: str) -> httpx.Response:
        return self.call("GET", "/messages", query=query)

    def rows(self, **query: str) -> list[dict[str, Any]]:
        """The rows of a list call, none for the empty 404."""
        answer = self.search(**query)
        return [] if answer.status_code == 404 else answer.json()["messages"]

    def recent(self, **query: str) -> list[dict[str, Any]]:
        """Rows of the two hours round now."""
        window = {
            "requestStartTime": "2026-02-14 19:00:00",
            "requestEndTime": "2026-02-14 21:00:00",
        }
        return self.rows(**window, **query)

    def only_row(self) -> dict[str, Any]:
        (row,) = self.recent()
        return row


def lms(**fields: Any) -> dict[str, Any]:
    """The body of a valid LMS; None removes a field."""
    body = {
        "type": "LMS",
        "contentType": "COMM",
        "countryCode": "82",
        "from": "15990100",
        "subject": "별빛 예약 안내 K7Q2",
        "content": "예약이 확정되었습니다.",
        "messages": [{"to": PHONE}],
    }
    body |= {name.rstrip("_"): value for name, value in fields.items()}
    return {name: value for name, value in body.items() if value is not None}
