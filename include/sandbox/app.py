"""Puts a world together: one context, one ASGI app a service."""

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.routing import BaseRoute

from sandbox.clock import ClockMode, WorldClock
from sandbox.config import SandboxConfig
from sandbox.context import SandboxContext
from sandbox.control import urls as control
from sandbox.control.errors import ControlError, as_response
from sandbox.faults import FaultBook
from sandbox.inbox import urls as inbox
from sandbox.naver_booking import urls as naver_booking
from sandbox.naver_booking.models import NaverBookingState
from sandbox.naver_login import urls as naver_login
from sandbox.naver_login.models import NaverLoginState
from sandbox.recorder import RecordingMiddleware
from sandbox.sens import urls as sens
from sandbox.sens.models import SensState
from sandbox.service import ServiceState
from sandbox.slack import urls as slack
from sandbox.slack.models import SlackState
from sandbox.telegram import urls as telegram
from sandbox.telegram.models import TelegramState
from sandbox.world.models import WorldState
from sandbox.world.recipe import Recipe

SERVICES = ("naver_login", "naver_booking", "sens", "telegram", "slack", "control")


def build_context(
    recipe: Recipe | None = None, mode: ClockMode | str = ClockMode.FIXED
) -> SandboxContext:
    """A fresh world of the given recipe."""
    world = WorldState(recipe or Recipe())
    states: list[ServiceState] = [
        world,
        NaverLoginState(),
        NaverBookingState(),
        SensState(),
        TelegramState(),
        SlackState(),
    ]
    return SandboxContext(
        clock=WorldClock(world.recipe.at, mode),
        faults=FaultBook(),
        services={state.name: state for state in states},
        config=SandboxConfig(),
    )


def build_apps(context: SandboxContext) -> dict[str, Starlette]:
    """One app per service; each request is recorded, never its body."""
    routes: dict[str, list[BaseRoute]] = {
        "naver_login": naver_login.routes(context),
        "naver_booking": naver_booking.routes(context),
        "sens": sens.routes(context),
        "telegram": telegram.routes(context),
        "slack": slack.routes(context),
        "control": [*control.routes(context), *inbox.routes(context)],
    }
    return {name: _app(context, name, routes[name]) for name in SERVICES}


def _app(context: SandboxContext, service: str, routes: list[BaseRoute]) -> Starlette:
    recording = Middleware(RecordingMiddleware, recorder=context.recorder, service=service)
    return Starlette(
        routes=routes,
        middleware=[recording],
        exception_handlers={ControlError: as_response},
    )
