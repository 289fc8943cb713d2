"""A proxy that forwards a request and then, when told to, drops the answer."""

from __future__ import annotations

import http.client
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

from .dynalite import free_port


class LossyProxy:
    """``drop_next(operation)`` loses the answer of that operation's next request, once each."""

    def __init__(self, upstream: str) -> None:
        self.upstream = urlsplit(upstream)
        self._to_drop: list[str] = []
        self.dropped: list[str] = []
        self._lock = threading.Lock()

    def drop_next(self, operation: str, times: int = 1) -> None:
        self._to_drop += [operation] * times

    def must_drop(self, operation: str) -> bool:
        with self._lock:
            if operation not in self._to_drop:
                return False
            self._to_drop.remove(operation)
            self.dropped.append(operation)
            return True


@contextmanager
def run_lossy_proxy(upstream: str) -> Iterator[tuple[LossyProxy, str]]:
    proxy = LossyProxy(upstream)
    handler = type("Handler", (_Handler,), {"proxy": proxy})
    server = ThreadingHTTPServer(("127.0.0.1", free_port()), handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield proxy, f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Handler(BaseHTTPRequestHandler):
    proxy: LossyProxy

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        connection = http.client.HTTPConnection(self.proxy.upstream.netloc, timeout=10)
        connection.request("POST", self.path, body, dict(self.headers))
        answer = connection.getresponse()
        content = answer.read()
        connection.close()
        self.close_connection = True
        operation = self.headers["X-Amz-Target"].rpartition(".")[2]
        if self.proxy.must_drop(operation):
            return
        self.send_response(answer.status)
        for name, value in answer.getheaders():
            if name.lower() not in ("connection", "date", "server"):
                self.send_header(name, value)
        self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: object) -> None:
        """Keep the test output clean."""
