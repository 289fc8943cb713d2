"""Connections: every problem of every connection at once, in words that name what and where."""

import json

import pytest

from booking_sms.config.connections import Connections, is_loopback_url
from booking_sms.domain.errors import ConnectionInvalid, ConnectionMissing


def make_environ(**overrides: object) -> dict[str, str]:
    """Variables of a complete, valid set of connections; None drops one."""
    documents: dict[str, object] = {
        "NAVER_DEFAULT": {
            "login": "owner",
            "password": "pass word'\"",
            "extra": {"login_url": "http://127.0.0.1:1/", "booking_url": "http://127.0.0.1:2"},
        },
        "SENS_DEFAULT": {
            "schema": "http",
            "host": "127.0.0.1",
            "port": 3,
            "login": "access",
            "password": "secret",
            "extra": {"service_id": "ncp:sms:kr:1:studio"},
        },
        "TELEGRAM_DEFAULT": {
            "schema": "http",
            "host": "127.0.0.1",
            "port": 4,
            "password": "token",
            "extra": {"chat_id": "-100"},
        },
        "SLACK_DEFAULT": {
            "conn_type": "slackwebhook",
            "host": "http://127.0.0.1:5/services",
            "password": "T/B/X",
        },
        "AWS_DEFAULT": {
            "conn_type": "aws",
            "login": "key",
            "password": "secret",
            "extra": {
                "region_name": "ap-northeast-2",
                "endpoint_url": "http://127.0.0.1:6",
                "service_config": {"dynamodb": {"endpoint_url": "http://127.0.0.1:7"}},
            },
        },
        "BOOKING_SMS_DEFAULT": {"password": "new, old", "extra": {"hmac_key": "digest-key"}},
    }
    documents.update(overrides)
    return {
        f"AIRFLOW_CONN_{name}": document if isinstance(document, str) else json.dumps(document)
        for name, document in documents.items()
        if document is not None
    }


def test_complete_set_is_read_with_every_field():
    connections = Connections.from_environ(make_environ())

    assert connections.naver.login_url == "http://127.0.0.1:1"
    assert connections.sens.base_url == "http://127.0.0.1:3"
    assert connections.sens.service_id == "ncp:sms:kr:1:studio"
    assert connections.slack is not None
    assert connections.slack.webhook_url == "http://127.0.0.1:5/services/T/B/X"
    assert connections.aws.dynamodb_endpoint_url == "http://127.0.0.1:7"
    assert connections.own.fernet_keys == ("new", "old")
    assert connections.is_loopback_only


def test_extra_may_be_a_json_string_as_airflow_stores_it():
    naver = {
        "login": "a",
        "password": "b",
        "extra": json.dumps({
            "login_url": "https://login.example",
            "booking_url": "https://booking.example",
        }),
    }

    connections = Connections.from_environ(make_environ(NAVER_DEFAULT=naver))

    assert connections.naver.booking_url == "https://booking.example"
    assert not connections.is_loopback_only


def test_missing_connections_are_all_named_with_their_variables():
    with pytest.raises(ConnectionMissing) as caught:
        Connections.from_environ(make_environ(NAVER_DEFAULT=None, AWS_DEFAULT=None))

    assert "AIRFLOW_CONN_NAVER_DEFAULT" in str(caught.value)
    assert "AIRFLOW_CONN_AWS_DEFAULT" in str(caught.value)


def test_chats_are_optional_because_door_codes_go_on_without_them():
    connections = Connections.from_environ(make_environ(TELEGRAM_DEFAULT=None, SLACK_DEFAULT=None))

    assert connections.telegram is None
    assert connections.slack is None


@pytest.mark.parametrize(
    ("name", "document", "said"),
    [
        pytest.param(
            "SENS_DEFAULT", "{broken", "AIRFLOW_CONN_SENS_DEFAULT: not JSON", id="no json"
        ),
        pytest.param("SENS_DEFAULT", "[1]", "must be a JSON object", id="not an object"),
        pytest.param(
            "SENS_DEFAULT",
            {"host": "h", "login": "a", "password": "b"},
            "connection sens_default: extra.service_id is missing",
            id="service id",
        ),
        pytest.param(
            "NAVER_DEFAULT",
            {"login": "a", "password": "b", "extra": {"login_url": "nid", "booking_url": "x"}},
            "connection naver_default: extra.login_url is not an http(s) URL",
            id="url",
        ),
        pytest.param(
            "BOOKING_SMS_DEFAULT",
            {"password": "k"},
            "connection booking_sms_default: extra.hmac_key is missing",
            id="hmac key",
        ),
        pytest.param(
            "AWS_DEFAULT",
            {"extra": "{oops"},
            "AIRFLOW_CONN_AWS_DEFAULT: extra is not JSON",
            id="extra",
        ),
    ],
)
def test_wrong_connection_says_what_and_where(name: str, document: object, said: str):
    with pytest.raises(ConnectionInvalid) as caught:
        Connections.from_environ(make_environ(**{name: document}))

    assert said in str(caught.value)


def test_secrets_never_show_in_repr():
    text = repr(Connections.from_environ(make_environ()))

    for secret in ("pass word", "secret", "token", "digest-key", "T/B/X"):
        assert secret not in text


@pytest.mark.parametrize(
    ("url", "loopback"),
    [
        ("http://127.0.0.1:80", True),
        ("http://localhost", True),
        ("http://[::1]:9", True),
        ("https://sens.example", False),
        ("http://127.0.0.1.example", False),
        ("http://10.0.0.1", False),
        ("nonsense", False),
    ],
)
def test_loopback_is_judged_by_the_host(url: str, loopback: bool):
    assert is_loopback_url(url) is loopback
