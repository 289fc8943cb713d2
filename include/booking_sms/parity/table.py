"""Every difference as a row of a table, masked: for spreadsheets, and for the page's samples."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from booking_sms.parity.compare import ParityReport
from booking_sms.parity.differences import Difference
from booking_sms.parity.masking import masked
from booking_sms.parity.severity import severity_of

COLUMNS = (
    "status",
    "severity",
    "scenario",
    "channel",
    "field",
    "kind",
    "store",
    "expected",
    "actual",
)
Row = dict[str, str]
_FORMULA = ("=", "+", "-", "@")


def rows_of(report: ParityReport) -> list[Row]:
    """All differences, the unexplained first."""
    return [
        *_rows("unexplained", report.unexplained),
        *_rows("explained", report.explained),
        *_rows("noise", report.noise),
    ]


def write_csv(rows: list[Row], path: Path) -> None:
    """The rows as CSV, with a byte order mark so that Excel reads the Korean."""
    path.write_text(csv_of(rows, COLUMNS), encoding="utf-8-sig")


def csv_of(rows: Sequence[Mapping[str, Any]], columns: Sequence[str]) -> str:
    """Rows as CSV, in these columns; a table without a row has its head."""
    import pandas as pd

    frame = pd.DataFrame(rows, columns=list(columns)).fillna("").astype(str).map(_harmless)
    text: str = frame.to_csv(index=False)
    return text


def _rows(status: str, differences: Iterable[Difference]) -> list[Row]:
    return [
        {
            "status": status,
            "severity": severity_of(found),
            "scenario": found.scenario,
            "channel": found.channel,
            "field": found.path,
            "kind": found.kind,
            "store": found.store,
            "expected": _side(found, found.expected),
            "actual": _side(found, found.actual),
        }
        for found in differences
    ]


def _side(difference: Difference, value: object) -> str:
    return "" if value is None else masked(difference.path, value)


def _harmless(cell: str) -> str:
    """No cell may be taken for a formula."""
    return f"'{cell}" if cell.startswith(_FORMULA) else cell
