"""Secrets by reference: each read once, and never shown in an error."""

import json

import pytest
from botocore.exceptions import EndpointConnectionError, NoCredentialsError
from botocore.stub import Stubber
from structlog.testing import capture_logs

from booking_sms.adapters.aws.secrets import SecretsManagerSource, make_secrets_client
from booking_sms.domain.errors import (
    ConnectionInvalid,
    SecretMissing,
    StoreThrottled,
    StoreUnavailable,
)

SECRET = "booking-sms/stores/900101"
VALUES = json.dumps({"door_code": "0000*", "floor": 3, "empty": "", "wifi": None})


@pytest.fixture(scope="module")
def client():
    made = make_secrets_client(region="ap-northeast-2", access_key_id="x", secret_access_key="x")
    yield made
    made.close()


@pytest.fixture
def stub(client):
    with Stubber(client) as stubber:
        yield stubber
        stubber.assert_no_pending_responses()


@pytest.fixture
def secrets(client):
    return SecretsManagerSource(client)


def answer(stub, **fields):
    stub.add_response("get_secret_value", fields, {"SecretId": SECRET})


def test_one_value_of_a_secret(stub, secrets):
    answer(stub, SecretString=VALUES)

    assert secrets.get(f"{SECRET}#door_code") == "0000*"


def test_a_value_that_is_no_text_is_given_as_text(stub, secrets):
    answer(stub, SecretString=VALUES)

    assert secrets.get(f"{SECRET}#floor") == "3"


def test_a_secret_without_a_key_is_the_whole_string(stub, secrets):
    answer(stub, SecretString="plain")

    assert secrets.get(SECRET) == "plain"


def test_a_secret_is_read_once_per_process(stub, secrets):
    answer(stub, SecretString=VALUES)

    assert secrets.get(f"{SECRET}#door_code") == secrets.get(f"{SECRET}#door_code")
    assert secrets.get(f"{SECRET}#floor") == "3"


@pytest.mark.parametrize("key", ["gate_code", "empty", "wifi"])
def test_a_key_without_a_value_is_missing(stub, secrets, key):
    answer(stub, SecretString=VALUES)

    with capture_logs() as lines, pytest.raises(SecretMissing, match=f"{SECRET}#{key}") as raised:
        secrets.get(f"{SECRET}#{key}")

    assert "0000*" not in str(raised.value) + str(lines)
    (line,) = lines
    assert (line["event"], line["reference"]) == ("secret_unreadable", f"{SECRET}#{key}")
    assert line["error"] == "SecretMissing"


@pytest.mark.parametrize("text", ["0000*", "[]"])
def test_a_secret_that_is_no_object_has_no_keys_and_is_not_shown(stub, secrets, text):
    answer(stub, SecretString=text)

    with pytest.raises(SecretMissing) as raised:
        secrets.get(f"{SECRET}#door_code")

    assert "0000*" not in repr(raised.value)
    assert raised.value.__cause__ is None


def test_a_secret_of_bytes_is_missing(stub, secrets):
    answer(stub, SecretBinary=b"x")

    with pytest.raises(SecretMissing, match="bytes"):
        secrets.get(SECRET)


@pytest.mark.parametrize(
    ("code", "status", "expected"),
    [
        ("ResourceNotFoundException", 400, SecretMissing),
        ("InvalidRequestException", 400, SecretMissing),
        ("ThrottlingException", 400, StoreThrottled),
        ("InternalServiceError", 500, StoreUnavailable),
        ("AccessDeniedException", 400, ConnectionInvalid),
        ("DecryptionFailure", 400, ConnectionInvalid),
    ],
)
def test_what_aws_says_in_our_words(stub, secrets, code, status, expected):
    stub.add_client_error("get_secret_value", code, http_status_code=status)

    with pytest.raises(expected):
        secrets.get(f"{SECRET}#door_code")


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (EndpointConnectionError(endpoint_url="http://127.0.0.1"), StoreUnavailable),
        (NoCredentialsError(), ConnectionInvalid),
    ],
)
def test_no_answer_and_no_credentials(error, expected):
    class Broken:
        def get_secret_value(self, **_):
            raise error

    with pytest.raises(expected):
        SecretsManagerSource(Broken()).get(SECRET)


def test_a_failure_is_not_remembered(stub, secrets):
    stub.add_client_error("get_secret_value", "InternalServiceError", http_status_code=500)
    answer(stub, SecretString=VALUES)

    with pytest.raises(StoreUnavailable):
        secrets.get(f"{SECRET}#door_code")
    assert secrets.get(f"{SECRET}#door_code") == "0000*"
