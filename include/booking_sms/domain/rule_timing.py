"""When a rule counts and until when its messages are of use."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from enum import StrEnum
from functools import cached_property, lru_cache

from pydantic import Field, model_validator

from booking_sms.domain.booking import KST
from booking_sms.domain.condition_model import DAYS, Day
from booking_sms.domain.model import Duration, Model

_UNITS = {"m": "minutes", "h": "hours", "d": "days"}


class Occurrence(StrEnum):
    """How often one booking and phone, or one digest, may get this kind of message."""

    ONCE = "once"
    PER_START = "per_start"
    PER_DAY = "per_day"


class LatePolicy(StrEnum):
    """What becomes of a late message: one that an earlier window could have decided.

    ``skip`` records it as suppressed, ``shift`` puts it off to the next opening of the rule's
    allowed hours. Old plans wait for approval in any case, and are judged again when approved.
    """

    SEND_NOW = "send_now"
    SKIP = "skip"
    SHIFT = "shift"


class OutOfHours(StrEnum):
    """What becomes of a message that is due outside its allowed hours; the job says which."""

    DEFER = "defer"
    DROP = "drop"


@lru_cache
def duration(text: str) -> timedelta:
    """``30m``, ``2h`` or ``7d`` as a timedelta."""
    return timedelta(**{_UNITS[text[-1]]: int(text[:-1])})


class NotAfter(Model):
    """When the message has lost its use: the later of the instants that are given."""

    visit_end: Duration | None = Field(None, description="this long after the visit ends")
    as_of: Duration | None = Field(None, description="this long after the deciding window")

    @model_validator(mode="after")
    def _says_something(self) -> NotAfter:
        if self.visit_end is None and self.as_of is None:
            raise ValueError("give visit_end, as_of or both")
        return self

    def deadline(self, visit_end: datetime | None, as_of: datetime) -> datetime:
        """The instant after which this message must not be sent any more.

        A digest belongs to no visit: it has ``as_of`` only.
        """
        anchors = ((visit_end, self.visit_end), (as_of, self.as_of))
        return max(at + duration(text) for at, text in anchors if at is not None and text)


class ResendAt(Model):
    """Resend what is still in doubt this many minutes before the visit starts."""

    resend_at: int = Field(ge=5, le=24 * 60)


class Active(Model):
    """The days, by the Korean date of the deciding window, on which a rule counts at all."""

    from_: date | None = Field(None, alias="from", description="first day, inclusive")
    to: date | None = Field(None, description="last day, inclusive")
    weekdays: tuple[Day, ...] = Field((), description="only these; empty = every day")

    @model_validator(mode="after")
    def _is_a_period(self) -> Active:
        if self.from_ is None and self.to is None and not self.weekdays:
            raise ValueError("give from, to, weekdays or some of them")
        if self.from_ and self.to and self.to < self.from_:
            raise ValueError(f"the last day {self.to} lies before the first {self.from_}")
        return self

    @cached_property
    def _days(self) -> frozenset[int]:
        return frozenset(map(DAYS.index, self.weekdays)) or frozenset(range(7))

    def contains(self, as_of: datetime) -> bool:
        """Whether the rule counts in the window that ends at ``as_of`` (aware)."""
        day = as_of.astimezone(KST).date()
        is_after_first = self.from_ is None or day >= self.from_
        is_before_last = self.to is None or day <= self.to
        return is_after_first and is_before_last and day.weekday() in self._days
