"""From two reads of the predecessor's table to one window's record, and back from JSON."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from pydantic import TypeAdapter

from booking_sms.domain.errors import PhoneInvalid
from booking_sms.domain.ledger import FLAG_OF_KIND, LedgerRow
from booking_sms.parity.shadow.model import EVENT, Change, Decision, Reach, WindowSides
from booking_sms.parity.shadow.reach import reach_of
from booking_sms.pipeline.comparison import phone_digest

SnapshotRow = Mapping[str, Any]
Snapshot = Sequence[Sequence[SnapshotRow]]
"""The whole table, page by page: booking number, phone digest, start, flags. No person."""
PHONE_INVALID = PhoneInvalid.__name__
_SIDES = TypeAdapter(WindowSides)


def snapshot_row(row: LedgerRow, hmac_key: bytes) -> dict[str, Any]:
    """What is kept of a row: enough for a difference, nothing of the customer."""
    return {
        "number": row.booking_num,
        "phone": phone_digest(hmac_key, row.phone),
        "time": str(row.item.get("booking_time") or ""),
        "flags": {name: row.flag(name) for name in FLAG_OF_KIND.values() if name in row.item},
    }


def changes_between(before: Snapshot, after: Snapshot) -> tuple[Change, ...]:
    """Flags that turned, by booking, phone and kind; ordered, so that equal reads are equal."""
    known = {(row["number"], row["phone"]): row for row in _rows(before)}
    found: list[Change] = []
    for row in _rows(after):
        old = known.get((row["number"], row["phone"]))
        for kind, flag in FLAG_OF_KIND.items():
            was, is_now = bool(old and old["flags"].get(flag)), bool(row["flags"].get(flag))
            if was == is_now:
                continue
            found.append(
                Change(
                    booking_num=row["number"],
                    phone=row["phone"],
                    kind=kind,
                    booking_time=row["time"],
                    is_new_row=old is None,
                    went_back=was,
                )
            )
    return tuple(sorted(found, key=lambda one: (one.booking_num, one.phone, one.kind)))


def open_reach(snapshot: Snapshot, stores: Iterable[str]) -> dict[str, Reach]:
    """Ranges that the predecessor could derive from this table."""
    pages = (
        [(row["number"], row["time"]) for row in page if row["flags"].get("option_sms") is False]
        for page in snapshot
    )
    return reach_of(pages, stores)


def owners_of(snapshot: Snapshot) -> dict[str, str]:
    """The booking of each phone that stands in one booking's rows only."""
    found: dict[str, set[str]] = {}
    for row in _rows(snapshot):
        found.setdefault(row["phone"], set()).add(row["number"])
    return {phone: next(iter(numbers)) for phone, numbers in found.items() if len(numbers) == 1}


def decisions_of(plan: Mapping[str, Any]) -> tuple[Decision, ...]:
    """The candidate's side: a comparison plan's texts that the predecessor knows, too.

    The event's text is not compared to the letter: the law makes ours carry a label and a line
    for refusals, which the predecessor's never had.
    """
    return tuple(
        Decision(
            booking_num=item["booking_num"],
            phone=item["phone"],
            to=item["to"],
            kind=item["kind"],
            booking_time=item["booking_time"],
            body_sha="" if item["kind"] == EVENT else item["body_sha"],
            held=item["reason"] if item["reason"].startswith(PHONE_INVALID) else "",
        )
        for item in plan["items"]
        if item["kind"] in FLAG_OF_KIND
    )


def sides_as_json(sides: WindowSides) -> dict[str, Any]:
    """A record as JSON-able data."""
    return dict(_SIDES.dump_python(sides, mode="json"))


def sides_from_json(document: Mapping[str, Any]) -> WindowSides:
    """Read a record back; instants keep their zone."""
    return _SIDES.validate_python(dict(document))


def _rows(snapshot: Snapshot) -> Iterable[SnapshotRow]:
    return (row for page in snapshot for row in page)
