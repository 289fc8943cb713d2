"""Many writers, frozen writers, and writers whose answer was lost."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

import pytest

from booking_sms.domain.errors import StoreUnavailable
from booking_sms.domain.sms_job import JobState, Move
from booking_sms.testing import NOW, NOW_MS, InMemorySmsJobRepository, make_job

from .conftest import PREFIX
from .dynalite import client_of
from .lossy_proxy import run_lossy_proxy
from .stores import dynamodb_stores

WRITERS = 50
LEASE = {"now": NOW, "t0": NOW_MS, "lease_until": NOW_MS + 30_000}


def at_once(call):
    """What ``WRITERS`` threads get that all call at the same moment."""
    barrier = Barrier(WRITERS)

    def run(number):
        barrier.wait()
        return call(number)

    with ThreadPoolExecutor(WRITERS) as threads:
        return list(threads.map(run, range(WRITERS)))


@pytest.mark.parametrize("same_millisecond", [True, False])
def test_of_fifty_claims_one_wins(jobs, same_millisecond):
    job = make_job()
    jobs.insert_if_absent(job)

    def claim(number):
        t0 = NOW_MS if same_millisecond else NOW_MS + number
        return jobs.move(job, Move.INTENT, now=NOW, t0=t0, lease_until=NOW_MS + 30_000)

    winners = [sending for sending in at_once(claim) if sending is not None]

    assert len(winners) == 1
    assert winners[0] == jobs.get(job.booking_num, job.sort_key)
    assert winners[0].attempt == 1


def test_of_fifty_inserts_one_is_new(jobs):
    assert at_once(lambda number: jobs.insert_if_absent(make_job())).count(True) == 1


def test_claim_and_cancel_at_once_leave_one_of_them(jobs):
    job = make_job()
    jobs.insert_if_absent(job)

    def claim_or_cancel(number):
        if number % 2:
            return jobs.move(job, Move.INTENT, **LEASE)
        return jobs.move(job, Move.CANCEL, reason=f"by {number}")

    done = [moved for moved in at_once(claim_or_cancel) if moved is not None]

    assert len(done) == 1
    assert jobs.get(job.booking_num, job.sort_key) == done[0]


def test_a_frozen_holders_late_writes_are_blocked_by_its_token(jobs):
    job = make_job()
    jobs.insert_if_absent(job)
    frozen = jobs.move(job, Move.INTENT, **LEASE)
    lapsed = jobs.move(frozen, Move.LAPSE, now_ms=NOW_MS + 60_000)
    absent = jobs.move(lapsed, Move.SETTLE_ABSENT, reason="absent")
    second = jobs.move(absent, Move.INTENT, **LEASE | {"t0": NOW_MS + 600_000})

    late = [
        jobs.move(frozen, Move.ACCEPT, request_id="REQ-1"),
        jobs.move(frozen, Move.NOT_SENT, reason="thawed"),
        jobs.move(frozen, Move.DOUBT, reason="thawed"),
        jobs.move(frozen, Move.REFUSE, reason="thawed"),
        jobs.amend(frozen, looks=9),
    ]

    assert late == [None] * 5
    assert jobs.get(job.booking_num, job.sort_key) == second


def test_a_finished_job_is_not_overwritten_from_a_stale_copy(jobs):
    job = make_job(state=JobState.SENDING, attempt=1, lease_until=NOW_MS)
    jobs.insert_if_absent(job)
    accepted = jobs.move(job, Move.ACCEPT, request_id="REQ-1")
    delivered = jobs.move(accepted, Move.DELIVER)

    assert jobs.move(job, Move.LAPSE, now_ms=NOW_MS + 60_000) is None
    assert jobs.get(job.booking_num, job.sort_key) == delivered


def test_a_write_that_happened_before_its_error_is_seen_by_the_next_reader():
    jobs = InMemorySmsJobRepository()
    job = make_job()
    jobs.insert_if_absent(job)
    jobs.fail_next_write(StoreUnavailable(), applied=True)

    with pytest.raises(StoreUnavailable):
        jobs.move(job, Move.INTENT, **LEASE)

    assert jobs.get(job.booking_num, job.sort_key).state is JobState.SENDING
    assert jobs.move(job, Move.INTENT, **LEASE) is None


@pytest.fixture(scope="module")
def lossy_line(dynalite_url):
    """A line to the server that can drop answers, and a client at its end."""
    with run_lossy_proxy(dynalite_url) as (proxy, url):
        lossy_client = client_of(url)
        yield proxy, lossy_client
        lossy_client.close()


@pytest.fixture
def lossy(client, lossy_line):
    """The stores of a machine that sits at the end of that line."""
    proxy, lossy_client = lossy_line
    proxy.dropped.clear()
    return proxy, dynamodb_stores(lossy_client, PREFIX)


@pytest.mark.integration
class TestLostAnswers:
    def test_an_intent_whose_answer_was_lost_had_won(self, lossy):
        proxy, stores = lossy
        job = make_job()
        stores.jobs.insert_if_absent(job)
        proxy.drop_next("UpdateItem")

        sending = stores.jobs.move(job, Move.INTENT, **LEASE)

        assert proxy.dropped == ["UpdateItem"]
        assert (sending.state, sending.attempt) == (JobState.SENDING, 1)

    def test_an_intent_that_lost_after_a_lost_answer_did_not_win(self, lossy, dynamodb):
        proxy, stores = lossy
        job = make_job()
        stores.jobs.insert_if_absent(job)
        dynamodb.jobs.move(job, Move.INTENT, **LEASE)  # another sender, in the same millisecond
        proxy.drop_next("UpdateItem")

        assert stores.jobs.move(job, Move.INTENT, **LEASE) is None

    def test_an_accept_whose_answer_was_lost_had_won(self, lossy):
        proxy, stores = lossy
        job = make_job(state=JobState.SENDING, attempt=1)
        stores.jobs.insert_if_absent(job)
        proxy.drop_next("UpdateItem")

        assert stores.jobs.move(job, Move.ACCEPT, request_id="REQ-1").request_id == "REQ-1"

    def test_an_insert_whose_answer_was_lost_was_new(self, lossy):
        proxy, stores = lossy
        proxy.drop_next("PutItem")

        assert stores.jobs.insert_if_absent(make_job()) is True

    def test_a_move_without_any_answer_is_unavailable_and_may_have_happened(self, lossy, dynamodb):
        proxy, stores = lossy
        job = make_job()
        stores.jobs.insert_if_absent(job)
        proxy.drop_next("UpdateItem", times=3)

        with pytest.raises(StoreUnavailable):
            stores.jobs.move(job, Move.INTENT, **LEASE)

        assert dynamodb.jobs.get(job.booking_num, job.sort_key).state is JobState.SENDING

    def test_a_claim_of_a_request_whose_answer_was_lost_is_ours(self, lossy):
        proxy, stores = lossy
        proxy.drop_next("PutItem")

        assert stores.ledger.claim_request(make_job(), "REQ-1") is True

    def test_a_flag_whose_answer_was_lost_is_set_once_more(self, lossy):
        proxy, stores = lossy
        proxy.drop_next("UpdateItem")

        stores.ledger.mark_accepted(make_job())

        assert stores.ledger.rows([make_job().booking_num])[0].flag("remind_sms") is True


def test_time_passes_between_two_reads_and_the_condition_still_holds(jobs):
    job = make_job(not_after=NOW + timedelta(seconds=1))
    jobs.insert_if_absent(job)

    assert jobs.move(job, Move.INTENT, **LEASE | {"now": NOW + timedelta(seconds=2)}) is None
