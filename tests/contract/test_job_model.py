"""Random histories: after any of them the real table holds what the model in memory holds."""

from datetime import timedelta
from itertools import count
from typing import ClassVar

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    initialize,
    invariant,
    multiple,
    rule,
    run_state_machine_as_test,
)

from booking_sms.domain.errors import IllegalMove, PayloadConflict
from booking_sms.domain.sms_job import FINAL, MOVES, SENT, Move
from booking_sms.ports import SmsJobRepository
from booking_sms.testing import NOW, NOW_MS, InMemorySmsJobRepository, make_job

REASONS = st.sampled_from(["", "a", "booking_moved"])
BODIES = st.sampled_from(["5e" * 32, "0f" * 32])
MINUTES = st.integers(-3, 3)


class JobHistories(RuleBasedStateMachine):
    """Rules act on copies of jobs, fresh and stale alike, as slow workers do."""

    real: ClassVar[SmsJobRepository]
    examples: ClassVar[count] = count()
    copies = Bundle("copies")

    @initialize()
    def start_empty(self) -> None:
        self.model = InMemorySmsJobRepository()
        number = next(self.examples)
        self.booking_num = f"900101_{8000000000 + number}"
        self.phone = f"0100000{number:04d}"

    @rule(target=copies, kind=st.sampled_from(["guide", "confirm"]), body=BODIES, life=MINUTES)
    def insert(self, kind, body, life):
        job = make_job(
            booking_num=self.booking_num,
            to=self.phone,
            kind=kind,
            body_sha=body,
            not_after=NOW + timedelta(minutes=life),
        )
        self.both(lambda jobs: jobs.insert_if_absent(job))
        return job

    @rule(
        target=copies,
        job=copies,
        move=st.sampled_from(list(Move)),
        reason=REASONS,
        minute=MINUTES,
    )
    def move(self, job, move, reason, minute):
        facts = facts_of(move, minute)
        moved = self.both(lambda jobs: jobs.move(job, move, reason=reason, **facts))
        return multiple() if moved is None else moved

    @rule(target=copies, job=copies, minute=MINUTES)
    def move_legally(self, job, minute):
        legal = sorted(move for move, (sources, _) in MOVES.items() if job.state in sources)
        if not legal:
            return multiple()
        move = legal[minute % len(legal)]
        moved = self.both(lambda jobs: jobs.move(job, move, **facts_of(move, minute)))
        return multiple() if moved is None else moved

    @rule(target=copies, job=copies, version=st.sampled_from(["", "1", "2"]), mark=st.booleans())
    def amend(self, job, version, mark):
        changed = self.both(lambda jobs: jobs.amend(job, booking_version=version, no_resend=mark))
        return multiple() if changed is None else changed

    @rule(target=copies, job=copies)
    def read_again(self, job):
        found = self.both(lambda jobs: jobs.get(job.booking_num, job.sort_key))
        return multiple() if found is None else found

    @rule(job=consumes(copies))
    def forget(self, job):
        """A worker dies: nobody acts on its copy again."""

    @invariant()
    def both_tell_the_same_story(self):
        if hasattr(self, "model"):
            self.both(lambda jobs: jobs.of_booking(self.booking_num))

    def teardown(self):
        if not hasattr(self, "model"):
            return
        for job in self.model.jobs:
            assert (job in self.open_ones(job)) is (job.state not in FINAL)
            assert job.state not in SENT or job.attempt > 0

    def open_ones(self, job):
        opened = self.real.open_jobs(job.open_shard, NOW)
        return [found for found in opened if found.booking_num == self.booking_num]

    def both(self, act):
        """Do the same to both; they must answer the same, errors included."""
        answers = [outcome(act, jobs) for jobs in (self.model, self.real)]
        assert answers[0] == answers[1]
        return answers[0] if not isinstance(answers[0], type) else None


def outcome(act, jobs):
    try:
        return act(jobs)
    except (IllegalMove, PayloadConflict) as error:
        return type(error)


def facts_of(move: Move, minute: int) -> dict:
    now = NOW + timedelta(minutes=minute)
    now_ms = NOW_MS + minute * 60_000
    return {
        Move.INTENT: {"now": now, "t0": now_ms, "lease_until": now_ms + 30_000},
        Move.EXPIRE: {"now": now},
        Move.LAPSE: {"now_ms": now_ms},
        Move.REOPEN: {"now": now},
    }.get(move, {})


@pytest.mark.integration
@pytest.mark.timeout(900)
@pytest.mark.parametrize("examples", [12, pytest.param(150, marks=pytest.mark.long)])
def test_random_histories_end_the_same_in_both_stores(dynamodb, examples):
    machine = type("Histories", (JobHistories,), {"real": dynamodb.jobs})

    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=examples,
            stateful_step_count=25,
            deadline=None,
            database=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
