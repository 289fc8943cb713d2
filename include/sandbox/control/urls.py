"""Addresses of the control API."""

from starlette.routing import BaseRoute, Route

from sandbox.context import SandboxContext
from sandbox.control.fault_controls import FaultControls
from sandbox.control.naver_controls import NaverControls
from sandbox.control.world_controls import WorldControls


def routes(context: SandboxContext) -> list[BaseRoute]:
    """Everything under ``/control``."""
    return [*_world(context), *_faults(context), *_naver(context)]


def _world(context: SandboxContext) -> list[BaseRoute]:
    world = WorldControls(context)
    return [
        Route("/control/health", world.health),
        Route("/control/state", world.state),
        Route("/control/state/{service}", world.service_state),
        Route("/control/reset", world.reset, methods=["POST"]),
        Route("/control/seed", world.seed, methods=["POST"]),
        Route("/control/clock", world.show_clock, methods=["GET"]),
        Route("/control/clock", world.set_clock, methods=["PUT"]),
        Route("/control/clock/advance", world.advance_clock, methods=["POST"]),
        Route("/control/config", world.show_config, methods=["GET"]),
        Route("/control/config", world.set_config, methods=["PUT"]),
        Route("/control/requests", world.requests, methods=["GET"]),
        Route("/control/requests", world.forget_requests, methods=["DELETE"]),
    ]


def _faults(context: SandboxContext) -> list[BaseRoute]:
    faults = FaultControls(context)
    return [
        Route("/control/faults", faults.show, methods=["GET"]),
        Route("/control/faults", faults.add, methods=["POST"]),
        Route("/control/faults", faults.clear, methods=["DELETE"]),
        Route("/control/faults/kinds", faults.kinds),
        Route("/control/faults/{id:int}", faults.clear, methods=["DELETE"]),
    ]


def _naver(context: SandboxContext) -> list[BaseRoute]:
    naver = NaverControls(context)
    return [
        Route("/control/naver/bookings", naver.list_bookings, methods=["GET"]),
        Route("/control/naver/bookings", naver.put_booking, methods=["POST"]),
        Route("/control/naver/bookings/{store}/{booking:int}", naver.show_booking),
        Route("/control/naver/expire-sessions", naver.expire_sessions, methods=["POST"]),
        Route("/control/naver/account", naver.account),
        Route("/control/naver/canaries", naver.canaries),
    ]
