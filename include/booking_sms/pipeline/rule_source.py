"""One broken YAML file must not stop door codes: the last good catalog goes on, with an alert."""

from __future__ import annotations

import base64
import zlib
from collections.abc import Callable, Mapping
from typing import Any, Protocol

from pydantic import TypeAdapter, ValidationError

from booking_sms.domain.catalog import Catalog
from booking_sms.domain.errors import RuleInvalid

LAST_GOOD = "last-good-catalog"
_CATALOG = TypeAdapter(Catalog)


class Notes(Protocol):
    """The part of ControlRepository that keeps small state by name."""

    def put_note(self, name: str, value: Mapping[str, Any]) -> None:
        """Write a note."""
        ...

    def get_note(self, name: str) -> Mapping[str, Any] | None:
        """Read a note; None if absent."""
        ...


def catalog_or_last_good(load: Callable[[], Catalog], notes: Notes) -> tuple[Catalog, str | None]:
    """Load the catalog; where it is invalid, the last good one and the text of an alert.

    A good catalog is stored when its digest changed. Raises RuleInvalid when there is nothing
    to fall back on.
    """
    try:
        catalog = load()
    except RuleInvalid as error:
        return _last_good(notes, error), alert_text(error)
    stored = notes.get_note(LAST_GOOD)
    if stored is None or stored.get("digest") != catalog.digest:
        notes.put_note(LAST_GOOD, {"digest": catalog.digest, "packed": pack(catalog)})
    return catalog, None


def alert_text(error: RuleInvalid) -> str:
    """What the owner reads: the first problems, and that texts go on by the last good files."""
    problems = str(error).splitlines()
    shown = "\n".join(problems[:5])
    more = f"\n... and {len(problems) - 5} more" if len(problems) > 5 else ""
    return f"rules, messages or stores are invalid; the last good ones stay in use:\n{shown}{more}"


def _last_good(notes: Notes, error: RuleInvalid) -> Catalog:
    stored = notes.get_note(LAST_GOOD)
    if stored is None:
        raise error
    try:
        return unpack(str(stored["packed"]))
    except (KeyError, ValueError, zlib.error, ValidationError):
        raise RuleInvalid(f"{error}\nand the stored last good catalog cannot be read") from None


def pack(catalog: Catalog) -> str:
    """The catalog as compressed JSON text: one note of a table holds at most 400 KB."""
    return base64.b64encode(zlib.compress(_CATALOG.dump_json(catalog), 9)).decode()


def unpack(packed: str) -> Catalog:
    """The catalog of ``pack``; ValueError, zlib.error or ValidationError if it is damaged."""
    return _CATALOG.validate_json(zlib.decompress(base64.b64decode(packed)))
