"""The predecessor's table as it used it: get, put, set one flag, scan. No timestamps in items."""

import hashlib
from collections.abc import Iterable
from typing import Any, Protocol

Row = dict[str, Any]
Key = tuple[str, str]


class Table(Protocol):
    """What a run needs of the ``sms`` table."""

    def get(self, key: Key) -> Row | None:
        """One row, or None."""
        ...

    def put(self, row: Row) -> None:
        """Write a whole row, over any other."""
        ...

    def set_flag(self, key: Key, flag: str) -> None:
        """Set one flag; makes a bare row where there is none, as the vendor does."""
        ...

    def pages(self) -> list[list[Row]]:
        """All rows as a scan returns them, page by page."""
        ...


class RowsInMemory:
    """The table of a rehearsal. ``page_rows`` stands for the scan's one megabyte."""

    def __init__(self, rows: Iterable[Row] = (), page_rows: int = 0) -> None:
        self.rows: dict[Key, Row] = {key_of(row): dict(row) for row in rows}
        self._page_rows = page_rows

    def get(self, key: Key) -> Row | None:
        """One row, or None."""
        return self.rows.get(key)

    def put(self, row: Row) -> None:
        """Write a whole row."""
        self.rows[key_of(row)] = dict(row)

    def set_flag(self, key: Key, flag: str) -> None:
        """Set one flag."""
        self.rows.setdefault(key, {"booking_num": key[0], "phone": key[1]})[flag] = True

    def pages(self) -> list[list[Row]]:
        """Rows in the order of their hashed key, cut as the scan's limit says."""
        rows = sorted(self.rows.values(), key=lambda row: scan_place(row["booking_num"]))
        size = self._page_rows or len(rows) or 1
        return [rows[start : start + size] for start in range(0, len(rows), size)] or [[]]


def key_of(row: Row) -> Key:
    """Primary key of a row."""
    return row["booking_num"], row["phone"]


def scan_place(booking_num: str) -> str:
    """Where a scan meets a partition: by a hash that has nothing to do with time or store."""
    return hashlib.sha256(booking_num.encode()).hexdigest()
