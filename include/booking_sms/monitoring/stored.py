"""What the account has: alarms and saved queries of one prefix."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from booking_sms.monitoring.clients import Clients

if TYPE_CHECKING:
    from types_boto3_cloudwatch import CloudWatchClient
    from types_boto3_logs import CloudWatchLogsClient


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
