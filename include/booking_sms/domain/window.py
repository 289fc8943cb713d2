"""A window of the schedule, named everywhere by its end, which is as_of."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from booking_sms.domain.booking import KST, require_aware

WINDOW_LENGTH = timedelta(minutes=20)
OLD_AFTER = 2 * WINDOW_LENGTH
"""A plan whose as_of is older than this is held for approval, whatever ran it."""


class CoverageStatus(StrEnum):
    """How a store's window ended. *Missed* is computed by absence and never written."""

    COVERED = "covered"
    PARTIAL = "partial"
    FAILED = "failed"


@dataclass(frozen=True, order=True)
class Window:
    """Twenty minutes that end at ``as_of`` (aware). Decisions depend on as_of alone."""

    as_of: datetime

    def __post_init__(self) -> None:
        require_aware("as_of", self.as_of)
        # A plain datetime in KST: Airflow's own kind loses its zone in some arithmetic.
        plain = datetime.fromtimestamp(self.as_of.timestamp(), KST)
        object.__setattr__(self, "as_of", plain)

    @classmethod
    def from_name(cls, name: str) -> Window:
        """The window of that name; ValueError for what is none."""
        return cls(datetime.fromisoformat(name))

    @property
    def start(self) -> datetime:
        """Start of the window; it serves coverage only."""
        return self.as_of - WINDOW_LENGTH

    @property
    def name(self) -> str:
        """The window's name: its end in KST, ISO 8601."""
        return self.as_of.astimezone(KST).isoformat(timespec="seconds")

    def is_old(self, now: datetime) -> bool:
        """Whether a plan for this window needs a person's approval at ``now``."""
        return now - self.as_of > OLD_AFTER


def last_end(instant: datetime) -> datetime:
    """The last end of a window at or before an instant (aware), in KST."""
    seconds = instant.timestamp()
    return datetime.fromtimestamp(seconds - seconds % WINDOW_LENGTH.total_seconds(), KST)


def is_window_end(instant: datetime) -> bool:
    """Whether a window ends at this very instant: on the grid in KST, whatever its offset.

    False at the edges of the calendar, where no instant in KST can be told.
    """
    try:
        return last_end(instant) == instant
    except (ValueError, OverflowError):
        return False


def windows_between(since: datetime, until: datetime) -> tuple[Window, ...]:
    """Every window with since <= as_of <= until, oldest first."""
    first = last_end(since)
    first += WINDOW_LENGTH if first < since else timedelta(0)
    number = (until - first) // WINDOW_LENGTH + 1
    return tuple(Window(first + step * WINDOW_LENGTH) for step in range(number))


@dataclass(frozen=True, kw_only=True)
class HealedWindow:
    """An earlier window that nobody had decided when a later one ran.

    ``lost`` counts by rule the messages that only it could have decided: the later window did
    not. Empty: all that it would have decided was decided later, it is *subsumed*.
    """

    window: Window
    lost: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True, kw_only=True)
class StoreCoverage:
    """What became of one store in one window; the row of ``sms_windows``.

    ``heals`` are the windows before it that nobody had decided, oldest first. ``reconstructed``:
    decided later, on what is still known of that instant.
    """

    store_id: str
    window: Window
    status: CoverageStatus
    bookings: int = 0
    quarantined: int = 0
    reason: str = ""
    counts: tuple[tuple[str, int], ...] = ()
    heals: tuple[HealedWindow, ...] = ()
    reconstructed: bool = False

    @property
    def is_decided(self) -> bool:
        """Whether the store's bookings were decided in this window, if not all of them."""
        return self.status is not CoverageStatus.FAILED
