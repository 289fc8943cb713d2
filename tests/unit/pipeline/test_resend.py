from dataclasses import replace

import pytest
from rule_world import CATALOG, shop_secrets, with_rules

from booking_sms.domain.booking import Booking
from booking_sms.domain.errors import SendingForbidden, TransformError
from booking_sms.domain.sms_job import JobState, SmsJob
from booking_sms.pipeline.outdated import NO_RULE, find_outdated
from booking_sms.pipeline.resend import (
    Outbox,
    TextMaker,
    enqueue_manual,
    manual_job,
    manual_occurrence,
)
from booking_sms.testing import (
    NOW,
    InMemoryBodyStore,
    InMemoryControlRepository,
    InMemorySmsJobRepository,
    make_booking,
    make_job,
)

WHO = {"by": "점장", "reason": "시험"}
MAKER = TextMaker(
    catalog=CATALOG, secrets=shop_secrets(), hmac_key=b"test-key-of-nobody", code_version="1"
)


@pytest.fixture
def outbox() -> Outbox:
    control = InMemoryControlRepository()
    control.set_delivery_mode("live", by="test", reason="test")
    return Outbox(jobs=InMemorySmsJobRepository(), bodies=InMemoryBodyStore(), control=control)


def made(booking: Booking) -> tuple[SmsJob, str]:
    return manual_job(MAKER, booking, CATALOG.rules.rule("guide-two-hours"), "manual:1", NOW)


@pytest.mark.parametrize(
    ("occurrences", "next_one"),
    [
        ((), "manual:1"),
        (("once", "start-20260302T1600"), "manual:1"),
        (("manual:1", "manual:9"), "manual:10"),
    ],
)
def test_the_next_free_number_is_taken(occurrences: tuple[str, ...], next_one: str) -> None:
    jobs = [make_job(occurrence=occurrence) for occurrence in occurrences]
    other_kind = make_job(kind="confirm", occurrence="manual:30")

    assert manual_occurrence([*jobs, other_kind], "guide") == next_one


def test_a_manual_text_is_an_ordinary_job(outbox: Outbox) -> None:
    job, text = made(make_booking())

    enqueue_manual(job, text, outbox, **WHO)

    assert outbox.jobs.get(job.booking_num, job.sort_key) == job
    assert outbox.bodies.get(job.body_sha) == text
    assert (job.state, job.ledger.flag) == (JobState.AVAILABLE, "remind_sms")
    assert job.not_after == make_booking().ends_at


@pytest.mark.parametrize("phone", ["02-000-0000", ""])
def test_a_text_that_cannot_arrive_is_refused_and_leaves_no_trace(
    outbox: Outbox, phone: str
) -> None:
    job, text = made(make_booking(phone=phone))

    with pytest.raises(TransformError, match="PhoneInvalid"):
        enqueue_manual(job, text, outbox, **WHO)

    assert outbox.jobs.of_booking(job.booking_num) == ()
    assert [one.name for one in outbox.control.operator_changes(NOW.date())] == ["mode"]


def test_a_text_that_its_rule_drops_at_this_hour_is_refused(outbox: Outbox) -> None:
    by_day = with_rules({"allowed_hours": "09:00-10:00", "out_of_hours": "drop"}).rules[0]
    job, text = manual_job(MAKER, make_booking(), by_day, "manual:1", NOW)

    with pytest.raises(TransformError, match="outside_hours"):
        enqueue_manual(job, text, outbox, **WHO)


def test_comparison_mode_of_one_store_makes_no_job(outbox: Outbox) -> None:
    job, text = made(make_booking())
    outbox.control.set_delivery_mode("comparison", store_id=job.store_id, **WHO)

    with pytest.raises(SendingForbidden):
        enqueue_manual(job, text, outbox, **WHO)


def test_a_text_whose_kind_has_no_rule_any_more_is_counted() -> None:
    jobs = InMemorySmsJobRepository()
    jobs.insert_if_absent(make_job(kind="drink", state=JobState.DELIVERED))

    report = find_outdated([make_booking()], jobs, MAKER, "drink", NOW)

    assert (report.holders, report.outdated, dict(report.problems)) == (1, (), {NO_RULE: 1})


def test_a_text_in_doubt_counts_as_the_newest() -> None:
    jobs = InMemorySmsJobRepository()
    booking = make_booking()
    current, _ = made(booking)
    jobs.insert_if_absent(make_job(state=JobState.DELIVERED, body_sha="0" * 64, t0=5))
    jobs.insert_if_absent(replace(current, state=JobState.OUTCOME_UNKNOWN, t0=6))

    report = find_outdated([booking], jobs, MAKER, "guide", NOW)

    assert (report.holders, report.outdated) == (1, ())
