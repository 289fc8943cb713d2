"""The HTTP face of the Bot API: `/bot{token}/{method}`, GET or POST, form or JSON."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qsl

from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response

from sandbox.context import SandboxContext
from sandbox.faults import Fault
from sandbox.sens import connection
from sandbox.telegram import errors
from sandbox.telegram.entities import plain_text
from sandbox.telegram.models import (
    FAULT_KINDS,
    ME,
    SEND,
    UPDATES,
    BotMessage,
    TelegramState,
    Update,
)

_HTML = "<html><head><title>502 Bad Gateway</title></head><body>nginx</body></html>"
_NOT_OPTIONS = ("chat_id", "text", "parse_mode")
_SCRIPTED: dict[str, Callable[[dict[str, Any]], errors.TelegramError]] = {
    "refuse": lambda params: errors.TelegramError(
        params.get("description", "Bad Request: refused by a scripted fault"),
        error_code=int(params.get("error_code", 400)),
        parameters=params.get("parameters"),
    ),
    "unauthorized": lambda params: errors.Unauthorized(),
    "http_500": lambda params: errors.ServerError(),
    "chat_not_found": lambda params: errors.ChatNotFound(),
    "text_empty": lambda params: errors.TextEmpty(),
    "too_long": lambda params: errors.TextTooLong(),
    "cannot_parse": lambda params: errors.CannotParse("refused by a scripted fault"),
    "blocked": lambda params: errors.BotBlocked(),
    "migrated": lambda params: errors.GroupMigrated(int(params.get("to", -1000900000002))),
}


class TelegramApi:
    """The three methods an alerting bot needs."""

    def __init__(self, context: SandboxContext) -> None:
        self.context = context
        self.state = context.state(TelegramState)
        self._methods: dict[str, Callable[[dict[str, Any]], Any]] = {
            SEND: self._send_message,
            UPDATES: self._get_updates,
            ME: self._get_me,
        }

    async def call(self, request: Request) -> Response:
        """Any method of the bot; method names are not case-sensitive."""
        fields = await _fields(request)
        asked = request.path_params["method"].lower()
        method = next((one for one in self._methods if one.lower() == asked), asked)
        fault = self.context.faults.take("telegram", method, **_facts(fields))
        self.state.count(method)
        try:
            dropped = await self._before(fault, request)
            if dropped is not None:
                return dropped
            result = self._serve(method, request.path_params["token"], fields)
            answer = JSONResponse({"ok": True, "result": result})
            return await connection.lose_response(fault, request, answer)
        except errors.TelegramError as error:
            self.state.count(f"{method}_refused")
            return JSONResponse(error.body(), status_code=error.error_code)
        finally:
            self.context.mark_dirty()

    def _serve(self, method: str, token: str, fields: dict[str, Any]) -> Any:
        if token != self.state.settings.bot_token:
            raise errors.Unauthorized()
        if method not in self._methods:
            raise errors.MethodNotFound()
        return self._methods[method](fields)

    # -- methods ---------------------------------------------------------------------------------

    def _send_message(self, fields: dict[str, Any]) -> dict[str, Any]:
        chat_id, text = str(fields.get("chat_id", "")), str(fields.get("text", ""))
        parse_mode = str(fields.get("parse_mode") or "")
        self.state.check_chat(chat_id)
        shown = plain_text(text, parse_mode)
        self.state.check_text(shown)
        self.state.check_flood(chat_id)
        options = {key: value for key, value in fields.items() if key not in _NOT_OPTIONS}
        return self._message(self.state.say(chat_id, text, shown, parse_mode, options))

    def _get_updates(self, fields: dict[str, Any]) -> list[dict[str, Any]]:
        """Answers at once: long polling is not played."""
        limit = min(max(_whole(fields.get("limit"), 100), 1), 100)
        updates = self.state.take_updates(_whole(fields.get("offset"), 0), limit)
        return [_update(one) for one in updates]

    def _get_me(self, fields: dict[str, Any]) -> dict[str, Any]:
        return self._bot() | {"can_join_groups": True, "supports_inline_queries": False}

    # -- shapes ----------------------------------------------------------------------------------

    def _bot(self) -> dict[str, Any]:
        settings = self.state.settings
        return {
            "id": _whole(settings.bot_token.partition(":")[0], 0),
            "is_bot": True,
            "first_name": "sandbox",
            "username": settings.bot_username,
        }

    def _message(self, message: BotMessage) -> dict[str, Any]:
        return {
            "message_id": message.message_id,
            "from": self._bot(),
            "chat": _chat(message.chat_id),
            "date": int(message.sent_at),
            "text": message.shown,
        }

    # -- faults ----------------------------------------------------------------------------------

    async def _before(self, fault: Fault | None, request: Request) -> Response | None:
        """Refuse, hang or drop before anything happened; None lets the call go on."""
        if fault is None:
            return None
        if fault.kind not in FAULT_KINDS:
            raise ValueError(f"telegram knows no fault {fault.kind!r}; known: {list(FAULT_KINDS)}")
        if fault.kind in _SCRIPTED:
            raise _SCRIPTED[fault.kind](fault.params)
        if fault.kind == "too_many_requests":
            self._flood(fault)
        if fault.kind == "http_502":
            return HTMLResponse(_HTML, status_code=502)
        return await connection.lose_request(fault, request)

    def _flood(self, fault: Fault) -> None:
        retry_after = int(fault.params.get("retry_after", 3))
        if fault.params.get("hold", True):
            self.state.close_for(retry_after)
        raise errors.TooManyRequests(retry_after)


async def _fields(request: Request) -> dict[str, Any]:
    """Query string, form or JSON: the API takes all three."""
    fields: dict[str, Any] = dict(request.query_params)
    body = await request.body()
    if request.headers.get("content-type", "").startswith("application/json"):
        try:
            parsed = json.loads(body or b"{}")
        except ValueError:
            return fields
        return fields | parsed if isinstance(parsed, dict) else fields
    return fields | dict(parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True))


def _facts(fields: dict[str, Any]) -> dict[str, Any]:
    """What a scripted fault may be narrowed to."""
    return {key: fields[key] for key in ("chat_id", "text", "parse_mode") if key in fields}


def _chat(chat_id: str) -> dict[str, Any]:
    if chat_id.startswith("@"):
        return {"id": -1000900000000, "type": "channel", "username": chat_id[1:]}
    kind = "supergroup" if chat_id.startswith("-100") else "group"
    return {"id": _whole(chat_id, 0), "type": kind if chat_id.startswith("-") else "private"}


def _update(update: Update) -> dict[str, Any]:
    return {
        "update_id": update.update_id,
        "message": {
            "message_id": update.update_id,
            "from": {"id": 1, "is_bot": False, "first_name": update.from_name},
            "chat": _chat(update.chat_id),
            "date": int(update.sent_at),
            "text": update.text,
        },
    }


def _whole(value: object, default: int) -> int:
    text = str(value if value is not None else "")
    return int(text) if text.lstrip("-").isdecimal() else default
