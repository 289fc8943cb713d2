"""How the control API complains: always with the field it is about."""

from starlette.requests import Request
from starlette.responses import JSONResponse


class ControlError(Exception):
    """A request the control API cannot do."""

    def __init__(self, field: str, message: str, status: int = 422) -> None:
        super().__init__(f"{field}: {message}")
        self.field = field
        self.message = message
        self.status = status


async def as_response(request: Request, error: Exception) -> JSONResponse:
    """Starlette's handler for :class:`ControlError`."""
    field, message = getattr(error, "field", "body"), getattr(error, "message", str(error))
    body = {"error": {"field": field, "message": message}}
    return JSONResponse(body, status_code=getattr(error, "status", 422))
