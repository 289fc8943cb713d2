"""``sms_plans``: previews, approvals and comparison plans.

A plan is compressed and cut into parts of its own, so that its size has no limit; the head
item is written last and names the parts by content, so a reader never sees half a plan.
"""

from __future__ import annotations

import hashlib
import json
import zlib
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from booking_sms.adapters.dynamodb.table import Table
from booking_sms.adapters.dynamodb.table_schema import TableNames
from booking_sms.domain.errors import StoreUnavailable

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient

PART_BYTES = 350_000
"""Below DynamoDB's 400 KB an item, with room for keys."""


class DynamoDbPlanRepository:
    """Plans by id. Nothing here can become sendable: dispatch reads another table."""

    def __init__(self, client: DynamoDBClient, tables: TableNames) -> None:
        self._table = Table(client, tables.plans)

    def put(self, plan_id: str, plan: Mapping[str, Any]) -> None:
        """Store a JSON-able plan, or replace it."""
        packed = zlib.compress(json.dumps(plan, ensure_ascii=False).encode())
        first, *rest = _cut(packed)
        parts = {_part_name(plan_id, number, part): part for number, part in enumerate(rest)}
        replaced = self._table.get({"plan_id": plan_id}) or {}
        for name, part in parts.items():
            self._table.put({"plan_id": name, "packed": part})
        self._table.put({"plan_id": plan_id, "packed": first, "parts": list(parts)})
        for name in replaced.get("parts", []):
            if name not in parts:
                self._table.delete({"plan_id": name})

    def get(self, plan_id: str) -> Mapping[str, Any] | None:
        """Read a plan; None if absent, StoreUnavailable while it is being replaced."""
        head = self._table.get({"plan_id": plan_id})
        if head is None:
            return None
        rows = self._table.get_many([{"plan_id": name} for name in head["parts"]])
        packed = {row["plan_id"]: row["packed"] for row in rows}
        if missing := [name for name in head["parts"] if name not in packed]:
            raise StoreUnavailable("a plan lacks parts", plan=plan_id, missing=len(missing))
        whole = b"".join((head["packed"], *(packed[name] for name in head["parts"])))
        return json.loads(zlib.decompress(whole))  # type: ignore[no-any-return]


def _cut(packed: bytes) -> list[bytes]:
    return [packed[start : start + PART_BYTES] for start in range(0, len(packed), PART_BYTES)]


def _part_name(plan_id: str, number: int, part: bytes) -> str:
    return f"{plan_id}#{number}#{hashlib.sha256(part).hexdigest()[:16]}"
