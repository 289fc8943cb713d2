"""The stored Naver session: our own encrypted item, beside LEGACY's item ``1``.

LEGACY's item is read in comparison mode only, to borrow its cookies, and never written.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from booking_sms.adapters.dynamodb.sealing import Sealer
from booking_sms.adapters.dynamodb.table import Row, Table
from booking_sms.adapters.dynamodb.table_schema import TableNames
from booking_sms.adapters.dynamodb.values import instant_of, instant_text
from booking_sms.ports import SessionRecord

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient

OUR_ID = "booking_sms"
LEGACY_ID = "1"


class DynamoDbSessionStore:
    """Our session item: cookies sealed, state and attempts readable for operators."""

    def __init__(self, client: DynamoDBClient, tables: TableNames, *, sealer: Sealer) -> None:
        self._table = Table(client, tables.session)
        self._sealer = sealer

    def load(self) -> SessionRecord | None:
        """Return the stored session or None.

        Cookies that no key opens are lost, and a login brings new ones; state and attempts
        stay, so that a changed key never resets the budget that guards the account.
        """
        row = self._table.get({"id": OUR_ID})
        return self._record_of(row) if row else None

    def save(self, record: SessionRecord) -> bool:
        """Write if it differs from what is stored or an old key sealed it; tell whether."""
        row = self._table.get({"id": OUR_ID})
        if row and self._record_of(row) == record and self._sealer.is_current(row["cookies"]):
            return False
        self._table.put(self._row_of(record))
        return True

    def _row_of(self, record: SessionRecord) -> Row:
        cookies = json.dumps([dict(cookie) for cookie in record.cookies], ensure_ascii=False)
        row = {
            "id": OUR_ID,
            "cookies": self._sealer.seal(cookies),
            "state": record.state,
            "failed_attempts": record.failed_attempts,
            "reason": record.reason,
        }
        instants = {"last_attempt_at": record.last_attempt_at, "renewed_at": record.renewed_at}
        return {**row, **{n: instant_text(at) for n, at in instants.items() if at is not None}}

    def _record_of(self, row: Mapping[str, Any]) -> SessionRecord:
        cookies = self._sealer.open(row["cookies"])
        return SessionRecord(
            cookies=tuple(json.loads(cookies)) if cookies is not None else (),
            state=row["state"] if cookies is not None else "EXPIRED",
            failed_attempts=row["failed_attempts"],
            last_attempt_at=_instant(row.get("last_attempt_at")),
            renewed_at=_instant(row.get("renewed_at")),
            reason=row["reason"] if cookies is not None else "no key opens the stored cookies",
        )


class BorrowedSessionStore:
    """LEGACY's cookies, read-only, for comparison mode. ``save`` never writes."""

    def __init__(self, client: DynamoDBClient, tables: TableNames) -> None:
        self._table = Table(client, tables.session)

    def load(self) -> SessionRecord | None:
        """LEGACY's session as it stands, or None when it is missing or unreadable."""
        row = self._table.get({"id": LEGACY_ID})
        cookies = _legacy_cookies(row.get("cookies")) if row else ()
        return SessionRecord(cookies=cookies, state="VALID") if cookies else None

    def save(self, record: SessionRecord) -> bool:
        """Write nothing: the session is LEGACY's."""
        return False


def _legacy_cookies(stored: object) -> tuple[Mapping[str, Any], ...]:
    """LEGACY stores a JSON array of browser cookies in a string."""
    try:
        cookies = json.loads(str(stored))
    except ValueError:
        return ()
    if not isinstance(cookies, list):
        return ()
    return tuple(cookie for cookie in cookies if isinstance(cookie, dict) and "name" in cookie)


def _instant(text: str | None) -> datetime | None:
    return instant_of(text) if text else None
