"""env.template works as it is, and documents every setting."""

import re
from pathlib import Path

import pytest
from dotenv import dotenv_values

from booking_sms.config.connections import Connections
from booking_sms.config.settings import PREFIX, Settings

TEMPLATE = Path(__file__).resolve().parents[2] / "env.template"


@pytest.fixture(scope="module")
def values() -> dict[str, str]:
    return {name: value or "" for name, value in dotenv_values(TEMPLATE, interpolate=False).items()}


def test_connections_are_complete(values: dict[str, str]) -> None:
    connections = Connections.from_environ(values)

    assert connections.sens.base_url == "https://sens.apigw.ntruss.com:443"
    assert connections.aws.dynamodb_endpoint_url == "http://dynalite:8000"


def test_settings_are_valid(values: dict[str, str]) -> None:
    assert Settings.from_environ(values).stage_url == "file:///opt/airflow/stage"


def test_each_setting_has_its_line() -> None:
    text = TEMPLATE.read_text(encoding="utf-8")
    written = set(re.findall(rf"^#?{PREFIX}([A-Z_]+)=", text, re.M)) - {"WORLD"}

    assert written == {name.upper() for name in Settings.model_fields}


def test_shown_defaults_are_the_defaults() -> None:
    text = TEMPLATE.read_text(encoding="utf-8")
    shown = dict(re.findall(rf"^#({PREFIX}[A-Z_]+)=(\S+)$", text, re.M))
    del shown[f"{PREFIX}EFFECTIVE_FROM"]  # an example: there is no default day

    assert Settings.from_environ(shown) == Settings()
