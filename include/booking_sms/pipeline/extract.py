"""Extract: one store's bookings of one window, staged as an immutable snapshot.

What travels between tasks is a key and counts. A cleared or repeated task extracts again under
the next free attempt; nothing that was staged is ever changed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from itertools import count
from typing import Any

from booking_sms.domain.booking import KST, Booking, BookingStatus
from booking_sms.domain.booking_document import (
    booking_from_document,
    booking_to_document,
    booking_version,
)
from booking_sms.domain.errors import PayloadConflict
from booking_sms.domain.window import Window
from booking_sms.ports import BookingSource, PayloadStage, QuarantinedBooking, StoreExtract

_PREFIX = "bookings"


@dataclass(frozen=True, kw_only=True)
class ExtractSummary:
    """One store's extract in counts. Names nobody, so that it may travel through XCom."""

    store: str
    window: str
    key: str
    bookings: int
    quarantined: int
    unknown_then: int
    api_calls: int
    reconstructed: bool = False

    def as_dict(self) -> dict[str, Any]:
        """The summary as plain JSON values."""
        return asdict(self)


@dataclass(frozen=True, kw_only=True)
class StagedStore:
    """A staged snapshot of one store, read back.

    ``unknown_then`` are bookings of a reconstructed window whose state at its as_of cannot be
    known; each is an outcome of its own and is never decided.
    """

    store_id: str
    window: str
    reconstructed: bool
    bookings: tuple[Booking, ...]
    quarantined: tuple[QuarantinedBooking, ...] = ()
    unknown_then: tuple[Booking, ...] = ()


def extract_store(
    source: BookingSource,
    stage: PayloadStage,
    window: Window,
    store_id: str,
    attempt: int,
    *,
    reconstruct: bool = False,
) -> ExtractSummary:
    """Fetch a store and stage what came; the summary holds the key and counts.

    ``reconstruct`` (backfill and repair only) keeps what is known to have held at the window's
    as_of. Raises the source's ExtractErrors: an error is never an empty store.
    """
    extract = source.fetch_store(store_id, window)
    kept, unknown = extract.bookings, tuple[Booking, ...]()
    if reconstruct:
        kept, unknown = as_of_filter(extract.bookings, window.as_of)
    document = _to_document(extract, window, kept, unknown, reconstruct=reconstruct)
    return ExtractSummary(
        store=store_id,
        window=window.name,
        key=_write_at_free_key(stage, window, store_id, attempt, document),
        bookings=len(kept),
        quarantined=len(extract.quarantined),
        unknown_then=len(unknown),
        api_calls=extract.api_calls,
        reconstructed=reconstruct,
    )


def staging_prefix(window: Window, store_id: str) -> str:
    """Prefix of all snapshots of one store and window."""
    return f"{_PREFIX}/{store_id}/{window.as_of.astimezone(KST):%Y%m%dT%H%M}/"


def find_snapshot(stage: PayloadStage, window: Window, store_id: str) -> str | None:
    """Key of the window's own snapshot: the first that was not reconstructed later, or None."""
    keys = stage.list(staging_prefix(window, store_id))
    for key in sorted(keys, key=_attempt_of):
        if not stage.read(key)["reconstructed"]:
            return key
    return None


def load_staged(stage: PayloadStage, key: str) -> StagedStore:
    """Read one snapshot back."""
    document = stage.read(key)
    return StagedStore(
        store_id=document["store_id"],
        window=document["window"],
        reconstructed=document["reconstructed"],
        bookings=tuple(map(booking_from_document, document["bookings"])),
        quarantined=tuple(QuarantinedBooking(**item) for item in document["quarantined"]),
        unknown_then=tuple(map(booking_from_document, document["unknown_then"])),
    )


def summary_of(staged: StagedStore, key: str) -> ExtractSummary:
    """The summary of a snapshot that was taken before: nothing is asked of Naver."""
    return ExtractSummary(
        store=staged.store_id,
        window=staged.window,
        key=key,
        bookings=len(staged.bookings),
        quarantined=len(staged.quarantined),
        unknown_then=len(staged.unknown_then),
        api_calls=0,
        reconstructed=staged.reconstructed,
    )


def load_bookings(stage: PayloadStage, keys: Iterable[str]) -> tuple[Booking, ...]:
    """Bookings of several snapshots, in the order of the keys, oldest visit first in each.

    The caller passes the keys in store-directory order, which is the order of decisions.
    """
    return tuple(booking for key in keys for booking in load_staged(stage, key).bookings)


def as_of_filter(
    bookings: Iterable[Booking], as_of: datetime
) -> tuple[tuple[Booking, ...], tuple[Booking, ...]]:
    """Today's bookings as they stood at an earlier instant: (kept, unknown then).

    A booking registered later is dropped. One whose status came later is kept with the status
    it had. When an instant that decides this is missing, nobody can know: unknown then. Moves
    of start, phone or options leave no instant; they show as they are today.
    """
    kept: list[Booking] = []
    unknown: list[Booking] = []
    for booking in bookings:
        if booking.registered_at is not None and booking.registered_at > as_of:
            continue
        status = _status_at(booking, as_of)
        if status is None:
            unknown.append(booking)
        else:
            kept.append(_as_it_stood(booking, status, as_of))
    return tuple(kept), tuple(unknown)


def _status_at(booking: Booking, as_of: datetime) -> BookingStatus | None:
    """The status at an instant, or None when the payload cannot tell."""
    since = booking.status_since
    if booking.registered_at is None or since is None:
        return None
    if since <= as_of:
        return booking.status
    confirmed_at = booking.confirmed_at
    if confirmed_at is None:
        return None
    return BookingStatus.CONFIRMED if confirmed_at <= as_of else BookingStatus.REQUESTED


def _as_it_stood(booking: Booking, status: BookingStatus, as_of: datetime) -> Booking:
    if status is booking.status:
        return booking
    earlier = replace(
        booking,
        status=status,
        confirmed_at=_if_past(booking.confirmed_at, as_of),
        cancelled_at=_if_past(booking.cancelled_at, as_of),
        completed_at=_if_past(booking.completed_at, as_of),
    )
    return replace(earlier, version=booking_version(earlier))


def _if_past(instant: datetime | None, as_of: datetime) -> datetime | None:
    return instant if instant is not None and instant <= as_of else None


def _to_document(
    extract: StoreExtract,
    window: Window,
    kept: Iterable[Booking],
    unknown: Iterable[Booking],
    *,
    reconstruct: bool,
) -> Mapping[str, Any]:
    return {
        "store_id": extract.store_id,
        "window": window.name,
        "reconstructed": reconstruct,
        "bookings": list(map(booking_to_document, kept)),
        "unknown_then": list(map(booking_to_document, unknown)),
        "quarantined": [asdict(item) for item in extract.quarantined],
        "payloads": list(extract.payloads),
    }


def _write_at_free_key(
    stage: PayloadStage, window: Window, store_id: str, attempt: int, document: Any
) -> str:
    """Stage under this attempt, or the next free one: a second run of a window has its own."""
    for number in count(attempt):
        try:
            return stage.write(f"{staging_prefix(window, store_id)}{number}", document)
        except PayloadConflict:
            continue
    raise AssertionError("unreachable: count() has no end")


def _attempt_of(key: str) -> int:
    return int(key.rpartition("/")[2])
