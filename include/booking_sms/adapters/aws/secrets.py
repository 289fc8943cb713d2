"""AWS Secrets Manager behind ``secret:`` references.

A reference is ``name#key``: one value of a JSON secret, e.g.
``booking-sms/stores/900101#door_code``. Without ``#key`` it is the whole secret string.
Values are never logged, and no error carries one.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError, NoRegionError

from booking_sms.domain.errors import (
    BookingSmsError,
    ConnectionInvalid,
    SecretMissing,
    StoreThrottled,
    StoreUnavailable,
)
from booking_sms.telemetry.call_meter import CallMeter
from booking_sms.telemetry.log_events import ERROR, log_event
from booking_sms.transport.aws_session import make_session

if TYPE_CHECKING:
    from types_boto3_secretsmanager import SecretsManagerClient

ABSENT = frozenset({"InvalidRequestException", "ResourceNotFoundException"})
"""Not there, or marked for deletion."""
THROTTLED = frozenset({"LimitExceededException", "ThrottlingException"})


def make_secrets_client(
    *,
    region: str,
    endpoint_url: str | None = None,
    access_key_id: str | None = None,
    secret_access_key: str | None = None,
    timeout_s: float = 5.0,
    attempts: int = 3,
) -> SecretsManagerClient:
    """Build a client; without keys, AWS's own chain of credentials applies."""
    session = make_session(
        region=region, access_key_id=access_key_id, secret_access_key=secret_access_key
    )
    config = Config(
        connect_timeout=timeout_s,
        read_timeout=timeout_s,
        retries={"mode": "standard", "total_max_attempts": attempts},
    )
    return session.client("secretsmanager", endpoint_url=endpoint_url, config=config)


class SecretsManagerSource:
    """Secrets by reference, each secret read once per process."""

    def __init__(self, client: SecretsManagerClient, meter: CallMeter | None = None) -> None:
        self._client = client
        self._meter = meter or CallMeter()
        self._secrets: dict[str, str] = {}

    def get(self, name: str) -> str:
        """Return the value.

        Raises SecretMissing with the reference when the secret or its key is not there,
        ConnectionInvalid when we may not read it, StoreThrottled or StoreUnavailable when
        trying again is safe.
        """
        try:
            return self._get(name)
        except BookingSmsError as error:
            self._meter.note_secrets_error()
            log_event(
                "secret_unreadable", level=ERROR, reference=name, status="failure", error=error.code
            )
            raise

    def _get(self, name: str) -> str:
        secret, _, key = name.partition("#")
        if secret not in self._secrets:
            self._secrets[secret] = self._read(secret, name)
        text = self._secrets[secret]
        return _value_of(text, key, name) if key else text

    def _read(self, secret: str, reference: str) -> str:
        try:
            answer = self._client.get_secret_value(SecretId=secret)
        except ClientError as error:
            raise _translated(error, reference) from error
        except (NoCredentialsError, NoRegionError) as error:
            raise ConnectionInvalid(
                service="secretsmanager", reason=type(error).__name__
            ) from error
        except BotoCoreError as error:
            raise StoreUnavailable(service="secretsmanager", reason=type(error).__name__) from error
        if "SecretString" not in answer:
            raise SecretMissing("the secret holds bytes, not text", name=reference)
        return answer["SecretString"]


def _value_of(text: str, key: str, reference: str) -> str:
    try:
        values: Any = json.loads(text)
    except ValueError:
        raise SecretMissing("the secret is no JSON object", name=reference) from None
    if not isinstance(values, Mapping) or values.get(key) in (None, ""):
        raise SecretMissing(name=reference)
    return str(values[key])


def _translated(error: ClientError, reference: str) -> BookingSmsError:
    code = str(error.response.get("Error", {}).get("Code", "Unknown"))
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    if code in ABSENT:
        return SecretMissing(name=reference)
    if code in THROTTLED:
        return StoreThrottled(service="secretsmanager", aws_code=code)
    if status >= 500 or code == "InternalServiceError":
        return StoreUnavailable(service="secretsmanager", aws_code=code)
    return ConnectionInvalid(service="secretsmanager", name=reference, aws_code=code)
