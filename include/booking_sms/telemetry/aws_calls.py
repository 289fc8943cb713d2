"""Listens to an AWS client: answer times, throttled attempts, and what a write was charged."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from booking_sms.telemetry.call_meter import DYNAMODB, SERVER_ERROR, CallMeter

WRITES = ("PutItem", "UpdateItem", "DeleteItem")
CONDITION_FAILED = "ConditionalCheckFailedException"
THROTTLES = frozenset({
    "LimitExceededException",
    "ProvisionedThroughputExceededException",
    "RequestLimitExceeded",
    "ThrottlingException",
})
_BEGUN = "booking_sms_begun"


def meter_dynamodb(client: Any, meter: CallMeter) -> None:
    """Note every call of this client from now on.

    Writes are asked to tell what they were charged: an answer that does not is charged nothing.
    """
    events = client.meta.events
    for operation in WRITES:
        events.register(f"provide-client-params.dynamodb.{operation}", _ask_for_charge)
    listener = _Listener(meter)
    events.register("before-call.dynamodb", listener.before)
    events.register("needs-retry.dynamodb", listener.attempted)
    events.register("after-call.dynamodb", listener.after)
    events.register("after-call-error.dynamodb", listener.failed)


def _ask_for_charge(params: Mapping[str, Any], **_: Any) -> dict[str, Any]:
    return {"ReturnConsumedCapacity": "TOTAL", **params}


class _Listener:
    """Turns botocore's events into notes; whatever a handler returned would steer retries."""

    def __init__(self, meter: CallMeter) -> None:
        self._meter = meter

    def before(self, context: dict[str, Any], **_: Any) -> None:
        context[_BEGUN] = time.perf_counter()

    def attempted(self, response: Any, **_: Any) -> None:
        """One attempt of a call; retries are other attempts."""
        parsed = response[1] if response else {}
        self._meter.note_throttles(int(_code(parsed) in THROTTLES))

    def after(self, http_response: Any, parsed: Any, model: Any, context: Any, **_: Any) -> None:
        status = http_response.status_code
        failed = status >= SERVER_ERROR or _code(parsed) in THROTTLES
        self._note(context, failed=failed)
        if model.name in WRITES:
            self._meter.note_write_units(_charged(parsed))

    def failed(self, context: Any, **_: Any) -> None:
        """A call without an answer."""
        self._note(context, failed=True)

    def _note(self, context: Any, *, failed: bool) -> None:
        took_ms = (time.perf_counter() - context[_BEGUN]) * 1000
        self._meter.note_call(DYNAMODB, took_ms, failed=failed)


def _charged(parsed: Mapping[str, Any]) -> float:
    """A failed condition is charged too, by at least one unit, and its answer does not say so."""
    if _code(parsed) == CONDITION_FAILED:
        return 1.0
    return float((parsed.get("ConsumedCapacity") or {}).get("CapacityUnits", 0))


def _code(parsed: Mapping[str, Any]) -> str:
    return str((parsed.get("Error") or {}).get("Code", ""))
