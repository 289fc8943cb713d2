"""Small HTTP shapes that several services share."""

import asyncio
import time
from typing import Any
from urllib.parse import parse_qsl

from starlette.requests import Request

from sandbox.faults import Fault

DEFAULT_HANG_SECONDS = 60.0
_POLL_SECONDS = 0.05


async def read_form(request: Request) -> dict[str, str]:
    """The fields of a urlencoded form, decoded as UTF-8."""
    body = (await request.body()).decode("utf-8", errors="replace")
    return dict(parse_qsl(body, keep_blank_values=True))


async def hang(request: Request, fault: Fault | None) -> None:
    """Keep the caller waiting if the fault says so, but not longer than he wants to wait."""
    if fault is None or fault.kind != "hang":
        return
    until = time.monotonic() + float(fault.params.get("seconds", DEFAULT_HANG_SECONDS))
    while (left := until - time.monotonic()) > 0 and not await request.is_disconnected():
        await asyncio.sleep(min(_POLL_SECONDS, left))


def whole_number(value: Any, default: int) -> int:
    """A query value as a number, ``default`` where it is absent or no number."""
    text = str(value if value is not None else "")
    return int(text) if text.isdecimal() else default
