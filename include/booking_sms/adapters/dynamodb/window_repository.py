"""``sms_windows``: what became of each store in each window. Missed is the absence of a row."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from booking_sms.adapters.dynamodb.expressions import Expression
from booking_sms.adapters.dynamodb.table import Row, Table
from booking_sms.adapters.dynamodb.table_schema import TableNames
from booking_sms.adapters.dynamodb.values import instant_of, instant_text
from booking_sms.domain.coverage import coverage_rank
from booking_sms.domain.window import CoverageStatus, HealedWindow, StoreCoverage, Window

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient


class DynamoDbWindowRepository:
    """Coverage by store and window."""

    def __init__(self, client: DynamoDBClient, tables: TableNames) -> None:
        self._table = Table(client, tables.windows)

    def record(self, coverage: StoreCoverage) -> None:
        """Write one store's coverage; a worse one than what is stored changes nothing."""
        row = _row_of(coverage)
        terms = Expression()
        absent = terms.is_absent("store_id")
        # Not worse: a failed re-run does not undo that the window was covered.
        no_better = terms.compares("rank", "<=", row["rank"])
        self._table.put_if(row, f"{absent} OR {no_better}", terms)

    def of_store(
        self, store_id: str, since: datetime, until: datetime
    ) -> tuple[StoreCoverage, ...]:
        """Coverage of a store with since <= as_of <= until, oldest first."""
        if since > until:
            return ()
        terms = Expression()
        span = f"{terms.value(instant_text(since))} AND {terms.value(instant_text(until))}"
        condition = f"{terms.equals('store_id', store_id)} AND {terms.name('as_of')} BETWEEN {span}"
        return tuple(_coverage_of(row) for row in self._table.query(condition, terms))


def _row_of(coverage: StoreCoverage) -> Row:
    return {
        "store_id": coverage.store_id,
        "as_of": instant_text(coverage.window.as_of),
        "status": coverage.status.value,
        "rank": coverage_rank(coverage.status),
        "bookings": coverage.bookings,
        "quarantined": coverage.quarantined,
        "reason": coverage.reason,
        "counts": [list(count) for count in coverage.counts],
        "heals": [_document_of(healed) for healed in coverage.heals],
        "reconstructed": coverage.reconstructed,
    }


def _document_of(healed: HealedWindow) -> list[Any]:
    return [instant_text(healed.window.as_of), [list(count) for count in healed.lost]]


def _healed_of(document: Sequence[Any]) -> HealedWindow:
    as_of, lost = document
    counts = tuple((str(rule), int(number)) for rule, number in lost)
    return HealedWindow(window=Window(instant_of(as_of)), lost=counts)


def _coverage_of(row: dict[str, Any]) -> StoreCoverage:
    return StoreCoverage(
        store_id=row["store_id"],
        window=Window(instant_of(row["as_of"])),
        status=CoverageStatus(row["status"]),
        bookings=row["bookings"],
        quarantined=row["quarantined"],
        reason=row["reason"],
        counts=tuple((name, number) for name, number in row["counts"]),
        # Rows that are older than these two attributes lack them.
        heals=tuple(map(_healed_of, row.get("heals", ()))),
        reconstructed=row.get("reconstructed", False),
    )
