"""What SENS and the gateway in front of it answer when they refuse, and what a result code means.

Two layers use the same words and must not be mixed up: an HTTP error refuses the *call*; a result
code in a row of the list says what became of one *message* that was accepted.

Pages: the gateway table is in "API call, error handling" of the NAVER Cloud API Gateway guide
(api-call-lgc-errorhandling); 403 and 404 of the SMS service are on the sens-sms-* pages; the result
codes are on sens-sms-get and sens-sms-list. Wording of messages is ours: only codes are relied on.
"""

from __future__ import annotations

from typing import Any


class SensError(Exception):
    """A refusal with an HTTP status and the body the vendor would send (None: an empty body)."""

    status = 500
    retry_after: int | None = None
    """Seconds for a Retry-After header; whether SENS ever sends one is not documented."""

    def body(self) -> dict[str, Any] | None:
        """The JSON body, in the shape of whoever refused."""
        return None


class GatewayError(SensError):
    """Refused by the API gateway: `{"error": {"errorCode", "message", "details"}}`."""

    code = "900"
    message = "Unexpected Error"

    def __init__(self, details: str = "", *, status: int = 0, code: str = "", message: str = ""):
        super().__init__(details)
        self.details = details
        self.status = status or type(self).status
        self.code = code or type(self).code
        self.message = message or type(self).message

    def body(self) -> dict[str, Any]:
        """The gateway's shape."""
        error = {"errorCode": self.code, "message": self.message, "details": self.details}
        return {"error": error}


class BadRequest(GatewayError):
    """400 with code 100."""

    status, code, message = 400, "100", "Bad Request"


class AuthenticationFailed(GatewayError):
    """401 with code 200: header, key, clock or signature."""

    status, code, message = 401, "200", "Authentication Failed"


class PermissionDenied(GatewayError):
    """401 with code 210."""

    status, code, message = 401, "210", "Permission Denied"


class NotFound(GatewayError):
    """404 with code 300: the gateway knows no such path (unlike `NoRecord`, it has a body)."""

    status, code, message = 404, "300", "Not Found"


class QuotaExceeded(GatewayError):
    """429 with code 400: the quota is used up, waiting a little does not help."""

    status, code, message = 429, "400", "Quota Exceeded"


class ThrottleLimited(GatewayError):
    """429 with code 410."""

    status, code, message = 429, "410", "Throttle Limited"


class RateLimited(GatewayError):
    """429 with code 420."""

    status, code, message = 429, "420", "Rate Limited"


class RequestEntityTooLarge(GatewayError):
    """413 with code 430."""

    status, code, message = 413, "430", "Request Entity Too Large"


class EndpointError(GatewayError):
    """503 with code 500: the gateway could not use the service behind it."""

    status, code, message = 503, "500", "Endpoint Error"


class EndpointTimeout(GatewayError):
    """504 with code 510: the service behind the gateway did not answer in time."""

    status, code, message = 504, "510", "Endpoint Timeout"


class UnexpectedError(GatewayError):
    """500 with code 900."""

    status, code, message = 500, "900", "Unexpected Error"


class ServiceError(SensError):
    """Refused by the SMS service itself: `{"status", "errors"}`."""

    status = 400

    def __init__(self, *problems: str, status: int = 0):
        super().__init__("; ".join(problems))
        self.problems = problems
        self.status = status or type(self).status

    def body(self) -> dict[str, Any]:
        """The service's shape with a list of problems."""
        return {"status": self.status, "errors": list(self.problems)}


class InvalidRequest(ServiceError):
    """400: a field of the request does not fit; every problem is listed."""


class ServiceForbidden(ServiceError):
    """403: the key is good, but not for this serviceId (also a project without the channel)."""

    status = 403

    def body(self) -> dict[str, Any]:
        """The service's other shape: `{"status", "error", "message"}`."""
        message = " ".join(self.problems) or "Do not have access to this 'serviceId'"
        return {"status": self.status, "error": "Forbidden", "message": message}


class NoRecord(SensError):
    """An EMPTY 404: nothing matches the look-up. Ambiguous with a bad path unless one reads on."""

    status = 404


RESULT_CODES: dict[str, str] = {
    "0": "success",
    "2000": "send time over",
    "2001": "radio network failure",
    "2002": "radio network to handset failure",
    "2003": "handset is off",
    "2004": "handset inbox is full",
    "2005": "no coverage",
    "2006": "message deleted",
    "2007": "temporary handset fault",
    "3000": "cannot be sent",
    "3001": "no such subscriber",
    "3002": "adult check failed",
    "3003": "recipient number format",
    "3004": "handset service suspended",
    "3005": "handset in a call",
    "3006": "recipient refuses",
    "3008": "handset fault",
    "3009": "message format",
    "3010": "handset cannot take MMS",
    "3011": "server error",
    "3012": "spam",
    "3013": "service refused",
    "3014": "other",
    "3015": "no route",
    "3016": "attachment size",
    "3017": "sender number rule broken",
    "3018": "sender number enrolled in spoof protection",
    "3019": "sender number blocked on request of an authority",
    "3022": "charset conversion error",
    "3023": "sender number not pre-registered",
    "1001": "server busy, queue full",
    "1002": "recipient number format",
    "1003": "callback number format",
    "1004": "spam",
    "1005": "usage count exceeded",
    "1010": "no content",
    "1012": "no recipient",
    "1018": "no permission to send",
    "1019": "time to live over",
    "1020": "charset conversion error",
    "S000": "relay server error",
    "S001": "relay server error",
    "S002": "bad request to the relay",
    "S003": "spam",
    "S004": "quota exceeded",
    "S012": "sender number rule",
    "S998": "unexpected server error",
    "S999": "other error",
    "E901": "no recipient number",
    "E904": "no message text",
    "E905": "no callback number",
    "E915": "duplicate message",
    "E916": "number blocked by the authentication server",
    "E917": "number blocked by the customer's own list",
    "E919": "inside restricted sending hours",
    "E999": "other error",
}
"""Carrier (0, 2xxx, 3xxx), relay intake (1xxx, Sxxx) and sending agent (Exxx) codes."""
