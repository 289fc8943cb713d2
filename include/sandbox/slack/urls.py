"""Paths of incoming webhooks and of the Web API. A webhook's address is its secret."""

from __future__ import annotations

from starlette.routing import BaseRoute, Route

from sandbox.context import SandboxContext
from sandbox.slack.responses import SlackApi


def routes(context: SandboxContext) -> list[BaseRoute]:
    """Both faces."""
    api = SlackApi(context)
    return [
        Route("/services/{hook:path}", api.webhook, methods=["POST"]),
        Route("/api/chat.postMessage", api.post_message, methods=["POST"]),
        Route("/api/{method}", api.unknown_method, methods=["GET", "POST"]),
    ]
