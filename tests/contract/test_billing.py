"""Seven units per delivered text: five base writes and two index writes."""

import pytest

from booking_sms.adapters.dynamodb.billing import MeteredClient, WriteUnits
from booking_sms.domain.sms_job import JobState, LedgerEntry, Move
from booking_sms.testing import NOW, NOW_MS, make_job

from .conftest import PREFIX
from .stores import dynamodb_stores

pytestmark = pytest.mark.integration
LEASE = {"now": NOW, "t0": NOW_MS, "lease_until": NOW_MS + 30_000}


@pytest.fixture
def metered(client):
    meter = MeteredClient(client, PREFIX)
    return meter, dynamodb_stores(meter, PREFIX)


def full_job(**overrides):
    """A job as production writes it: long names, digests, versions."""
    fields = {
        "subject": "[시험사진관] 방문 안내",
        "rule_digest": "a1b2c3d4e5f6",
        "template": "guide/900101",
        "template_digest": "0f1e2d3c4b5a",
        "booking_version": "d41d8cd98f00",
        "code_version": "1.12.3",
        "doubt_resend_minutes": 30,
        "priority": 10,
        "ledger": LedgerEntry(
            phone="010-0000-1234",
            name="남궁시험보호자",
            booking_time="2026-03-02 16:00:00",
            flag="remind_sms",
        ),
    }
    return make_job(**fields | overrides)


def deliver(stores, job):
    """Everything that is written on the way of one text."""
    stores.jobs.insert_if_absent(job)
    sending = stores.jobs.move(job, Move.INTENT, **LEASE)
    history = sending.with_attempt("accepted", request_id="RSSA-0000000000000000").attempts
    accepted = stores.jobs.move(
        sending, Move.ACCEPT, request_id="RSSA-0000000000000000", attempts=history
    )
    stores.ledger.mark_accepted(accepted)
    return stores.jobs.move(accepted, Move.DELIVER, message_id="0-0000-000000-0", reason="0")


def test_a_delivered_text_costs_five_base_and_two_index_writes(metered):
    meter, stores = metered

    delivered = deliver(stores, full_job())

    assert delivered.state is JobState.DELIVERED
    assert meter.total == WriteUnits(base=5, index=2)
    assert meter.total.total == 7
    assert meter.units["sms_jobs"] == WriteUnits(base=4, index=2)
    assert meter.units["sms"] == WriteUnits(base=1)


def test_a_static_text_costs_one_write_for_all_jobs_and_processes(metered):
    meter, stores = metered

    for store in (stores, stores, dynamodb_stores(meter, PREFIX)):  # the last: another process
        store.bodies.put("시험 안내 문자입니다.")

    assert meter.units["sms_bodies"] == WriteUnits(base=1)


def test_a_superseded_job_costs_two_writes_and_its_index_entry_twice(metered):
    meter, stores = metered
    job = full_job()
    stores.jobs.insert_if_absent(job)

    stores.jobs.move(job, Move.SUPERSEDE, reason="moved")

    assert meter.total == WriteUnits(base=2, index=2)


def test_a_renewed_job_costs_a_write_and_its_index_entry(metered):
    meter, stores = metered
    job = full_job()
    stores.jobs.insert_if_absent(job)
    old = stores.jobs.move(job, Move.SUPERSEDE, reason="booking_moved")
    before = meter.total

    stores.jobs.move(old, Move.RENEW, reason="", due_at=NOW, not_before=NOW)

    assert meter.total == before + WriteUnits(base=1, index=1)


def test_a_rewritten_job_costs_a_write_and_no_index_write(metered):
    meter, stores = metered
    job = full_job()
    stores.jobs.insert_if_absent(job)
    before = meter.total

    stores.jobs.amend(job, body_sha="0f" * 32, booking_version="2", version=job.booking_version)

    assert meter.total == before + WriteUnits(base=1)


def test_a_lost_race_costs_a_unit(metered):
    meter, stores = metered
    job = full_job()
    stores.jobs.insert_if_absent(job)
    stores.jobs.move(job, Move.INTENT, **LEASE)
    so_far = meter.total

    assert stores.jobs.move(job, Move.INTENT, **LEASE) is None

    assert meter.total == so_far + WriteUnits(base=1)


def test_deferral_costs_no_index_write(metered):
    meter, stores = metered
    job = full_job()
    stores.jobs.insert_if_absent(job)
    before = meter.units["sms_jobs"]

    stores.jobs.move(job, Move.DEFER, not_before=NOW, reason="allowed hours")

    assert meter.units["sms_jobs"] == before + WriteUnits(base=1)
