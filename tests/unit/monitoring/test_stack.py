"""The template through CloudFormation: created, updated, left alone."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import boto3
import pytest
from botocore.exceptions import WaiterError
from botocore.stub import ANY, Stubber

from booking_sms.domain.errors import SettingsInvalid
from booking_sms.monitoring.clients import Clients
from booking_sms.monitoring.stack import StackChange, deploy_stack
from booking_sms.monitoring.template import Template, read_template

pytestmark = pytest.mark.slow

STACK, SET = "booking-sms", "booking-sms-1"
NAMES = {"StackName": STACK, "ChangeSetName": SET}
AT = datetime(2026, 3, 2, tzinfo=UTC)
CHANGE = {"Action": "Modify", "LogicalResourceId": "HeldJobsAlarm"}
CHANGES = [{"Type": "Resource", "ResourceChange": CHANGE}]
KEY = "monitoring/booking-sms-1.template.yaml"


@pytest.fixture
def template() -> Template:
    return read_template({"StageBucket": "stage"})


class Told:
    """CloudFormation that answers as it was told, in that order, and checks what it is asked."""

    def __init__(self) -> None:
        self.client = boto3.client(
            "cloudformation",
            region_name="ap-northeast-2",
            aws_access_key_id="test",
            aws_secret_access_key="test",
        )
        self.stubber = Stubber(self.client)
        self.bucket = boto3.client(
            "s3",
            region_name="ap-northeast-2",
            aws_access_key_id="test",
            aws_secret_access_key="test",
        )
        self.bucket_stubber = Stubber(self.bucket)

    def is_there(self, status: str | None) -> None:
        if status is None:
            self.stubber.add_client_error(
                "describe_stacks", "ValidationError", expected_params={"StackName": STACK}
            )
        else:
            self._described(status)

    def prepares(self, kind: str, status: str = "CREATE_COMPLETE", why: str = "") -> None:
        asked = {
            **NAMES,
            "ChangeSetType": kind,
            "TemplateURL": f"https://stage.s3.ap-northeast-2.amazonaws.com/{KEY}",
            "Parameters": ANY,
            "Capabilities": ["CAPABILITY_NAMED_IAM"],
        }
        put = {"Bucket": "stage", "Key": KEY, "Body": ANY}
        self.bucket_stubber.add_response("put_object", {}, put)
        self.stubber.add_response("create_change_set", {}, asked)
        answer = {"Status": status, "StatusReason": why, "Changes": CHANGES}
        self.stubber.add_response("describe_change_set", answer, NAMES)

    def executes(self, end: str) -> None:
        self.stubber.add_response("describe_change_set", {"Changes": CHANGES}, NAMES)
        self.stubber.add_response("execute_change_set", {}, NAMES)
        self._described(end)

    def _described(self, status: str) -> None:
        stack = {"StackName": STACK, "StackStatus": status, "CreationTime": AT}
        self.stubber.add_response("describe_stacks", {"Stacks": [stack]}, {"StackName": STACK})

    def deploy(self, template: Template) -> StackChange:
        nobody: Any = None
        clients = Clients(
            cloudwatch=nobody,
            logs=nobody,
            sns=nobody,
            dynamodb=nobody,
            s3=self.bucket,
            cloudformation=self.client,
            account="000000000000",
            region="ap-northeast-2",
        )
        with self.stubber, self.bucket_stubber:
            change = deploy_stack(clients, template, mark="1")
        self.stubber.assert_no_pending_responses()
        self.bucket_stubber.assert_no_pending_responses()
        return change


@pytest.mark.parametrize(
    "before",
    [pytest.param(None, id="nothing"), pytest.param("REVIEW_IN_PROGRESS", id="only a change set")],
)
def test_a_new_stack_is_created(template: Template, before: str | None) -> None:
    told = Told()
    told.is_there(before)
    told.prepares("CREATE")
    told.executes("CREATE_COMPLETE")

    change = told.deploy(template)

    assert change == StackChange(stack=STACK, done="created", changes=("Modify HeldJobsAlarm",))


def test_a_stack_that_is_there_is_updated(template: Template) -> None:
    told = Told()
    told.is_there("CREATE_COMPLETE")
    told.prepares("UPDATE")
    told.executes("UPDATE_COMPLETE")

    assert told.deploy(template).done == "updated"


def test_no_change_is_no_update(template: Template) -> None:
    told = Told()
    told.is_there("UPDATE_COMPLETE")
    told.prepares("UPDATE", "FAILED", "The submitted information didn't contain changes.")
    told.stubber.add_response("delete_change_set", {}, NAMES)

    assert told.deploy(template) == StackChange(stack=STACK, done="unchanged")


def test_a_refused_change_set_is_an_error(template: Template) -> None:
    told = Told()
    told.is_there(None)
    told.prepares("CREATE", "FAILED", "Template error")

    with pytest.raises(WaiterError):
        told.deploy(template)


def test_a_rollback_is_an_error(template: Template) -> None:
    told = Told()
    told.is_there("CREATE_COMPLETE")
    told.prepares("UPDATE")
    told.executes("UPDATE_ROLLBACK_COMPLETE")

    with pytest.raises(WaiterError):
        told.deploy(template)


def test_a_long_template_needs_a_bucket() -> None:
    told = Told()
    told.is_there(None)

    with pytest.raises(SettingsInvalid, match="StageBucket"):
        told.deploy(read_template())
