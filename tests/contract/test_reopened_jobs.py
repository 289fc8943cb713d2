"""A cancellation that a person undoes: back into the index, and only while it is of use."""

from datetime import timedelta

import pytest

from booking_sms.domain.sms_job import JobState, Move
from booking_sms.testing import NOW, make_job


def cancelled_job(jobs, **facts):
    job = make_job(**facts)
    jobs.insert_if_absent(job)
    return jobs.move(job, Move.CANCEL, reason="dropped")


def test_a_reopened_job_is_held_and_open_again(jobs):
    cancelled = cancelled_job(jobs)
    assert jobs.open_jobs(cancelled.open_shard, NOW) == ()

    reopened = jobs.move(cancelled, Move.REOPEN, now=NOW, reason="reopened")

    assert reopened.state is JobState.HELD
    assert jobs.open_jobs(cancelled.open_shard, NOW) == (reopened,)


@pytest.mark.parametrize("facts", [{"not_after": NOW}, {"no_resend": True}])
def test_what_is_of_no_use_any_more_stays_cancelled(jobs, facts):
    cancelled = cancelled_job(jobs, **facts)

    assert jobs.move(cancelled, Move.REOPEN, now=NOW) is None


def test_a_change_of_something_else_is_kept_with_name_and_reason(stores):
    stores.control.record_change("job#abc", "drop", by="kim", reason="called")

    (change,) = stores.control.operator_changes(NOW.date())

    assert (change.name, change.value, change.by, change.reason) == (
        "job#abc",
        "drop",
        "kim",
        "called",
    )
    assert abs(change.at - NOW) < timedelta(seconds=1)
