"""Conditions of the moves: each with its reason, none on the caller's wishes alone."""

from datetime import timedelta

import pytest

from booking_sms.domain.job_moves import (
    FIXED_FIELDS,
    incident_note,
    payload_conflict,
    plan_amendment,
    plan_move,
)
from booking_sms.domain.sms_job import JOB_FIELDS, MOVES, JobState, Move
from booking_sms.testing import NOW, NOW_MS, make_job

FACTS = {"now": NOW, "now_ms": NOW_MS, "t0": NOW_MS, "lease_until": NOW_MS + 1}
OWN_GUARDS = {
    Move.INTENT: {"not_after", "booking_version", "no_resend"},
    Move.EXPIRE: {"not_after"},
    Move.LAPSE: {"lease_until"},
    Move.REOPEN: {"not_after", "no_resend"},
    Move.RENEW: {"reason"},
    Move.RENEW_HELD: {"reason"},
}


def planned(move: Move, **overrides):
    job = make_job(state=sorted(MOVES[move][0])[0], attempt=1, **overrides)
    return job, plan_move(job, move, FACTS)


@pytest.mark.parametrize("move", list(Move))
def test_every_move_is_guarded_by_state_and_attempt_and_what_is_its_own(move):
    _, write = planned(move)

    guarded = [guard.attribute for guard in write.guards]

    assert guarded[:2] == ["state", "attempt"]
    assert set(guarded[2:]) == OWN_GUARDS.get(move, set())


@pytest.mark.parametrize("move", list(Move))
def test_every_guard_says_why(move):
    _, write = planned(move)

    assert all(len(guard.reason) > 20 for guard in write.guards)


@pytest.mark.parametrize("move", list(Move))
def test_facts_to_compare_with_are_not_written(move):
    _, write = planned(move)

    assert {"now", "now_ms", "version"}.isdisjoint(write.changes)
    assert write.changes.keys() <= set(JOB_FIELDS)


def test_an_intent_is_never_taken_for_somebody_elses():
    job, write = planned(Move.INTENT)
    winner = job.evolve(**write.changes)

    assert write.is_already_done(winner) is False


def test_any_other_move_recognises_its_outcome():
    job, write = planned(Move.ACCEPT)

    assert write.is_already_done(job.evolve(**write.changes)) is True
    assert write.is_already_done(job.evolve(**write.changes, request_id="REQ-9")) is True
    assert write.is_already_done(job.evolve(**{**write.changes, "attempt": 2})) is False
    assert write.is_already_done(job) is False


@pytest.mark.parametrize("version", ["1", "2"])
def test_the_booking_version_is_the_one_that_was_read(version):
    job, write = planned(Move.INTENT, booking_version="1")

    assert write.allows(job.evolve(booking_version=version)) is (version == "1")


@pytest.mark.parametrize(("left", "allowed"), [(-1, False), (0, False), (1, True)])
def test_an_intent_needs_time_left(left, allowed):
    job, write = planned(Move.INTENT, not_after=NOW + timedelta(microseconds=left))

    assert write.allows(job) is allowed


def test_an_amendment_keeps_state_and_attempt():
    job = make_job(state=JobState.HELD, attempt=2)
    write = plan_amendment(job, {"reason": "x"})

    assert write.allows(job)
    assert write.target is JobState.HELD
    assert not write.is_final
    assert not write.allows(job.evolve(attempt=3))


def test_fixed_fields_are_fields():
    assert set(JOB_FIELDS) >= FIXED_FIELDS


def test_a_conflict_names_both_texts_and_no_person():
    stored, offered = make_job(), make_job(body_sha="0f" * 32)

    conflict = payload_conflict(stored, offered)

    assert conflict.context["stored_body"] == stored.body_sha
    assert conflict.context["offered_body"] == offered.body_sha
    assert stored.to not in str(conflict)
    assert conflict.context["differs"] == "body_sha"
    assert incident_note(conflict).endswith(f"#{stored.job_id}#{offered.payload_hash[:12]}")


def test_what_differs_is_named_and_never_shown():
    stored = make_job()
    offered = stored.evolve(to="01000009999", sender="050000000002", subject="다른 제목")

    conflict = payload_conflict(stored, offered)

    assert conflict.context["differs"] == "to,sender,subject"
    assert "9999" not in str(conflict)


@pytest.mark.parametrize("move", list(Move))
def test_any_move_may_ask_for_the_version_that_was_judged(move):
    job = make_job(state=sorted(MOVES[move][0])[0], attempt=1)

    write = plan_move(job, move, {**FACTS, "version": "v1"})

    (guard,) = [guard for guard in write.guards if guard.value == "v1"]
    assert guard.attribute == "booking_version"
    assert "version" not in write.changes


def test_only_a_job_that_comes_back_gets_another_index_key():
    renewed = make_job(state=JobState.SUPERSEDED)

    assert plan_move(renewed, Move.RENEW, {"due_at": NOW}).changes["due_at"] == NOW
    with pytest.raises(ValueError, match="due_at"):
        plan_move(make_job(state=JobState.CANCELLED), Move.REOPEN, {"due_at": NOW, "now": NOW})
