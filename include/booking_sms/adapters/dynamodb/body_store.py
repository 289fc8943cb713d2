"""``sms_bodies``: each text once, under the digest of its plain form, encrypted."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from booking_sms.adapters.dynamodb.expressions import Expression
from booking_sms.adapters.dynamodb.sealing import Sealer
from booking_sms.adapters.dynamodb.table import Row, Table
from booking_sms.adapters.dynamodb.table_schema import TableNames
from booking_sms.domain.errors import ConfigError
from booking_sms.domain.retention import FRESH_DAYS

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient

CURRENT, OLDER, LOST = "current", "older", "lost"
"""What a text's seal is of: the first key, another of ours, none of ours."""


class DynamoDbBodyStore:
    """Texts by sha256 of the plain text."""

    def __init__(self, client: DynamoDBClient, tables: TableNames, *, sealer: Sealer) -> None:
        self._table = Table(client, tables.bodies)
        self._sealer = sealer
        self._known: set[str] = set()

    def put(self, content: str) -> str:
        """Store the text if it is new, or not under the current key, or old; its sha256 hex.

        A known text costs no write unit, not even a failed one: a static guide is written
        once a fortnight, and looked up once per process. The date of its seal is what keeps
        erasure away until its job is in the table: a process that lives for weeks must not
        put with one store.
        """
        digest = hashlib.sha256(content.encode()).hexdigest()
        if digest not in self._known:
            while not self._is_fresh(row := self._table.get({"sha256": digest})):
                if self._write(digest, self._sealer.seal(content), row):
                    break
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

    def seals(self, *, renew: bool = False) -> Mapping[str, int]:
        """Number of texts by seal: ``current``, ``older``, ``lost``; reads the whole table.

        With ``renew`` an older seal is replaced, and counted as what it is then. The text keeps
        its age. An older key may go when nothing is ``older``.
        """
        counts = Counter({CURRENT: 0, OLDER: 0, LOST: 0})
        counts.update(self._seal_of(row, renew=renew) for row in self._table.scan_items())
        return dict(counts)

    def _is_fresh(self, row: Row | None) -> bool:
        return row is not None and self._sealer.is_current(row["sealed"], days=FRESH_DAYS)

    def _seal_of(self, row: Row, *, renew: bool) -> str:
        if self._sealer.is_current(row["sealed"]):
            return CURRENT
        sealed = self._sealer.renewed(row["sealed"])
        if sealed is None:
            return LOST
        if not renew:
            return OLDER
        self._write(row["sha256"], sealed, row, is_new=False)
        return CURRENT

    def _write(self, digest: str, sealed: str, read: Row | None, *, is_new: bool = True) -> bool:
        """Write over what was read; False if somebody else wrote, and what must not be new is gone.

        Two writers of one text leave one token: the second looks again.
        """
        terms = Expression()
        same = [terms.equals("sealed", read["sealed"])] if read else []
        absent = [terms.is_absent("sha256")] if is_new else []
        row = {"sha256": digest, "sealed": sealed}
        return self._table.put_if(row, " OR ".join([*absent, *same]), terms)
