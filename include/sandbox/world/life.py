"""One booking and its life: what it looks like depends on the instant one asks."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

COMPLETED_AFTER = timedelta(minutes=7)  # the owner's app closes a visit some minutes after its end


class Status(StrEnum):
    """Naver's status codes; RC02-RC04 and RC08 are well attested, RC05 by one source only."""

    REQUESTED = "RC02"
    CONFIRMED = "RC03"
    CANCELLED = "RC04"
    NO_SHOW = "RC05"
    COMPLETED = "RC08"


@dataclass(frozen=True, slots=True)
class Option:
    """One option the customer chose; ``count`` is the quantity."""

    name: str
    count: int = 1
    price: int = 0


@dataclass(slots=True)
class PhoneChange:
    """From ``at`` on the booking carries another number."""

    at: datetime
    phone: str


@dataclass(slots=True)
class Booking:
    """A booking with all that will ever happen to it.

    ``options`` may be empty or ``None`` (the API's null). ``status`` overrides the life.
    ``edits`` and ``removed`` change the rendered payload by dotted path. A ``hidden`` booking is
    in no list any more; the detail call still finds it.
    """

    store: str
    booking_id: int
    name: str
    phone: str
    email: str
    user_id: int
    start: datetime
    registered_at: datetime
    minutes: int = 60
    confirmed_at: datetime | None = None
    cancelled_at: datetime | None = None
    no_show_at: datetime | None = None
    completed_at: datetime | None = None
    options: list[Option] | None = field(default_factory=list)
    previous_booking_id: int | None = None
    status: str | None = None
    phone_changes: list[PhoneChange] = field(default_factory=list)
    coupon: bool = False
    masked: bool = False
    hidden: bool = False
    scenario: str = ""
    edits: dict[str, Any] = field(default_factory=dict)
    removed: list[str] = field(default_factory=list)

    @property
    def key(self) -> tuple[str, int]:
        """Booking ids are unique within a store only."""
        return self.store, self.booking_id

    @property
    def end(self) -> datetime:
        """End of the visit."""
        return self.start + timedelta(minutes=self.minutes)

    @property
    def completes_at(self) -> datetime:
        """When an attended visit becomes completed."""
        return self.completed_at or self.end + COMPLETED_AFTER

    def status_at(self, now: datetime) -> str | None:
        """The status code the API shows at ``now``; ``None`` before registration."""
        if now < self.registered_at:
            return None
        if self.status is not None:
            return self.status
        if _happened(self.cancelled_at, now):
            return Status.CANCELLED.value
        if _happened(self.no_show_at, now):
            return Status.NO_SHOW.value
        if not _happened(self.confirmed_at, now):
            return Status.REQUESTED.value
        completed = _happened(self.completes_at, now)
        return Status.COMPLETED.value if completed else Status.CONFIRMED.value

    def phone_at(self, now: datetime) -> str:
        """The phone number the booking carries at ``now``."""
        changed = [change.phone for change in self.phone_changes if change.at <= now]
        return changed[-1] if changed else self.phone


def _happened(at: datetime | None, now: datetime) -> bool:
    return at is not None and at <= now
