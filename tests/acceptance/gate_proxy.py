"""A proxy with a gate: it stops one exchange at a chosen point, for as long as a test needs.

With it a process stands still between two of its lines without a hook in its code: it waits for
an answer that the proxy has and keeps.
"""

from __future__ import annotations

import contextlib
import http.client
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

WAIT_S = 60.0
Wanted = Callable[["Request"], bool]


@dataclass(frozen=True)
class Request:
    """What the gate is chosen by."""

    method: str
    operation: str  # DynamoDB's, empty elsewhere
    body: bytes


@dataclass
class Gate:
    """Closed for the first request that is wanted: before it goes on, or before its answer does."""

    is_wanted: Wanted
    keeps_answer: bool
    reached: threading.Event = field(default_factory=threading.Event)
    is_open: threading.Event = field(default_factory=threading.Event)

    def await_reached(self) -> None:
        assert self.reached.wait(WAIT_S), "nothing came to the gate"

    def open(self) -> None:
        self.is_open.set()

    def stop_here(self) -> None:
        self.reached.set()
        self.is_open.wait(WAIT_S)


class GateProxy:
    """Forwards to ``upstream``; one gate at a time."""

    def __init__(self, upstream: str) -> None:
        self.upstream = upstream
        self.url = ""
        self._gate: Gate | None = None
        self._lock = threading.Lock()

    def keep_request(self, is_wanted: Wanted) -> Gate:
        """The next such request waits here and has not reached the service."""
        self._gate = Gate(is_wanted, keeps_answer=False)
        return self._gate

    def keep_answer(self, is_wanted: Wanted) -> Gate:
        """The next such request is done, and its answer waits here."""
        self._gate = Gate(is_wanted, keeps_answer=True)
        return self._gate

    def gate_of(self, request: Request) -> Gate | None:
        """The gate, for the one request that it was made for."""
        with self._lock:
            gate = self._gate
            if gate is None or not gate.is_wanted(request):
                return None
            self._gate = None
            return gate


@contextlib.contextmanager
def run_gate_proxy(upstream: str) -> Iterator[GateProxy]:
    """Serve on a free port of this machine until the block ends."""
    proxy = GateProxy(upstream)
    handler = type("Handler", (_Handler,), {"proxy": proxy})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    proxy.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield proxy
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Handler(BaseHTTPRequestHandler):
    proxy: GateProxy

    def do_GET(self) -> None:
        self._forward()

    def do_POST(self) -> None:
        self._forward()

    def _forward(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        operation = self.headers.get("X-Amz-Target", "").rpartition(".")[2]
        gate = self.proxy.gate_of(Request(self.command, operation, body))
        if gate and not gate.keeps_answer:
            gate.stop_here()
        status, headers, content = self._ask(body)
        if gate and gate.keeps_answer:
            gate.stop_here()
        with contextlib.suppress(OSError):  # the one who asked may be dead by now
            self._answer(status, headers, content)

    def _ask(self, body: bytes) -> tuple[int, list[tuple[str, str]], bytes]:
        upstream = http.client.HTTPConnection(urlsplit(self.proxy.upstream).netloc, timeout=30)
        try:
            upstream.request(self.command, self.path, body or None, dict(self.headers))
            answer = upstream.getresponse()
            return answer.status, answer.getheaders(), answer.read()
        finally:
            upstream.close()

    def _answer(self, status: int, headers: list[tuple[str, str]], content: bytes) -> None:
        self.send_response(status)
        for name, value in headers:
            if name.lower() not in ("connection", "date", "server", "transfer-encoding"):
                self.send_header(name, value)
        self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: object) -> None:
        """Keep the test output clean."""
