"""Between us and DynamoDB: forwards every request, and loses some of the answers.

What was written is written; the one who asked will not hear of it. Real HTTP, loopback only.
"""

from __future__ import annotations

import contextlib
import http.client
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

MustDrop = Callable[[str], bool]
"""Whether the answer to this DynamoDB operation gets lost; called once a request."""

_OWN_HEADERS = ("connection", "date", "server")


@contextlib.contextmanager
def run_lossy_proxy(upstream: str, must_drop: MustDrop) -> Iterator[str]:
    """Serve on a free port of this machine until the block ends; yields the address."""
    names = {"upstream": urlsplit(upstream).netloc, "must_drop": staticmethod(must_drop)}
    server = _Server(("127.0.0.1", 0), type("Handler", (_Handler,), names))
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that was killed resets its connection: that is what it was killed for."""


class _Handler(BaseHTTPRequestHandler):
    upstream: str
    must_drop: MustDrop
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1  # headers and body in one packet: two of them cost 40 ms a request

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        status, headers, content = self._ask(body)
        if self.must_drop(self.headers["X-Amz-Target"].rpartition(".")[2]):
            self.close_connection = True
            return
        with contextlib.suppress(OSError):  # the one who asked may be dead by now
            self._answer(status, headers, content)

    def _ask(self, body: bytes) -> tuple[int, list[tuple[str, str]], bytes]:
        connection = http.client.HTTPConnection(self.upstream, timeout=10)
        try:
            connection.request("POST", self.path, body, dict(self.headers))
            answer = connection.getresponse()
            return answer.status, answer.getheaders(), answer.read()
        finally:
            connection.close()

    def _answer(self, status: int, headers: list[tuple[str, str]], content: bytes) -> None:
        self.send_response(status)
        for name, value in headers:
            if name.lower() not in _OWN_HEADERS:
                self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: object) -> None:
        """Thousands of requests are no news."""
