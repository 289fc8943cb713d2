"""What the partner site answers."""

import json
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any

from jinja2 import Environment, PackageLoader
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response

from sandbox.clock import KST
from sandbox.context import SandboxContext
from sandbox.faults import Fault
from sandbox.naver_booking import errors
from sandbox.naver_booking.drift import drift
from sandbox.naver_booking.errors import ApiError
from sandbox.naver_booking.gate import Gate
from sandbox.naver_booking.parameters import read_page, read_query
from sandbox.replies import hang
from sandbox.world.catalogue import store_name
from sandbox.world.life import Booking
from sandbox.world.models import WorldState
from sandbox.world.payload.booking import render_booking
from sandbox.world.payload.edits import apply_edits, masked
from sandbox.world.query import BookingQuery

Handler = Callable[[Request], Awaitable[Any]]
_TEMPLATES = Environment(loader=PackageLoader("sandbox.naver_booking"), autoescape=True)


class PartnerSite:
    """Handlers of the API and of the human pages."""

    def __init__(self, context: SandboxContext) -> None:
        self._context = context
        self._gate = Gate(context)

    @property
    def _world(self) -> WorldState:
        return self._context.state(WorldState)

    def call(self, operation: str, answer: Handler) -> Callable[[Request], Awaitable[Response]]:
        """An API call: scripted faults first, then the cookies, then the answer."""

        async def handle(request: Request) -> Response:
            fault = await self._take(request, operation, store=request.path_params["store"])
            refusal = self._refuse(fault, request)
            if refusal is not None:
                return refusal
            try:
                body = await answer(request)
            except ApiError as error:
                return error.response()
            if fault is not None and fault.kind == "truncated_json":
                return _truncated(body)
            return JSONResponse(body)

        return handle

    def _refuse(self, fault: Fault | None, request: Request) -> Response | None:
        kind = fault.kind if fault else ""
        if kind == "http_500":
            return errors.server_error().response()
        if fault is not None and kind == "rate_limited":
            return _rate_limited(fault)
        if kind == "html_instead_of_json":
            return HTMLResponse("<!doctype html><meta charset=utf-8><p>점검 중입니다.</p>")
        if kind.startswith("expired_"):
            return self._gate.expired(kind)
        return self._gate.refuse_call(request)

    async def count(self, request: Request) -> dict[str, int]:
        """GET /v3.1/businesses/{store}/bookings/count."""
        query = read_query(self._store(request), request.query_params)
        return {"count": len(self._world.select(query, self._now()))}

    async def list(self, request: Request) -> list[dict[str, Any]]:
        """GET /api/businesses/{store}/bookings: a bare array."""
        query = read_query(self._store(request), request.query_params)
        page = read_page(request.query_params, self._context.config.naver.page_size_limit)
        if page.number > 0:
            await self._drift(request, query, page.number)
        rows = page.cut(self._world.select(query, self._now()))
        return [await self._render(request, row) for row in rows]

    async def detail(self, request: Request) -> dict[str, Any]:
        """GET /api/businesses/{store}/bookings/{id}."""
        found = self._world.get(self._store(request), request.path_params["booking"])
        if found is None or found.status_at(self._now()) is None:
            raise errors.not_found("booking")
        return await self._render(request, found)

    async def landing(self, request: Request) -> Response:
        """The hop between an expired session and the login form."""
        return self._gate.landing()

    async def home(self, request: Request) -> Response:
        """GET /: the partner's start page."""
        stores = [(store, store_name(store)) for store in self._world.recipe.store_ids]
        return self._gate.refuse_page(request) or _page("파트너센터", stores=stores)

    async def list_view(self, request: Request) -> Response:
        """GET /bizes/{store}/booking-list-view."""
        fault = await self._take(request, "page", store=request.path_params["store"])
        if fault is not None and fault.kind == "http_500":
            return errors.server_error().response()
        refusal = self._gate.refuse_page(request)
        if refusal is not None:
            return refusal
        try:
            store = self._store(request)
        except ApiError as error:
            return error.response()
        rows = self._world.select(BookingQuery(store), self._now())[:50]
        return _page(store_name(store), rows=[_row(booking, self._now()) for booking in rows])

    def _store(self, request: Request) -> str:
        store = str(request.path_params["store"])
        if not self._world.has_store(store):
            raise errors.not_found("business")
        return store

    def _now(self) -> datetime:
        return self._context.clock.now()

    async def _drift(self, request: Request, query: BookingQuery, page: int) -> None:
        fault = await self._take(request, errors.DRIFT, store=query.store, page=page)
        if fault is not None:
            drift(self._world, query, self._now(), fault)

    async def _render(self, request: Request, booking: Booking) -> dict[str, Any]:
        payload = render_booking(booking, self._now())
        facts = {"store": booking.store, "booking": booking.booking_id}
        fault = await self._take(request, errors.RENDER, **facts)
        if fault is not None and fault.kind == "masked":
            return masked(payload)
        return _malformed(payload, fault) if fault is not None else payload

    async def _take(self, request: Request, operation: str, **facts: object) -> Fault | None:
        fault = self._context.faults.take("naver_booking", operation, **facts)
        if fault is not None:
            self._context.mark_dirty()
            await hang(request, fault)
        return fault


def _malformed(payload: dict[str, Any], fault: Fault) -> dict[str, Any]:
    """Params: ``missing`` (a path, default snapshotJson), or ``path`` and ``value``."""
    if "path" in fault.params:
        return apply_edits(payload, {fault.params["path"]: fault.params.get("value")}, [])
    return apply_edits(payload, {}, [fault.params.get("missing", "snapshotJson")])


def _truncated(body: object) -> Response:
    whole = json.dumps(body, ensure_ascii=False).encode()
    return Response(whole[: max(1, len(whole) // 2)], media_type="application/json")


def _rate_limited(fault: Fault) -> Response:
    response = errors.too_many_requests().response()
    if "retry_after" in fault.params:
        response.headers["Retry-After"] = str(fault.params["retry_after"])
    return response


def _row(booking: Booking, now: datetime) -> dict[str, Any]:
    return {
        "id": booking.booking_id,
        "start": f"{booking.start.astimezone(KST):%Y-%m-%d %H:%M}",
        "status": booking.status_at(now),
        "name": booking.name,
    }


def _page(title: str, **values: object) -> HTMLResponse:
    return HTMLResponse(_TEMPLATES.get_template("list.html").render(title=title, **values))
