"""Paths of the Bot API. The token is part of the address, so a log of addresses leaks it."""

from __future__ import annotations

from starlette.routing import BaseRoute, Route

from sandbox.context import SandboxContext
from sandbox.telegram.responses import TelegramApi


def routes(context: SandboxContext) -> list[BaseRoute]:
    """Every method goes through one path."""
    api = TelegramApi(context)
    return [Route("/bot{token}/{method}", api.call, methods=["GET", "POST"])]
