"""What DynamoDB would bill us: our own model of AWS's published rules.

No local engine counts the writes to an index, so the figure "7 units per delivered text" is
computed here, from the item before and after each write. On-demand, standard writes:

- a write costs one unit per started KB of the item, of the larger one when it replaces
  another; a failed condition costs the same, on the item that is there (1 if there is none);
- an index entry that appears or goes costs one unit per started KB of the entry; a changed
  index key costs both; an entry that stays as it is costs nothing;
- a read costs one unit per started 4 KB of what was read, half of that when it is eventually
  consistent; reading what is not there costs as much as a small item.
"""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from booking_sms.adapters.dynamodb.errors import CONDITION_FAILED, error_code
from booking_sms.adapters.dynamodb.table_schema import SCHEMAS, TableSchema
from booking_sms.adapters.dynamodb.values import AttributeValue, Item

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient

UNIT_BYTES = 1024
READ_UNIT_BYTES = 4096
NESTING_BYTES = 3
"""AWS's overhead of a list or map, with one byte more for each of its elements."""
OPEN_INDEX_KEYS = ("open_shard", "due_at")


@dataclass(frozen=True)
class WriteUnits:
    """Write units of the base table and of its index."""

    base: int = 0
    index: int = 0

    def __add__(self, other: WriteUnits) -> WriteUnits:
        return WriteUnits(self.base + other.base, self.index + other.index)

    @property
    def total(self) -> int:
        """What is billed."""
        return self.base + self.index


def item_bytes(item: Mapping[str, AttributeValue]) -> int:
    """Size of an item as AWS counts it: UTF-8 names and values."""
    return sum(len(name.encode()) + _value_bytes(value) for name, value in item.items())


def write_units(schema: TableSchema, before: Item | None, after: Item | None) -> WriteUnits:
    """Units of one write that turned ``before`` into ``after`` (None: there is no item)."""
    sizes = [item_bytes(item) for item in (before, after) if item is not None]
    return WriteUnits(_units(max(sizes, default=0)), _index_units(schema, before, after))


def read_units(size: int, *, is_strong: bool) -> float:
    """Units of reading one item, or one page of a query, of ``size`` bytes (0: nothing found)."""
    return max(1, -(-size // READ_UNIT_BYTES)) * (1.0 if is_strong else 0.5)


class MeteredClient:
    """A client that counts the units of each write in ``units``, by bare table name.

    It reads the item before and after the write, so it measures one writer at a time and
    slows it down: for tests, the bench and estimates, never for production.
    """

    def __init__(self, client: DynamoDBClient, prefix: str = "") -> None:
        self._client = client
        self._schemas = {prefix + schema.name: schema for schema in SCHEMAS}
        self._lock = threading.Lock()
        self.units: dict[str, WriteUnits] = defaultdict(WriteUnits)

    @property
    def total(self) -> WriteUnits:
        """Units of all tables."""
        return sum(self.units.values(), WriteUnits())

    def put_item(self, **request: Any) -> Any:
        """Put, and count."""
        return self._counted(self._client.put_item, request["Item"], request)

    def update_item(self, **request: Any) -> Any:
        """Update, and count."""
        return self._counted(self._client.update_item, request["Key"], request)

    def delete_item(self, **request: Any) -> Any:
        """Delete, and count."""
        return self._counted(self._client.delete_item, request["Key"], request)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._client, name)

    def _counted(self, call: Any, holder: Item, request: Mapping[str, Any]) -> Any:
        table = request["TableName"]
        schema = self._schemas[table]
        key = {name: holder[name] for name in schema.key_names}
        with self._lock:
            before = self._read(table, key)
            try:
                answer = call(**request)
            except ClientError as error:
                if error_code(error) == CONDITION_FAILED:
                    self.units[schema.name] += write_units(schema, before, before)
                raise
            self.units[schema.name] += write_units(schema, before, self._read(table, key))
            return answer

    def _read(self, table: str, key: Item) -> Item | None:
        answer = self._client.get_item(TableName=table, Key=key, ConsistentRead=True)
        return answer.get("Item")


def _index_units(schema: TableSchema, before: Item | None, after: Item | None) -> int:
    if not schema.has_open_index:
        return 0
    old, new = _index_entry(schema, before), _index_entry(schema, after)
    if old == new:
        return 0
    return sum(_units(item_bytes(entry)) for entry in (old, new) if entry is not None)


def _index_entry(schema: TableSchema, item: Item | None) -> Item | None:
    """The item's entry in the index, None when the item lacks a key of it."""
    if item is None or any(name not in item for name in OPEN_INDEX_KEYS):
        return None
    return {name: item[name] for name in (*schema.key_names, *OPEN_INDEX_KEYS)}


def _units(size: int) -> int:
    return max(1, -(-size // UNIT_BYTES))


def _value_bytes(attribute: AttributeValue) -> int:
    kind, value = next(iter(attribute.items()))
    if kind in ("BOOL", "NULL"):
        return 1
    if kind == "M":
        return NESTING_BYTES + item_bytes(value) + len(value)  # type: ignore[arg-type]
    if kind == "L":
        entries: list[AttributeValue] = list(value)  # type: ignore[call-overload]
        return NESTING_BYTES + sum(map(_value_bytes, entries)) + len(entries)
    if kind in ("SS", "NS", "BS"):
        members: list[Any] = list(value)  # type: ignore[call-overload]
        return sum(_scalar_bytes(kind[0], member) for member in members)
    return _scalar_bytes(kind, value)


def _scalar_bytes(kind: str, value: Any) -> int:
    if kind == "N":
        return _number_bytes(str(value))
    return len(value.encode()) if isinstance(value, str) else len(value)


def _number_bytes(text: str) -> int:
    """About one byte for two significant digits, one more, and one for a minus sign."""
    digits = text.lstrip("-").replace(".", "").strip("0")
    return (len(digits) + 1) // 2 + 1 + text.startswith("-")
