"""Looks for personal data where it must not be: Airflow's database, XCom files, every log."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path


def spellings(canaries: Mapping[str, Iterable[str]]) -> set[bytes]:
    """Every canary as a file may hold it: plain or JSON-escaped."""
    words = {word for group in canaries.values() for word in group}
    escaped = {json.dumps(word)[1:-1] for word in words}
    return {word.encode() for word in words | escaped}


def files_of(folders: Iterable[Path]) -> Iterator[Path]:
    """Every file below these folders."""
    for folder in folders:
        yield from (path for path in folder.rglob("*") if path.is_file())


def leaks(canaries: Mapping[str, Iterable[str]], files: Iterable[Path]) -> list[str]:
    """Files that hold a canary, each with how many; the canaries themselves are not repeated."""
    words = spellings(canaries)
    found = []
    for path in files:
        content = path.read_bytes()
        hits = sum(word in content for word in words)
        if hits:
            found.append(f"{path.name}: {hits} canaries")
    return found
