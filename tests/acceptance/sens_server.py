"""A SENS of our own, written from the vendor's pages. It shares no code with sandbox or product.

It believes nobody: every request is judged, and what is wrong with a refused one is kept.
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import hmac
import json
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

ACCESS_KEY, SECRET_KEY = "other-access-key", "other/secret+key="
SERVICE_ID = "ncp:sms:kr:222222222222:other"
PATH = f"/sms/v2/services/{SERVICE_ID}/"
FRESH_MS = 30_000  # the vendor allows five minutes; a request signed just now needs far less


@dataclass
class OtherSens:
    """What arrived. ``accepted`` are bodies of the sends, ``wrong`` says why others were not."""

    url: str = ""
    accepted: list[dict[str, Any]] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    looked_up: int = 0

    def connection(self, **changes: Any) -> str:
        """The Airflow connection of this server, in JSON form."""
        address = urlsplit(self.url)
        known: dict[str, Any] = {
            "conn_type": "http",
            "schema": address.scheme,
            "host": address.hostname,
            "port": address.port,
            "login": ACCESS_KEY,
            "password": SECRET_KEY,
            "extra": {"service_id": SERVICE_ID},
        }
        kept = {name: value for name, value in (known | changes).items() if value is not None}
        return json.dumps(kept)


@contextlib.contextmanager
def run_other_sens() -> Iterator[OtherSens]:
    """Serve on a free port of this machine until the block ends."""
    state = OtherSens()
    handler = type("Handler", (_Handler,), {"state": state})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    state.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield state
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Handler(BaseHTTPRequestHandler):
    state: OtherSens
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        problem = self._bad_signature() or self._bad_path() or _bad_message(self.headers, body)
        if problem:
            self.state.wrong.append(problem)
            self._answer(401, {"error": {"errorCode": "200", "message": problem}})
            return
        self.state.accepted.append(json.loads(body))
        self._answer(
            202,
            {
                "requestId": f"other-request-{len(self.state.accepted)}",
                "requestTime": "2026-03-02T14:00:00.123",
                "statusCode": "202",
                "statusName": "success",
            },
        )

    def do_GET(self) -> None:
        problem = self._bad_signature() or self._bad_path()
        if problem:
            self.state.wrong.append(problem)
            self._answer(401, {"error": {"errorCode": "200", "message": problem}})
            return
        self.state.looked_up += 1
        if not urlsplit(self.path).path.endswith("/messages"):
            self._answer(404, {"error": {"errorCode": "300", "message": "no opt-out service"}})
            return
        (request_id,) = parse_qs(urlsplit(self.path).query).get("requestId", [""])
        number = int(request_id.rpartition("-")[2] or 0)
        if not 0 < number <= len(self.state.accepted):
            self._answer(404, None)
            return
        sent = self.state.accepted[number - 1]
        row = {
            "requestId": request_id,
            "messageId": f"message-{number}",
            "requestTime": "2026-03-02 14:00:00",
            "completeTime": "2026-03-02 14:00:02",
            "to": sent["messages"][0]["to"],
            "from": sent["from"],
            "type": sent["type"],
            "contentType": sent["contentType"],
            "countryCode": "82",
            "content": sent["content"],
            "subject": sent.get("subject", ""),
            "status": "COMPLETED",
            "statusCode": "0",
            "statusName": "success",
            "statusMessage": "success",
            "telcoCode": "KTF",
        }
        self._answer(200, {"statusCode": "202", "statusName": "success", "messages": [row]})

    def _bad_signature(self) -> str:
        """METHOD, space, path with query as on the wire, LF, timestamp, LF, access key."""
        timestamp = self.headers.get("x-ncp-apigw-timestamp", "")
        if not timestamp.isdigit() or len(timestamp) != 13:
            return "the timestamp is not epoch milliseconds"
        if abs(time.time() * 1000 - int(timestamp)) > FRESH_MS:
            return "the timestamp is not fresh"
        if self.headers.get("x-ncp-iam-access-key") != ACCESS_KEY:
            return "unknown access key"
        text = f"{self.command} {self.path}\n{timestamp}\n{ACCESS_KEY}"
        digest = hmac.new(SECRET_KEY.encode(), text.encode(), hashlib.sha256).digest()
        if self.headers.get("x-ncp-apigw-signature-v2") != base64.b64encode(digest).decode():
            return "wrong signature"
        return ""

    def _bad_path(self) -> str:
        """The service id has colons; raw and percent-encoded ones name the same service."""
        path = urlsplit(self.path).path.replace("%3A", ":").replace("%3a", ":")
        known = [PATH + "messages"] + [PATH + "unsubscribes"] * (self.command == "GET")
        return "" if path in known else f"no such path: {path}"

    def _answer(self, status: int, document: Any) -> None:
        body = b"" if document is None else json.dumps(document).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Keep the test output clean."""


def _bad_message(headers: Any, body: bytes) -> str:
    """What the send call's page demands of the body."""
    if not headers.get("Content-Type", "").startswith("application/json"):
        return "Content-Type is not application/json"
    message = json.loads(body)
    recipients = message.get("messages", [])
    checks = {
        "type": message.get("type") in ("SMS", "LMS"),
        "contentType": message.get("contentType") in ("COMM", "AD"),
        "content": bool(message.get("content")),
        "one recipient": len(recipients) == 1,
        "digits only": all(one["to"].isdigit() for one in recipients)
        and message.get("from", "").isdigit(),
        "subject in 40 bytes": len(message.get("subject", "").encode("cp949")) <= 40,
        "content in 2000 bytes": len(message.get("content", "").encode("cp949")) <= 2000,
    }
    return ", ".join(name for name, holds in checks.items() if not holds)
