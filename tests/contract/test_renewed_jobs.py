"""A message that was withdrawn and is wanted again: the same key, the new text, the index again."""

from datetime import timedelta

import pytest

from booking_sms.domain.sms_job import JobState, Move, Withdrawal
from booking_sms.testing import NOW, NOW_MS, make_job

LATER = NOW + timedelta(hours=1)


def withdrawn(jobs, move=Move.SUPERSEDE, reason=Withdrawal.BOOKING_MOVED, **facts):
    job = make_job(**facts)
    jobs.insert_if_absent(job)
    return jobs.move(job, move, reason=reason.value)


@pytest.mark.parametrize("move", [Move.SUPERSEDE, Move.CANCEL])
@pytest.mark.parametrize("reason", list(Withdrawal))
@pytest.mark.parametrize(
    ("renewal", "state"),
    [(Move.RENEW, JobState.SCHEDULED), (Move.RENEW_HELD, JobState.HELD)],
)
def test_what_the_pipeline_withdrew_comes_back(jobs, move, reason, renewal, state):
    old = withdrawn(jobs, move, reason)
    assert jobs.open_jobs(old.open_shard, LATER) == ()

    renewed = jobs.move(old, renewal, reason="", body_sha="0f" * 32, no_resend=False)

    assert (renewed.state, renewed.body_sha, renewed.attempt) == (state, "0f" * 32, 0)
    assert jobs.open_jobs(old.open_shard, LATER) == (renewed,)


@pytest.mark.parametrize("reason", ["", "cancelled_by_person", "dropped_by_person"])
@pytest.mark.parametrize("renewal", [Move.RENEW, Move.RENEW_HELD])
def test_what_a_person_cancelled_stays_cancelled(jobs, reason, renewal):
    job = make_job()
    jobs.insert_if_absent(job)
    cancelled = jobs.move(job, Move.CANCEL, reason=reason)

    assert jobs.move(cancelled, renewal, reason="") is None
    assert jobs.get(job.booking_num, job.sort_key) == cancelled


def test_it_comes_back_under_the_index_key_of_its_new_time(jobs):
    old = withdrawn(jobs, not_before=LATER, due_at=LATER)

    renewed = jobs.move(old, Move.RENEW, reason="", not_before=NOW, due_at=NOW)

    assert jobs.open_jobs(old.open_shard, NOW) == (renewed,)


def test_attempts_go_on_so_that_references_stay_unique(jobs):
    job = make_job(state=JobState.RETRYABLE, attempt=2, no_resend=True)
    jobs.insert_if_absent(job)
    old = jobs.move(job, Move.CANCEL, reason=Withdrawal.NO_RESEND.value)

    renewed = jobs.move(old, Move.RENEW, reason="", no_resend=False)
    available = jobs.move(renewed, Move.RELEASE)
    sending = jobs.move(available, Move.INTENT, now=NOW, t0=NOW_MS, lease_until=NOW_MS + 1)

    assert (renewed.attempt, sending.attempt) == (2, 3)


def test_a_renewal_that_was_made_before_is_not_made_again(jobs):
    old = withdrawn(jobs)
    renewed = jobs.move(old, Move.RENEW, reason="", body_sha="0f" * 32)

    assert jobs.move(old, Move.RENEW, reason="", body_sha="0f" * 32) == renewed
    assert jobs.move(old, Move.RENEW, reason="", body_sha="a0" * 32) is None


@pytest.mark.parametrize("known", ["", "0"])
def test_no_change_of_a_job_that_a_later_window_rewrote(jobs, known):
    job = make_job(booking_version="1")
    jobs.insert_if_absent(job)

    moved = jobs.move(job, Move.SUPERSEDE, reason="booking_moved", version=known)

    assert moved is None
    assert jobs.amend(job, subject="다른 제목", booking_version="2", version=known) is None
    assert jobs.get(job.booking_num, job.sort_key) == job


def test_a_rewrite_that_was_made_before_counts_as_made(jobs):
    job = make_job(booking_version="1")
    jobs.insert_if_absent(job)
    rewritten = jobs.amend(job, booking_version="2", version="1")

    assert rewritten.booking_version == "2"
    assert jobs.amend(job, booking_version="2", version="1") == rewritten
