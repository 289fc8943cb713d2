"""How commands speak: JSON on ``--json``, a table otherwise, one clear line on errors."""

from __future__ import annotations

import io
import json
import logging
import sys
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, TypeVar

import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import track
from rich.table import Table

from booking_sms.telemetry.log_stream import log_to

T = TypeVar("T")
JsonOption = typer.Option(False, "--json", help="Machine-readable output on stdout.")
INSTANT = "2026-03-02T14:00:00+09:00"
"""How an instant is written."""
out = Console()
err = Console(stderr=True)


def log_to_stderr(secrets: Iterable[str] = ()) -> None:
    """Logs are JSON lines on stderr: stdout belongs to the command's own answer.

    A person at a terminal sees warnings and errors; a file or a collector gets everything.
    """
    level = logging.WARNING if sys.stderr.isatty() else logging.INFO
    log_to(CurrentStderr(), secrets, level=level)


class CurrentStderr(io.TextIOBase):
    """Whatever stderr is when a line is written: who redirects it closes it afterwards."""

    def write(self, text: str) -> int:
        """As of any text stream."""
        return sys.stderr.write(text)

    def flush(self) -> None:
        """As of any text stream."""
        sys.stderr.flush()


def print_json(document: Any) -> None:
    """Print one JSON document on stdout, readable Korean included."""
    sys.stdout.write(json.dumps(document, ensure_ascii=False, default=str) + "\n")


def print_table(title: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Print a table; an empty one says so."""
    table = Table(title=title, title_justify="left", header_style="bold")
    for column in columns:
        table.add_column(column)
    for row in rows:
        table.add_row(*(str(cell) for cell in row))
    out.print(table if table.row_count else f"{title}: nothing")


def print_facts(title: str, facts: Mapping[str, Any], *, as_json: bool) -> None:
    """Print a mapping as JSON or as a two-column table."""
    if as_json:
        print_json(dict(facts))
    else:
        print_table(
            title, ("what", "value"), ((key, _plain(value)) for key, value in facts.items())
        )


def _plain(value: Any) -> str:
    return (
        json.dumps(value, ensure_ascii=False)
        if isinstance(value, dict | list | tuple)
        else str(value)
    )


def tracked(items: Sequence[T], what: str) -> Iterable[T]:
    """A progress bar on stderr for long work, nothing where nobody watches."""
    return track(items, description=what, console=err, transient=True, disable=not err.is_terminal)


def instant_of(option: str, text: str) -> datetime:
    """The aware ISO instant that an option was given; one clear line otherwise."""
    try:
        instant = datetime.fromisoformat(text)
    except ValueError:
        raise fail(f"{option}: not an ISO instant: {text!r}; write for example {INSTANT}") from None
    if instant.tzinfo is None:
        raise fail(f"{option}: {text!r} has no offset; write for example {INSTANT}")
    return instant


def fail(message: str, *, code: int = 2) -> typer.Exit:
    """Print one line on stderr and return the exit to raise."""
    line = f"[red]booking-sms:[/red] {escape(message)}"
    err.print(line, highlight=False, soft_wrap=True)
    return typer.Exit(code)
