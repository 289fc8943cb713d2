"""Remembers which requests came in: path, query, status, duration. Never a body."""

import time
from collections import Counter, deque
from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send

KEPT_PER_SERVICE = 500


class RequestRecorder:
    """The last requests of each service and how often each path was asked for."""

    def __init__(self, keep: int = KEPT_PER_SERVICE) -> None:
        self._keep = keep
        self._last: dict[str, deque[dict[str, Any]]] = {}
        self._counts: dict[str, Counter[str]] = {}

    def record(self, service: str, entry: dict[str, Any]) -> None:
        """Add one finished request."""
        self._last.setdefault(service, deque(maxlen=self._keep)).append(entry)
        path = f"{entry['method']} {entry['path']}"
        self._counts.setdefault(service, Counter())[path] += 1

    def report(self, service: str | None = None, limit: int = KEPT_PER_SERVICE) -> dict[str, Any]:
        """Counts by path and the last ``limit`` requests, oldest first."""
        names = [name for name in sorted(self._counts) if service in (None, name)]
        return {
            name: {
                "total": self._counts[name].total(),
                "counts": dict(sorted(self._counts[name].items())),
                "last": list(self._last[name])[-limit:] if limit > 0 else [],
            }
            for name in names
        }

    def clear(self) -> None:
        """Forget all requests."""
        self._last.clear()
        self._counts.clear()


class RecordingMiddleware:
    """Pure ASGI middleware that reports each finished request to the recorder."""

    def __init__(self, app: ASGIApp, recorder: RequestRecorder, service: str) -> None:
        self.app = app
        self.recorder = recorder
        self.service = service

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Run the app and note the status it answered; ``None`` if it never answered."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        started = time.monotonic()
        status: list[int] = []

        async def noting_send(message: Message) -> None:
            if message["type"] == "http.response.start":
                status.append(message["status"])
            await send(message)

        try:
            await self.app(scope, receive, noting_send)
        finally:
            self.recorder.record(self.service, _entry(scope, status, time.monotonic() - started))


def _entry(scope: Scope, status: list[int], seconds: float) -> dict[str, Any]:
    return {
        "method": scope["method"],
        "path": scope["path"],
        "query": scope["query_string"].decode("latin-1"),
        "status": status[0] if status else None,
        "ms": round(seconds * 1000, 1),
    }
