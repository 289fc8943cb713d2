"""What a store's bookings were in a window that is over: its own snapshot, else reconstructed.

Read once per store and kind of fetch plan, however many windows a repair covers.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from booking_sms.domain.booking import Booking
from booking_sms.domain.errors import BookingSmsError, ConfigError
from booking_sms.domain.fetch_plan import FetchQuery, fetch_plan
from booking_sms.domain.window import CoverageStatus, StoreCoverage, Window
from booking_sms.pipeline.extract import as_of_filter, find_snapshot, load_staged
from booking_sms.ports import BookingSource, PayloadStage, StoreExtract

RECONSTRUCTED, QUARANTINED, UNKNOWN_THEN = "reconstructed", "quarantined", "unknown_then"


@dataclass(frozen=True, kw_only=True)
class PastStore:
    """One store as of a window; ``unknown_then`` are bookings whose state nobody can know."""

    store_id: str
    window: Window
    bookings: tuple[Booking, ...] = field(repr=False)
    unknown_then: tuple[Booking, ...] = field(default=(), repr=False)
    quarantined: int = 0
    reconstructed: bool = False

    def coverage(self) -> StoreCoverage:
        """Its row of ``sms_windows`` once the repair was executed.

        Reconstructed facts are named; what makes the window partial is what nobody could read.
        """
        counts = {QUARANTINED: self.quarantined, UNKNOWN_THEN: len(self.unknown_then)}
        causes = {name: number for name, number in counts.items() if number}
        told = ([RECONSTRUCTED] if self.reconstructed else []) + list(causes)
        return StoreCoverage(
            store_id=self.store_id,
            window=self.window,
            status=CoverageStatus.PARTIAL if causes else CoverageStatus.COVERED,
            bookings=len(self.bookings),
            quarantined=self.quarantined,
            reason=", ".join(told),
            counts=tuple(causes.items()),
            reconstructed=self.reconstructed,
        )


class PastReader:
    """Reads stores of past windows. ``failed`` is {store: error code}; it is not asked again."""

    def __init__(self, source: BookingSource, stage: PayloadStage) -> None:
        self._source = source
        self._stage = stage
        self._extracts: dict[tuple[str, tuple[FetchQuery, ...]], StoreExtract] = {}
        self.failed: dict[str, str] = {}

    def read(self, window: Window, store_id: str) -> PastStore | None:
        """The store as of the window; None when it could not be read. Raises ConfigError."""
        key = find_snapshot(self._stage, window, store_id)
        if key is not None:
            staged = load_staged(self._stage, key)
            return PastStore(
                store_id=store_id,
                window=window,
                bookings=staged.bookings,
                unknown_then=staged.unknown_then,
                quarantined=len(staged.quarantined),
            )
        extract = self._extract(window, store_id)
        return None if extract is None else _reconstructed(extract, window)

    def _extract(self, window: Window, store_id: str) -> StoreExtract | None:
        if store_id in self.failed:
            return None
        key = (store_id, tuple(fetch_plan(window).queries))
        try:
            if key not in self._extracts:
                self._extracts[key] = self._source.fetch_store(store_id, window)
        except ConfigError:
            raise  # not this store's fault: none would come
        except BookingSmsError as error:
            self.failed[store_id] = error.code
            return None
        return self._extracts[key]


def _reconstructed(extract: StoreExtract, window: Window) -> PastStore:
    kept, unknown = as_of_filter(extract.bookings, window.as_of)
    return PastStore(
        store_id=extract.store_id,
        window=window,
        bookings=kept,
        unknown_then=unknown,
        quarantined=len(extract.quarantined),
        reconstructed=True,
    )
