"""What the booking, the ledger or the window said to a condition: the reasons of ``explain``."""

from __future__ import annotations

from functools import singledispatch
from typing import Any

from booking_sms.domain import condition_model as language
from booking_sms.domain.booking import KST
from booking_sms.domain.condition_checks import (
    AMOUNT_FIELD,
    SOURCE_FIELD,
    VISITS_FIELD,
    failures,
    start_moved,
)
from booking_sms.domain.facts import Facts
from booking_sms.domain.field_path import read_field
from booking_sms.domain.korean_calendar import holiday_name

LONGEST_VALUE = 60


@singledispatch
def seen(condition: Any, facts: Facts) -> str:
    """What the booking, the ledger or the window says about a condition, in a few words."""
    return "no row in the ledger" if facts.row is None else "a row in the ledger"


@seen.register(language.BookingStatusIs)
@seen.register(language.BookingStatusAny)
def _(condition: Any, facts: Facts) -> str:
    return f"status is {facts.booking.status.value}"


@seen.register(language.TimeBeforeBooking)
@seen.register(language.BeforeVisit)
def _(condition: Any, facts: Facts) -> str:
    minutes = (facts.booking.starts_at - facts.as_of).total_seconds() / 60
    return f"starts in {minutes:g} min" if minutes > 0 else f"started {-minutes:g} min ago"


@seen.register(language.FlagNotSet)
@seen.register(language.FlagIsFalse)
def _(condition: Any, facts: Facts) -> str:
    if facts.row is None:
        return "no row in the ledger"
    return f"{condition.flag} is {facts.row.item.get(condition.flag, 'missing')}"


@seen.register(language.CurrentHour)
@seen.register(language.DateIsToday)
def _(condition: Any, facts: Facts) -> str:
    starts_at = facts.booking.starts_at.astimezone(KST)
    return f"as of {facts.as_of:%Y-%m-%d %H:%M}, visit {starts_at:%Y-%m-%d %H:%M}"


@seen.register(language.HasOptionKeyword)
@seen.register(language.HasProEditOption)
def _(condition: Any, facts: Facts) -> str:
    return f"options: {', '.join(facts.booking.option_names) or 'none'}"


@seen.register
def _(condition: language.StoreIdMatches, facts: Facts) -> str:
    return f"store is {facts.booking.store_id}"


@seen.register
def _(condition: language.HasMultipleOptions, facts: Facts) -> str:
    return f"quantity is {facts.booking.option_quantity(condition.keywords)}"


@seen.register
def _(condition: language.DateRange, facts: Facts) -> str:
    return f"visit on {facts.date_of('visit')}"


@seen.register
def _(condition: language.Weekday, facts: Facts) -> str:
    day = facts.date_of(condition.of)
    return f"{condition.of} is {day}, {language.DAYS[day.weekday()]}"


@seen.register
def _(condition: language.Holiday, facts: Facts) -> str:
    day = facts.date_of(condition.of)
    return f"{condition.of} is {day}, {holiday_name(day) or 'no holiday'}"


@seen.register(language.DuringVisit)
@seen.register(language.AfterVisit)
def _(condition: Any, facts: Facts) -> str:
    minutes = (facts.as_of - facts.booking.ends_at).total_seconds() / 60
    return f"ended {minutes:g} min ago" if minutes >= 0 else f"ends in {-minutes:g} min"


@seen.register
def _(condition: language.VisitCount, facts: Facts) -> str:
    return _field_seen(facts, VISITS_FIELD)


@seen.register
def _(condition: language.Amount, facts: Facts) -> str:
    return _field_seen(facts, AMOUNT_FIELD)


@seen.register
def _(condition: language.Source, facts: Facts) -> str:
    return _field_seen(facts, SOURCE_FIELD)


@seen.register
def _(condition: language.FieldIs, facts: Facts) -> str:
    return _field_seen(facts, condition.path)


def _field_seen(facts: Facts, path: str) -> str:
    value = read_field(facts.booking, path)
    return f"{path} is missing" if value is None else f"{path} is {str(value)[:LONGEST_VALUE]}"


@seen.register
def _(condition: language.BookingChanged, facts: Facts) -> str:
    if facts.booking.previous_booking_id is not None:
        return "it replaces another booking"
    return "the ledger knows another start" if start_moved(facts) else "not changed"


@seen.register
def _(condition: language.BookingCancelled, facts: Facts) -> str:
    cancelled = facts.booking.cancelled_at
    status = facts.booking.status.value
    since = f", cancelled {cancelled.astimezone(KST):%Y-%m-%d %H:%M}" if cancelled else ""
    return f"status is {status}{since}"


@seen.register
def _(condition: language.PhoneChanged, facts: Facts) -> str:
    return "known under another phone" if facts.other_phone else "known under no other phone"


@seen.register
def _(condition: language.SmsSendFailed, facts: Facts) -> str:
    return f"failed: {', '.join(failures(condition, facts)) or 'none'}"
