"""Any order of sending, settling, crashing, lying and waiting: never twice, never lost silently.

A seeded simulation plays the schedule, the network and the grim reaper. Its auditor counts what
customers got against the jobs, as the daily audit does with SENS's list.
"""

from __future__ import annotations

import contextlib
import random
from collections import Counter
from datetime import timedelta

import pytest
from outbox_world import TEXT, Crash, Tripwire, World

from booking_sms.domain.sms_job import FINAL, SENT, JobState
from booking_sms.testing import NOW, GatewayFault

STEPS = 40
LIKELY = (GatewayFault.TIMEOUT_AFTER_ACCEPT, GatewayFault.TIMEOUT_BEFORE_ACCEPT)
FAULTS = (*LIKELY * 4, *GatewayFault)


class Simulation:
    """One recipient, texts of both kinds, some of them identical twins."""

    ACTIONS = ("enqueue",) * 3 + ("tick",) * 6 + ("die",) * 4 + ("poll", "expire", "list")

    def __init__(self, seed):
        self.random = random.Random(seed)
        self.world = World()
        self.world.gateway.list_delay = timedelta(seconds=self.random.choice([0, 45, 100, 140]))
        self.jobs = []

    def run(self):
        for _ in range(STEPS):
            getattr(self, self.random.choice(self.ACTIONS))()
            self.assert_nobody_got_a_text_twice()
        self.heal()
        self.assert_everything_has_one_outcome()

    # -- what happens -------------------------------------------------------------------------

    def enqueue(self):
        number = len(self.jobs) + 1
        job = self.world.add(
            TEXT if self.random.random() < 0.3 else f"{TEXT} {number}",
            booking=number,
            message_type=self.random.choice(["LMS", "SMS"]),
            due_at=NOW,
            not_after=self.world.clock.now() + timedelta(hours=self.random.choice([1, 6])),
        )
        self.jobs.append(job)

    def tick(self):
        """Time passes, reconcile runs, dispatch runs into a few faults."""
        self.world.advance(seconds=self.random.choice([1, 30, 61, 120, 290, 481, 900]))
        self.world.settle()
        self.world.gateway.faults.extend(self.random.choices(FAULTS, k=self.random.randrange(4)))
        self.world.dispatch()
        self.world.gateway.faults.clear()

    def die(self):
        """A step dies at some call, before or after it takes effect."""
        step = self.random.choice([self.world.dispatch, self.world.settle, self.world.poll])
        when = self.random.choice(["before", "after"])
        wire = Tripwire(self.random.randrange(60), when, Crash())
        with contextlib.suppress(Crash):
            step(self.world.services_through(wire.wrap))

    def poll(self):
        self.world.gateway.deliver_all()
        self.world.poll()

    def expire(self):
        self.world.expire()

    def list(self):
        self.world.gateway.list_is_down = self.random.random() < 0.3

    def heal(self):
        """The schedule goes on for hours without a fault."""
        self.world.gateway.list_is_down = False
        self.world.control.put_note("dispatch_pause", {"active": False})
        self.world.go_on(rounds=20)

    # -- what must hold -----------------------------------------------------------------------

    def assert_nobody_got_a_text_twice(self):
        got = Counter(row.content for row in self.world.texts)
        wanted = Counter(self.world.bodies.get(job.body_sha) for job in self.jobs)
        assert not got - wanted

    def assert_everything_has_one_outcome(self):
        self.assert_nobody_got_a_text_twice()
        stored = [self.world.stored(job) for job in self.jobs]
        sent = [job for job in stored if job.state in SENT]
        assert {job.state for job in stored} <= FINAL
        assert sorted(job.request_id for job in sent) == sorted(
            row.request_id for row in self.world.texts
        )
        assert all(job.reason for job in stored if job.state not in SENT)
        assert all(self.world.flag(job) for job in sent)
        unsent = {job.state for job in stored} - SENT
        assert unsent <= {JobState.REJECTED, JobState.EXPIRED}


@pytest.mark.parametrize("seed", range(40))
def test_whatever_happens_each_job_has_one_outcome_and_at_most_one_text(seed):
    Simulation(seed).run()
