"""Signature v2 of the API gateway, checked over exactly the bytes that arrived.

The string to sign is METHOD, a space, path with query, LF, timestamp, LF, access key; HMAC-SHA256
with the secret key, Base64. The body is not signed. A clock that is 5 minutes or more away from the
gateway's makes the request invalid (sens-overview, common-ncpapi).
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Mapping

from sandbox.sens.errors import AuthenticationFailed

TIMESTAMP_HEADER = "x-ncp-apigw-timestamp"
ACCESS_KEY_HEADER = "x-ncp-iam-access-key"
SIGNATURE_HEADER = "x-ncp-apigw-signature-v2"


def sign(method: str, target: bytes, timestamp: str, access_key: str, secret_key: str) -> str:
    """The one signature that this call, at this time, with this key may carry."""
    message = method.encode() + b" " + target + f"\n{timestamp}\n{access_key}".encode()
    digest = hmac.new(secret_key.encode(), message, hashlib.sha256).digest()
    return base64.b64encode(digest).decode()


def check_clock(timestamp: str, server_now: float, skew_limit_s: float) -> None:
    """Refuse a timestamp that is not epoch milliseconds, or is too far from the server's clock."""
    if not (timestamp.isascii() and timestamp.isdigit()):
        raise AuthenticationFailed(f"{TIMESTAMP_HEADER} is not epoch milliseconds")
    if abs(server_now - int(timestamp) / 1000) >= skew_limit_s:
        raise AuthenticationFailed("The request timestamp is too far from the gateway's clock")


def check_signature(
    method: str, target: bytes, headers: Mapping[str, str], access_key: str, secret_key: str
) -> None:
    """Refuse an unknown access key and a signature that is not ours."""
    if headers.get(ACCESS_KEY_HEADER) != access_key:
        raise AuthenticationFailed("Invalid authentication information")
    timestamp = headers.get(TIMESTAMP_HEADER, "")
    expected = sign(method, target, timestamp, access_key, secret_key)
    if not hmac.compare_digest(expected.encode(), headers.get(SIGNATURE_HEADER, "").encode()):
        raise AuthenticationFailed("The signature does not match")
