"""Keys and bytes of staged objects: the same in a folder and in a bucket."""

from __future__ import annotations

import gzip
import json
import re
from typing import Any

SUFFIX = ".json.gz"

_PART = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+:@=-]*")


def check_key(key: str) -> str:
    """Return a key that stays where it belongs; ValueError for ``..``, blanks and the like."""
    if not all(_PART.fullmatch(part) for part in key.split("/")):
        raise ValueError(f"not a key of the payload stage: {key!r}")
    return key


def pack(document: Any) -> bytes:
    """Compact JSON, gzipped: a tenth of the size, the same bytes for the same document."""
    text = json.dumps(document, separators=(",", ":"))
    return gzip.compress(text.encode("ascii"), compresslevel=5, mtime=0)


def unpack(data: bytes) -> Any:
    """The document that ``pack`` packed."""
    return json.loads(gzip.decompress(data))
