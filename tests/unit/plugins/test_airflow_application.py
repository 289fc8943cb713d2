"""From Airflow's connections to our Application, without letting a secret out."""

from __future__ import annotations

import json

import pytest

from booking_sms.domain.errors import ConnectionInvalid, ConnectionMissing

pytestmark = [pytest.mark.airflow, pytest.mark.filterwarnings("default")]

CONNECTIONS = {
    "naver_default": {
        "conn_type": "generic",
        "login": "owner",
        "password": "naver-password",
        "extra": {"login_url": "http://127.0.0.1:1", "booking_url": "http://127.0.0.1:2"},
    },
    "sens_default": {
        "conn_type": "http",
        "schema": "http",
        "host": "127.0.0.1",
        "port": 3,
        "login": "access",
        "password": "sens-secret",
        "extra": {"service_id": "ncp:sms:kr:1:x"},
    },
    "aws_default": {"conn_type": "aws", "extra": {"region_name": "ap-northeast-2"}},
    "booking_sms_default": {
        "conn_type": "generic",
        "password": "fernet-new, fernet-old",
        "extra": {"hmac_key": "hmac-key-of-phones"},
    },
}


@pytest.fixture
def connections(monkeypatch: pytest.MonkeyPatch) -> None:
    for conn_id, fields in CONNECTIONS.items():
        monkeypatch.setenv(f"AIRFLOW_CONN_{conn_id.upper()}", json.dumps(fields))


@pytest.mark.usefixtures("connections")
def test_the_application_is_composed_from_airflows_connections() -> None:
    from booking_sms_airflow.application import current_application

    app = current_application()

    assert app.connections.naver.login_url == "http://127.0.0.1:1"
    assert app.connections.sens.base_url == "http://127.0.0.1:3"
    assert app.connections.sens.service_id == "ncp:sms:kr:1:x"
    assert app.connections.own.fernet_keys == ("fernet-new", "fernet-old")
    assert app.connections.telegram is None


@pytest.mark.usefixtures("connections")
def test_another_connection_may_stand_in(monkeypatch: pytest.MonkeyPatch) -> None:
    from booking_sms_airflow.application import current_application

    other = {**CONNECTIONS["sens_default"], "port": 4}
    monkeypatch.setenv("AIRFLOW_CONN_SENS_TEST", json.dumps(other))

    app = current_application({"sens_default": "sens_test"})

    assert app.connections.sens.base_url == "http://127.0.0.1:4"


def test_every_missing_connection_is_named() -> None:
    from booking_sms_airflow.application import current_application

    with pytest.raises(ConnectionMissing) as missing:
        current_application()

    for conn_id in CONNECTIONS:
        assert conn_id in str(missing.value)


@pytest.mark.usefixtures("connections")
def test_a_wrong_field_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    from booking_sms_airflow.application import current_application

    wrong = {**CONNECTIONS["sens_default"], "extra": {}}
    monkeypatch.setenv("AIRFLOW_CONN_SENS_DEFAULT", json.dumps(wrong))

    with pytest.raises(ConnectionInvalid, match=r"sens_default: extra\.service_id is missing"):
        current_application()


@pytest.mark.usefixtures("connections")
def test_secrets_are_masked_in_airflows_logs() -> None:
    from airflow.sdk.log import redact

    from booking_sms_airflow.application import current_application

    current_application()

    for secret in ("naver-password", "sens-secret", "fernet-old", "hmac-key-of-phones"):
        assert secret not in str(redact(f"a line with {secret} in it"))


def test_hooks_say_what_they_are_for() -> None:
    from booking_sms_airflow.hooks.naver_booking import NaverBookingHook
    from booking_sms_airflow.hooks.sens import SensHook
    from booking_sms_airflow.hooks.slack import SlackAlertHook
    from booking_sms_airflow.hooks.telegram import TelegramHook

    for hook in (NaverBookingHook, SensHook, TelegramHook, SlackAlertHook):
        assert hook.default_conn_name.endswith("_default")
        assert hook.hook_name
        assert hook().conn_id == hook.default_conn_name
        assert hook("other").conn_id == "other"


def test_a_hook_reports_a_missing_connection_instead_of_raising() -> None:
    from booking_sms_airflow.hooks.sens import SensHook

    works, said = SensHook().test_connection()

    assert not works
    assert "sens_default" in said
