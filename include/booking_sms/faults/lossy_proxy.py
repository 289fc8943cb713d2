"""Between us and DynamoDB: forwards every request, and loses some of the answers.

What was written is written; the one who asked will not hear of it. Bytes are passed on as they
come, so that the proxy costs a campaign next to nothing. Loopback only.
"""

from __future__ import annotations

import contextlib
import re
import select
import socket
import threading
from collections.abc import Callable, Iterator
from socketserver import BaseRequestHandler, ThreadingTCPServer
from typing import Any
from urllib.parse import urlsplit

MustDrop = Callable[[str], bool]
"""Whether the answer to this DynamoDB operation gets lost; called once a request."""

_CHUNK = 1 << 16
_OPERATION = re.compile(rb"x-amz-target: *\w+\.(\w+)", re.IGNORECASE)


@contextlib.contextmanager
def run_lossy_proxy(upstream: str, must_drop: MustDrop) -> Iterator[str]:
    """Serve on a free port of this machine until the block ends; yields the address."""
    parts = urlsplit(upstream)
    names = {"upstream": (parts.hostname, parts.port), "must_drop": staticmethod(must_drop)}
    server = _Server(("127.0.0.1", 0), type("Forwarder", (_Forwarder,), names))
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Server(ThreadingTCPServer):
    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that was killed resets its connection: that is what it was killed for."""


class _Forwarder(BaseRequestHandler):
    """One connection of a client, and one of ours for it; its requests come one by one."""

    upstream: tuple[str, int]
    must_drop: MustDrop
    request: socket.socket

    def handle(self) -> None:
        """Pass bytes on both ways until one side ends, or an answer gets lost."""
        self.is_asked = self.is_lost = False
        with socket.create_connection(self.upstream, timeout=10) as upstream:
            for one in (self.request, upstream):
                one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            while self._pass_on(upstream):
                pass

    def _pass_on(self, upstream: socket.socket) -> bool:
        """Wait for the next bytes of either side; False when the connection is over."""
        for ready in select.select([self.request, upstream], [], [])[0]:
            data = ready.recv(_CHUNK)
            if not data or (ready is upstream and self.is_lost):
                return False
            if ready is upstream:
                self.is_asked = False
                self.request.sendall(data)
            else:
                self._note_request(data)
                upstream.sendall(data)
        return True

    def _note_request(self, data: bytes) -> None:
        """Its first bytes hold the headers; what follows before the answer is its body."""
        if not self.is_asked:
            self.is_asked = True
            named = _OPERATION.search(data)
            self.is_lost = self.must_drop(named[1].decode() if named else "")
