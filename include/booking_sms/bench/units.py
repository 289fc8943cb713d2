"""What the recorded traffic would be billed, by operation: enqueue, intent, accept and so on.

Nothing is read for it. What an item is after a write stands in the request of a put and in the
answer of an update; what it was before is what the write before left. So the tables must be
empty when the first tape begins, and nobody else may write to them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

from booking_sms.adapters.dynamodb.billing import WriteUnits, item_bytes, read_units, write_units
from booking_sms.adapters.dynamodb.errors import CONDITION_FAILED
from booking_sms.adapters.dynamodb.table_schema import SCHEMAS
from booking_sms.adapters.dynamodb.values import Item
from booking_sms.bench.tape import StoreCall

OPERATIONS = ("enqueue", "intent", "accept", "ledger", "final")
"""The writes of a text's way, in order (docs/architecture.md)."""
APART = ("bodies", "counters")
"""Shared by many texts: a body is written once, a counter once a block."""
COUNTERS = ("counter#", "texts#")
"""How the names of counters begin in ``sms_control``."""
MOVES = {"sending": "intent", "accepted": "accept", "delivered": "final", "undelivered": "final"}
STRONG, EVENTUAL = "strong", "eventual"


class UnitMeter:
    """Adds up units of write and read; tapes must come in the order in which they were made."""

    def __init__(self, prefix: str) -> None:
        self._schemas = {prefix + schema.name: schema for schema in SCHEMAS}
        self._items: dict[tuple[str, ...], Item] = {}
        self.written: dict[str, WriteUnits] = defaultdict(WriteUnits)
        self.read: dict[str, dict[str, float]] = {}
        self._read_now: dict[str, float] = {}

    def count(self, phase: str, calls: Iterable[StoreCall]) -> None:
        """Add the calls of a phase: writes by operation, reads by phase and consistency.

        Raises ValueError for a call that the billing model does not know.
        """
        self._read_now = self.read.setdefault(phase, {STRONG: 0.0, EVENTUAL: 0.0})
        for call in calls:
            if call.is_write:
                self._count_write(call)
            else:
                self._count_read(call)

    # -- writes -------------------------------------------------------------------------------

    def _count_write(self, call: StoreCall) -> None:
        """A failed condition is billed, a throttled or refused request is not."""
        schema = self._schemas[call.request["TableName"]]
        key = self._key_of(call)
        before = self._items.get(key)
        if call.error_code:
            if call.error_code == CONDITION_FAILED:
                self.written["refused"] += write_units(schema, before, before)
            return
        after = item_after(call)
        name = operation_of(schema.name, key[1], before, after)
        self.written[name] += write_units(schema, before, after)
        self._items[key] = after

    def _key_of(self, call: StoreCall) -> tuple[str, ...]:
        table = call.request["TableName"]
        holder = call.request["Item" if call.operation == "PutItem" else "Key"]
        return (table, *(str(holder[name]["S"]) for name in self._schemas[table].key_names))

    # -- reads --------------------------------------------------------------------------------

    def _count_read(self, call: StoreCall) -> None:
        if call.error_code:
            return
        if call.operation == "BatchGetItem":
            self._count_batch(call)
        elif call.operation == "GetItem":
            self._add_read(item_bytes(call.answer.get("Item", {})), call.request)
        elif call.operation in ("Query", "Scan"):
            self._add_read(sum(map(item_bytes, call.answer["Items"])), call.request)
        else:
            raise ValueError(f"the billing model does not know {call.operation}")

    def _count_batch(self, call: StoreCall) -> None:
        """Each item is rounded up by itself; one that is not there costs a unit too."""
        for table, asked in call.request["RequestItems"].items():
            found = call.answer["Responses"].get(table, [])
            absent = len(asked["Keys"]) - len(found)
            for size in [*map(item_bytes, found), *([0] * absent)]:
                self._add_read(size, asked)

    def _add_read(self, size: int, asked: Mapping[str, Any]) -> None:
        is_strong = bool(asked.get("ConsistentRead"))
        name = STRONG if is_strong else EVENTUAL
        self._read_now[name] += read_units(size, is_strong=is_strong)


def item_after(call: StoreCall) -> Item:
    """The item that a write left. Raises ValueError if neither request nor answer tell."""
    if call.operation == "PutItem":
        item: Item = call.request["Item"]
        return item
    if call.operation == "UpdateItem" and call.request.get("ReturnValues") == "ALL_NEW":
        item = call.answer["Attributes"]
        return item
    raise ValueError(f"the billing model does not know what {call.operation} left")


def operation_of(table: str, key: str, before: Item | None, after: Item) -> str:
    """Which step of a text's way wrote this; ``other`` and ``control`` should not occur.

    ``table`` is the bare name and ``key`` the partition key.
    """
    if table == "sms_jobs":
        return "claim" if key.startswith("req#") else _job_step(before, after)
    if table == "sms_control":
        return "counters" if key.startswith(COUNTERS) else "control"
    return {"sms": "ledger", "sms_bodies": "bodies"}.get(table, "other")


def _job_step(before: Item | None, after: Item) -> str:
    """By the states on both sides: a write that leaves the state as it was is no step."""
    if before is None:
        return "enqueue"
    old, new = (str(item.get("state", {}).get("S", "")) for item in (before, after))
    return MOVES.get(new, "other") if new != old else "other"
