"""Compiles each condition to a plain function of the facts, once per rule, not per booking."""

from __future__ import annotations

from datetime import timedelta
from functools import singledispatch
from typing import Any

from booking_sms.domain import condition_model as language
from booking_sms.domain.booking import BookingStatus
from booking_sms.domain.errors import FieldUnreadable, LedgerRowIncomplete
from booking_sms.domain.facts import Check, Facts
from booking_sms.domain.field_path import compare, read_field, read_number, read_text
from booking_sms.domain.korean_calendar import holiday_name

PRO_EDIT = "전문가 보정"
VISITS_FIELD, AMOUNT_FIELD, SOURCE_FIELD = "completedCount", "totalPrice", "bookingOrigin"
ZERO = timedelta(0)


@singledispatch
def compile_condition(condition: Any) -> Check:
    """The check of one condition; TypeError for a model that nobody registered."""
    raise TypeError(f"no check for {type(condition).__name__}")


@compile_condition.register
def _(condition: language.AllOf) -> Check:
    checks = [compile_condition(child) for child in condition.all]
    return lambda facts: all(check(facts) for check in checks)


@compile_condition.register
def _(condition: language.AnyOf) -> Check:
    checks = [compile_condition(child) for child in condition.any]
    return lambda facts: any(check(facts) for check in checks)


@compile_condition.register
def _(condition: language.Not) -> Check:
    check = compile_condition(condition.not_)
    return lambda facts: not check(facts)


@compile_condition.register
def _(condition: language.BookingStatusIs) -> Check:
    status = condition.status
    return lambda facts: facts.booking.status is status


@compile_condition.register
def _(condition: language.BookingStatusAny) -> Check:
    statuses = frozenset(condition.statuses)
    return lambda facts: facts.booking.status in statuses


@compile_condition.register
def _(condition: language.BookingInLedger) -> Check:
    return lambda facts: facts.row is not None


@compile_condition.register
def _(condition: language.BookingNotInLedger) -> Check:
    return lambda facts: facts.row is None


@compile_condition.register
def _(condition: language.TimeBeforeBooking) -> Check:
    lead, zero = timedelta(hours=condition.hours), timedelta(0)
    if condition.inclusive:
        return lambda facts: zero < facts.booking.starts_at - facts.as_of <= lead
    return lambda facts: zero < facts.booking.starts_at - facts.as_of < lead


@compile_condition.register
def _(condition: language.FlagNotSet) -> Check:
    flag = condition.flag
    return lambda facts: facts.row is None or not facts.row.item.get(flag)


@compile_condition.register
def _(condition: language.FlagIsFalse) -> Check:
    flag = condition.flag

    def check(facts: Facts) -> bool:
        if facts.row is None or flag not in facts.row.item:
            raise LedgerRowIncomplete(attribute=flag)
        return bool(facts.row.item[flag] == False)  # noqa: E712 (LEGACY's test: NULL is not false)

    return check


@compile_condition.register
def _(condition: language.CurrentHour) -> Check:
    hour = condition.hour
    return lambda facts: facts.as_of.hour == hour


@compile_condition.register
def _(condition: language.HasOptionKeyword) -> Check:
    keywords = condition.keywords

    def check(facts: Facts) -> bool:
        return any(word in option.name for option in facts.booking.options for word in keywords)

    return check


@compile_condition.register
def _(condition: language.DateIsToday) -> Check:
    return lambda facts: facts.date_of("visit") == facts.date_of("today")


@compile_condition.register
def _(condition: language.StoreIdMatches) -> Check:
    store_ids = frozenset(condition.store_ids)
    return lambda facts: facts.booking.store_id in store_ids


@compile_condition.register
def _(condition: language.HasProEditOption) -> Check:
    return lambda facts: any(PRO_EDIT in name for name in facts.booking.option_names)


@compile_condition.register
def _(condition: language.HasMultipleOptions) -> Check:
    return lambda facts: facts.booking.option_quantity(condition.keywords) >= condition.min_count


@compile_condition.register
def _(condition: language.DateRange) -> Check:
    first, last = condition.start_date, condition.end_date
    return lambda facts: first <= facts.date_of("visit") <= last


@compile_condition.register
def _(condition: language.Weekday) -> Check:
    numbers = frozenset(language.DAYS.index(day) for day in condition.days)
    return lambda facts: facts.date_of(condition.of).weekday() in numbers


@compile_condition.register
def _(condition: language.Holiday) -> Check:
    return lambda facts: bool(holiday_name(facts.date_of(condition.of)))


@compile_condition.register
def _(condition: language.BeforeVisit) -> Check:
    least, most = timedelta(minutes=condition.at_least_minutes), _span(condition.within_minutes)
    return lambda facts: least < facts.booking.starts_at - facts.as_of <= most


@compile_condition.register
def _(condition: language.DuringVisit) -> Check:
    most = _span(condition.first_minutes)

    def check(facts: Facts) -> bool:
        booking, as_of = facts.booking, facts.as_of
        return booking.starts_at <= as_of < booking.ends_at and as_of - booking.starts_at < most

    return check


@compile_condition.register
def _(condition: language.AfterVisit) -> Check:
    least, most = timedelta(minutes=condition.from_minutes), _span(condition.within_minutes)
    return lambda facts: least <= facts.as_of - facts.booking.ends_at < most


def _span(minutes: int | None) -> timedelta:
    return timedelta.max if minutes is None else timedelta(minutes=minutes)


@compile_condition.register
def _(condition: language.VisitCount) -> Check:
    return lambda facts: condition.holds(read_number(facts.booking, VISITS_FIELD))


@compile_condition.register
def _(condition: language.Amount) -> Check:
    return lambda facts: condition.holds(read_number(facts.booking, AMOUNT_FIELD))


@compile_condition.register
def _(condition: language.Source) -> Check:
    sources = frozenset(condition.any_of)
    return lambda facts: read_text(facts.booking, SOURCE_FIELD) in sources


@compile_condition.register
def _(condition: language.BookingChanged) -> Check:
    return lambda facts: facts.booking.previous_booking_id is not None or start_moved(facts)


def start_moved(facts: Facts) -> bool:
    """Whether the ledger knows the booking with another start."""
    known = facts.row.item.get("booking_time") if facts.row is not None else None
    return bool(known) and known != facts.booking.booking_time


@compile_condition.register
def _(condition: language.BookingCancelled) -> Check:
    most = None if condition.within_minutes is None else _span(condition.within_minutes)

    def check(facts: Facts) -> bool:
        booking = facts.booking
        if booking.status is not BookingStatus.CANCELLED or most is None:
            return booking.status is BookingStatus.CANCELLED
        if booking.cancelled_at is None:
            raise FieldUnreadable(field="cancelled_at", wanted="a date", found="missing")
        return ZERO <= facts.as_of - booking.cancelled_at < most

    return check


@compile_condition.register
def _(condition: language.PhoneChanged) -> Check:
    return lambda facts: facts.other_phone


@compile_condition.register
def _(condition: language.SmsSendFailed) -> Check:
    return lambda facts: len(failures(condition, facts)) >= condition.failure_threshold


def failures(condition: language.SmsSendFailed, facts: Facts) -> list[str]:
    """Kinds of the failed texts that the condition counts."""
    most = timedelta(minutes=condition.lookback_minutes)
    return [
        failed.kind
        for failed in facts.failed
        if condition.kind in (None, failed.kind) and ZERO <= facts.as_of - failed.due_at < most
    ]


@compile_condition.register
def _(condition: language.FieldIs) -> Check:
    path, op, wanted = condition.path, condition.op, condition.value
    return lambda facts: compare(path, op, wanted, read_field(facts.booking, path))
