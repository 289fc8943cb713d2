"""NCP API Gateway signature v2 (sens-overview, common-ncpapi).

Base64(HMAC-SHA256(secret, METHOD + space + path and query + LF + timestamp + LF + access key)).
The body is not part of it. The path and query are the very bytes on the wire, and the timestamp
header is the very value that was signed: a gateway 5 minutes away from it refuses the request.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from dataclasses import dataclass, field

TIMESTAMP_HEADER = "x-ncp-apigw-timestamp"
ACCESS_KEY_HEADER = "x-ncp-iam-access-key"
SIGNATURE_HEADER = "x-ncp-apigw-signature-v2"
TIMESTAMP_VALIDITY_MS = 300_000
"""How far the gateway lets a timestamp be from its own clock."""


@dataclass(frozen=True)
class ApiKey:
    """Access key and secret key of the NCP sub account."""

    access_key: str
    secret_key: str = field(repr=False)


def sign_v2(key: ApiKey, method: str, target: bytes, timestamp_ms: int) -> str:
    """Return the signature of one request; ``target`` is path and query as they are sent."""
    text = b"%b %b\n%d\n%b" % (method.encode(), target, timestamp_ms, key.access_key.encode())
    digest = hmac.new(key.secret_key.encode(), text, hashlib.sha256).digest()
    return base64.b64encode(digest).decode()


def signed_headers(key: ApiKey, method: str, target: bytes, timestamp_ms: int) -> dict[str, str]:
    """Return the three headers that every call carries."""
    return {
        TIMESTAMP_HEADER: str(timestamp_ms),
        ACCESS_KEY_HEADER: key.access_key,
        SIGNATURE_HEADER: sign_v2(key, method, target, timestamp_ms),
    }
