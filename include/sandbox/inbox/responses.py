"""The inbox as a page and as JSON. Everything on it was written by others, so all is escaped."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response

from sandbox.context import SandboxContext
from sandbox.inbox import models
from sandbox.sens.models import SensState
from sandbox.slack.models import SlackState
from sandbox.telegram.models import TelegramState

SHOWN_PHONES, SHOWN_NOTES = 100, 50
_BOLD = re.compile(r"(?<!\w)\*([^*\n]+)\*(?!\w)")
_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'",
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
}


class Inbox:
    """Reads the states of the three services at every request."""

    def __init__(self, context: SandboxContext) -> None:
        self.context = context
        self.templates = Environment(
            loader=PackageLoader("sandbox.inbox"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self.templates.filters.update(
            moment=_moment, day=_day, dashed=dashed, emphasised=emphasised
        )

    async def page(self, request: Request) -> Response:
        """Phones with their texts, newest last; beside them Telegram and Slack, newest first.

        `?to=` shows one phone; a crowd is cut at `SHOWN_PHONES`.
        """
        texts = self._texts(request)
        phones = models.phones_of(texts)
        telegram = models.telegram_notes(self.context.state(TelegramState))
        slack = models.slack_notes(self.context.state(SlackState))
        page = self.templates.get_template("inbox.html").render(
            phones=phones[:SHOWN_PHONES],
            phones_left_out=max(len(phones) - SHOWN_PHONES, 0),
            telegram=telegram[: -SHOWN_NOTES - 1 : -1],
            slack=slack[: -SHOWN_NOTES - 1 : -1],
            counts=_counts(texts) | {"phones": len(phones)},
            only=request.query_params.get("to", ""),
        )
        return HTMLResponse(_printable(page), headers=_HEADERS)

    async def as_json(self, request: Request) -> Response:
        """Every text, oldest first. `?to=` narrows it to one recipient."""
        return JSONResponse([text.to_json() for text in self._texts(request)])

    async def notes_as_json(self, request: Request) -> Response:
        """What Telegram and Slack show, oldest first."""
        telegram = models.telegram_notes(self.context.state(TelegramState))
        slack = models.slack_notes(self.context.state(SlackState))
        return JSONResponse({
            "telegram": [note.to_json() for note in telegram],
            "slack": [note.to_json() for note in slack],
        })

    def _texts(self, request: Request) -> list[models.Text]:
        return models.texts_of(self.context.state(SensState), request.query_params.get("to", ""))


def dashed(number: str) -> str:
    """A number as Korean phones show it: 010-0xxx-xxxx, 1599-xxxx."""
    head = 4 if number.startswith("050") else 3
    if len(number) == 8:
        return f"{number[:4]}-{number[4:]}"
    if len(number) < 10:
        return number
    return f"{number[:head]}-{number[head:-4]}-{number[-4:]}"


def _counts(texts: list[models.Text]) -> dict[str, Any]:
    states = [text.state for text in texts]
    return {
        "texts": len(texts),
        "delivered": states.count(models.DELIVERED),
        "failed": states.count(models.FAILED),
        "waiting": states.count(models.ON_ITS_WAY) + states.count(models.RESERVED),
    }


def emphasised(text: str) -> Markup:
    """Slack's `*bold*` as bold; the text is escaped before any tag is added."""
    return Markup(_BOLD.sub(r"<b>\1</b>", str(escape(text))))  # noqa: S704


def _moment(instant: datetime) -> str:
    return f"{instant:%m-%d %H:%M:%S}"


def _day(instant: datetime) -> str:
    return f"{instant:%Y-%m-%d}"


def _printable(page: str) -> str:
    """Half of a surrogate pair can come in through JSON, but cannot go out as UTF-8."""
    return page.encode("utf-8", "replace").decode("utf-8")
