"""Enqueue: absent, the same again, or an incident."""

import hashlib
from datetime import timedelta

import pytest

from booking_sms.domain.errors import PayloadConflict
from booking_sms.domain.incidents import incidents_of
from booking_sms.domain.job_moves import incident_note
from booking_sms.domain.sms_job import Attempt, JobState
from booking_sms.pipeline.job_batch import JobBatch
from booking_sms.pipeline.load import load_jobs
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
    other = make_job(**changed, rule="another-rule", window="2026-03-02T14:20:00+09:00")

    with pytest.raises(PayloadConflict) as raised:
        stores.jobs.insert_if_absent(other)

    assert stores.jobs.get(job.booking_num, job.sort_key) == job
    (note,) = incidents_of(stores.control, job.job_id)
    assert note == {"note": incident_note(raised.value), **raised.value.context}
    assert (note["stored_body"], note["offered_body"]) == (job.body_sha, other.body_sha)
    assert (note["stored_rule"], note["offered_rule"]) == (job.rule, "another-rule")
    assert (note["stored_window"], note["offered_window"]) == (job.window, other.window)
    assert note["differs"] == next(iter(changed))
    assert (note["booking_num"], note["sort_key"]) == (job.booking_num, job.sort_key)


def test_each_payload_that_was_offered_keeps_its_own_incident(stores):
    job = make_job()
    stores.jobs.insert_if_absent(job)
    first, second = make_job(subject="다른 제목"), make_job(sender="050000000002")

    for other in (first, second, first):
        with pytest.raises(PayloadConflict):
            stores.jobs.insert_if_absent(other)

    found = incidents_of(stores.control, job.job_id)
    assert [note["differs"] for note in found] == ["sender", "subject"]


def test_of_a_conflict_both_texts_stay_readable(stores):
    """As a run loads it: the refused text is stored before its job is refused."""
    first, second = (batch_of("문 번호는 0001#"), batch_of("문 번호는 0002#"))
    load_jobs(first, stores.jobs, stores.bodies)

    summary = load_jobs(second, stores.jobs, stores.bodies)

    ((job, _),) = first.jobs
    assert summary.incidents == (job.job_id,)
    (note,) = incidents_of(stores.control, job.job_id)
    assert stores.bodies.get(note["stored_body"]) == "문 번호는 0001#"
    assert stores.bodies.get(note["offered_body"]) == "문 번호는 0002#"


def test_a_job_without_incidents_has_none(stores):
    assert incidents_of(stores.control, make_job().job_id) == []


def batch_of(text):
    """What a run made of one booking; its text is not stored yet."""
    job = make_job(body_sha=hashlib.sha256(text.encode()).hexdigest())
    return JobBatch(window=job.window, jobs=((job, text),))


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
