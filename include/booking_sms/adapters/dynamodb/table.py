"""One table and the few verbs that we use on it.

Reads are strongly consistent (an index cannot be) and follow all pages; a failed condition
is a plain False or None.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from booking_sms.adapters.dynamodb.errors import CONDITION_FAILED, error_code, store_errors
from booking_sms.adapters.dynamodb.expressions import Expression
from booking_sms.adapters.dynamodb.values import Item, from_item, to_item
from booking_sms.domain.errors import StoreThrottled

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient
    from types_boto3_dynamodb.type_defs import BatchGetItemOutputTypeDef

BATCH_KEYS = 100
BATCH_ROUNDS = 8
FIRST_PAUSE_S = 0.05

Row = dict[str, Any]
"""An item in plain Python values."""


class Table:
    """Reads and conditional writes on one table, in plain Python values."""

    def __init__(
        self, client: DynamoDBClient, name: str, *, sleep: Callable[[float], None] = time.sleep
    ) -> None:
        self._client = client
        self.name = name
        self._sleep = sleep

    def get(self, key: Mapping[str, Any]) -> Row | None:
        """Strongly consistent read of one item."""
        with store_errors(self.name):
            answer = self._client.get_item(
                TableName=self.name, Key=to_item(key), ConsistentRead=True
            )
        return from_item(answer["Item"]) if "Item" in answer else None

    def get_many(self, keys: Sequence[Mapping[str, Any]]) -> list[Row]:
        """Strongly consistent read of many items, in no order; absent ones are left out."""
        found: list[Row] = []
        for start in range(0, len(keys), BATCH_KEYS):
            found += self._get_batch([to_item(key) for key in keys[start : start + BATCH_KEYS]])
        return found

    def put(self, values: Mapping[str, Any]) -> None:
        """Write the item, whatever was there."""
        with store_errors(self.name):
            self._client.put_item(TableName=self.name, Item=to_item(values))

    def delete(self, key: Mapping[str, Any]) -> None:
        """Delete the item if it is there."""
        with store_errors(self.name):
            self._client.delete_item(TableName=self.name, Key=to_item(key))

    def delete_if(self, key: Mapping[str, Any], condition: str, terms: Expression) -> bool:
        """Delete the item if the condition holds; return whether it was deleted."""
        return self._conditional(
            lambda: self._client.delete_item(
                TableName=self.name,
                Key=to_item(key),
                ConditionExpression=condition,
                **terms.placeholders,
            )
        )

    def put_if(self, values: Mapping[str, Any], condition: str, terms: Expression) -> bool:
        """Write the item if the condition holds; return whether it was written."""
        return self._conditional(
            lambda: self._client.put_item(
                TableName=self.name,
                Item=to_item(values),
                ConditionExpression=condition,
                **terms.placeholders,
            )
        )

    def update(
        self,
        key: Mapping[str, Any],
        update: str,
        terms: Expression,
        *,
        condition: str | None = None,
    ) -> Row | None:
        """Update the item if the condition holds; return it as it is then, or None."""
        guard: dict[str, Any] = {"ConditionExpression": condition} if condition else {}
        after: list[Row] = []

        def write() -> None:
            answer = self._client.update_item(
                TableName=self.name,
                Key=to_item(key),
                UpdateExpression=update,
                ReturnValues="ALL_NEW",
                **guard,
                **terms.placeholders,
            )
            after.append(from_item(answer["Attributes"]))

        return after[0] if self._conditional(write) else None

    def query(self, condition: str, terms: Expression, *, index: str | None = None) -> list[Row]:
        """All items that match, all pages, in the order of the sort key."""
        pages = self._client.get_paginator("query").paginate(
            TableName=self.name,
            KeyConditionExpression=condition,
            **({"IndexName": index} if index else {"ConsistentRead": True}),
            **terms.placeholders,
        )
        with store_errors(self.name):
            return [from_item(item) for page in pages for item in page["Items"]]

    def scan(self, attributes: Sequence[str], condition: str, terms: Expression) -> Iterator[Row]:
        """Some attributes of all items that match. Reads the whole table: reports only."""
        pages = self._client.get_paginator("scan").paginate(
            TableName=self.name,
            ConsistentRead=True,
            ProjectionExpression=", ".join(terms.name(attribute) for attribute in attributes),
            FilterExpression=condition,
            **terms.placeholders,
        )
        with store_errors(self.name):
            for page in pages:
                yield from (from_item(item) for item in page["Items"])

    def scan_items(self) -> Iterator[Row]:
        """All items, whole, page by page. Reads the whole table: the audit only."""
        pages = self._client.get_paginator("scan").paginate(
            TableName=self.name, ConsistentRead=True
        )
        with store_errors(self.name):
            for page in pages:
                yield from (from_item(item) for item in page["Items"])

    def scan_pages(self) -> Iterator[list[Row]]:
        """All items, whole, each of the vendor's pages by itself: a shadow campaign only."""
        pages = self._client.get_paginator("scan").paginate(
            TableName=self.name, ConsistentRead=True
        )
        with store_errors(self.name):
            for page in pages:
                yield [from_item(item) for item in page["Items"]]

    def _get_batch(self, keys: list[Item]) -> list[Row]:
        """Read up to 100 items; what DynamoDB leaves unprocessed is asked again, with pauses."""
        found: list[Row] = []
        pause = FIRST_PAUSE_S
        for _ in range(BATCH_ROUNDS):
            answer = self._batch_get(keys)
            found += [from_item(item) for item in answer["Responses"].get(self.name, [])]
            left = answer.get("UnprocessedKeys", {}).get(self.name)
            if not left:
                return found
            keys = [dict(key) for key in left["Keys"]]
            self._sleep(pause)
            pause *= 2
        raise StoreThrottled(table=self.name, unprocessed=len(keys))

    def _batch_get(self, keys: list[Item]) -> BatchGetItemOutputTypeDef:
        with store_errors(self.name):
            return self._client.batch_get_item(
                RequestItems={self.name: {"Keys": keys, "ConsistentRead": True}}
            )

    def _conditional(self, write: Callable[[], object]) -> bool:
        try:
            with store_errors(self.name):
                write()
        except ClientError as error:
            if error_code(error) != CONDITION_FAILED:
                raise
            return False
        return True
