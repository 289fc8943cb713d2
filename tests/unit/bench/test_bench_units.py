"""Traffic as it went over the wire, and what it costs by operation."""

import json
from typing import Any

import pytest

from booking_sms.adapters.dynamodb.billing import WriteUnits
from booking_sms.bench.tape import StoreCall
from booking_sms.bench.units import EVENTUAL, STRONG, UnitMeter

KEY = {"booking_num": {"S": "900101_1"}, "sort_key": {"S": "guide#once#ab"}}
CLOSED = KEY | {"due_at": {"S": "2026"}}
OPEN = CLOSED | {"open_shard": {"N": "3"}, "state": {"S": "available"}}
JOBS, CONTROL = "x-sms_jobs", "x-sms_control"
REFUSED = {"Error": {"Code": "ConditionalCheckFailedException"}}


def call(operation: str, answer: Any = None, **request: Any) -> StoreCall:
    return StoreCall(operation, json.dumps(request).encode(), answer or {})


def put(item: Any, table: str = JOBS, answer: Any = None) -> StoreCall:
    return call("PutItem", answer, TableName=table, Item=item)


def update(after: Any, table: str = JOBS, key: Any = KEY) -> StoreCall:
    request = {"TableName": table, "Key": key, "ReturnValues": "ALL_NEW"}
    return call("UpdateItem", {"Attributes": after}, **request)


def state(name: str, item: Any = OPEN) -> Any:
    return item | {"state": {"S": name}}


def written(*calls: StoreCall) -> dict[str, WriteUnits]:
    meter = UnitMeter("x-")
    meter.count("dispatch", calls)
    return dict(meter.written)


def test_each_step_of_a_text_has_its_name() -> None:
    row = {"booking_num": {"S": "900101_1"}, "phone": {"S": "010"}}

    assert written(
        put(OPEN),
        update(state("sending")),
        update(state("accepted")),
        update(row, "x-sms", row),
        update(state("delivered", CLOSED)),
    ) == {
        "enqueue": WriteUnits(1, 1),
        "intent": WriteUnits(1),
        "accept": WriteUnits(1),
        "ledger": WriteUnits(1),
        "final": WriteUnits(1, 1),
    }


@pytest.mark.parametrize(
    ("another", "name"),
    [
        pytest.param(update(OPEN | {"reason": {"S": "why"}}), "other", id="no move"),
        pytest.param(update(state("held")), "other", id="a move that no text needs"),
        pytest.param(put(KEY | {"booking_num": {"S": "req#1"}}), "claim", id="claim"),
        pytest.param(put(OPEN, answer=REFUSED), "refused", id="failed condition"),
        pytest.param(put({"name": {"S": "counter#a"}}, CONTROL), "counters", id="counter"),
        pytest.param(put({"name": {"S": "texts#2026-03"}}, CONTROL), "counters", id="texts"),
        pytest.param(put({"name": {"S": "note#a"}}, CONTROL), "control", id="note"),
        pytest.param(put({"sha256": {"S": "a"}}, "x-sms_bodies"), "bodies", id="body"),
    ],
)
def test_any_other_write_is_seen(another: StoreCall, name: str) -> None:
    assert written(put(OPEN), another) == {"enqueue": WriteUnits(1, 1), name: WriteUnits(1)}


def test_a_throttled_write_is_not_billed() -> None:
    throttled = {"Error": {"Code": "ThrottlingException"}}

    assert written(put(OPEN, answer=throttled), put(OPEN)) == {"enqueue": WriteUnits(1, 1)}


@pytest.mark.parametrize(
    "unknown",
    [
        pytest.param(call("TransactWriteItems"), id="operation"),
        pytest.param(call("DeleteItem", TableName=JOBS, Key=KEY), id="what a delete left"),
        pytest.param(
            call("UpdateItem", {"Attributes": OPEN}, TableName=JOBS, Key=KEY), id="silent update"
        ),
    ],
)
def test_what_the_model_does_not_know_is_an_error(unknown: StoreCall) -> None:
    with pytest.raises(ValueError, match="does not know"):
        written(unknown)


def test_reads_are_counted_by_phase_and_consistency() -> None:
    big = {"booking_num": {"S": "b" * 5000}}
    keys = {"Keys": [KEY, KEY], "ConsistentRead": True}
    meter = UnitMeter("x-")

    meter.count("dispatch", [call("Query", {"Items": [KEY, KEY]}, TableName=JOBS, IndexName="o")])
    meter.count("dispatch", [call("GetItem", {"Item": big}, TableName=JOBS, ConsistentRead=True)])
    meter.count(
        "delivery",
        [call("BatchGetItem", {"Responses": {JOBS: [big]}}, RequestItems={JOBS: keys})],
    )

    assert meter.read == {
        "dispatch": {STRONG: 2.0, EVENTUAL: 0.5},
        "delivery": {STRONG: 3.0, EVENTUAL: 0.0},
    }
    assert not meter.written
