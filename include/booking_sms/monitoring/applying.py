"""Puts the template's watchers into an account, one by one, through each service's own API.

For accounts where CloudFormation is not wanted, and for stand-ins of AWS, whose CloudFormation
says that it made alarms and made none. Safe to repeat: what is as it should be is left alone.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from booking_sms.monitoring.clients import Clients
from booking_sms.monitoring.comparing import alarm_drift, dashboard_drift, query_drift
from booking_sms.monitoring.dashboard import stored_dashboard
from booking_sms.monitoring.stored import (
    OFF,
    ON,
    UNSUPPORTED,
    recovery_of,
    stored_alarms,
    stored_queries,
    stored_retention,
    stored_topic,
)
from booking_sms.monitoring.template import SavedQuery, Template

CREATED, CHANGED, UNCHANGED = "created", "changed", "unchanged"


@dataclass(frozen=True, kw_only=True)
class Applied:
    """What became of one thing: created, changed, unchanged, missing or unsupported."""

    kind: str
    name: str
    done: str

    def as_dict(self) -> dict[str, str]:
        """JSON-able."""
        return asdict(self)


def apply_template(template: Template, clients: Clients) -> Iterator[Applied]:
    """Topic first, then what speaks to it. botocore's errors are the caller's."""
    for step in _STEPS:
        yield from step(template, clients)


def _topic(template: Template, clients: Clients) -> Iterator[Applied]:
    """CreateTopic is idempotent; its policy is written whenever it differs."""
    name = template.only("AWS::SNS::Topic")["TopicName"]
    arn = clients.sns.create_topic(Name=name)["TopicArn"]
    policy = template.only("AWS::SNS::TopicPolicy")["PolicyDocument"]
    topic = stored_topic(clients, name)
    same = topic is not None and topic.policy == policy
    if not same:
        clients.sns.set_topic_attributes(
            TopicArn=arn, AttributeName="Policy", AttributeValue=json.dumps(policy)
        )
    yield Applied(kind="topic", name=name, done=UNCHANGED if same else CHANGED)
    yield from _subscription(template, clients, arn)


def _subscription(template: Template, clients: Clients, arn: str) -> Iterator[Applied]:
    """One address. Asking twice would send its confirmation twice."""
    address = template.parameters["AlarmEmail"]
    if not address:
        return
    topic = stored_topic(clients, template.only("AWS::SNS::Topic")["TopicName"])
    known = topic.addresses if topic else frozenset()
    if address not in known:
        clients.sns.subscribe(TopicArn=arn, Protocol="email", Endpoint=address)
    done = UNCHANGED if address in known else CREATED
    yield Applied(kind="subscription", name="email", done=done)


def _log_group(template: Template, clients: Clients) -> Iterator[Applied]:
    group = template.only("AWS::Logs::LogGroup")
    name, days = group["LogGroupName"], group["RetentionInDays"]
    stored = stored_retention(clients.logs, name)
    if stored is None:
        clients.logs.create_log_group(logGroupName=name)
    if stored != days:
        clients.logs.put_retention_policy(logGroupName=name, retentionInDays=days)
    done = CREATED if stored is None else UNCHANGED if stored == days else CHANGED
    yield Applied(kind="log group", name=name, done=done)


def _tables(template: Template, clients: Clients) -> Iterator[Applied]:
    """Point-in-time recovery of the tables that are there; ``doctor --fix`` makes tables. The
    predecessor's too, also when the stack leaves them alone.
    """
    for name in template.every_table_name:
        yield Applied(kind="recovery", name=name, done=_recovery(clients, name))


def _recovery(clients: Clients, name: str) -> str:
    state = recovery_of(clients, name)
    if state != OFF:
        return UNCHANGED if state == ON else state
    clients.dynamodb.update_continuous_backups(
        TableName=name,
        PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": True},
    )
    return CHANGED


def _alarms(template: Template, clients: Clients) -> Iterator[Applied]:
    stored = stored_alarms(clients.cloudwatch, template.prefix)
    for alarm in template.alarms:
        before = stored.get(alarm.name)
        differs = any(alarm_drift(alarm, before))
        if differs:
            clients.cloudwatch.put_metric_alarm(**_arguments(alarm.properties))
        done = CREATED if before is None else CHANGED if differs else UNCHANGED
        yield Applied(kind="alarm", name=alarm.name, done=done)


def _arguments(properties: Any) -> dict[str, Any]:
    """Of PutMetricAlarm, with actions switched on again if somebody muted them."""
    return {**properties, "ActionsEnabled": True}


def _dashboards(template: Template, clients: Clients) -> Iterator[Applied]:
    for dashboard in template.dashboards:
        before = stored_dashboard(clients.cloudwatch, dashboard.name)
        differs = any(dashboard_drift(dashboard, before))
        if differs:
            clients.cloudwatch.put_dashboard(
                DashboardName=dashboard.name, DashboardBody=dashboard.body
            )
        done = CREATED if before is None else CHANGED if differs else UNCHANGED
        yield Applied(kind="dashboard", name=dashboard.name, done=done)


def _queries(template: Template, clients: Clients) -> Iterator[Applied]:
    stored = stored_queries(clients, template.prefix)
    for query in template.queries:
        if stored is None:
            yield Applied(kind="query", name=query.name, done=UNSUPPORTED)
            continue
        before = stored.get(query.name)
        differs = any(query_drift(query, before))
        if differs:
            _put_query(clients, query, before)
        done = CREATED if before is None else CHANGED if differs else UNCHANGED
        yield Applied(kind="query", name=query.name, done=done)


def _put_query(clients: Clients, query: SavedQuery, before: Mapping[str, Any] | None) -> None:
    """With the id of the stored one it is replaced; without, a second of its name is made."""
    known = {"queryDefinitionId": before["queryDefinitionId"]} if before else {}
    clients.logs.put_query_definition(
        name=query.name, queryString=query.text, logGroupNames=list(query.log_groups), **known
    )


_STEPS: tuple[Callable[[Template, Clients], Iterator[Applied]], ...] = (
    _topic,
    _log_group,
    _tables,
    _alarms,
    _dashboards,
    _queries,
)
