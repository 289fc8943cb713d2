"""A booking as the rules see it. Vendor codes and payload shapes stay in the Naver adapter."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any
from zoneinfo import ZoneInfo

KST = ZoneInfo("Asia/Seoul")


class BookingStatus(StrEnum):
    """What Naver says of a booking; an unknown code is never taken for confirmed."""

    REQUESTED = "requested"
    CONFIRMED = "confirmed"
    CANCELLED = "cancelled"
    NO_SHOW = "no_show"
    COMPLETED = "completed"
    UNKNOWN = "unknown"


def require_aware(name: str, instant: datetime | None) -> None:
    """Raise ValueError for a naive datetime: no naive instant enters the domain."""
    if instant is not None and instant.tzinfo is None:
        raise ValueError(f"{name} must be timezone-aware")


@dataclass(frozen=True, kw_only=True)
class BookingOption:
    """One option that the customer chose; ``quantity`` is Naver's ``bookingCount``."""

    name: str
    quantity: int = 1
    price: int | None = None
    option_id: str | None = None


@dataclass(frozen=True, kw_only=True)
class Booking:
    """One booking at one store. Instants are aware, in KST, start and end whole minutes.

    ``phone`` is as Naver gave it (usually digits); recipients are parsed from it by
    ``domain.phone``. ``fields`` keeps every other payload field that was not dropped at the
    door, so rules can look at fields that Naver adds tomorrow.
    """

    store_id: str
    booking_id: str
    status: BookingStatus
    name: str = field(repr=False)
    phone: str = field(repr=False)
    starts_at: datetime
    ends_at: datetime
    registered_at: datetime | None = None
    confirmed_at: datetime | None = None
    cancelled_at: datetime | None = None
    completed_at: datetime | None = None
    options: tuple[BookingOption, ...] = ()
    previous_booking_id: str | None = None
    fields: Mapping[str, Any] = field(default_factory=dict, repr=False)
    version: str = ""

    def __post_init__(self) -> None:
        for name in ("starts_at", "ends_at", "registered_at", "confirmed_at", "cancelled_at"):
            require_aware(name, getattr(self, name))

    @property
    def booking_num(self) -> str:
        """LEGACY's booking key: ``{store}_{booking id}``; ids repeat across stores."""
        return f"{self.store_id}_{self.booking_id}"

    @property
    def booking_time(self) -> str:
        """Start of the visit as LEGACY's ledger writes it (KST wall clock)."""
        wall = self.starts_at.astimezone(KST).replace(tzinfo=None)
        return wall.isoformat(sep=" ", timespec="seconds")

    @property
    def status_since(self) -> datetime | None:
        """When it got its status; None if the payload does not tell (no-show, unknown code)."""
        instants = {
            BookingStatus.REQUESTED: self.registered_at,
            BookingStatus.CONFIRMED: self.confirmed_at,
            BookingStatus.CANCELLED: self.cancelled_at,
            BookingStatus.COMPLETED: self.completed_at,
        }
        return instants.get(self.status)

    @property
    def option_names(self) -> tuple[str, ...]:
        """Names of the chosen options, in payload order."""
        return tuple(option.name for option in self.options)

    def option_quantity(self, keywords: Iterable[str]) -> int:
        """Quantities of the options whose name holds any of the keywords, added up."""
        words = tuple(keywords)
        matching = (one for one in self.options if any(word in one.name for word in words))
        return sum(option.quantity for option in matching)
