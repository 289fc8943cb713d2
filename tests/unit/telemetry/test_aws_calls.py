"""What an AWS client's traffic tells: times, throttled attempts, write units."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from botocore.awsrequest import AWSResponse
from botocore.exceptions import ClientError, EndpointConnectionError

from booking_sms.adapters.dynamodb import make_client
from booking_sms.telemetry.aws_calls import meter_dynamodb
from booking_sms.telemetry.call_meter import DYNAMODB, CallMeter

pytestmark = pytest.mark.slow

KEY = {"name": {"S": "x"}}


class Dynamo:
    """DynamoDB as a list of answers: (status, document), or an error to raise."""

    def __init__(self) -> None:
        self.answers: list[Any] = []
        self.asked: list[dict[str, Any]] = []

    def __call__(self, request: Any, **_: Any) -> AWSResponse:
        self.asked.append(json.loads(request.body))
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        status, document = answer
        response = AWSResponse(request.url, status, {}, None)
        response._content = json.dumps(document).encode()
        return response


@pytest.fixture
def dynamo() -> Dynamo:
    return Dynamo()


@pytest.fixture
def meter() -> CallMeter:
    return CallMeter()


@pytest.fixture
def put(dynamo: Dynamo, meter: CallMeter) -> Callable[[], Any]:
    client = make_client(region="ap-northeast-2", access_key_id="x", secret_access_key="x")
    meter_dynamodb(client, meter)
    client.meta.events.register("before-send.dynamodb", dynamo)
    return lambda: client.put_item(TableName="t", Item=KEY)


def refusal(code: str) -> tuple[int, dict[str, str]]:
    return 400, {"__type": f"com.amazonaws.dynamodb.v20120810#{code}", "message": ""}


def test_a_write_tells_its_time_and_its_units(
    dynamo: Dynamo, meter: CallMeter, put: Callable[[], Any]
) -> None:
    dynamo.answers = [(200, {"ConsumedCapacity": {"TableName": "t", "CapacityUnits": 2.0}})]
    put()
    taken = meter.take()

    assert dynamo.asked[0]["ReturnConsumedCapacity"] == "TOTAL"
    assert taken.write_units == 2
    assert len(taken.calls[DYNAMODB].times_ms) == 1
    assert taken.calls[DYNAMODB].failed == 0


def test_each_throttled_attempt_counts_and_the_call_is_one(
    dynamo: Dynamo, meter: CallMeter, put: Callable[[], Any]
) -> None:
    throttle = refusal("ProvisionedThroughputExceededException")
    dynamo.answers = [throttle, throttle, (200, {})]
    put()
    taken = meter.take()

    assert taken.throttles == 2
    assert (len(taken.calls[DYNAMODB].times_ms), taken.calls[DYNAMODB].failed) == (1, 0)


def test_a_failed_condition_is_an_answer_and_costs_a_unit(
    dynamo: Dynamo, meter: CallMeter, put: Callable[[], Any]
) -> None:
    dynamo.answers = [refusal("ConditionalCheckFailedException")]
    with pytest.raises(ClientError):
        put()
    taken = meter.take()

    assert (taken.calls[DYNAMODB].failed, taken.write_units, taken.throttles) == (0, 1, 0)


def test_no_answer_is_a_failed_call(
    dynamo: Dynamo, meter: CallMeter, put: Callable[[], Any]
) -> None:
    dynamo.answers = [EndpointConnectionError(endpoint_url="http://127.0.0.1:1")] * 3
    with pytest.raises(EndpointConnectionError):
        put()

    assert meter.take().calls[DYNAMODB].failed == 1
