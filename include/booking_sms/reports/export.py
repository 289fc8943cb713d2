"""The rows of a report as files that a spreadsheet and a data frame open."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import TYPE_CHECKING, Any

from booking_sms.reports.texts import COLUMNS, TextReport

if TYPE_CHECKING:
    import pandas as pd


def csv_of(report: TextReport) -> str:
    """CSV with a header line; the aliases are Korean, so write it as UTF-8 with a mark."""
    out = io.StringIO()
    writer = csv.DictWriter(out, COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(row.as_dict() for row in report.rows)
    return out.getvalue()


def write_csv(report: TextReport, path: Path) -> None:
    """Write the CSV; the mark at its start is what makes Excel read Korean."""
    path.write_text(csv_of(report), encoding="utf-8-sig")


def write_parquet(report: TextReport, path: Path) -> None:
    """Write Parquet with the same columns; days are dates, and an empty report has its columns."""
    frame_of(report).to_parquet(path, engine="pyarrow", index=False)


def frame_of(report: TextReport) -> pd.DataFrame:
    """The rows as a frame with fixed types, whatever the rows say."""
    import pandas as pd

    frame = pd.DataFrame([row.as_dict() for row in report.rows], columns=list(COLUMNS))
    types: dict[str, Any] = dict.fromkeys(("store", "alias", "kind"), "str")
    counts = ("hour", "accepted", "delivered", "undelivered", "refused")
    frame = frame.astype({**types, **dict.fromkeys(counts, "int64"), "krw": "float64"})
    return frame.assign(day=pd.to_datetime(frame["day"]).dt.as_unit("ms"))
