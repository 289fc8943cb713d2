"""Jobs as items: small, sparse, and conditional writes as DynamoDB reads them."""

from datetime import timedelta

import pytest

from booking_sms.adapters.dynamodb.billing import item_bytes
from booking_sms.adapters.dynamodb.expressions import Expression
from booking_sms.adapters.dynamodb.job_item import condition_of, item_of, job_of, update_of
from booking_sms.adapters.dynamodb.values import to_item
from booking_sms.domain.job_moves import plan_amendment, plan_move
from booking_sms.domain.sms_job import FINAL, Attempt, JobState, Move
from booking_sms.testing import NOW, NOW_MS, make_job


def test_an_item_reads_back_as_its_job():
    job = make_job(attempts=(Attempt(number=1, t0=NOW_MS, outcome="unknown", code="504"),))

    assert job_of(item_of(job, "token")) == job


def test_what_holds_its_default_is_not_stored():
    item = item_of(make_job(), "token")

    assert {"request_id", "no_resend", "looks", "attempts", "plan_hash"}.isdisjoint(item)
    assert (item["attempt"], item["lease_until"]) == (0, 0)


def test_a_job_on_its_first_attempt_stays_under_one_kilobyte():
    job = make_job(
        subject="[시험사진관] 방문 안내 ABC234",
        rule_digest="a" * 12,
        template="guide/900101",
        template_digest="b" * 12,
        code_version="1.12.3",
        request_id="RSSA-0000000000000000000000000000",
        message_id="0-00000-0000-000000-0",
        attempts=(Attempt(number=1, t0=NOW_MS, outcome="accepted", code="202"),),
        attempt=1,
        t0=NOW_MS,
        lease_until=NOW_MS,
    )

    assert item_bytes(to_item(item_of(job, "0" * 16))) < 1024


@pytest.mark.parametrize("state", list(JobState))
def test_only_open_jobs_carry_their_shard(state):
    item = item_of(make_job(state=state), "token")

    assert ("open_shard" in item) is (state not in FINAL)
    assert "due_at" in item


def test_instants_are_utc_and_of_one_width():
    item = item_of(make_job(not_after=NOW + timedelta(microseconds=7)), "token")

    assert item["due_at"] == "2026-03-02T05:00:00.000000Z"
    assert item["not_after"] == "2026-03-02T05:00:00.000007Z"


def test_attributes_of_a_later_version_are_left_alone():
    item = item_of(make_job(), "token") | {"colour": "blue"}

    assert job_of(item) == make_job()


def test_the_condition_of_an_intent():
    job = make_job(state=JobState.RETRYABLE, attempt=1)
    write = plan_move(job, Move.INTENT, {"now": NOW, "t0": 1, "lease_until": 2})

    assert readable(condition_of, write) == (
        "state IN (available, retryable) AND attempt = 1 AND "
        "not_after > 2026-03-02T05:00:00.000000Z AND booking_version = 1 AND "
        "attribute_not_exists(no_resend)"
    )


@pytest.mark.parametrize(
    ("move", "state", "facts", "expected"),
    [
        (
            Move.ACCEPT,
            "sending",
            {},
            "state IN (held, outcome_unknown, sending) AND attempt = 1",
        ),
        (Move.NOT_SENT, "sending", {}, "state IN (sending) AND attempt = 1"),
        (
            Move.LAPSE,
            "sending",
            {"now_ms": 9},
            "state IN (sending) AND attempt = 1 AND lease_until < 9",
        ),
        (Move.SETTLE_ABSENT, "outcome_unknown", {}, "state IN (outcome_unknown) AND attempt = 1"),
        (
            Move.SUPERSEDE,
            "held",
            {},
            "state IN (available, held, retryable, scheduled) AND attempt = 1",
        ),
        (
            Move.EXPIRE,
            "held",
            {"now": NOW},
            "state IN (available, held, outcome_unknown, retryable, scheduled) AND attempt = 1 "
            "AND not_after < 2026-03-02T05:00:00.000000Z",
        ),
        (Move.DELIVER, "accepted", {}, "state IN (accepted) AND attempt = 1"),
    ],
)
def test_the_condition_of_a_move(move, state, facts, expected):
    job = make_job(state=JobState(state), attempt=1)

    assert readable(condition_of, plan_move(job, move, facts)) == expected


def test_an_open_move_sets_what_changed_and_removes_what_is_default_again():
    job = make_job(state=JobState.HELD, reason="doubt", plan_hash="p", attempt=1)
    write = plan_move(job, Move.APPROVE, {"reason": "owner", "plan_hash": ""})

    assert readable(update_of, write) == (
        "SET reason = owner, state = available, attempt = 1, write_token = token REMOVE plan_hash"
    )


def test_a_final_move_leaves_the_index():
    job = make_job(state=JobState.ACCEPTED, attempt=1)

    assert readable(update_of, plan_move(job, Move.DELIVER, {})) == (
        "SET state = delivered, attempt = 1, write_token = token REMOVE open_shard"
    )


def test_an_amendment_stays_in_the_index():
    job = make_job(state=JobState.OUTCOME_UNKNOWN, attempt=1)
    write = plan_amendment(job, {"looks": 2})

    assert readable(condition_of, write) == "state = outcome_unknown AND attempt = 1"
    assert "open_shard" not in readable(update_of, write)


def readable(render, write) -> str:
    """The expression with its placeholders filled in."""
    terms = Expression()
    text = render(write, terms) if render is condition_of else render(write, "token", terms)
    for placeholder, value in sorted(terms.values.items(), key=lambda v: -len(v[0])):
        text = text.replace(placeholder, next(iter(value.values())))
    return text.replace("#", "")
