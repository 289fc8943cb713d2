"""The HTTP face of SENS: authenticates, plays faults, and shapes answers as the vendor does."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from sandbox.context import SandboxContext
from sandbox.faults import Fault
from sandbox.sens import listing, lying, reservations, signature, unsubscribes
from sandbox.sens.errors import BadRequest, NoRecord, NotFound, SensError, ServiceForbidden
from sandbox.sens.fault_kinds import LIST, RESULT, SEND, UNSUBSCRIBES
from sandbox.sens.message import Message
from sandbox.sens.models import SensState, request_time
from sandbox.sens.send_request import parse_send

_NOT_FACTS = ("self", "service", "operation")  # the parameters of FaultBook.take

Serve = Callable[[Request, bytes, Fault | None], Awaitable[Response]]


class SensApi:
    """One endpoint per documented call of SMS v2."""

    def __init__(self, context: SandboxContext) -> None:
        self.context = context
        self.state = context.state(SensState)

    # -- endpoints -------------------------------------------------------------------------------

    async def send(self, request: Request) -> Response:
        """POST .../messages: 202 means accepted, never delivered."""
        return await self._serve(SEND, request, self._send)

    async def list_messages(self, request: Request) -> Response:
        """GET .../messages: an empty 404 when nothing matches."""
        return await self._serve(LIST, request, self._list)

    async def result(self, request: Request) -> Response:
        """GET .../messages/{messageId}."""
        return await self._serve(RESULT, request, self._result)

    async def unsubscribes(self, request: Request) -> Response:
        """POST, GET and DELETE .../unsubscribes."""
        return await self._serve(UNSUBSCRIBES, request, self._unsubscribes)

    async def reserve_status(self, request: Request) -> Response:
        """GET .../reservations/{reserveId}/reserve-status."""
        return await self._serve("reservations", request, self._reserve_status)

    async def cancel_reservation(self, request: Request) -> Response:
        """DELETE .../reservations/{reserveId}."""
        return await self._serve("reservations", request, self._cancel_reservation)

    async def unknown_path(self, request: Request) -> Response:
        """Anything else under /sms/v2: the gateway's own 404, which has a body."""
        return _error_response(NotFound("no such path"))

    # -- one way in ------------------------------------------------------------------------------

    async def _serve(self, operation: str, request: Request, serve: Serve) -> Response:
        body = await request.body()
        fault = self.context.faults.take("sens", operation, **_facts(request, body))
        self.state.count(operation)
        try:
            dropped = await lying.before_serving(fault, request)
            if dropped is not None:
                return dropped
            self._authenticate(request, fault)
            response = await serve(request, body, fault)
            return await lying.after_serving(fault, request, response)
        except SensError as error:
            self.state.count(f"{operation}_refused")
            return _error_response(error)
        finally:
            if operation not in (LIST, RESULT) or self.state.settings.progression.by == "reads":
                self.context.mark_dirty()

    def _authenticate(self, request: Request, fault: Fault | None) -> None:
        """The gateway looks at clock and signature, then the service at the serviceId."""
        settings = self.state.settings
        timestamp = request.headers.get(signature.TIMESTAMP_HEADER, "")
        server_now = self.state.now() + lying.clock_shift(fault)
        signature.check_clock(timestamp, server_now, settings.skew_limit_s)
        signature.check_signature(
            request.method,
            received_target(request),
            request.headers,
            settings.access_key,
            settings.secret_key,
        )
        if request.path_params["service_id"] != settings.service_id:
            raise ServiceForbidden()

    # -- messages --------------------------------------------------------------------------------

    async def _send(self, request: Request, body: bytes, fault: Fault | None) -> Response:
        if not request.headers.get("content-type", "").startswith("application/json"):
            raise BadRequest("Content-Type must be application/json")
        self.state.check_rate()
        order = parse_send(body, lying.settings_under(fault, self.state.settings), self.state.now())
        accepted = self.state.accept(order, lying.twist_of(fault))
        self.state.count("send_accepted")
        return JSONResponse(
            {
                "requestId": accepted.request_id,
                "requestTime": request_time(accepted),
                "statusCode": "202",
                "statusName": "success",
            },
            status_code=202,
        )

    async def _list(self, request: Request, body: bytes, fault: Fault | None) -> Response:
        settings = self.state.settings
        query = listing.parse_query(request.query_params, settings.request_id_page_size)
        lie = fault if fault and fault.kind == "list_delay" else None
        hidden_s = lying.seconds(lie, lying.LATE_S) if lie else 0.0
        page = listing.find_page(self.state, query, hidden_s)
        if not page.messages:
            raise NoRecord()
        answer = self._look_up(page.messages, with_text=settings.list_shows_text)
        if page.next_token:
            answer["nextToken"] = page.next_token
        return JSONResponse(answer)

    async def _result(self, request: Request, body: bytes, fault: Fault | None) -> Response:
        message = self.state.messages.get(request.path_params["message_id"])
        if message is None or not self.state.is_visible(message):
            raise NoRecord()
        return JSONResponse(self._look_up([message], with_text=True))

    def _look_up(self, messages: list[Message], *, with_text: bool) -> dict[str, Any]:
        """Top-level statusCode and statusName speak of this call, those in rows of delivery."""
        rows = []
        for message in messages:
            message.reads += 1
            status = self.state.status_of(message)
            rows.append(message.to_vendor_row(status, with_text=with_text))
        waiting = all(reservations.is_waiting(self.state, one) for one in messages)
        return {
            "statusCode": "200",
            "statusName": "reserved" if waiting else "success",
            "messages": rows,
        }

    # -- the rest --------------------------------------------------------------------------------

    async def _unsubscribes(self, request: Request, body: bytes, fault: Fault | None) -> Response:
        if request.method == "POST":
            return JSONResponse(unsubscribes.add(self.state, body))
        if request.method == "DELETE":
            unsubscribes.remove(self.state, body)
            return Response(status_code=204)
        return JSONResponse(unsubscribes.find(self.state, request.query_params))

    async def _reserve_status(self, request: Request, body: bytes, fault: Fault | None) -> Response:
        reserve_id = request.path_params["reserve_id"]
        return JSONResponse(reservations.describe(self.state, reserve_id))

    async def _cancel_reservation(
        self, request: Request, body: bytes, fault: Fault | None
    ) -> Response:
        reservations.cancel(self.state, request.path_params["reserve_id"])
        return Response(status_code=204)


def received_target(request: Request) -> bytes:
    """Path and query exactly as they came over the wire: that is what was signed."""
    path = request.scope.get("raw_path") or request.scope["path"].encode()
    query = request.scope["query_string"]
    return bytes(path + b"?" + query) if query else bytes(path)


def _facts(request: Request, body: bytes) -> dict[str, Any]:
    """What a scripted fault may be narrowed to: the query, or the fields of the body."""
    facts: dict[str, Any] = dict(request.query_params) | {"method": request.method}
    try:
        fields = json.loads(body) if body else None
    except ValueError:
        fields = None
    if isinstance(fields, dict):
        facts |= {key: value for key, value in fields.items() if isinstance(value, str)}
        messages = fields.get("messages")
        if isinstance(messages, list) and messages and isinstance(messages[0], dict):
            facts |= messages[0]
    return {key: value for key, value in facts.items() if key not in _NOT_FACTS}


def _error_response(error: SensError) -> Response:
    headers = {} if error.retry_after is None else {"Retry-After": str(error.retry_after)}
    body = error.body()
    if body is None:
        return Response(status_code=error.status, headers=headers)
    return JSONResponse(body, status_code=error.status, headers=headers)
