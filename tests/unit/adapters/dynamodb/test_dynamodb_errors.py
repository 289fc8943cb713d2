"""What DynamoDB says, in our words; the type tells whether trying again is safe."""

import pytest
from botocore.exceptions import (
    ClientError,
    ConnectTimeoutError,
    EndpointConnectionError,
    NoCredentialsError,
    ParamValidationError,
    ReadTimeoutError,
)

from booking_sms.adapters.dynamodb.errors import store_errors
from booking_sms.domain.errors import (
    ConnectionInvalid,
    LoadError,
    Retryable,
    StoreThrottled,
    StoreUnavailable,
    TableMissing,
    Terminal,
)


def client_error(code: str, status: int = 400) -> ClientError:
    response = {"Error": {"Code": code}, "ResponseMetadata": {"HTTPStatusCode": status}}
    return ClientError(response, "UpdateItem")


def translated(error: Exception) -> Exception:
    with pytest.raises(Exception) as raised, store_errors("t_sms_jobs"):  # noqa: PT011
        raise error
    return raised.value


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (client_error("ProvisionedThroughputExceededException"), StoreThrottled),
        (client_error("ThrottlingException"), StoreThrottled),
        (client_error("RequestLimitExceeded"), StoreThrottled),
        (client_error("InternalServerError", 500), StoreUnavailable),
        (client_error("ServiceUnavailable", 503), StoreUnavailable),
        (client_error("Unheard", 502), StoreUnavailable),
        (EndpointConnectionError(endpoint_url="http://127.0.0.1"), StoreUnavailable),
        (ConnectTimeoutError(endpoint_url="http://127.0.0.1"), StoreUnavailable),
        (ReadTimeoutError(endpoint_url="http://127.0.0.1"), StoreUnavailable),
    ],
)
def test_what_may_be_tried_again(error, expected):
    ours = translated(error)

    assert type(ours) is expected
    assert isinstance(ours, Retryable)
    assert ours.context["table"] == "t_sms_jobs"


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (client_error("ResourceNotFoundException"), TableMissing),
        (client_error("AccessDeniedException"), ConnectionInvalid),
        (client_error("UnrecognizedClientException"), ConnectionInvalid),
        (NoCredentialsError(), ConnectionInvalid),
    ],
)
def test_what_somebody_must_change(error, expected):
    ours = translated(error)

    assert type(ours) is expected
    assert isinstance(ours, Terminal)


def test_a_missing_table_is_named():
    assert "t_sms_jobs" in str(translated(client_error("ResourceNotFoundException")))


def test_a_request_that_is_refused_is_neither():
    ours = translated(client_error("ValidationException"))

    assert type(ours) is LoadError
    assert ours.context["aws_code"] == "ValidationException"


def test_a_failed_condition_is_no_error_of_ours():
    error = client_error("ConditionalCheckFailedException")

    assert translated(error) is error


def test_a_malformed_request_is_a_bug():
    error = ParamValidationError(report="x")

    assert translated(error) is error
