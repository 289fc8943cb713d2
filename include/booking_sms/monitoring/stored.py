"""What the account has: alarms and saved queries of one prefix, the topic, tables' recovery."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError
from botocore.session import get_session

from booking_sms.monitoring.clients import Clients

if TYPE_CHECKING:
    from types_boto3_cloudwatch import CloudWatchClient
    from types_boto3_logs import CloudWatchLogsClient


ON, OFF = "on", "off"
MISSING, UNSUPPORTED = "missing", "unsupported"
_NO_TABLE = frozenset({"TableNotFoundException", "ResourceNotFoundException"})
_UNKNOWN = frozenset({"UnknownOperationException", "InvalidAction", "NotImplemented", "501", "500"})
"""How stand-ins of AWS say that they have no such operation; AWS's own errors have names."""


def is_unknown_operation(error: ClientError) -> bool:
    """Whether the server does not know what was asked of it."""
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode")
    return status == 501 or error.response["Error"]["Code"] in _UNKNOWN


def stored_alarms(client: CloudWatchClient, prefix: str) -> dict[str, Mapping[str, Any]]:
    """Metric alarms by name, all pages."""
    pages = client.get_paginator("describe_alarms").paginate(
        AlarmNamePrefix=f"{prefix}-", AlarmTypes=["MetricAlarm"]
    )
    return {one["AlarmName"]: one for page in pages for one in page["MetricAlarms"]}


def stored_queries(clients: Clients, prefix: str) -> dict[str, Mapping[str, Any]] | None:
    """Saved queries by name, all pages; None where a stand-in of AWS knows no saved queries."""
    found: dict[str, Mapping[str, Any]] = {}
    token: dict[str, Any] = {}
    while True:
        try:
            page = clients.logs.describe_query_definitions(
                queryDefinitionNamePrefix=f"{prefix}/", **token
            )
        except ClientError as error:
            if clients.is_stand_in or is_unknown_operation(error):
                return None  # moto breaks down over it
            raise
        found |= {one["name"]: one for one in page["queryDefinitions"]}
        if not page.get("nextToken"):
            return found
        token = {"nextToken": page["nextToken"]}


def stored_retention(client: CloudWatchLogsClient, name: str) -> int | None:
    """Days that a log group keeps; 0 for ever, None if there is no such group."""
    pages = client.get_paginator("describe_log_groups").paginate(logGroupNamePrefix=name)
    groups = {one["logGroupName"]: one for page in pages for one in page["logGroups"]}
    return groups[name].get("retentionInDays", 0) if name in groups else None


@dataclass(frozen=True, kw_only=True)
class StoredTopic:
    """A topic, who may publish to it, and who hears."""

    arn: str
    policy: Mapping[str, Any]
    addresses: frozenset[str]


def stored_topic(clients: Clients, name: str) -> StoredTopic | None:
    """The topic of this name; None if there is none."""
    arn = f"arn:{_partition(clients.region)}:sns:{clients.region}:{clients.account}:{name}"
    try:
        attributes = clients.sns.get_topic_attributes(TopicArn=arn)["Attributes"]
    except ClientError as error:
        if error.response["Error"]["Code"] in ("NotFound", "NotFoundException"):
            return None
        raise
    pages = clients.sns.get_paginator("list_subscriptions_by_topic").paginate(TopicArn=arn)
    addresses = frozenset(one["Endpoint"] for page in pages for one in page["Subscriptions"])
    policy = json.loads(attributes.get("Policy", "{}"))
    return StoredTopic(arn=arn, policy=policy, addresses=addresses)


def recovery_of(clients: Clients, table: str) -> str:
    """Point-in-time recovery of a table: on, off, missing (no such table) or unsupported."""
    try:
        answer = clients.dynamodb.describe_continuous_backups(TableName=table)
    except ClientError as error:
        if error.response["Error"]["Code"] in _NO_TABLE:
            return MISSING
        if is_unknown_operation(error):
            return UNSUPPORTED
        raise
    backups = answer["ContinuousBackupsDescription"]
    state = backups.get("PointInTimeRecoveryDescription", {}).get("PointInTimeRecoveryStatus")
    return ON if state == "ENABLED" else OFF


def _partition(region: str) -> str:
    return get_session().get_partition_for_region(region)
