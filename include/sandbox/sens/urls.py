"""Paths of SMS v2 (sens-sms-send, -list, -get, -unsubscribe-*, reservations).

A serviceId holds colons; raw and percent-encoded both reach the same service (seen live).
"""

from __future__ import annotations

from starlette.routing import BaseRoute, Route

from sandbox.context import SandboxContext
from sandbox.sens.responses import SensApi

_SERVICE = "/sms/v2/services/{service_id}"
_ALL = ["GET", "POST", "PUT", "PATCH", "DELETE"]


def routes(context: SandboxContext) -> list[BaseRoute]:
    """Every path of the service, and the gateway's 404 for the rest."""
    api = SensApi(context)
    reservation = f"{_SERVICE}/reservations/{{reserve_id}}"
    return [
        Route(f"{_SERVICE}/messages", api.send, methods=["POST"]),
        Route(f"{_SERVICE}/messages", api.list_messages, methods=["GET"]),
        Route(f"{_SERVICE}/messages/{{message_id}}", api.result, methods=["GET"]),
        Route(f"{_SERVICE}/unsubscribes", api.unsubscribes, methods=["POST", "GET", "DELETE"]),
        Route(f"{reservation}/reserve-status", api.reserve_status, methods=["GET"]),
        Route(reservation, api.cancel_reservation, methods=["DELETE"]),
        Route("/sms/v2/{rest:path}", api.unknown_path, methods=_ALL),
    ]
