"""Looks for personal data where it must not be: Airflow's database, XCom files, every log."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from tempfile import NamedTemporaryFile


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
    with NamedTemporaryFile() as words:
        words.write(b"\n".join(sorted(spellings(canaries))))
        words.flush()
        hits = [(path, _hits(words.name, path)) for path in files]
    return [f"{path.name}: {count} canaries" for path, count in hits if count]


def _hits(words: str, path: Path) -> int:
    """How many different words a file holds; grep looks for ten thousand of them at once."""
    command = ["grep", "--text", "--only-matching", "--fixed-strings", "--file", words, str(path)]
    found = subprocess.run(command, capture_output=True, check=False, env={"LC_ALL": "C"})
    if found.returncode > 1:
        raise OSError(f"grep: {found.stderr.decode(errors='replace')}")
    return len(set(found.stdout.splitlines()))
