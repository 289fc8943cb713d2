"""The index of open jobs is a hint; what stands in the base table counts."""

from datetime import timedelta

import pytest

from booking_sms.domain.sms_job import FINAL, OPEN_SHARDS, JobState, Move
from booking_sms.testing import NOW, make_job

from .conftest import PREFIX


def test_open_jobs_of_a_shard_come_oldest_due_first(jobs):
    late = make_job(due_at=NOW - timedelta(minutes=5), booking_num="900101_7000000002")
    due = make_job(due_at=NOW)
    for job in (due, late):
        jobs.insert_if_absent(job)

    assert jobs.open_jobs(due.open_shard, NOW) == (late, due)


def test_a_job_due_later_is_left_out_and_one_due_now_is_not(jobs):
    now, later = make_job(), make_job(kind="confirm", due_at=NOW + timedelta(microseconds=1))
    for job in (now, later):
        jobs.insert_if_absent(job)

    assert jobs.open_jobs(now.open_shard, NOW) == (now,)


def test_every_job_is_in_the_shard_of_its_recipient_only(jobs):
    made = [
        make_job(to=f"0100000{n:04d}", booking_num=f"900101_{7000000000 + n}") for n in range(40)
    ]
    for job in made:
        jobs.insert_if_absent(job)

    by_shard = {shard: jobs.open_jobs(shard, NOW) for shard in range(OPEN_SHARDS)}

    assert sorted(job.job_id for found in by_shard.values() for job in found) == sorted(
        job.job_id for job in made
    )
    assert all(job.open_shard == shard for shard, found in by_shard.items() for job in found)


@pytest.mark.parametrize("state", sorted(JobState))
def test_final_jobs_are_not_open_and_all_others_are(jobs, state):
    job = make_job(state=state)
    jobs.insert_if_absent(job)

    assert bool(jobs.open_jobs(job.open_shard, NOW)) is (state not in FINAL)


def test_a_job_leaves_the_index_with_its_final_move(jobs):
    job = make_job(state=JobState.ACCEPTED, attempt=1)
    jobs.insert_if_absent(job)

    jobs.move(job, Move.DELIVER, message_id="MSG-1")

    assert jobs.open_jobs(job.open_shard, NOW) == ()
    assert jobs.get(job.booking_num, job.sort_key).due_at == job.due_at


def test_deferral_moves_not_before_and_keeps_the_index_key(jobs):
    job = make_job()
    jobs.insert_if_absent(job)

    deferred = jobs.move(job, Move.DEFER, not_before=NOW + timedelta(hours=18))

    assert deferred.due_at == job.due_at
    assert jobs.open_jobs(job.open_shard, NOW) == (deferred,)


def test_more_jobs_than_one_batch_holds(jobs):
    made = [make_job(booking_num=f"900101_{7000000000 + n}") for n in range(230)]
    for job in made:
        jobs.insert_if_absent(job)

    assert jobs.open_jobs(made[0].open_shard, NOW) == tuple(made)


@pytest.mark.integration
def test_a_stale_hint_is_checked_against_the_base_item(client, dynamodb):
    job = make_job()
    dynamodb.jobs.insert_if_absent(job)
    client.update_item(  # a final state that somebody wrote without leaving the index
        TableName=f"{PREFIX}sms_jobs",
        Key={"booking_num": {"S": job.booking_num}, "sort_key": {"S": job.sort_key}},
        UpdateExpression="SET #state = :final",
        ExpressionAttributeNames={"#state": "state"},
        ExpressionAttributeValues={":final": {"S": "delivered"}},
    )

    assert dynamodb.jobs.open_jobs(job.open_shard, NOW) == ()


def test_reasons_are_counted_by_kind_and_state(jobs):
    jobs.insert_if_absent(make_job(state=JobState.HELD, reason="PhoneInvalid kind=masked"))

    counted = jobs.count_by_reason()

    assert counted["guide", "held", "PhoneInvalid kind=masked"] >= 1
    assert all(reason for _, _, reason in counted)
