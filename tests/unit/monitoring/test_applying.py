"""apply and check against an account that moto keeps: idempotent, and every drift is seen."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast

import pytest
from accounts import LogsWithQueries, make_account
from moto import mock_aws

from booking_sms.adapters.dynamodb.table_schema import ensure_tables
from booking_sms.monitoring.applying import Applied, apply_template
from booking_sms.monitoring.checking import (
    check_applied,
    check_fed,
    check_template,
    runbook_entries,
)
from booking_sms.monitoring.clients import Clients
from booking_sms.monitoring.template import Template, read_template

pytestmark = pytest.mark.slow
NOW = datetime(2026, 3, 2, 5, 0, tzinfo=UTC)


@pytest.fixture
def clients() -> Iterator[Clients]:
    with mock_aws():
        yield make_account()


@pytest.fixture
def template(clients: Clients) -> Template:
    return read_template({"TablePrefix": "t-"}, region=clients.region, account=clients.account)


def outcome(applied: list[Applied]) -> dict[str, Counter[str]]:
    kinds = {one.kind for one in applied}
    return {kind: Counter(one.done for one in applied if one.kind == kind) for kind in kinds}


def test_everything_is_made_once_and_then_left_alone(clients: Clients, template: Template) -> None:
    ensure_tables(clients.dynamodb, "t-")

    first, again = (outcome(list(apply_template(template, clients))) for _ in range(2))

    assert first == {
        "topic": {"changed": 1},
        "log group": {"created": 1},
        "recovery": {"changed": 7},
        "alarm": {"created": 39},
        "dashboard": {"created": 2},
        "query": {"created": 12},
    }
    assert {kind: set(done) for kind, done in again.items()} == {
        kind: {"unchanged"} for kind in first
    }
    assert list(check_applied(template, clients)) == []


def test_what_moto_keeps_is_what_the_template_says(clients: Clients, template: Template) -> None:
    list(apply_template(template, clients))

    (alarm,) = clients.cloudwatch.describe_alarms(AlarmNames=["booking-sms-in-doubt-age"])[
        "MetricAlarms"
    ]
    topic = f"arn:aws:sns:{clients.region}:{clients.account}:booking-sms-alarms"
    assert (alarm["Threshold"], alarm["Period"], alarm["TreatMissingData"]) == (1800, 300, "ignore")
    assert (alarm["AlarmActions"], alarm["OKActions"]) == ([topic], [topic])
    (group,) = clients.logs.describe_log_groups(logGroupNamePrefix="/booking-sms")["logGroups"]
    assert group["retentionInDays"] == 90


def test_tables_that_are_not_there_are_told_not_made(clients: Clients, template: Template) -> None:
    applied = [one for one in apply_template(template, clients) if one.kind == "recovery"]

    assert {one.done for one in applied} == {"missing"}
    assert clients.dynamodb.list_tables()["TableNames"] == []


def test_one_address_is_subscribed_once(clients: Clients) -> None:
    template = read_template(
        {"AlarmEmail": "people@example.com"}, region=clients.region, account=clients.account
    )

    done = [
        one.done
        for _ in range(2)
        for one in apply_template(template, clients)
        if one.kind == "subscription"
    ]

    assert done == ["created", "unchanged"]
    assert len(clients.sns.list_subscriptions()["Subscriptions"]) == 1


def changed(template: Template, entry: str, **properties: Any) -> dict[str, Any]:
    (alarm,) = [one for one in template.alarms if one.entry == entry]
    return {**alarm.properties, **properties}


@pytest.mark.parametrize(
    ("field", "value"),
    [
        pytest.param("Threshold", 0.0, id="threshold"),
        pytest.param("Period", 60, id="period"),
        pytest.param("TreatMissingData", "missing", id="missing data"),
        pytest.param("AlarmActions", [], id="actions"),
        pytest.param("OKActions", [], id="end is not told"),
        pytest.param("EvaluationPeriods", 4, id="periods"),
        pytest.param("ActionsEnabled", False, id="muted"),
        pytest.param("Dimensions", [{"Name": "Dag", "Value": "x"}], id="dimensions"),
        pytest.param("AlarmDescription", "nothing", id="text"),
        pytest.param("Unit", "Seconds", id="a unit that no point has"),
        pytest.param("InsufficientDataActions", ["arn:aws:sns:x:1:y"], id="another action"),
    ],
)
def test_drift_of_an_alarm_is_seen_and_healed(
    clients: Clients, template: Template, field: str, value: object
) -> None:
    list(apply_template(template, clients))
    clients.cloudwatch.put_metric_alarm(**changed(template, "held-jobs", **{field: value}))

    drift = list(check_applied(template, clients))
    healed = [one for one in apply_template(template, clients) if one.done == "changed"]

    assert [(one.thing, one.field) for one in drift] == [("booking-sms-held-jobs", field)]
    assert [one.name for one in healed] == ["booking-sms-held-jobs"]
    assert list(check_applied(template, clients)) == []


def test_a_changed_query_of_metrics_is_seen(clients: Clients, template: Template) -> None:
    list(apply_template(template, clients))
    ours = changed(template, "run-errors")["Metrics"][0]
    other = {**ours, "Expression": ours["Expression"].replace("SUM", "MIN")}
    clients.cloudwatch.put_metric_alarm(**changed(template, "run-errors", Metrics=[other]))

    drift = list(check_applied(template, clients))
    assert [(one.thing, one.field) for one in drift] == [("booking-sms-run-errors", "Metrics")]


def test_what_is_gone_and_what_is_too_much_is_seen(clients: Clients, template: Template) -> None:
    list(apply_template(template, clients))
    cloudwatch, logs = clients.cloudwatch, cast("LogsWithQueries", clients.logs)
    cloudwatch.delete_alarms(AlarmNames=["booking-sms-held-jobs"])
    cloudwatch.put_metric_alarm(**changed(template, "held-jobs", AlarmName="booking-sms-old"))
    cloudwatch.put_dashboard(DashboardName="booking-sms-operations", DashboardBody='{"widgets":[]}')
    cloudwatch.delete_dashboards(DashboardNames=["booking-sms-comparison"])
    logs.delete_retention_policy(logGroupName="/booking-sms")
    gone = logs.definitions.pop("id-3")
    logs.definitions["id-5"]["queryString"] = "fields level"

    found = [(one.thing, one.field) for one in check_applied(template, clients)]

    assert sorted(found) == sorted([
        ("/booking-sms", "retention"),
        ("booking-sms-held-jobs", "alarm"),
        ("booking-sms-old", "alarm"),
        ("booking-sms-operations", "body"),
        ("booking-sms-comparison", "dashboard"),
        (gone["name"], "query"),
        (logs.definitions["id-5"]["name"], "text"),
    ])


def test_what_alarms_speak_to_and_what_keeps_the_tables_is_looked_at(clients: Clients) -> None:
    ensure_tables(clients.dynamodb, "t-")
    template = read_template(
        {"TablePrefix": "t-", "AlarmEmail": "people@example.com"},
        region=clients.region,
        account=clients.account,
    )
    list(apply_template(template, clients))
    (topic,) = clients.sns.list_topics()["Topics"]
    (subscription,) = clients.sns.list_subscriptions()["Subscriptions"]
    off = {"PointInTimeRecoveryEnabled": False}

    clients.sns.set_topic_attributes(
        TopicArn=topic["TopicArn"], AttributeName="Policy", AttributeValue="{}"
    )
    clients.sns.unsubscribe(SubscriptionArn=subscription["SubscriptionArn"])
    clients.dynamodb.update_continuous_backups(
        TableName="t-sms_jobs", PointInTimeRecoverySpecification=off
    )
    spoilt = [(one.thing, one.field) for one in check_applied(template, clients)]
    list(apply_template(template, clients))
    healed = list(check_applied(template, clients))
    clients.sns.delete_topic(TopicArn=topic["TopicArn"])
    gone = [(one.thing, one.field) for one in check_applied(template, clients)]

    assert spoilt == [
        ("booking-sms-alarms", "policy"),
        ("booking-sms-alarms", "subscription"),
        ("t-sms_jobs", "point-in-time recovery"),
    ]
    assert healed == []
    assert gone == [("booking-sms-alarms", "topic")]


def test_alarms_that_starve_are_named(clients: Clients, template: Template) -> None:
    at = NOW - timedelta(minutes=30)
    dag = [{"Name": "Dag", "Value": "booking_sms_etl"}]
    for name, dimensions in (("HeldJobs", []), ("RunErrors", dag), ("DagHeartbeat", dag)):
        clients.cloudwatch.put_metric_data(
            Namespace="NaverSMSAutomation",
            MetricData=[
                {"MetricName": name, "Value": 0, "Timestamp": at, "Dimensions": dimensions}
            ],
        )

    starving = {one.thing for one in check_fed(template, clients, NOW, timedelta(hours=1))}

    assert "booking-sms-in-doubt-age" in starving
    assert "booking-sms-dispatch-heartbeat" in starving
    fed = {"booking-sms-held-jobs", "booking-sms-run-errors", "booking-sms-etl-heartbeat"}
    assert not fed & starving
    irregular = {"booking-sms-throttles", "booking-sms-canary-silent"}
    assert not irregular & starving


def test_an_alarm_without_a_runbook_entry_is_named(template: Template, tmp_path: Path) -> None:
    runbook = tmp_path / "runbook.md"
    names = [alarm.entry for alarm in template.alarms if alarm.entry != "held-jobs"]
    runbook.write_text("\n".join(f"## {name}\n" for name in names), encoding="utf-8")

    drift = [(one.thing, one.field) for one in check_template(template, runbook)]

    assert drift == [("booking-sms-held-jobs", "runbook")]


def test_entries_are_headings_and_anchors(tmp_path: Path) -> None:
    runbook = tmp_path / "runbook.md"
    runbook.write_text('# A `b_c`: d!\n<a id="held-jobs"></a>\n### 한글 제목\n', encoding="utf-8")

    assert runbook_entries(runbook) == {"a-b_c-d", "held-jobs", "한글-제목"}
