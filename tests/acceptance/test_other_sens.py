"""Another SENS than the sandbox's: one environment variable, and texts go there."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from .sens_server import SERVICE_ID, OtherSens, run_other_sens
from .world import Installation, World

pytestmark = pytest.mark.integration

SENS = "AIRFLOW_CONN_SENS_DEFAULT"


@pytest.fixture
def other() -> Iterator[OtherSens]:
    with run_other_sens() as server:
        yield server


def test_run_sends_signed_requests_there_and_nowhere_else(
    world: World, chain: Installation, other: OtherSens
) -> None:
    world.book(start="2026-03-02T15:00:00+09:00", phone="01000000011")
    world.book(store="900103", start="2026-03-04T15:00:00+09:00", phone="01000000012")

    chain.run(**{SENS: other.connection()})

    assert other.wrong == []
    sent = sorted((one["messages"][0]["to"], one["from"]) for one in other.accepted)
    assert sent == [
        ("01000000011", "15990100"),
        ("01000000011", "15990100"),
        ("01000000012", "15990100"),
    ]
    assert [job["state"] for job in chain.jobs()] == ["accepted"] * 3
    assert {row["phone"] for row in chain.ledger()} == {"010-0000-0011", "010-0000-0012"}
    assert world.texts() == []


def test_reconcile_signs_its_queries_there_too(
    world: World, chain: Installation, other: OtherSens
) -> None:
    """A service without advertising has no opt-out list; delivery reports come all the same."""
    world.book(phone="01000000011")
    chain.run(**{SENS: other.connection()})

    chain.reconcile(**{SENS: other.connection()})

    assert other.looked_up > 0
    assert other.wrong == []
    assert chain.states() == {"confirm": "delivered"}


@pytest.mark.parametrize(
    "form",
    [
        pytest.param({}, id="schema, host and port"),
        pytest.param({"schema": None, "port": None, "host": "URL"}, id="host is a URL"),
        pytest.param({"port": "TEXT"}, id="port is a text"),
        pytest.param({"extra": json.dumps({"service_id": SERVICE_ID})}, id="extra is a text"),
    ],
)
def test_connection_may_be_written_in_each_of_airflows_forms(
    world: World, chain: Installation, other: OtherSens, form: dict[str, str | None]
) -> None:
    words = {"URL": other.url, "TEXT": other.url.rpartition(":")[2]}
    written = {name: words.get(value or "", value) for name, value in form.items()}
    world.book(phone="01000000011")

    chain.run(**{SENS: other.connection(**written)})

    assert (len(other.accepted), other.wrong) == (1, [])
    assert chain.states() == {"confirm": "accepted"}


def test_wrong_secret_key_burns_no_text(
    world: World, chain: Installation, other: OtherSens
) -> None:
    world.book(phone="01000000011")
    world.book(phone="01000000012")

    chain.cli("run", "--at", world.now(), **{SENS: other.connection(password="wrong")})

    assert other.wrong == ["wrong signature"], "sending stops at the first"
    assert {job["state"] for job in chain.jobs()} == {"retryable", "available"}
    assert chain.ledger() == []
