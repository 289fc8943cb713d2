"""What may stand below ``when``: one frozen model per condition, told apart by ``type``.

To add a condition: a model here, listed in ``Leaf``; its check in ``condition_checks``; what it
saw in ``condition_seen``; where it limits something, its limits in ``rule_limits``. All instants
are judged on the Korean wall clock at as_of.
"""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, Literal

from pydantic import (
    BaseModel,
    Discriminator,
    Field,
    StrictBool,
    StrictFloat,
    StrictInt,
    StrictStr,
    Tag,
    model_validator,
)

from booking_sms.domain.booking import BookingStatus
from booking_sms.domain.field_path import is_ordered, is_personal
from booking_sms.domain.model import Model, Slug

Keyword = Annotated[str, Field(min_length=1)]
Minutes = Annotated[int, Field(ge=0, le=366 * 24 * 60)]
Scalar = StrictBool | StrictInt | StrictFloat | StrictStr
Day = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
DAYS: tuple[Day, ...] = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
DateOf = Literal["visit", "today"]
MINUTES_OF_A_MONTH = 31 * 24 * 60


class BookingStatusIs(Model):
    """The booking has exactly this status."""

    type: Literal["booking_status"]
    status: BookingStatus


class BookingStatusAny(Model):
    """The booking has one of these statuses."""

    type: Literal["booking_status_any"]
    statuses: tuple[BookingStatus, ...] = Field(min_length=1)


class BookingInLedger(Model):
    """A ledger row, or a job of ours, exists for this booking and phone."""

    type: Literal["booking_in_db"]


class BookingNotInLedger(Model):
    """Nothing is known of this booking and phone: how the predecessor knows "new"."""

    type: Literal["booking_not_in_db"]


class TimeBeforeBooking(Model):
    """The visit starts within ``hours``; at exactly ``hours`` only if ``inclusive``.

    Never true at or after the start.
    """

    type: Literal["time_before_booking"]
    hours: int = Field(2, ge=1, le=168)
    inclusive: bool = True


class FlagNotSet(Model):
    """No row, or a row whose flag is missing or false."""

    type: Literal["flag_not_set"]
    flag: Slug


class FlagIsFalse(Model):
    """The row says false. A row without the attribute is a failure, not an answer."""

    type: Literal["flag_is_false"]
    flag: Slug


class CurrentHour(Model):
    """The hour of as_of in Korea equals ``hour``; minutes do not matter."""

    type: Literal["current_hour"]
    hour: int = Field(ge=0, le=23)


class HasOptionKeyword(Model):
    """The name of a chosen option contains a keyword (case-sensitive substring)."""

    type: Literal["has_option_keyword"]
    keywords: tuple[Keyword, ...] = Field(min_length=1)


class DateIsToday(Model):
    """The visit starts on the Korean date of as_of."""

    type: Literal["date_is_today"]


class StoreIdMatches(Model):
    """The booking's store is one of these."""

    type: Literal["store_id_matches"]
    store_ids: tuple[str, ...] = Field(min_length=1)


class HasProEditOption(Model):
    """A chosen option is the expert retouch, as in the predecessor."""

    type: Literal["has_pro_edit_option"]


class HasMultipleOptions(Model):
    """The quantities of all options whose name holds a keyword add up to ``min_count`` or more.

    An option counts once however many keywords its name holds. Two options of quantity 1 are two.
    """

    type: Literal["has_multiple_options"]
    keywords: tuple[Keyword, ...] = Field(min_length=1)
    min_count: int = Field(ge=1, le=100)


class DateRange(Model):
    """The visit starts on one of these Korean dates, both ends included."""

    type: Literal["date_range"]
    start_date: date
    end_date: date

    @model_validator(mode="after")
    def _in_order(self) -> DateRange:
        if self.end_date < self.start_date:
            raise ValueError(f"the range ends {self.end_date}, before it starts")
        return self


class Weekday(Model):
    """The visit, or today (as_of), falls on one of these days of the week."""

    type: Literal["weekday"]
    days: tuple[Day, ...] = Field(min_length=1)
    of: DateOf = "visit"


class Holiday(Model):
    """The visit, or today (as_of), falls on a public holiday of Korea, substitutes included."""

    type: Literal["holiday"]
    of: DateOf = "visit"


class BeforeVisit(Model):
    """The visit starts in more than ``at_least_minutes`` and in at most ``within_minutes``.

    Without ``within_minutes``: however far ahead. Never true at or after the start.
    """

    type: Literal["before_visit"]
    within_minutes: Minutes | None = None
    at_least_minutes: Minutes = 0


class DuringVisit(Model):
    """The visit has started and not ended; with ``first_minutes``, started less than that ago."""

    type: Literal["during_visit"]
    first_minutes: Minutes | None = None


class AfterVisit(Model):
    """The visit ended ``from_minutes`` ago or more, and less than ``within_minutes`` ago.

    Without ``within_minutes``: however long ago.
    """

    type: Literal["after_visit"]
    from_minutes: Minutes = 0
    within_minutes: Minutes | None = None


class _Between(Model):
    """A whole number between two ends, both included; one of them may be left out."""

    at_least: int | None = Field(None, ge=0)
    at_most: int | None = Field(None, ge=0)

    @model_validator(mode="after")
    def _says_something(self) -> _Between:
        if self.at_least is None and self.at_most is None:
            raise ValueError("give at_least, at_most or both")
        return self

    def holds(self, number: float) -> bool:
        """Whether the number lies between the ends."""
        above = self.at_least is None or number >= self.at_least
        return above and (self.at_most is None or number <= self.at_most)


class VisitCount(_Between):
    """Completed visits of this customer at this store, as Naver counts them."""

    type: Literal["visit_count"]


class Amount(_Between):
    """What the booking costs in all, in won (Naver's ``totalPrice``)."""

    type: Literal["amount"]


class Source(Model):
    """Where the booking was made, in Naver's words (``bookingOrigin``)."""

    type: Literal["source"]
    any_of: tuple[Keyword, ...] = Field(min_length=1)


class BookingChanged(Model):
    """It replaces another booking, or starts at another time than the ledger knows."""

    type: Literal["booking_changed"]


class BookingCancelled(Model):
    """It is cancelled; with ``within_minutes``, less than that ago."""

    type: Literal["booking_cancelled"]
    within_minutes: Minutes | None = None


class PhoneChanged(Model):
    """The ledger knows this booking under another phone."""

    type: Literal["phone_changed"]


class SmsSendFailed(Model):
    """Texts of ours to this booking and phone that were refused or did not arrive.

    ``kind`` empty: of any kind. Counted are those that were due in the last
    ``lookback_minutes``; it takes ``failure_threshold`` of them.
    """

    type: Literal["sms_send_failed"]
    kind: Slug | None = None
    lookback_minutes: Annotated[int, Field(ge=1, le=MINUTES_OF_A_MONTH)] = 24 * 60
    failure_threshold: int = Field(1, ge=1, le=100)


class FieldIs(Model):
    """Any field of the booking by path, also one that Naver adds tomorrow.

    ``path`` is a field of Naver's payload (``snapshotJson.couponJson.0.couponName``) or one of
    ours (``starts_at``, ``options``...). A booking without the field, or with null there, fulfils
    only ``exists`` with ``value: false``. A field of another type than ``value`` cannot be
    compared: the booking is reported, and this rule says neither yes nor no. Order (``lt``,
    ``le``, ``gt``, ``ge``) is for numbers and for dates (``2026-12-24``, or an instant with
    offset). ``contains`` looks for a text in a text, or for a value in a list.
    """

    type: Literal["field"]
    path: str = Field(min_length=1, max_length=200)
    op: Literal["eq", "ne", "lt", "le", "gt", "ge", "in", "contains", "exists"]
    value: Scalar | tuple[Scalar, ...] = True

    @model_validator(mode="after")
    def _fits(self) -> FieldIs:
        if is_personal(self.path):
            raise ValueError(f"rules may not look at {self.path}: it tells who the person is")
        if self.op != "exists" and "value" not in self.model_fields_set:
            raise ValueError(f"{self.op} needs a value")
        if (self.op == "in") != isinstance(self.value, tuple):
            raise ValueError("in needs a list of values, the others one value")
        if self.op == "exists" and not isinstance(self.value, bool):
            raise ValueError("exists needs true or false")
        if self.op in ("lt", "le", "gt", "ge") and not is_ordered(self.value):
            raise ValueError(f"{self.op} needs a number or a date like 2026-12-24")
        return self


class AllOf(Model):
    """Every condition holds; looked at from left to right until one does not."""

    all: tuple[Condition, ...] = Field(min_length=1)


class AnyOf(Model):
    """At least one condition holds; looked at from left to right until one does."""

    any: tuple[Condition, ...] = Field(min_length=1)


class Not(Model):
    """The condition does not hold."""

    not_: Condition = Field(alias="not")


def _shape(value: Any) -> str | None:
    """Which kind of node a piece of YAML, or a model, is."""
    if isinstance(value, BaseModel):
        value = value.model_dump()
    if not isinstance(value, dict):
        return None
    group = next((name for name in ("all", "any", "not") if name in value), None)
    return group or ("leaf" if "type" in value else None)


Leaf = Annotated[
    BookingStatusIs
    | BookingStatusAny
    | BookingInLedger
    | BookingNotInLedger
    | TimeBeforeBooking
    | FlagNotSet
    | FlagIsFalse
    | CurrentHour
    | HasOptionKeyword
    | DateIsToday
    | StoreIdMatches
    | HasProEditOption
    | HasMultipleOptions
    | DateRange
    | Weekday
    | Holiday
    | BeforeVisit
    | DuringVisit
    | AfterVisit
    | VisitCount
    | Amount
    | Source
    | BookingChanged
    | BookingCancelled
    | PhoneChanged
    | SmsSendFailed
    | FieldIs,
    Field(discriminator="type"),
]
Condition = Annotated[
    Annotated[AllOf, Tag("all")]
    | Annotated[AnyOf, Tag("any")]
    | Annotated[Not, Tag("not")]
    | Annotated[Leaf, Tag("leaf")],
    Discriminator(
        _shape,
        custom_error_type="condition",
        custom_error_message="a condition is {type: ...}, {all: [...]}, {any: [...]} or {not: ...}",
    ),
]
for _group in (AllOf, AnyOf, Not):
    _group.model_rebuild()
