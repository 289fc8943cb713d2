"""Controls of the booking world: bookings, sessions, canaries."""

from dataclasses import replace
from datetime import datetime, timedelta
from itertools import islice
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from sandbox.context import SandboxContext
from sandbox.control.bodies import BookingBody, ExpireBody, read_body
from sandbox.control.errors import ControlError
from sandbox.naver_login.models import NaverLoginState, account_view
from sandbox.replies import whole_number
from sandbox.world.life import Booking
from sandbox.world.models import WorldState, booking_as_json
from sandbox.world.payload.booking import render_booking
from sandbox.world.people import people

MAX_LISTED = 1_000


class NaverControls:
    """Handlers around the world and the login account."""

    def __init__(self, context: SandboxContext) -> None:
        self._context = context

    @property
    def _world(self) -> WorldState:
        return self._context.state(WorldState)

    async def list_bookings(self, request: Request) -> Response:
        """GET /control/naver/bookings, filtered by store, scenario and status of now."""
        wanted = {
            name: request.query_params[name]
            for name in ("store", "scenario", "status_now")
            if name in request.query_params
        }
        limit = whole_number(request.query_params.get("limit"), MAX_LISTED)
        found = (self._view(booking) for booking in self._world.all())
        matching = (view for view in found if all(view[k] == v for k, v in wanted.items()))
        return JSONResponse(list(islice(matching, limit)))

    async def show_booking(self, request: Request) -> Response:
        """GET /control/naver/bookings/{store}/{id}: the vendor's payload as of now."""
        booking = self._existing(request.path_params["store"], request.path_params["booking"])
        return JSONResponse(render_booking(booking, self._now()))

    async def put_booking(self, request: Request) -> Response:
        """POST /control/naver/bookings: add one, or change the fields named."""
        body = await read_body(request, BookingBody)
        if not self._world.has_store(body.store):
            raise ControlError("store", f"{body.store!r} is unknown", status=404)
        known = self._world.get(body.store, body.booking_id or 0)
        try:
            booking = replace(known or self._blank(body), **body.given())
            render_booking(booking, self._now())
        except (LookupError, TypeError, ValueError, AttributeError) as error:
            raise ControlError("edits", f"do not fit the payload: {error!r}") from error
        self._world.put(booking)
        self._context.mark_dirty()
        return JSONResponse(self._view(booking), status_code=200 if known else 201)

    async def expire_sessions(self, request: Request) -> Response:
        """POST /control/naver/expire-sessions."""
        body = await read_body(request, ExpireBody)
        login = self._context.state(NaverLoginState)
        hit = login.expire(body.after_calls, body.after_seconds)
        self._context.mark_dirty()
        return JSONResponse({"sessions": hit})

    async def account(self, request: Request) -> Response:
        """GET /control/naver/account: logins, failures, sessions; no cookie values."""
        return JSONResponse(account_view(self._context.state(NaverLoginState)))

    async def canaries(self, request: Request) -> Response:
        """GET /control/naver/canaries: what must never appear in a log."""
        return JSONResponse(self._world.canaries())

    def _blank(self, body: BookingBody) -> Booking:
        now = self._now()
        number = self._world.new_booking_id()
        person = next(people(number))
        return Booking(
            store=body.store,
            booking_id=body.booking_id or number,
            name=person.name,
            phone=person.phone,
            email=person.email,
            user_id=person.user_id,
            start=_next_hour(now) + timedelta(days=1),
            registered_at=now,
            confirmed_at=now,
            scenario="by hand",
        )

    def _existing(self, store: str, booking_id: int) -> Booking:
        booking = self._world.get(store, booking_id)
        if booking is None:
            raise ControlError("booking", f"{store}/{booking_id} is unknown", status=404)
        return booking

    def _view(self, booking: Booking) -> dict[str, Any]:
        return booking_as_json(booking) | {"status_now": booking.status_at(self._now())}

    def _now(self) -> datetime:
        return self._context.clock.now()


def _next_hour(now: datetime) -> datetime:
    return now.replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)
