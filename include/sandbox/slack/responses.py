"""The two HTTP faces of Slack: incoming webhooks and the Web API's chat.postMessage."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qsl

from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, Response

from sandbox.context import SandboxContext
from sandbox.faults import Fault
from sandbox.sens import connection
from sandbox.slack.errors import WEB_API_ERRORS, WEBHOOK_STATUS, SlackRateLimited, SlackRefusal
from sandbox.slack.models import FAULT_KINDS, POST_MESSAGE, WEBHOOK, SlackState

_HTML = "<html><head><title>Slack</title></head><body>Something went wrong</body></html>"
_SERVER_TROUBLE = {"http_500": 500, "http_503": 503}
_WORDS = frozenset((*WEBHOOK_STATUS, *WEB_API_ERRORS))

Act = Callable[[], Response]


class SlackApi:
    """Each endpoint checks what Slack checks, in its own style of answer."""

    def __init__(self, context: SandboxContext) -> None:
        self.context = context
        self.state = context.state(SlackState)

    async def webhook(self, request: Request) -> Response:
        """POST /services/T/B/X: a plain `ok`, or a plain word with a 4xx."""
        body = await request.body()
        fault = self._take(WEBHOOK, {"path": _hook_path(request)})
        try:
            return await self._serve(fault, request, lambda: self._post_by_webhook(request, body))
        except SlackRateLimited as error:
            return PlainTextResponse(error.word, 429, {"Retry-After": str(error.retry_after)})
        except SlackRefusal as error:
            self.state.count(f"{WEBHOOK}_refused")
            return PlainTextResponse(error.word, self._webhook_status(fault, error))
        finally:
            self.context.mark_dirty()

    async def post_message(self, request: Request) -> Response:
        """POST /api/chat.postMessage: HTTP 200 also for logical failures, so `ok` must be read."""
        body = await request.body()
        fields = _form_or_json(request, body)
        fault = self._take(POST_MESSAGE, {"channel": fields.get("channel")})
        try:
            return await self._serve(fault, request, lambda: self._post_by_api(request, fields))
        except SlackRateLimited as error:
            answer = {"ok": False, "error": "ratelimited"}
            return JSONResponse(answer, 429, {"Retry-After": str(error.retry_after)})
        except SlackRefusal as error:
            self.state.count(f"{POST_MESSAGE}_refused")
            details = {"errors": [error.detail]} if error.detail else {}
            return JSONResponse({"ok": False, "error": error.word} | details)
        finally:
            self.context.mark_dirty()

    async def unknown_method(self, request: Request) -> Response:
        """Any other Web API method."""
        return JSONResponse({"ok": False, "error": "unknown_method"})

    # -- posting ---------------------------------------------------------------------------------

    def _post_by_webhook(self, request: Request, body: bytes) -> Response:
        settings = self.state.settings
        _check_hook(_hook_path(request), settings.webhook_path)
        payload = _webhook_payload(request, body)
        if settings.webhook_channel in settings.archived:
            raise SlackRefusal("channel_is_archived")
        self.state.check_payload(payload)
        self.state.check_rate(settings.webhook_channel)
        self.state.post(settings.webhook_channel, payload, WEBHOOK)
        return PlainTextResponse("ok")

    def _post_by_api(self, request: Request, fields: dict[str, Any]) -> Response:
        self._check_token(request, fields)
        channel = self._open_channel(str(fields.get("channel") or ""))
        self.state.check_payload(fields)
        self.state.check_rate(channel)
        message = self.state.post(channel, fields, POST_MESSAGE)
        shown = {"type": "message", "text": message.text, "ts": message.ts}
        answer = {"ok": True, "channel": channel, "ts": message.ts, "message": shown}
        return JSONResponse(answer)

    def _check_token(self, request: Request, fields: dict[str, Any]) -> None:
        bearer = request.headers.get("authorization", "").removeprefix("Bearer ").strip()
        token = bearer or fields.get("token")
        if not token:
            raise SlackRefusal("not_authed")
        if token != self.state.settings.bot_token:
            raise SlackRefusal("invalid_auth")

    def _open_channel(self, channel: str) -> str:
        settings = self.state.settings
        if channel not in settings.channels:
            raise SlackRefusal("channel_not_found")
        if channel in settings.archived:
            raise SlackRefusal("is_archived")
        if channel not in settings.joined:
            raise SlackRefusal("not_in_channel")
        return channel

    # -- faults ----------------------------------------------------------------------------------

    def _take(self, operation: str, facts: dict[str, Any]) -> Fault | None:
        self.state.count(operation)
        return self.context.faults.take("slack", operation, **facts)

    async def _serve(self, fault: Fault | None, request: Request, act: Act) -> Response:
        early = await self._before(fault, request)
        if early is not None:
            return early
        return await connection.lose_response(fault, request, act())

    async def _before(self, fault: Fault | None, request: Request) -> Response | None:
        """Refuse, hang or drop before anything is posted; None lets the call go on."""
        if fault is None:
            return None
        if fault.kind not in FAULT_KINDS:
            raise ValueError(f"slack knows no fault {fault.kind!r}; known: {sorted(FAULT_KINDS)}")
        if fault.kind == "rate_limited":
            self._limit(fault)
        if fault.kind in _SERVER_TROUBLE:
            return HTMLResponse(_HTML, _SERVER_TROUBLE[fault.kind])
        if fault.kind == "refuse":
            raise SlackRefusal(str(fault.params.get("word", "action_prohibited")))
        if fault.kind in _WORDS:
            raise SlackRefusal(fault.kind)
        return await connection.lose_request(fault, request)

    def _limit(self, fault: Fault) -> None:
        retry_after = int(fault.params.get("retry_after", 1))
        if fault.params.get("hold"):
            self.state.close_for(retry_after)
        raise SlackRateLimited(retry_after)

    def _webhook_status(self, fault: Fault | None, error: SlackRefusal) -> int:
        scripted = fault.params.get("status") if fault else None
        return int(scripted or WEBHOOK_STATUS.get(error.word, 400))


def _hook_path(request: Request) -> str:
    return str(request.path_params["hook"])


def _check_hook(path: str, known: str) -> None:
    """Team, service and secret fail with different words."""
    given, wanted = path.split("/"), known.split("/")
    if len(given) != len(wanted) or not given[-1]:
        raise SlackRefusal("no_service_id")
    for word, mine, theirs in zip(
        ("no_team", "no_service", "invalid_token"), given, wanted, strict=True
    ):
        if mine != theirs:
            raise SlackRefusal(word)


def _webhook_payload(request: Request, body: bytes) -> dict[str, Any]:
    """JSON, or a form with the JSON in `payload`."""
    text = body.decode("utf-8", "replace")
    if request.headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
        text = dict(parse_qsl(text)).get("payload", "")
    try:
        payload = json.loads(text)
    except ValueError:
        raise SlackRefusal("invalid_payload") from None
    if not isinstance(payload, dict):
        raise SlackRefusal("invalid_payload")
    return payload


def _form_or_json(request: Request, body: bytes) -> dict[str, Any]:
    """Arguments of a Web API call; in a form, blocks and attachments are JSON texts."""
    if request.headers.get("content-type", "").startswith("application/json"):
        return _object(body)
    fields: dict[str, Any] = dict(parse_qsl(body.decode("utf-8", "replace")))
    for name in ("blocks", "attachments"):
        if name in fields:
            fields[name] = _parsed(fields[name])
    return fields


def _object(body: bytes) -> dict[str, Any]:
    parsed = _parsed(body)
    return parsed if isinstance(parsed, dict) else {}


def _parsed(text: str | bytes) -> Any:
    """The JSON value; a text that is no JSON stays a text and fails its check later."""
    try:
        return json.loads(text)
    except ValueError:
        return text
