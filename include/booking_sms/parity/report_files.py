"""Writes what a run of parity leaves behind: the result, the table, the page, the past runs."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from booking_sms.parity.page import PAST_RUNS, PageSource, page
from booking_sms.parity.result import KIND, Result
from booking_sms.parity.table import rows_of, write_csv

RESULT, TABLE, PAGE, HISTORY = "result.json", "mismatches.csv", "report.html", "history.jsonl"


def write_report(folder: Path, source: PageSource) -> Path:
    """Write all files of a run; the page's path. Earlier runs of this folder are its trend.

    OSError if the folder cannot be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    past = read_history(folder)
    text = json.dumps(source.result, ensure_ascii=False, indent=2) + "\n"
    (folder / RESULT).write_text(text, encoding="utf-8")
    write_csv(rows_of(source.report), folder / TABLE)
    target = folder / PAGE
    target.write_text(page(replace(source, history=past)), encoding="utf-8")
    _write_history(folder, [*past, source.result])
    return target


def read_history(folder: Path) -> list[Result]:
    """Results of earlier runs, the oldest first; none of lines that are not such results."""
    try:
        lines = (folder / HISTORY).read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError):
        return []
    return list(_results(lines))


def _results(lines: Sequence[str]) -> Iterator[Result]:
    for line in lines:
        try:
            result = json.loads(line)
        except ValueError:  # the rest of a run that was killed while it wrote
            continue
        if isinstance(result, dict) and result.get("kind") == KIND:
            yield result


def _write_history(folder: Path, results: Sequence[Result]) -> None:
    lines = [json.dumps(result, ensure_ascii=False) for result in results[-PAST_RUNS:]]
    (folder / HISTORY).write_text("\n".join(lines) + "\n", encoding="utf-8")
