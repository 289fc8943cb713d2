"""Controls of the world as a whole: health, state, reset, seed, clock, settings, recorder."""

from dataclasses import asdict
from typing import Any

from pydantic import ValidationError
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from sandbox.clock import KST
from sandbox.context import SandboxContext
from sandbox.control.bodies import (
    AdvanceBody,
    ClockBody,
    ResetBody,
    SeedBody,
    first_problem,
    read_body,
    read_object,
)
from sandbox.control.errors import ControlError
from sandbox.recorder import KEPT_PER_SERVICE
from sandbox.replies import whole_number
from sandbox.service import Configurable, ServiceState
from sandbox.world.models import WorldState
from sandbox.world.recipe import Recipe


class WorldControls:
    """Handlers; each changes the shared context and says what is now true."""

    def __init__(self, context: SandboxContext) -> None:
        self._context = context

    async def health(self, request: Request) -> Response:
        """GET /control/health."""
        return JSONResponse({"status": "ok", "services": self._context.urls})

    async def state(self, request: Request) -> Response:
        """GET /control/state: every dump."""
        dumps = {name: state.dump() for name, state in self._context.services.items()}
        return JSONResponse(dumps)

    async def service_state(self, request: Request) -> Response:
        """GET /control/state/{service}."""
        return JSONResponse(self._service(request.path_params["service"]).dump())

    async def reset(self, request: Request) -> Response:
        """POST /control/reset: some services, or everything including faults and clock."""
        body = await read_body(request, ResetBody)
        if body.services is None:
            self._reset_everything()
            return self._done(reset=sorted(self._context.services))
        states = [self._service(name) for name in body.services]
        for state in states:
            state.reset()
        return self._done(reset=body.services)

    def _reset_everything(self) -> None:
        for state in self._context.services.values():
            state.reset()
        self._context.faults.clear()
        self._context.recorder.clear()
        self._context.clock.set(self._context.state(WorldState).recipe.at)

    async def seed(self, request: Request) -> Response:
        """POST /control/seed: a new business world, and the clock at its first instant."""
        body = await read_body(request, SeedBody)
        world = self._context.state(WorldState)
        at = (body.at or world.recipe.at).astimezone(KST)
        world.seed(Recipe(body.seed, at, body.stores, body.bookings))
        self._context.clock.set(at)
        recipe = asdict(world.recipe) | {"at": at.isoformat()}
        return self._done(recipe=recipe)

    async def show_clock(self, request: Request) -> Response:
        """GET /control/clock."""
        return self._clock()

    async def set_clock(self, request: Request) -> Response:
        """PUT /control/clock: ``now``, ``mode``, or both."""
        body = await read_body(request, ClockBody)
        self._context.clock.set(body.now or self._context.clock.now(), body.mode)
        self._context.mark_dirty()
        return self._clock()

    async def advance_clock(self, request: Request) -> Response:
        """POST /control/clock/advance."""
        body = await read_body(request, AdvanceBody)
        try:
            self._context.clock.advance(body.seconds)
        except ValueError as error:
            raise ControlError("mode", str(error), status=409) from error
        self._context.mark_dirty()
        return self._clock()

    async def show_config(self, request: Request) -> Response:
        """GET /control/config."""
        return JSONResponse(self._config())

    async def set_config(self, request: Request) -> Response:
        """PUT /control/config: ``{section: {name: value}}``; the rest stays."""
        sections = await read_object(request)
        for section, values in sections.items():
            if not isinstance(values, dict):
                raise ControlError(section, "must be an object of settings")
            self._configure(section, values)
        self._context.mark_dirty()
        return JSONResponse(self._config())

    async def requests(self, request: Request) -> Response:
        """GET /control/requests: counts by path and the last requests, without bodies."""
        limit = whole_number(request.query_params.get("limit"), KEPT_PER_SERVICE)
        service = request.query_params.get("service")
        return JSONResponse(self._context.recorder.report(service, limit))

    async def forget_requests(self, request: Request) -> Response:
        """DELETE /control/requests."""
        self._context.recorder.clear()
        return self._done(requests=0)

    def _configure(self, section: str, values: dict[str, Any]) -> None:
        state: object = self._context.services.get(section)
        try:
            if section == "naver":
                self._context.config.update_naver(values)
            elif isinstance(state, Configurable):
                state.configure(values)
            else:
                raise ControlError(section, f"has no settings; known: {sorted(self._config())}")
        except ValidationError as error:
            raise first_problem(error, section) from error
        except ValueError as error:
            field, _, message = str(error).partition(": ")
            raise ControlError(field, message or str(error)) from error

    def _config(self) -> dict[str, Any]:
        sections = {"naver": self._context.config.naver.model_dump(mode="json")}
        for name, state in self._context.services.items():
            if isinstance(state, Configurable):
                sections[name] = state.settings.model_dump(mode="json")
        return sections

    def _service(self, name: str) -> ServiceState:
        if name not in self._context.services:
            known = ", ".join(sorted(self._context.services))
            raise ControlError("service", f"{name!r} is unknown; there are {known}", status=404)
        return self._context.services[name]

    def _clock(self) -> Response:
        return JSONResponse(self._context.clock.dump() | {"timezone": "Asia/Seoul"})

    def _done(self, **facts: object) -> Response:
        self._context.mark_dirty()
        return JSONResponse(facts)
