"""The template's tables are the code's, its policies what the code calls."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from used_operations import operations_of, used_operations

from booking_sms.adapters.dynamodb.table_schema import OPEN_INDEX, SCHEMAS, _definition
from booking_sms.monitoring.intrinsics import load_document
from booking_sms.monitoring.template import TEMPLATE, Template, read_template

pytestmark = pytest.mark.slow

PROJECT = Path(__file__).resolve().parents[3]
CODE = PROJECT / "include" / "booking_sms"


@pytest.fixture(scope="module")
def template() -> Template:
    return read_template()


def test_tables_are_those_of_the_code_and_safe(template: Template) -> None:
    tables = {table.name: table.properties for table in template.tables}

    assert list(tables) == [schema.name for schema in SCHEMAS]
    for schema in SCHEMAS:
        stated, made = tables[schema.name], _definition(schema, schema.name)
        for part in ("BillingMode", "KeySchema", "AttributeDefinitions"):
            assert stated[part] == made[part], (schema.name, part)
        assert stated.get("GlobalSecondaryIndexes") == made.get("GlobalSecondaryIndexes")
        assert stated["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": True}
        assert stated["SSESpecification"] == {"SSEEnabled": True}


def test_nothing_that_holds_data_is_deleted_with_the_stack() -> None:
    resources = load_document(TEMPLATE.read_text(encoding="utf-8"))["Resources"]
    kept = [
        r
        for r in resources.values()
        if r["Type"] in ("AWS::DynamoDB::Table", "AWS::Logs::LogGroup")
    ]

    assert len(kept) == len(SCHEMAS) + 1
    assert all(r["DeletionPolicy"] == r["UpdateReplacePolicy"] == "Retain" for r in kept)


def test_the_predecessors_tables_are_left_alone_where_they_exist() -> None:
    template = read_template({"LedgerTables": "existing", "TablePrefix": "x-"})

    assert [t.name for t in template.tables] == [
        "x-" + schema.name for schema in SCHEMAS if schema.name not in ("sms", "session")
    ]
    assert template.every_table_name == tuple("x-" + schema.name for schema in SCHEMAS)


IAM_ACTION = {"s3:ListObjectsV2": "s3:ListBucket"}
"""Where the action has not the operation's name."""
BY_RUNS = ("clients.py", "dashboard.py")
"""Modules of ``monitoring`` that runs use; the others are called by people only."""
OPERATED = tuple(
    f"monitoring/{path.relative_to(CODE / 'monitoring').as_posix()}"
    for path in (CODE / "monitoring").rglob("*.py")
    if path.relative_to(CODE / "monitoring").as_posix() not in BY_RUNS
)
BY_DOCTOR = {"dynamodb:CreateTable", "dynamodb:DescribeTable"}
WITH_TAGS = {"cloudwatch:TagResource"}


BY_AIRFLOW = {
    "logs:CreateLogStream",
    "logs:DescribeLogGroups",
    "logs:GetLogEvents",
    "logs:PutLogEvents",
}
"""Airflow's CloudWatch handler (watchtower), where remote logging is switched on."""


def actions(operations: set[str]) -> set[str]:
    return {IAM_ACTION.get(name, name) for name in operations}


def policy(template: Template, name: str) -> list[dict[str, Any]]:
    (found,) = [
        each["PolicyDocument"]["Statement"]
        for _, each in template.of_type("AWS::IAM::ManagedPolicy")
        if each["ManagedPolicyName"] == name
    ]
    return found


def listed(value: Any) -> list[str]:
    return [value] if isinstance(value, str) else value


def allowed(statements: list[dict[str, Any]]) -> set[str]:
    return {action for one in statements for action in listed(one["Action"])}


@pytest.fixture(scope="module")
def full() -> Template:
    return read_template({"StageBucket": "stage"})


def test_runs_may_do_what_the_code_calls_and_no_more(full: Template) -> None:
    used = actions(set(used_operations(CODE, without=OPERATED)))

    expected = (used - {"dynamodb:CreateTable"}) | BY_AIRFLOW
    assert allowed(policy(full, "booking-sms-run")) == expected


def test_plugins_use_no_other_part_of_monitoring() -> None:
    plugins = (PROJECT / "plugins").rglob("*.py")
    named = "|".join(name.removesuffix(".py") for name in BY_RUNS)
    used = re.findall(r"booking_sms\.monitoring\.(\w+)", " ".join(map(Path.read_text, plugins)))

    assert used
    assert [name for name in used if not re.fullmatch(named, name)] == []


def test_runs_may_read_the_connections_where_airflow_keeps_them(full: Template) -> None:
    (kwargs,) = re.findall(
        r"AIRFLOW__SECRETS__BACKEND_KWARGS='(.+)'", (PROJECT / "env.template").read_text()
    )
    prefix = json.loads(kwargs)["connections_prefix"]
    (secrets,) = [one for one in policy(full, "booking-sms-run") if one["Sid"] == "Secrets"]

    assert [r for r in secrets["Resource"] if r.endswith(f":secret:{prefix}/*")]


def test_operators_may_do_what_monitoring_calls_and_no_more(full: Template) -> None:
    used = actions(set(used_operations(CODE / "monitoring", without=("stack.py", "drill/"))))

    assert allowed(policy(full, "booking-sms-operator")) == used | BY_DOCTOR | WITH_TAGS


def test_no_policy_has_a_wildcard_where_a_resource_can_be_named(full: Template) -> None:
    for name in ("booking-sms-run", "booking-sms-operator"):
        for one in policy(full, name):
            assert not [action for action in listed(one["Action"]) if "*" in action]
            if "*" in listed(one["Resource"]):
                assert "Condition" in one or one["Sid"] == "Looking", one["Sid"]
            else:
                assert all(
                    "booking-sms" in r or "000000000000" in r or r.startswith("arn:aws:s3:::stage")
                    for r in listed(one["Resource"])
                )


def test_the_runs_may_use_every_table_and_the_index(full: Template) -> None:
    (tables,) = [one for one in policy(full, "booking-sms-run") if one["Sid"] == "Tables"]
    prefix = "arn:aws:dynamodb:ap-northeast-2:000000000000:table/"

    assert {arn.removeprefix(prefix) for arn in tables["Resource"]} == {
        *(schema.name for schema in SCHEMAS),
        f"sms_jobs/index/{OPEN_INDEX}",
    }


def test_without_a_bucket_nobody_may_touch_one(template: Template) -> None:
    assert not [a for a in allowed(policy(template, "booking-sms-run")) if a.startswith("s3:")]


def test_calls_are_found_however_they_are_made() -> None:
    source = """
from types_boto3_sns import SNSClient
def f(client: SNSClient): return counted(client.publish), client.get_paginator("list_topics")
"""
    assert operations_of(source) == {("sns", "Publish"), ("sns", "ListTopics")}
