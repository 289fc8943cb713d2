"""``sms_bodies``: each text once, under the digest of its plain form, encrypted."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from booking_sms.adapters.dynamodb.expressions import Expression
from booking_sms.adapters.dynamodb.sealing import Sealer
from booking_sms.adapters.dynamodb.table import Table
from booking_sms.adapters.dynamodb.table_schema import TableNames
from booking_sms.domain.errors import ConfigError

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient


class DynamoDbBodyStore:
    """Texts by sha256 of the plain text."""

    def __init__(self, client: DynamoDBClient, tables: TableNames, *, sealer: Sealer) -> None:
        self._table = Table(client, tables.bodies)
        self._sealer = sealer
        self._known: set[str] = set()

    def put(self, content: str) -> str:
        """Store the text if it is new; return its sha256 hex.

        A known text costs no write unit, not even a failed one: a static guide is written
        once ever, and looked up once per process.
        """
        digest = hashlib.sha256(content.encode()).hexdigest()
        if digest not in self._known:
            if self._table.get({"sha256": digest}) is None:
                self._put_new(digest, content)
            self._known.add(digest)
        return digest

    def get(self, sha256: str) -> str:
        """Return the text; KeyError if unknown, ConfigError if no key of ours opens it."""
        row = self._table.get({"sha256": sha256})
        if row is None:
            raise KeyError(sha256)
        content = self._sealer.open(row["sealed"])
        if content is None:
            raise ConfigError("no encryption key opens this text", body=sha256)
        return content

    def get_many(self, sha256s: Sequence[str]) -> Mapping[str, str]:
        """Texts by sha256; what is unknown or opened by no key of ours is left out."""
        rows = self._table.get_many([{"sha256": sha256} for sha256 in sha256s])
        opened = {row["sha256"]: self._sealer.open(row["sealed"]) for row in rows}
        return {sha256: text for sha256, text in opened.items() if text is not None}

    def _put_new(self, digest: str, content: str) -> None:
        # Absent: two writers of one text must not leave two tokens, the second unread.
        terms = Expression()
        row = {"sha256": digest, "sealed": self._sealer.seal(content)}
        self._table.put_if(row, terms.is_absent("sha256"), terms)
