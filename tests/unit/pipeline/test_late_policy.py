"""Bookings that are made around the moment when their reminder is due, under each late_policy."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError
from rule_world import CATALOG, INCLUDE, shop_secrets, with_catalog

from booking_sms.config.catalog_loader import load_catalog
from booking_sms.domain.booking import KST, Booking, BookingStatus
from booking_sms.domain.ledger import Ledger
from booking_sms.domain.rule import RuleSet
from booking_sms.domain.sms_job import JobState, SmsJob
from booking_sms.domain.window import WINDOW_LENGTH, Window
from booking_sms.pipeline.build import build_jobs
from booking_sms.pipeline.plan import everywhere, plan_window
from booking_sms.testing import make_booking

START = datetime(2026, 3, 2, 15, 0, tzinfo=KST)
RECOMMENDED = load_catalog(INCLUDE, "recommended")
HOURS = {"allowed_hours": "09:00-21:00", "deferred_to": "14:30"}


def rules_with(policy: str, **changes: Any) -> RuleSet:
    """The guide alone, with a late policy."""
    guide = RECOMMENDED.rules.rule("guide-in-time").model_dump(mode="json", by_alias=True)
    own = HOURS if policy == "shift" else {}
    rules = [{**guide, "late_policy": policy, **own, **changes}]
    return RuleSet.model_validate({"name": "late", "rules": rules})


def made(minutes_before: float, **overrides: Any) -> Booking:
    """A booking made and confirmed so long before its start."""
    at = START - timedelta(minutes=minutes_before)
    facts = {"registered_at": at, "confirmed_at": at, "starts_at": START} | overrides
    return make_booking(**facts)


def first_window_after(instant: datetime) -> Window:
    """The first window that could read what happened at ``instant``."""
    length = WINDOW_LENGTH.total_seconds()
    return Window(datetime.fromtimestamp(-(-instant.timestamp() // length) * length, KST))


def decided(booking: Booking, rules: RuleSet, window: Window) -> list[SmsJob]:
    """The window's jobs, as built at its end."""
    plan = plan_window([booking], Ledger(), rules, CATALOG.stores, window, everywhere(rules))
    catalog = with_catalog(rules=rules, messages=RECOMMENDED.messages)
    batch = build_jobs(
        plan, catalog, shop_secrets(), hmac_key=b"key", code_version="test", now=window.as_of
    )
    return [job for job, _ in batch.jobs]


def first_decision(booking: Booking, rules: RuleSet) -> SmsJob:
    """What the first window that decides anything makes of it."""
    window = first_window_after(booking.registered_at or START)
    while not (jobs := decided(booking, rules, window)):
        window = Window(window.as_of + WINDOW_LENGTH)
    (job,) = jobs
    return job


@pytest.mark.parametrize(
    ("minutes", "policy", "state", "reason", "not_before"),
    [
        (121, "send_now", JobState.AVAILABLE, "", "13:00"),
        (120, "send_now", JobState.AVAILABLE, "", "13:00"),
        (119, "send_now", JobState.AVAILABLE, "", "13:20"),
        (59, "send_now", JobState.AVAILABLE, "", "14:20"),
        (1, "send_now", JobState.AVAILABLE, "", "15:00"),
        (121, "skip", JobState.AVAILABLE, "", "13:00"),
        (120, "skip", JobState.AVAILABLE, "", "13:00"),
        (119, "skip", JobState.SUPPRESSED, "late", "13:20"),
        (59, "skip", JobState.SUPPRESSED, "late", "14:20"),
        (1, "skip", JobState.SUPPRESSED, "late", "15:00"),
        (121, "shift", JobState.AVAILABLE, "", "13:00"),
        (120, "shift", JobState.AVAILABLE, "", "13:00"),
        (119, "shift", JobState.SCHEDULED, "late", "14:30"),
        (59, "shift", JobState.SCHEDULED, "late", "14:30"),
        # The next opening is tomorrow's, after the visit: nobody wants it then.
        (1, "shift", JobState.SUPPRESSED, "late", "15:00"),
    ],
)
def test_a_booking_around_its_reminder(minutes, policy, state, reason, not_before):
    job = first_decision(made(minutes), rules_with(policy))

    assert (job.state, job.reason) == (state, reason)
    assert job.not_before.strftime("%H:%M") == not_before


@given(
    minutes=st.floats(0.02, 400),
    start=st.sampled_from(range(0, 60, 5)),
    policy=st.sampled_from(["send_now", "skip", "shift"]),
)
def test_only_what_an_earlier_window_could_have_decided_is_late(minutes, start, policy):
    starts_at = START + timedelta(minutes=start)
    at = starts_at - timedelta(minutes=minutes)
    booking = make_booking(registered_at=at, confirmed_at=at, starts_at=starts_at)

    job = first_decision(booking, rules_with(policy))

    first_due = first_window_after(starts_at - timedelta(minutes=120)).as_of
    is_late = datetime.fromisoformat(job.window) > first_due
    assert (job.reason == "late") == (is_late and policy != "send_now")


def test_a_run_that_comes_too_late_is_late_for_a_booking_made_in_time():
    booking = made(600)

    (job,) = decided(booking, rules_with("skip"), Window(START - timedelta(minutes=60)))

    assert (job.state, job.reason) == (JobState.SUPPRESSED, "late")


def test_nobody_books_too_late_for_a_rule_without_a_time():
    confirm = RECOMMENDED.rules.rule("confirm-known").model_dump(mode="json", by_alias=True)
    rules = RuleSet.model_validate({"name": "late", "rules": [{**confirm, "late_policy": "skip"}]})
    just_made, seen_too_late = made(1), made(45)

    (on_time,) = decided(just_made, rules, Window(START - timedelta(minutes=0.5)))
    (late,) = decided(seen_too_late, rules, Window(START - timedelta(minutes=20)))

    assert (on_time.state, late.state) == (JobState.AVAILABLE, JobState.SUPPRESSED)


def test_a_late_text_with_a_problem_waits_for_a_person_until_its_opening():
    job = first_decision(made(59, phone="020000000"), rules_with("shift"))

    assert job.state is JobState.HELD
    assert job.reason.startswith("PhoneInvalid")
    assert job.not_before == START - timedelta(minutes=30)


def test_late_messages_are_counted_whatever_becomes_of_them():
    rules = rules_with("send_now")
    window = Window(START - timedelta(minutes=40))
    bookings = [made(59, booking_id="1"), made(600, booking_id="2", status=BookingStatus.CANCELLED)]

    plan = plan_window(bookings, Ledger(), rules, CATALOG.stores, window, everywhere(rules))

    assert plan.rules["guide-in-time"].late == 1
    assert plan.rules["guide-in-time"].as_dict()["late"] == 1


def test_a_shift_needs_hours_to_shift_to():
    with pytest.raises(ValidationError, match="late_policy shift needs allowed_hours"):
        rules_with("shift", allowed_hours=None, deferred_to=None)
