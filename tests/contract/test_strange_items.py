"""Items of the outbox that are no jobs, and jobs that the index lost: named, healed, no crash."""

import pytest

from booking_sms.adapters.dynamodb.values import to_item
from booking_sms.domain.errors import JobUnreadable
from booking_sms.domain.sms_job import JobState
from booking_sms.ports import StoredJob, UnreadableItem
from booking_sms.testing import NOW, make_job

from .conftest import PREFIX

pytestmark = pytest.mark.integration
TABLE = f"{PREFIX}sms_jobs"


def change(client, job, update, **values):
    names = {"#a": values.pop("attribute")}
    client.update_item(
        TableName=TABLE,
        Key=to_item({"booking_num": job.booking_num, "sort_key": job.sort_key}),
        UpdateExpression=update,
        ExpressionAttributeNames=names,
        **({"ExpressionAttributeValues": to_item(values)} if values else {}),
    )


@pytest.mark.parametrize(
    ("attribute", "value", "reason"),
    [
        ("state", "sung", "unknown state sung"),
        ("item_version", 9, "unknown version 9"),
        ("rule", None, "without rule"),
        ("attempt", "first", "wrong type of attempt"),
        ("not_after", "soon", "ValueError"),
        ("ledger", "none", "AttributeError"),
    ],
)
def test_a_strange_item_is_named_and_its_neighbours_go_on(
    client, dynamodb, attribute, value, reason
):
    good = make_job()
    strange = make_job(kind="confirm")
    for job in (good, strange):
        dynamodb.jobs.insert_if_absent(job)
    if value is None:
        change(client, strange, "REMOVE #a", attribute=attribute)
    else:
        change(client, strange, "SET #a = :v", attribute=attribute, **{":v": value})

    assert dynamodb.jobs.open_jobs(good.open_shard, NOW) == (good,)
    assert dynamodb.jobs.of_booking(good.booking_num) == (good,)
    found = {type(item): item for item in dynamodb.jobs.everything()}
    assert found[StoredJob] == StoredJob(job=good)
    named = found[UnreadableItem]
    assert (named.sort_key, named.reason) == (strange.sort_key, reason)
    with pytest.raises(JobUnreadable):
        dynamodb.jobs.get(strange.booking_num, strange.sort_key)
    assert sum(dynamodb.jobs.count_by_state().values()) == 2


def test_a_foreign_item_is_named_and_a_claim_is_none(client, dynamodb):
    job = make_job()
    dynamodb.ledger.claim_request(job, "REQ-1")
    client.put_item(TableName=TABLE, Item=to_item({"booking_num": "x", "sort_key": "y"}))

    (item,) = dynamodb.jobs.everything()

    assert (item.booking_num, item.sort_key) == ("x", "y")
    assert dynamodb.jobs.of_booking("x") == ()


def test_an_open_job_that_the_index_lost_comes_back(client, dynamodb):
    job = make_job()
    dynamodb.jobs.insert_if_absent(job)
    change(client, job, "REMOVE #a", attribute="open_shard")
    assert dynamodb.jobs.open_jobs(job.open_shard, NOW) == ()
    (found,) = dynamodb.jobs.everything()

    assert found.is_indexed is False
    assert dynamodb.jobs.index_again(job.evolve(attempt=3)) is False
    assert dynamodb.jobs.index_again(job) is True

    assert dynamodb.jobs.open_jobs(job.open_shard, NOW) == (job,)


def test_a_final_job_that_is_still_indexed_leaves_the_index(client, dynamodb):
    job = make_job(state=JobState.DELIVERED, attempt=1)
    dynamodb.jobs.insert_if_absent(job)
    change(client, job, "SET #a = :v", attribute="open_shard", **{":v": job.open_shard})

    (found,) = dynamodb.jobs.everything()
    dynamodb.jobs.index_again(found.job)

    assert found.is_indexed is False
    assert [item.is_indexed for item in dynamodb.jobs.everything()] == [True]
