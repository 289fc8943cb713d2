"""The whole template through CloudFormation: one change set, created or updated, then executed.

For real accounts. A stand-in of AWS says CREATE_COMPLETE and makes no alarm.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError, WaiterError

from booking_sms.domain.errors import SettingsInvalid
from booking_sms.monitoring.clients import Clients
from booking_sms.monitoring.template import Template

CAPABILITY = "CAPABILITY_NAMED_IAM"
"""The template names its policies."""
NOTHING = ("didn't contain changes", "No updates are to be performed")
LONGEST_BODY = 51_200
WAIT = {"Delay": 5, "MaxAttempts": 120}


@dataclass(frozen=True, kw_only=True)
class StackChange:
    """What became of a stack. ``changes`` are "Action logical-id" of its resources."""

    stack: str
    done: str
    changes: tuple[str, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """JSON-able."""
        return {"stack": self.stack, "done": self.done, "changes": list(self.changes)}


def deploy_stack(clients: Clients, template: Template, *, mark: str) -> StackChange:
    """Create or update the stack named by the prefix. ``mark`` makes the change set's name new.

    Raises SettingsInvalid when the template has to go through a bucket and none is given.

    A change set without changes is removed again. botocore's errors are the caller's, WaiterError
    among them when CloudFormation rolled back.
    """
    client, stack = clients.cloudformation, template.prefix
    exists = _exists(client, stack)
    change_set = f"{stack}-{mark}"
    client.create_change_set(
        StackName=stack,
        ChangeSetName=change_set,
        ChangeSetType="UPDATE" if exists else "CREATE",
        **_body(clients, template, mark),
        Parameters=_parameters(template.parameters),
        Capabilities=[CAPABILITY],
    )
    if not _has_changes(client, stack, change_set):
        client.delete_change_set(StackName=stack, ChangeSetName=change_set)
        return StackChange(stack=stack, done="unchanged")
    changes = _changes(client, stack, change_set)
    client.execute_change_set(StackName=stack, ChangeSetName=change_set)
    waiter = "stack_update_complete" if exists else "stack_create_complete"
    client.get_waiter(waiter).wait(StackName=stack, WaiterConfig=WAIT)
    return StackChange(stack=stack, done="updated" if exists else "created", changes=changes)


def _body(clients: Clients, template: Template, mark: str) -> dict[str, str]:
    """CloudFormation takes a long template from a bucket only."""
    if len(template.text.encode()) <= LONGEST_BODY:
        return {"TemplateBody": template.text}
    bucket = template.parameters["StageBucket"]
    if not bucket:
        raise SettingsInvalid(
            f"CloudFormation takes more than {LONGEST_BODY} bytes from a bucket only: "
            "give --parameter StageBucket=NAME"
        )
    key = f"monitoring/{template.prefix}-{mark}.template.yaml"
    clients.s3.put_object(Bucket=bucket, Key=key, Body=template.text.encode())
    return {"TemplateURL": f"https://{bucket}.s3.{clients.region}.amazonaws.com/{key}"}


def _exists(client: Any, stack: str) -> bool:
    """A stack that only ever had a change set is still to be created."""
    try:
        (found,) = client.describe_stacks(StackName=stack)["Stacks"]
    except ClientError as error:
        if error.response["Error"]["Code"] == "ValidationError":
            return False
        raise
    return bool(found["StackStatus"] != "REVIEW_IN_PROGRESS")


def _parameters(values: Mapping[str, str]) -> list[dict[str, str]]:
    return [
        {"ParameterKey": name, "ParameterValue": value} for name, value in sorted(values.items())
    ]


def _has_changes(client: Any, stack: str, change_set: str) -> bool:
    try:
        client.get_waiter("change_set_create_complete").wait(
            StackName=stack, ChangeSetName=change_set, WaiterConfig=WAIT
        )
    except WaiterError as error:
        answer: Any = error.last_response
        if any(words in answer.get("StatusReason", "") for words in NOTHING):
            return False
        raise
    return True


def _changes(client: Any, stack: str, change_set: str) -> tuple[str, ...]:
    pages = client.get_paginator("describe_change_set").paginate(
        StackName=stack, ChangeSetName=change_set
    )
    found = (one["ResourceChange"] for page in pages for one in page["Changes"])
    return tuple(f"{one['Action']} {one['LogicalResourceId']}" for one in found)
