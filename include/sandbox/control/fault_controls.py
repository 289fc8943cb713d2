"""Scripting faults over HTTP."""

from dataclasses import asdict

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from sandbox.context import SandboxContext
from sandbox.control.bodies import FaultBody, read_body
from sandbox.control.errors import ControlError
from sandbox.faults import ANY_OPERATION, Fault
from sandbox.service import DeclaresFaults


class FaultControls:
    """Handlers around the fault book."""

    def __init__(self, context: SandboxContext) -> None:
        self._context = context

    async def show(self, request: Request) -> Response:
        """GET /control/faults: those still waiting."""
        faults = self._context.faults.list(request.query_params.get("service"))
        return JSONResponse([asdict(fault) for fault in faults])

    async def kinds(self, request: Request) -> Response:
        """GET /control/faults/kinds: service -> kind -> operations."""
        return JSONResponse({name: self._kinds(name) for name in self._services()})

    async def add(self, request: Request) -> Response:
        """POST /control/faults."""
        body = await read_body(request, FaultBody)
        operation = self._operation(body)
        fault = Fault(
            body.service,
            operation,
            body.kind,
            body.params,
            body.times,
            body.match,
            after=body.after,
        )
        self._context.faults.add(fault)
        self._context.mark_dirty()
        return JSONResponse(asdict(fault), status_code=201)

    async def clear(self, request: Request) -> Response:
        """DELETE /control/faults[/{id}][?service=...]."""
        dropped = self._context.faults.clear(
            request.query_params.get("service"), request.path_params.get("id")
        )
        self._context.mark_dirty()
        return JSONResponse({"cleared": dropped})

    def _operation(self, body: FaultBody) -> str:
        """The operations the fault is put on: named, all of its kind (``*``), or the first."""
        if body.service not in self._services():
            raise ControlError("service", f"{body.service!r} is unknown: {self._services()}")
        kinds = self._kinds(body.service)
        if body.kind not in kinds:
            raise ControlError("kind", f"{body.kind!r} is unknown; {body.service} has {[*kinds]}")
        allowed = kinds[body.kind]
        if body.operation is None:
            return allowed[0]
        if body.operation == ANY_OPERATION:
            return ",".join(allowed)
        if not set(body.operation.split(",")) <= set(allowed):
            raise ControlError("operation", f"{body.kind} acts on {list(allowed)}")
        return body.operation

    def _services(self) -> list[str]:
        states = self._context.services.items()
        return [name for name, state in states if isinstance(state, DeclaresFaults)]

    def _kinds(self, service: str) -> dict[str, tuple[str, ...]]:
        state = self._context.services[service]
        return dict(state.fault_kinds) if isinstance(state, DeclaresFaults) else {}
