"""Plays the scripted faults: what happens before a call is served, and to its answer after."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from sandbox.faults import Fault
from sandbox.sens import connection
from sandbox.sens.errors import (
    EndpointError,
    EndpointTimeout,
    GatewayError,
    NoRecord,
    QuotaExceeded,
    RateLimited,
    SensError,
    ServiceError,
    ServiceForbidden,
    ThrottleLimited,
    UnexpectedError,
)
from sandbox.sens.fault_kinds import OPERATIONS_OF
from sandbox.sens.models import Twist
from sandbox.sens.settings import Outcome, SensSettings

LATE_S, SKEW_S = 60.0, 600.0

_ERRORS: dict[str, type[SensError]] = {
    "quota": QuotaExceeded,
    "throttle": ThrottleLimited,
    "rate": RateLimited,
    "http_500": UnexpectedError,
    "http_503": EndpointError,
    "http_504": EndpointTimeout,
    "list_500": UnexpectedError,
    "list_empty_lie": NoRecord,
}


def seconds(fault: Fault, default: float) -> float:
    """`params.seconds` of a fault."""
    return float(fault.params.get("seconds", default))


def clock_shift(fault: Fault | None) -> float:
    """How far ahead the server's clock is for this one call."""
    return seconds(fault, SKEW_S) if fault and fault.kind == "skew" else 0.0


async def before_serving(fault: Fault | None, request: Request) -> Response | None:
    """Refuse, hang or drop before anything is accepted; None lets the call go on."""
    if fault is None or fault.params.get("accept"):
        return None
    if fault.kind not in OPERATIONS_OF:
        raise ValueError(f"sens knows no fault {fault.kind!r}; known: {', '.join(OPERATIONS_OF)}")
    _raise_scripted(fault)
    return await connection.lose_request(fault, request)


async def after_serving(fault: Fault | None, request: Request, response: Response) -> Response:
    """Spoil or lose an answer whose call has taken effect."""
    if fault and fault.params.get("accept"):
        _raise_scripted(fault)
    return await connection.lose_response(fault, request, response)


def twist_of(fault: Fault | None) -> Twist:
    """What a fault of a send changes about the message itself."""
    if fault is None:
        return Twist()
    if fault.kind == "list_delay":
        return Twist(list_delay_s=seconds(fault, LATE_S))
    if fault.kind == "deliver_late":
        return Twist(extra_delay_s=seconds(fault, LATE_S))
    if fault.kind == "duplicate_rows":
        return Twist(duplicate_rows=int(fault.params.get("rows", 1)))
    if fault.kind == "undelivered":
        return Twist(outcome=Outcome(statusCode=str(fault.params.get("statusCode", "2003"))))
    if fault.kind == "sender_unregistered" and fault.params.get("mode") == "fail":
        return Twist(outcome=Outcome(statusCode="3023"))
    return Twist()


def settings_under(fault: Fault | None, settings: SensSettings) -> SensSettings:
    """The settings as this one call meets them."""
    if fault is None or fault.kind != "sender_unregistered":
        return settings
    mode = fault.params.get("mode", "refuse")
    return settings.updated({"senders": [], "unregistered_sender": mode})


def _raise_scripted(fault: Fault) -> None:
    """Raise the vendor error that a fault stands for, if it stands for one."""
    if fault.kind != "refuse" and fault.kind not in _ERRORS:
        return
    error = _refusal(fault.params) if fault.kind == "refuse" else _ERRORS[fault.kind]()
    error.retry_after = fault.params.get("retry_after")
    raise error


def _refusal(params: dict[str, Any]) -> SensError:
    details = str(params.get("details", "refused by a scripted fault"))
    if params.get("shape") == "service":
        status = int(params.get("status", 403))
        return (ServiceForbidden if status == 403 else ServiceError)(details, status=status)
    return GatewayError(
        details,
        status=int(params.get("status", 400)),
        code=str(params.get("code", "100")),
        message=str(params.get("message", "Bad Request")),
    )
