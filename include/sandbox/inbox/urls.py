"""Paths of the inbox; mounted on the control port."""

from __future__ import annotations

from starlette.routing import BaseRoute, Route

from sandbox.context import SandboxContext
from sandbox.inbox.responses import Inbox


def routes(context: SandboxContext) -> list[BaseRoute]:
    """The page, and the same as JSON."""
    inbox = Inbox(context)
    return [
        Route("/", inbox.page, methods=["GET"]),
        Route("/inbox", inbox.page, methods=["GET"]),
        Route("/inbox.json", inbox.as_json, methods=["GET"]),
        Route("/inbox/notes.json", inbox.notes_as_json, methods=["GET"]),
    ]
