"""Enqueue: absent, the same again, or an incident."""

from datetime import timedelta

import pytest

from booking_sms.domain.errors import PayloadConflict
from booking_sms.domain.sms_job import Attempt, JobState
from booking_sms.testing import NOW, NOW_MS, make_job


def test_a_new_job_is_stored_as_it_is(jobs):
    job = make_job()

    assert jobs.insert_if_absent(job) is True
    assert jobs.get(job.booking_num, job.sort_key) == job


def test_a_job_with_every_field_set_survives_the_round_trip(jobs):
    job = make_job(
        state=JobState.OUTCOME_UNKNOWN, attempt=3, t0=NOW_MS, lease_until=NOW_MS + 30_000,
        priority=2, channel="telegram", rule_digest="r1", template="guide", template_digest="t1",
        code_version="1.2.3", doubt_resend_minutes=30, allowed_hours="08:10-20:50",
        request_id="REQ-1", message_id="MSG-1", reason="왜냐하면", plan_hash="p1",
        no_resend=True, looks=4, not_before=NOW + timedelta(seconds=1, microseconds=5),
        attempts=(
            Attempt(number=1, t0=NOW_MS - 2, outcome="not_sent", code="429"),
            Attempt(number=2, t0=NOW_MS - 1, outcome="unknown", request_id="REQ-0"),
        ),
    )  # fmt: skip

    jobs.insert_if_absent(job)

    assert jobs.get(job.booking_num, job.sort_key) == job


def test_the_same_job_again_is_no_news_and_changes_nothing(jobs):
    job = make_job()
    jobs.insert_if_absent(job)
    sending = make_job(state=JobState.SENDING)

    assert jobs.insert_if_absent(sending) is False
    assert jobs.get(job.booking_num, job.sort_key).state is JobState.AVAILABLE


@pytest.mark.parametrize(
    "changed", [{"body_sha": "0f" * 32}, {"sender": "050000000002"}, {"subject": "다른 제목"}]
)
def test_another_payload_under_the_same_key_is_an_incident(stores, changed):
    job = make_job()
    stores.jobs.insert_if_absent(job)
    other = make_job(**changed)

    with pytest.raises(PayloadConflict) as raised:
        stores.jobs.insert_if_absent(other)

    context = raised.value.context
    assert (context["stored_body"], context["offered_body"]) == (job.body_sha, other.body_sha)
    assert stores.jobs.get(job.booking_num, job.sort_key) == job
    note = f"incident#payload#{job.job_id}#{other.body_sha[:12]}"
    assert stores.control.get_note(note)["stored_body"] == job.body_sha


def test_an_incident_tells_nothing_of_the_person(stores):
    job = make_job()
    stores.jobs.insert_if_absent(job)

    with pytest.raises(PayloadConflict) as raised:
        stores.jobs.insert_if_absent(make_job(body_sha="0f" * 32))

    assert job.to not in str(raised.value)
    assert job.ledger.name not in str(raised.value)


def test_jobs_of_one_booking_are_told_by_one_query(jobs):
    guide, confirm = make_job(), make_job(kind="confirm")
    elsewhere = make_job(booking_num="900101_7000000002")
    for job in (guide, confirm, elsewhere):
        jobs.insert_if_absent(job)

    assert jobs.of_booking(guide.booking_num) == (confirm, guide)
    assert jobs.of_booking("900101_7999999999") == ()


def test_what_is_not_there_is_none(jobs):
    assert jobs.get("900101_7999999999", "guide#once#0000000000") is None


def test_counts_are_by_store_kind_and_state(stores):
    job = make_job()
    later = make_job(booking_num="900101_7000000002", window="2026-03-02T14:20:00+09:00")
    final = make_job(kind="confirm", state=JobState.DELIVERED)
    for each in (job, later, final):
        stores.jobs.insert_if_absent(each)
    stores.ledger.claim_request(job, "REQ-1")

    assert stores.jobs.count_by_state() == {
        ("900101", "guide", "available"): 2,
        ("900101", "confirm", "delivered"): 1,
    }
    assert stores.jobs.count_by_state(later.window) == {("900101", "guide", "available"): 1}
