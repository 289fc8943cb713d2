"""Staged payloads in a folder: one gzipped JSON file a key, readable by nobody else.

Objects are immutable. A file appears whole or not at all, and a key is never written twice.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from booking_sms.adapters.stage.encoding import SUFFIX, check_key, pack, unpack
from booking_sms.domain.errors import PayloadConflict


class FilePayloadStage:
    """ports.PayloadStage below a folder (``file:///path``). The constructor does no I/O."""

    def __init__(self, url: str) -> None:
        self._root = Path(unquote(urlsplit(url).path))

    def write(self, key: str, document: Any) -> str:
        """Write JSON at a new key, mode 0600; PayloadConflict when the key is taken."""
        target = self._path(key)
        target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        handle, name = tempfile.mkstemp(dir=target.parent, prefix=".staging-")
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(pack(document))
                file.flush()
                os.fsync(file.fileno())
            os.link(name, target)  # unlike a rename, refuses an existing target
        except FileExistsError:
            raise PayloadConflict("a staged object is never overwritten", key=key) from None
        finally:
            os.unlink(name)
        return key

    def read(self, key: str) -> Any:
        """Read JSON; KeyError for an unknown key."""
        try:
            return unpack(self._path(key).read_bytes())
        except FileNotFoundError:
            raise KeyError(key) from None

    def list(self, prefix: str) -> tuple[str, ...]:
        """Keys that start with a prefix, sorted."""
        keys = (self._key(path) for path in self._entries() if path.name.endswith(SUFFIX))
        return tuple(sorted(key for key in keys if key.startswith(prefix)))

    def delete_older_than(self, days: int = 7, *, now: datetime) -> int:
        """Delete objects written more than ``days`` before ``now`` (real time); how many.

        Unfinished files and empty folders of that age go as well.
        """
        end = (now - timedelta(days=days)).timestamp()
        old = [path for path in self._entries() if path.stat().st_mtime < end]
        files = [path for path in old if path.is_file()]
        for path in files:
            path.unlink(missing_ok=True)
        for folder in (path for path in old if path.is_dir() and not any(path.iterdir())):
            folder.rmdir()
        return len(files)

    def _entries(self) -> Sequence[Path]:
        """Files and folders, the deepest first."""
        return sorted(self._root.rglob("*"), reverse=True)

    def _path(self, key: str) -> Path:
        return self._root / (check_key(key) + SUFFIX)

    def _key(self, path: Path) -> str:
        return path.relative_to(self._root).as_posix().removesuffix(SUFFIX)
