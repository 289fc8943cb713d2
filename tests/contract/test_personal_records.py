"""Erasure under every store: what stands otherwise, or is not blank, is left alone."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta

import pytest
from cryptography.fernet import Fernet

from booking_sms.adapters.dynamodb import (
    DynamoDbBodyStore,
    DynamoDbPersonalRecords,
    Sealer,
    TableNames,
)
from booking_sms.domain.booking import KST
from booking_sms.domain.retention import ERASED, is_blank
from booking_sms.domain.sms_job import JobState, Move
from booking_sms.ports import StoredJob
from booking_sms.testing import NOW, InMemoryPersonalRecords, make_job

from .conftest import PREFIX


@pytest.fixture
def records(stores, request):
    if stores.kind == "memory":
        return InMemoryPersonalRecords(stores.jobs, stores.ledger, stores.bodies, stores.plans)
    return DynamoDbPersonalRecords(request.getfixturevalue("client"), TableNames(PREFIX))


@pytest.fixture
def delivered(stores):
    job = make_job(state=JobState.DELIVERED, attempt=1, request_id="r1")
    stores.jobs.insert_if_absent(job)
    return job


def test_a_blank_job_names_nobody_and_keeps_its_key(stores, records, delivered):
    assert records.blank_job(delivered)

    stored = stores.jobs.get(delivered.booking_num, delivered.sort_key)
    assert is_blank(stored)
    assert (stored.to, stored.body_sha, stored.ledger.flag) == (ERASED, ERASED, "remind_sms")
    assert (stored.state, stored.request_id) == (JobState.DELIVERED, "r1")
    assert [item.job for item in stores.jobs.everything() if isinstance(item, StoredJob)] == [
        stored
    ]


def test_an_accepted_job_stays_in_its_index_when_it_is_blanked(stores, records):
    job = make_job(state=JobState.ACCEPTED, attempt=1, request_id="r1")
    stores.jobs.insert_if_absent(job)

    assert records.blank_job(job)

    (item,) = [one for one in stores.jobs.everything() if isinstance(one, StoredJob)]
    assert (item.is_indexed, is_blank(item.job)) == (True, True)
    (found,) = stores.jobs.open_jobs(item.job.open_shard, NOW)
    assert found == item.job
    assert records.erase_job(item.job)


def test_only_a_blank_job_is_erased(stores, records, delivered):
    assert not records.erase_job(delivered)

    records.blank_job(delivered)

    assert records.erase_job(delivered)
    assert stores.jobs.get(delivered.booking_num, delivered.sort_key) is None
    assert not records.erase_job(delivered)
    assert not records.blank_job(delivered)


def test_a_job_that_moved_on_is_left_alone(stores, records):
    job = make_job(state=JobState.CANCELLED, reason="booking_cancelled")
    stores.jobs.insert_if_absent(job)
    renewed = stores.jobs.move(job, Move.RENEW, due_at=NOW, not_before=NOW, reason="")
    assert renewed is not None

    assert not records.blank_job(job)
    assert stores.jobs.get(job.booking_num, job.sort_key).to == job.to


def test_a_row_is_blanked_once_and_erased_once(stores, records):
    stores.ledger.mark_accepted(make_job())
    ((booking_num, phone, visit),) = list(records.ledger_rows())
    assert visit == datetime(2026, 3, 2, 16, 0, tzinfo=KST)

    assert records.blank_row(booking_num, phone)
    assert not records.blank_row(booking_num, phone)
    (row,) = stores.ledger.rows([booking_num])
    assert (row.item["name"], row.item["remind_sms"]) == (ERASED, True)

    assert records.erase_row(booking_num, phone)
    assert not records.erase_row(booking_num, phone)
    assert not records.blank_row(booking_num, phone)
    assert stores.ledger.rows([booking_num]) == ()


def test_a_text_is_erased_only_while_it_is_as_old_as_it_was(stores, records):
    digest = stores.bodies.put("안내")
    assert [sha256 for sha256, _ in records.texts()] == [digest]
    if stores.kind == "memory":
        records.written_at[digest] = NOW
    ((_, written_at),) = records.texts()

    assert not records.erase_text(digest, written_at)
    assert stores.bodies.get(digest) == "안내"

    assert records.erase_text(digest, written_at + timedelta(seconds=1))
    with pytest.raises(KeyError):
        stores.bodies.get(digest)
    assert not records.erase_text(digest, written_at + timedelta(days=1))


def test_plans_that_hold_people_are_repairs_and_rows_of_shadow_campaigns(stores, records):
    for plan_id in ("repair#ab", "comparison#y", "signoff#z", "campaign#open"):
        stores.plans.put(plan_id, {"created_at": NOW.isoformat()})
    stores.plans.put("campaign#x", {"closed_at": NOW.isoformat()})
    stores.plans.put("shadow-row#x#900101_1", {"sealed": "y"})
    stores.plans.put("shadow-row#open#900101_1", {"sealed": "y"})

    found = dict(records.plans())

    late = datetime.max.replace(tzinfo=UTC)
    assert found == {
        "repair#ab": NOW,
        "shadow-row#x#900101_1": NOW,
        "shadow-row#open#900101_1": late,
    }
    for plan_id in found:
        records.erase_plan(plan_id)
    assert list(records.plans()) == []
    assert stores.plans.get("campaign#x") is not None


@pytest.mark.integration
class TestOnTables:
    def test_the_age_of_a_text_is_in_its_seal(self, dynamodb, client):
        dynamodb.bodies.put("안내")
        ((_, written_at),) = DynamoDbPersonalRecords(client, TableNames(PREFIX)).texts()

        assert abs(written_at - datetime.now(UTC)) < timedelta(minutes=10)

    def test_a_text_that_is_dated_anew_between_look_and_erasure_stays(self, client):
        """A load takes it up: it puts the text, and inserts its job seconds later."""
        key = Fernet.generate_key()
        bodies = DynamoDbBodyStore(client, TableNames(PREFIX), sealer=Sealer([key.decode()]))
        long_ago = datetime.now(UTC) - timedelta(days=50)
        sealed = Fernet(key).encrypt_at_time("안내".encode(), int(long_ago.timestamp())).decode()
        digest = hashlib.sha256("안내".encode()).hexdigest()
        item = {"sha256": {"S": digest}, "sealed": {"S": sealed}}
        client.put_item(TableName=f"{PREFIX}sms_bodies", Item=item)
        records = DynamoDbPersonalRecords(client, TableNames(PREFIX))
        look = records._bodies.get

        def put_after_the_look(found):
            row = look(found)
            assert bodies.put("안내") == digest
            return row

        records._bodies.get = put_after_the_look

        assert not records.erase_text(digest, datetime.now(UTC) - timedelta(days=40))
        assert bodies.get(digest) == "안내"

    def test_a_plan_of_many_parts_goes_whole(self, dynamodb, client):
        records = DynamoDbPersonalRecords(client, TableNames(PREFIX))
        noise = [f"{n * 7919 % 1_000_003:x}" for n in range(200_000)]
        dynamodb.plans.put("repair#big", {"created_at": NOW.isoformat(), "sealed": noise})
        assert list(records.plans()) == [("repair#big", NOW)]

        records.erase_plan("repair#big")

        assert client.scan(TableName=f"{PREFIX}sms_plans")["Items"] == []
