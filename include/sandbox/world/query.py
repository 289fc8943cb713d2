"""Which bookings a question is about."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

DateFilter = Literal["USEDATE", "REGDATE"]


@dataclass(frozen=True)
class BookingQuery:
    """Filters of the list and count calls; no statuses means all, no range means any date."""

    store: str
    statuses: frozenset[str] = frozenset()
    date_filter: DateFilter = "USEDATE"
    start: datetime | None = None
    end: datetime | None = None
    descending: bool = False
