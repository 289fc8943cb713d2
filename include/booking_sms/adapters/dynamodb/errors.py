"""DynamoDB's errors in our words. A failed condition is an answer, never an error."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    NoCredentialsError,
    NoRegionError,
    ParamValidationError,
    PartialCredentialsError,
)

from booking_sms.domain.errors import (
    BookingSmsError,
    ConnectionInvalid,
    LoadError,
    StoreThrottled,
    StoreUnavailable,
    TableMissing,
)

CONDITION_FAILED = "ConditionalCheckFailedException"
THROTTLED = frozenset({
    "LimitExceededException",
    "ProvisionedThroughputExceededException",
    "RequestLimitExceeded",
    "ThrottlingException",
})
FORBIDDEN = frozenset({
    "AccessDeniedException",
    "ExpiredTokenException",
    "IncompleteSignatureException",
    "InvalidSignatureException",
    "MissingAuthenticationTokenException",
    "UnrecognizedClientException",
})
NO_CREDENTIALS = (NoCredentialsError, NoRegionError, PartialCredentialsError)


@contextmanager
def store_errors(table: str) -> Iterator[None]:
    """Turn botocore's errors into ours, naming the table.

    A failed condition passes through as it is; so does a malformed request, which is a bug.
    """
    try:
        yield
    except ClientError as error:
        if error_code(error) == CONDITION_FAILED:
            raise
        raise translated(error, table) from error
    except ParamValidationError:
        raise
    except NO_CREDENTIALS as error:
        raise ConnectionInvalid(service="dynamodb", reason=type(error).__name__) from error
    except BotoCoreError as error:
        raise StoreUnavailable(table=table, reason=type(error).__name__) from error


def error_code(error: ClientError) -> str:
    """AWS's code of an error, ``Unknown`` when the answer names none."""
    return str(error.response.get("Error", {}).get("Code", "Unknown"))


def translated(error: ClientError, table: str) -> BookingSmsError:
    """Our error for AWS's; its type says whether trying again is safe."""
    code = error_code(error)
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    if code in THROTTLED:
        return StoreThrottled(table=table, aws_code=code)
    if code == "ResourceNotFoundException":
        return TableMissing(table=table, remedy="booking-sms doctor --fix")
    if code in FORBIDDEN:
        return ConnectionInvalid(service="dynamodb", table=table, aws_code=code)
    if status >= 500 or code in ("InternalServerError", "ServiceUnavailable"):
        return StoreUnavailable(table=table, aws_code=code)
    return LoadError("DynamoDB refuses the request", table=table, aws_code=code)
