"""Files that are either the old content or the new one, never half of it."""

import os
from pathlib import Path

PRIVATE = 0o600


def write_atomically(path: Path, text: str, mode: int = PRIVATE) -> None:
    """Replace ``path`` with ``text`` in one step; only the owner may read it."""
    beside = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
    with os.fdopen(descriptor, "w", encoding="utf-8") as handle:
        handle.write(text)
    beside.replace(path)
