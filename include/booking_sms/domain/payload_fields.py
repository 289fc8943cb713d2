"""The rest of a booking's payload, so that rules can read fields that Naver adds tomorrow."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

_ABSENT = object()


class PayloadFields(Mapping[str, Any]):
    """Read-only JSON object, addressed by top-level name or by dotted path.

    ``fields["snapshotJson"]["bizItemName"]`` and ``fields["snapshotJson.bizItemName"]`` are the
    same value; a number in a path indexes a list: ``snapshotJson.couponJson.0.couponName``.
    Iteration and length are those of the top level. ``repr`` shows names, never values.
    """

    __slots__ = ("_document",)

    def __init__(self, document: Mapping[str, Any] | None = None) -> None:
        self._document: Mapping[str, Any] = document or {}

    def __getitem__(self, path: str) -> Any:
        value = self._document.get(path, _ABSENT)
        if value is _ABSENT:
            value = self._document
            for part in path.split("."):
                value = _step(value, part)
                if value is _ABSENT:
                    raise KeyError(path)
        return value

    def __iter__(self) -> Iterator[str]:
        return iter(self._document)

    def __len__(self) -> int:
        return len(self._document)

    def __repr__(self) -> str:
        return f"PayloadFields({sorted(self._document)})"


def _step(value: Any, part: str) -> Any:
    if isinstance(value, Mapping):
        return value.get(part, _ABSENT)
    if isinstance(value, list) and part.isascii() and part.isdigit():
        return value[int(part)] if int(part) < len(value) else _ABSENT
    return _ABSENT
