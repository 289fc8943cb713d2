"""What became of every window of a store: the rows of ``sms_windows``, and what their absence says.

``window_ledger`` is pure; ``read_window_ledger`` reads the rows that it needs.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from itertools import groupby
from typing import Any

from booking_sms.domain.window import (
    WINDOW_LENGTH,
    CoverageStatus,
    HealedWindow,
    StoreCoverage,
    Window,
    windows_between,
)
from booking_sms.pipeline.gaps import HISTORY, LOOK_BACK
from booking_sms.ports import WindowRepository

_INSTANT = timedelta(seconds=1)


class WindowState(StrEnum):
    """How a store's window stands now."""

    COVERED = "covered"
    PARTIAL = "partial"
    REPAIRED = "repaired"  # covered later, after it had been missed
    SUBSUMED = "subsumed"  # missed; a later window decided all that it would have
    LOST = "lost"  # missed; some of its messages nobody else decided
    FAILED = "failed"  # and no later window was decided yet
    MISSED = "missed"  # nothing was written, and no later window was decided yet


UNHEALED = frozenset({WindowState.FAILED, WindowState.MISSED, WindowState.LOST})
"""States that a person may want to repair."""


@dataclass(frozen=True, kw_only=True)
class WindowEntry:
    """One window of one store. ``lost`` counts messages by rule; ``healed_by`` is a window name."""

    store_id: str
    window: Window
    state: WindowState
    reason: str = ""
    bookings: int = 0
    quarantined: int = 0
    reconstructed: bool = False
    healed_by: str = ""
    lost: tuple[tuple[str, int], ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """JSON-able."""
        return {
            "store": self.store_id,
            "window": self.window.name,
            "state": self.state.value,
            "reason": self.reason,
            "bookings": self.bookings,
            "quarantined": self.quarantined,
            "reconstructed": self.reconstructed,
            "healed_by": self.healed_by,
            "lost": dict(self.lost),
        }


def window_ledger(
    rows: Iterable[StoreCoverage],
    store_id: str,
    since: datetime,
    until: datetime,
    now: datetime,
) -> tuple[WindowEntry, ...]:
    """Every window of a store with since <= as_of <= until, oldest first.

    ``rows`` reach a day beyond ``until``, where what healed a window is written. A window that
    has no row is not missed before one more interval has passed after its end.
    """
    known = {row.window: row for row in rows}
    healed = _healed(known.values())
    due = until if until + WINDOW_LENGTH <= now else now - WINDOW_LENGTH
    expected = dict.fromkeys(windows_between(since, due))
    written = [window for window in known if since <= window.as_of <= until]
    return tuple(
        _entry(store_id, window, known.get(window), healed.get(window))
        for window in sorted({*expected, *written})
    )


def read_window_ledger(
    windows: WindowRepository,
    store_id: str,
    since: datetime,
    until: datetime,
    now: datetime,
    effective_from: datetime | None = None,
) -> tuple[WindowEntry, ...]:
    """The ledger of a store from its rows; nothing is missed before the first day.

    That is ``effective_from``, and the store's first row where it has one. A store without any
    row has missed every window.
    """
    rows = windows.of_store(store_id, since, until + LOOK_BACK * WINDOW_LENGTH)
    first = max(since, effective_from) if effective_from else since
    if rows and not windows.of_store(store_id, since - HISTORY, since - _INSTANT):
        first = max(first, rows[0].window.as_of)
    return window_ledger(rows, store_id, first, until, now)


Healing = tuple[HealedWindow, str]


def _healed(rows: Iterable[StoreCoverage]) -> Mapping[Window, Healing]:
    """What was healed, and by which window; of two, the one that lost less of it."""
    found: dict[Window, Healing] = {}
    for row in rows:
        for one in row.heals:
            known = found.get(one.window)
            if known is None or _lost(one) < _lost(known[0]):
                found[one.window] = (one, row.window.name)
    return found


def _lost(healed: HealedWindow) -> int:
    return sum(number for _, number in healed.lost)


def _entry(
    store_id: str, window: Window, row: StoreCoverage | None, healing: Healing | None
) -> WindowEntry:
    healed, healer = healing or (None, "")
    state = _state(row, healed)
    return WindowEntry(
        store_id=store_id,
        window=window,
        state=state,
        reason=row.reason if row else "",
        bookings=row.bookings if row else 0,
        quarantined=row.quarantined if row else 0,
        reconstructed=row.reconstructed if row else False,
        healed_by=healer,
        lost=healed.lost if healed and state is WindowState.LOST else (),
    )


def _state(row: StoreCoverage | None, healed: HealedWindow | None) -> WindowState:
    if row is not None and row.status is CoverageStatus.PARTIAL:
        return WindowState.PARTIAL
    if row is not None and row.is_decided:
        return WindowState.REPAIRED if healed or row.reconstructed else WindowState.COVERED
    if healed is not None:
        return WindowState.LOST if healed.lost else WindowState.SUBSUMED
    return WindowState.FAILED if row is not None else WindowState.MISSED


def fold(entries: Iterable[WindowEntry]) -> list[tuple[WindowEntry, ...]]:
    """Runs of windows of one store that stand alike, each with its entries."""
    return [tuple(run) for _, run in groupby(entries, key=_looks)]


def _looks(entry: WindowEntry) -> tuple[Any, ...]:
    """What makes two neighbours one line; numbers of bookings do not."""
    return (
        entry.store_id,
        entry.state,
        entry.reason,
        entry.reconstructed,
        entry.quarantined,
        entry.lost,
    )


def to_repair(entries: Iterable[WindowEntry]) -> Sequence[WindowEntry]:
    """Windows that nobody made up for, oldest first."""
    return sorted((one for one in entries if one.state in UNHEALED), key=lambda one: one.window)
