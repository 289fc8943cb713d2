"""Answers that never arrive: hold the caller, then close or reset the socket without a response.

Raising inside an ASGI app is not enough: uvicorn would answer 500. The socket itself is closed, as
a gateway or a network does. With the in-process test client there is no socket, so
`ConnectionDropped` is raised to the test instead.
"""

from __future__ import annotations

import asyncio
import os
import socket
import struct
import time

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.types import Receive, Scope, Send

from sandbox.faults import Fault

_RESET_AT_CLOSE = struct.pack("ii", 1, 0)  # SO_LINGER on, zero seconds: close() sends RST
_POLL_S = 0.05
_HANG_S = 30.0
_HTML = "<html><head><title>502</title></head><body><h1>502 Bad Gateway</h1></body></html>"

BEFORE_ACCEPT = ("hang_before_accept", "drop_before_accept")
AFTER_ACCEPT = ("hang_after_accept", "drop_after_accept")
UNREADABLE = ("accept_cut_body", "accept_html_body", "accept_empty_body")


class ConnectionDropped(Exception):
    """The connection ended without a response (only an in-process client ever sees this)."""


class NoResponse(Response):
    """Stands where a response would: sends nothing at all."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer nothing: the socket is closed already."""


async def lose_request(fault: Fault | None, request: Request) -> Response | None:
    """Play `hang_before_accept` or `drop_before_accept`; None when the fault is another."""
    return await _lose(fault, request, BEFORE_ACCEPT)


async def lose_response(fault: Fault | None, request: Request, response: Response) -> Response:
    """Lose or spoil the answer to a call that has taken effect; else return it untouched."""
    lost = await _lose(fault, request, AFTER_ACCEPT)
    if lost is not None:
        return lost
    kind = fault.kind if fault else ""
    if kind in ("accept_cut_body", "cut_body"):
        half = bytes(response.body)[: len(response.body) // 2]
        return Response(half, response.status_code, media_type=response.media_type)
    if kind in ("accept_html_body", "html_body"):
        return HTMLResponse(_HTML, response.status_code)
    if kind == "accept_empty_body":
        return Response(b"", response.status_code)
    return response


async def _lose(
    fault: Fault | None, request: Request, hang_and_drop: tuple[str, str]
) -> Response | None:
    hang, reset = hang_and_drop
    if fault is None or fault.kind not in hang_and_drop:
        return None
    if fault.kind == hang:
        await hold(request, float(fault.params.get("seconds", _HANG_S)))
    return await drop(request, reset=fault.kind == reset)


async def hold(request: Request, seconds: float) -> None:
    """Keep the caller waiting, but not longer than the caller is willing to wait."""
    until = time.monotonic() + seconds
    while (left := until - time.monotonic()) > 0 and not await request.is_disconnected():
        await asyncio.sleep(min(_POLL_S, left))


async def drop(request: Request, *, reset: bool = False) -> Response:
    """Close the caller's socket now; `reset` sends RST instead of a clean end."""
    cycle = getattr(request.receive, "__self__", None)
    transport = getattr(cycle, "transport", None)
    if transport is None:
        raise ConnectionDropped(f"{request.method} {request.url.path}")
    if reset:
        _reset_when_closed(transport.get_extra_info("socket").fileno())
    transport.abort()
    while not getattr(cycle, "disconnected", True):
        await asyncio.sleep(0)
    return NoResponse()


def _reset_when_closed(descriptor: int) -> None:
    with socket.socket(fileno=os.dup(descriptor)) as same_socket:
        same_socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_AT_CLOSE)
