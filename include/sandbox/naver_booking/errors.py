"""How the partner API says no, and where that was seen.

The vendor documents none of this. Statuses 401, 403, 404, 422 and 429 and the four forms of an
expired session are reported by public code that reads the real API; the body of an error is not
established, so its two fields here are an invention that no client should rely on.
"""

from starlette.responses import JSONResponse

DRIFT = "drift"  # between two pages of one list
RENDER = "render"  # one booking of an answer

_CALLS = ("list", "count", "detail")
# Kind -> the calls it acts on; the first is where it is put when none is named.
FAULT_KINDS: dict[str, tuple[str, ...]] = {
    "http_500": (*_CALLS, "page"),
    "rate_limited": _CALLS,  # 429, only ever simulated
    "html_instead_of_json": _CALLS,  # 200 with a page where data is due
    "truncated_json": _CALLS,
    "hang": (*_CALLS, "page"),
    "expired_redirect": _CALLS,  # 3xx to the login page
    "expired_401": _CALLS,
    "expired_403": _CALLS,
    "expired_landing": _CALLS,  # a chain of redirects that ends on the login page
    "malformed_booking": (RENDER,),
    "masked": (RENDER,),
    "page_drift": (DRIFT,),
}


class ApiError(Exception):
    """An answer other than 200."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message

    def response(self) -> JSONResponse:
        """The error as the API writes it."""
        body = {"errorCode": self.code, "message": self.message}
        return JSONResponse(body, status_code=self.status)


def unauthorized() -> ApiError:
    """No session, or one that the partner site does not know."""
    return ApiError(401, "UNAUTHORIZED", "로그인이 필요합니다.")


def forbidden() -> ApiError:
    """A session without rights here."""
    return ApiError(403, "FORBIDDEN", "권한이 없습니다.")


def not_found(what: str) -> ApiError:
    """An unknown store or booking."""
    return ApiError(404, "NOT_FOUND", f"{what} not found")


def unprocessable(parameter: str, message: str) -> ApiError:
    """A parameter the API will not take."""
    return ApiError(422, "INVALID_PARAMETER", f"{parameter}: {message}")


def too_many_requests() -> ApiError:
    """Slow down."""
    return ApiError(429, "TOO_MANY_REQUESTS", "잠시 후 다시 시도해 주세요.")


def server_error() -> ApiError:
    """Something broke."""
    return ApiError(500, "INTERNAL_ERROR", "일시적인 오류입니다.")
