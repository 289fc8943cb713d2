"""Every move from every state: the store itself refuses what the state machine forbids."""

from datetime import timedelta

import pytest

from booking_sms.domain.errors import IllegalMove
from booking_sms.domain.job_moves import RENEWING
from booking_sms.domain.sms_job import MOVES, Attempt, JobState, Move, Withdrawal
from booking_sms.testing import NOW, NOW_MS, make_job

PAST = NOW - timedelta(minutes=1)
FACTS = {
    Move.INTENT: {"now": NOW, "t0": NOW_MS, "lease_until": NOW_MS + 30_000},
    Move.EXPIRE: {"now": NOW + timedelta(days=1)},
    Move.LAPSE: {"now_ms": NOW_MS + 60_000},
    Move.REOPEN: {"now": NOW},
}


def facts(move: Move) -> dict:
    return FACTS.get(move, {})


def stored_job(jobs, state: JobState, **overrides):
    """A job as it stands in the store in this state; one booking for each state."""
    number = 7000000000 + list(JobState).index(state)
    job = make_job(booking_num=f"900101_{number}", state=state, **overrides)
    jobs.insert_if_absent(job)
    return job


@pytest.mark.parametrize("move", list(Move))
def test_a_move_applies_from_its_sources_and_from_no_other_state(jobs, move):
    sources, target = MOVES[move]
    for state in JobState:
        reason = Withdrawal.BOOKING_MOVED if move in RENEWING else ""
        stored = stored_job(jobs, state, attempt=2, lease_until=NOW_MS, reason=reason)
        copy = stored.evolve(state=sorted(sources)[0])

        moved = jobs.move(copy, move, reason="test", **facts(move))
        after = jobs.get(stored.booking_num, stored.sort_key)

        if state in sources:
            assert moved == after, state
            assert (after.state, after.reason) == (target, "test"), state
        else:
            assert moved is None, state
            assert after == stored, state


@pytest.mark.parametrize("move", list(Move))
def test_the_callers_own_copy_may_not_ask_for_an_illegal_move(jobs, move):
    sources, _ = MOVES[move]
    for state in set(JobState) - sources:
        job = stored_job(jobs, state)

        with pytest.raises(IllegalMove):
            jobs.move(job, move, **facts(move))


@pytest.mark.parametrize("move", list(Move))
@pytest.mark.parametrize("attempt", [1, 3], ids=["older attempt", "newer attempt"])
def test_another_attempt_may_write_nothing(jobs, move, attempt):
    state = sorted(MOVES[move][0])[0]
    stored = stored_job(jobs, state, attempt=2, lease_until=NOW_MS)

    assert jobs.move(stored.evolve(attempt=attempt), move, **facts(move)) is None
    assert jobs.get(stored.booking_num, stored.sort_key) == stored


def test_intent_raises_the_attempt_and_writes_t0_and_lease(jobs):
    job = stored_job(jobs, JobState.RETRYABLE, attempt=1)

    sending = jobs.move(job, Move.INTENT, **facts(Move.INTENT))

    assert (sending.attempt, sending.t0, sending.lease_until) == (2, NOW_MS, NOW_MS + 30_000)


def test_no_other_move_raises_the_attempt(jobs):
    job = stored_job(jobs, JobState.SENDING, attempt=4, t0=NOW_MS, lease_until=NOW_MS)

    assert jobs.move(job, Move.DOUBT, reason="timeout").attempt == 4


@pytest.mark.parametrize("not_after", [NOW, PAST], ids=["ends now", "ended"])
def test_no_intent_past_the_useful_life(jobs, not_after):
    job = stored_job(jobs, JobState.AVAILABLE, not_after=not_after)

    assert jobs.move(job, Move.INTENT, **facts(Move.INTENT)) is None


@pytest.mark.parametrize("known", ["", "1"])
def test_no_intent_when_the_booking_changed_after_it_was_read(jobs, known):
    stored = stored_job(jobs, JobState.AVAILABLE, booking_version="2")

    assert (
        jobs.move(stored.evolve(booking_version=known), Move.INTENT, **facts(Move.INTENT)) is None
    )


def test_intent_for_a_booking_without_a_version(jobs):
    job = stored_job(jobs, JobState.AVAILABLE, booking_version="")

    assert jobs.move(job, Move.INTENT, **facts(Move.INTENT)) is not None


def test_no_intent_for_a_job_that_must_not_be_resent(jobs):
    doubtful = stored_job(jobs, JobState.OUTCOME_UNKNOWN, attempt=1)
    jobs.amend(doubtful, no_resend=True)

    absent = jobs.move(doubtful, Move.SETTLE_ABSENT, reason="absent")

    assert absent.no_resend is True
    assert jobs.move(absent, Move.INTENT, **facts(Move.INTENT)) is None
    assert jobs.move(absent, Move.SUPERSEDE, reason="moved").state is JobState.SUPERSEDED


@pytest.mark.parametrize("not_after", [NOW, NOW + timedelta(seconds=1)])
def test_nothing_expires_within_its_useful_life(jobs, not_after):
    job = stored_job(jobs, JobState.HELD, not_after=not_after)

    assert jobs.move(job, Move.EXPIRE, now=NOW) is None


@pytest.mark.parametrize("now_ms", [NOW_MS - 1, NOW_MS])
def test_no_lapse_within_the_lease(jobs, now_ms):
    job = stored_job(jobs, JobState.SENDING, attempt=1, lease_until=NOW_MS)

    assert jobs.move(job, Move.LAPSE, now_ms=now_ms) is None


@pytest.mark.parametrize(
    ("move", "given"),
    [
        (Move.INTENT, {"now": NOW, "t0": 1}),
        (Move.INTENT, {"t0": 1, "lease_until": 2}),
        (Move.EXPIRE, {}),
        (Move.LAPSE, {}),
    ],
)
def test_a_move_without_the_facts_it_compares_with_is_a_bug(jobs, move, given):
    job = stored_job(jobs, sorted(MOVES[move][0])[0])

    with pytest.raises(TypeError):
        jobs.move(job, move, **given)


@pytest.mark.parametrize("name", ["to", "due_at", "attempt", "sort_key"])
def test_identity_index_key_and_token_are_nobodys_to_change(jobs, name):
    job = stored_job(jobs, JobState.AVAILABLE)

    with pytest.raises(ValueError, match=name):
        jobs.move(job, Move.HOLD, **{name: "other"})
    with pytest.raises(ValueError, match=name):
        jobs.amend(job, **{name: "other"})


def test_an_unknown_field_is_a_bug(jobs):
    job = stored_job(jobs, JobState.AVAILABLE)

    with pytest.raises(TypeError):
        jobs.move(job, Move.HOLD, raeson="typo")


def test_a_job_that_is_not_there_cannot_move(jobs):
    assert jobs.move(make_job(), Move.CANCEL, reason="gone") is None
    assert jobs.amend(make_job(), looks=1) is None


def test_accept_is_taken_from_a_sender_whose_lease_lapsed(jobs):
    job = stored_job(jobs, JobState.SENDING, attempt=1, t0=NOW_MS, lease_until=NOW_MS)
    jobs.move(job, Move.LAPSE, now_ms=NOW_MS + 1)

    accepted = jobs.move(job, Move.ACCEPT, request_id="REQ-1")

    assert (accepted.state, accepted.request_id) == (JobState.ACCEPTED, "REQ-1")


def test_the_same_outcome_again_is_returned_and_another_is_not(jobs):
    job = stored_job(jobs, JobState.SENDING, attempt=1)
    accepted = jobs.move(job, Move.ACCEPT, request_id="REQ-1")

    assert jobs.move(job, Move.ACCEPT, request_id="REQ-1") == accepted
    assert jobs.move(job, Move.ACCEPT, request_id="REQ-2") is None


def test_amend_changes_fields_and_nothing_else(jobs):
    attempts = (Attempt(number=1, t0=NOW_MS, outcome="unknown"),)
    job = stored_job(jobs, JobState.OUTCOME_UNKNOWN, attempt=1, reason="timeout")

    amended = jobs.amend(job, looks=2, attempts=attempts, reason="")

    assert amended == job.evolve(looks=2, attempts=attempts, reason="")
    assert jobs.get(job.booking_num, job.sort_key) == amended


@pytest.mark.parametrize("change", [{"state": JobState.HELD}, {"attempt": 2}])
def test_amend_fails_when_the_job_moved_on(jobs, change):
    job = stored_job(jobs, JobState.AVAILABLE, attempt=1)

    assert jobs.amend(job.evolve(**change), looks=2) is None
    assert jobs.get(job.booking_num, job.sort_key) == job
