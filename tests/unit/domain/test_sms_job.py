"""The state machine as a table: complete, disjoint, and silent about people."""

import re
from collections import Counter
from datetime import datetime

import pytest

from booking_sms.domain import sms_job
from booking_sms.domain.errors import IllegalMove
from booking_sms.domain.sms_job import (
    ACCOUNTING,
    CLAIMABLE,
    FINAL,
    FORGOTTEN,
    IN_DOUBT,
    MAX_ATTEMPT_HISTORY,
    MOVES,
    OPEN_SHARDS,
    SENT,
    UNSENT,
    JobState,
    Move,
    attempt_reference,
    job_sort_key,
    open_shard_of,
    recipient_digest,
)
from booking_sms.testing import NOW_MS, make_job

LEGAL_EDGES = {
    ("scheduled", "available"),
    ("available", "scheduled"),
    ("retryable", "scheduled"),
    ("available", "sending"),
    ("retryable", "sending"),
    ("sending", "accepted"),
    ("sending", "retryable"),
    ("sending", "rejected"),
    ("sending", "outcome_unknown"),
    ("outcome_unknown", "accepted"),
    ("outcome_unknown", "retryable"),
    ("outcome_unknown", "held"),
    ("outcome_unknown", "expired"),
    ("held", "available"),
    ("accepted", "delivered"),
    ("accepted", "undelivered"),
} | {
    (source, target)
    for source in ("scheduled", "available", "retryable", "held")
    for target in ("held", "cancelled", "superseded", "suppressed", "expired")
}

RENEWED = {
    (source, target) for source in ("cancelled", "superseded") for target in ("scheduled", "held")
}
"""Edges of a message that the pipeline withdrew and wants again."""


def test_each_state_is_in_exactly_one_accounting_group():
    counted = Counter(state for group in ACCOUNTING.values() for state in group)

    assert counted == dict.fromkeys(JobState, 1)


def test_the_docstring_explains_every_state_and_no_other():
    rows = re.findall(r"^\| ([a-z_, ]+) \|", sms_job.__doc__, re.MULTILINE)
    named = {name.strip() for row in rows[1:] for name in row.split(",")}

    assert named == set(JobState)


def test_every_move_is_defined_and_the_edges_are_these():
    edges = {
        (source.value, target.value) for sources, target in MOVES.values() for source in sources
    }

    assert set(MOVES) == set(Move)
    assert edges - settled_by_a_person() - RENEWED == LEGAL_EDGES


def settled_by_a_person() -> set[tuple[str, str]]:
    """Edges that a person alone may take: a held job was sent, a cancelled one is wanted again."""
    return {
        ("held", target.value)
        for sources, target in MOVES.values()
        if JobState.HELD in sources and target is JobState.ACCEPTED
    } | {("cancelled", "held")}


def test_nothing_leaves_a_final_state_but_what_is_reopened_or_renewed():
    leaving = {move: sources & FINAL for move, (sources, _) in MOVES.items() if sources & FINAL}

    assert leaving == {
        Move.REOPEN: {JobState.CANCELLED},
        Move.RENEW: FORGOTTEN,
        Move.RENEW_HELD: FORGOTTEN,
    }
    assert MOVES[Move.REOPEN][1] is JobState.HELD


def test_every_state_but_the_first_ones_is_reached_and_every_open_one_is_left():
    reached = {target for _, target in MOVES.values()}
    left = frozenset().union(*(sources for sources, _ in MOVES.values()))

    assert reached == set(JobState)
    assert left - FORGOTTEN == set(JobState) - FINAL


def test_a_job_in_doubt_is_never_claimed_before_it_was_settled():
    sources, _ = MOVES[Move.INTENT]

    assert sources == CLAIMABLE
    assert not sources & IN_DOUBT
    assert MOVES[Move.LAPSE][1] is JobState.OUTCOME_UNKNOWN


def test_only_what_certainly_was_not_sent_can_be_called_off():
    for move in (Move.CANCEL, Move.SUPERSEDE, Move.SUPPRESS):
        assert MOVES[move][0] == UNSENT
    assert not UNSENT & (IN_DOUBT | SENT)


def test_what_is_forgotten_is_final():
    assert FORGOTTEN < FINAL


@pytest.mark.parametrize("state", list(JobState))
@pytest.mark.parametrize("move", list(Move))
def test_moved_follows_the_table(state, move):
    job = make_job(state=state)
    sources, target = MOVES[move]

    if state in sources:
        assert job.moved(move).state is target
    else:
        with pytest.raises(IllegalMove, match=job.job_id):
            job.moved(move)


def test_references_are_distinct_per_job_and_attempt():
    jobs = [make_job(booking_num=f"900101_{n}") for n in range(200)]

    references = {attempt_reference(job, attempt) for job in jobs for attempt in range(1, 6)}

    assert len(references) == 1000
    assert all(re.fullmatch("[2-9A-HJ-NP-Z]{6}", reference) for reference in references)


def test_a_reference_is_the_same_wherever_it_is_worked_out():
    assert attempt_reference(make_job(), 1) == attempt_reference(make_job(reason="x"), 1)


def test_no_representation_shows_the_person():
    job = make_job()

    for text in (repr(job), str(job.log_context()), job.job_id, job.sort_key):
        assert job.to not in text
        assert job.ledger.phone not in text
        assert job.ledger.name not in text


def test_the_key_depends_on_the_message_and_not_on_rule_run_or_clock():
    key = job_sort_key("guide", "once", recipient_digest(b"k", "01000001234"))

    assert key == job_sort_key("guide", "once", recipient_digest(b"k", "01000001234"))
    assert re.fullmatch(r"guide#once#[0-9a-f]{10}", key)
    assert recipient_digest(b"k", "01000001234") != recipient_digest(b"other", "01000001234")


@pytest.mark.parametrize(
    "changed",
    [
        {"to": "01000009999"},
        {"sender": "050000000009"},
        {"subject": "x"},
        {"message_type": "SMS"},
        {"body_sha": "00" * 32},
    ],
)
def test_the_payload_hash_covers_what_would_be_sent(changed):
    assert make_job().payload_hash != make_job().evolve(**changed).payload_hash


def test_the_payload_hash_covers_nothing_else():
    assert make_job().payload_hash == make_job(reason="x", attempt=3, rule="other").payload_hash


def test_one_recipient_has_one_shard_and_many_spread_over_all():
    shards = Counter(open_shard_of(f"0100{n:07d}") for n in range(2000))

    assert make_job().open_shard == open_shard_of(make_job().to)
    assert set(shards) == set(range(OPEN_SHARDS))
    assert max(shards.values()) < 2 * min(shards.values())


def test_attempt_history_is_short_and_keeps_the_latest():
    job = make_job()
    for number in range(1, 9):
        job = job.evolve(attempt=number, t0=NOW_MS + number).with_attempt("not_sent", code="429")

    assert [attempt.number for attempt in job.attempts] == [4, 5, 6, 7, 8]
    assert len(job.attempts) == MAX_ATTEMPT_HISTORY
    assert (job.attempts[-1].t0, job.attempts[-1].code) == (NOW_MS + 8, "429")


@pytest.mark.parametrize("name", ["not_before", "not_after", "due_at", "visit_at"])
def test_naive_instants_are_refused(name):
    with pytest.raises(ValueError, match=name):
        make_job(**{name: datetime(2026, 3, 2)})  # noqa: DTZ001
