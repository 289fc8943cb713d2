"""``booking-sms doctor`` before an installation that works, and before what can be wrong."""

from __future__ import annotations

import json
from typing import Any

import pytest

from .world import Done, Installation, World

pytestmark = pytest.mark.integration
WHO = ("--by", "doctor", "--reason", "test")


def findings(done: Done) -> dict[str, dict[str, Any]]:
    return {finding["name"]: finding for finding in json.loads(done.out)}


def changed(chain: Installation, conn_id: str, **fields: Any) -> dict[str, str]:
    """A connection with other fields, as an operator would have mistyped it."""
    name = f"AIRFLOW_CONN_{conn_id.upper()}"
    return {name: json.dumps({**json.loads(chain.environ[name]), **fields})}


def test_a_working_installation_has_no_grave_finding_and_shows_no_secret(
    chain: Installation,
) -> None:
    done, table = chain.cli("doctor", "--json"), chain.cli("doctor", COLUMNS="100")
    found = findings(done)

    assert done.code == table.code == 0, table.out
    assert [
        name for name, one in found.items() if not one["ok"] and one["severity"] == "must"
    ] == []
    assert max(map(len, table.out.splitlines())) <= 100
    assert f"{len(found)} checks: 0 failed" in table.out
    secrets = [
        value
        for name, text in chain.environ.items()
        if name.startswith("AIRFLOW_CONN_")
        for connection in [json.loads(text)]
        for value in (connection.get("password"), connection.get("extra", {}).get("hmac_key"))
        if value and value != "sandbox"
    ]
    assert len(secrets) >= 5
    assert [value for value in secrets if value in table.said + done.said] == []


@pytest.mark.parametrize(
    ("check", "conn_id", "fields", "code", "fix"),
    [
        ("sens signature", "sens_default", {"password": "another-key"}, 1, "sens_default"),
        ("sens host", "sens_default", {"port": 1}, 1, "sens_default"),
        ("telegram", "telegram_default", {"password": "000:wrong"}, 0, "telegram_default"),
        ("slack", "slack_default", {"host": "http://127.0.0.1:1/services"}, 0, "slack_default"),
    ],
)
def test_a_mistyped_connection_is_found_and_named(
    chain: Installation, check: str, conn_id: str, fields: Any, code: int, fix: str
) -> None:
    done = chain.cli("doctor", "--json", **changed(chain, conn_id, **fields))

    found = findings(done)[check]
    assert (found["ok"], done.code) == (False, code)
    assert fix in found["fix"]
    assert str(fields.get("password", "-none-")) not in done.said


@pytest.mark.parametrize("host", ["login", "booking"])
def test_a_host_of_naver_that_is_not_there_is_found(chain: Installation, host: str) -> None:
    naver = json.loads(chain.environ["AIRFLOW_CONN_NAVER_DEFAULT"])
    extra = {**naver["extra"], f"{host}_url": "http://127.0.0.1:1"}
    done = chain.cli("doctor", "--json", **changed(chain, "naver_default", extra=extra))

    found = findings(done)[f"naver {host} host"]
    assert (found["ok"], done.code) == (False, 1)
    assert f"{host}_url in naver_default" in found["fix"]


def test_aws_that_does_not_answer_is_a_warning_of_monitoring(chain: Installation) -> None:
    aws = json.loads(chain.environ["AIRFLOW_CONN_AWS_DEFAULT"])
    extra = {**aws["extra"], "endpoint_url": "http://127.0.0.1:1"}
    found = findings(chain.cli("doctor", "--json", **changed(chain, "aws_default", extra=extra)))

    assert [found[name]["ok"] for name in ("cloudwatch", "alarms")] == [False, False]
    assert "ListMetrics" in found["cloudwatch"]["fix"]
    assert (found["secrets"]["ok"], found["secrets"]["severity"]) == (False, "must")


def test_airflow_that_is_not_there_is_found(chain: Installation) -> None:
    made = {"conn_type": "http", "schema": "http", "host": "127.0.0.1", "port": 1}
    made |= {"login": "viewer", "password": "viewer"}
    found = findings(chain.cli("doctor", "--json", AIRFLOW_CONN_AIRFLOW_DEFAULT=json.dumps(made)))

    assert not found["airflow"]["ok"]
    assert "docker compose ps" in found["airflow"]["fix"]


def test_missing_and_foreign_tables_are_told_apart(world: World, chain: Installation) -> None:
    chain.drop("sms_plans")
    missing = chain.cli("doctor", "--json")
    world.dynamodb.create_table(
        TableName=f"{chain.prefix}sms_plans",
        KeySchema=[{"AttributeName": "other", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "other", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    world.dynamodb.get_waiter("table_exists").wait(
        TableName=f"{chain.prefix}sms_plans", WaiterConfig={"Delay": 1, "MaxAttempts": 20}
    )
    foreign = chain.cli("doctor", "--json")

    assert missing.code == foreign.code == 1
    assert findings(missing)["tables"]["fix"] == "booking-sms doctor --fix"
    assert findings(foreign)["tables"]["ok"]
    assert "sms_plans has the key other" in findings(foreign)["table schemas"]["detail"]
    assert "BOOKING_SMS_TABLE_PREFIX" in findings(foreign)["table schemas"]["fix"]


def test_a_forgotten_switch_is_a_warning(chain: Installation) -> None:
    chain.cli("control", "kill", "store:900101", *WHO)
    done = chain.cli("doctor", "--json")

    found = findings(done)["kill switches"]
    assert (found["ok"], found["detail"], done.code) == (False, "on: store:900101", 0)
    assert "control kill TARGET --off" in found["fix"]
