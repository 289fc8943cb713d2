"""Any order of sending, settling, crashing, lying and waiting: never twice, never lost silently.

A machine of Hypothesis plays the schedule, the network and the grim reaper. Its auditor counts
what customers got against the jobs, as the daily audit does with SENS's list.
"""

from __future__ import annotations

from collections import Counter
from datetime import timedelta

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from outbox_world import TEXT, Crash, Tripwire, World

from booking_sms.domain.sms_job import FINAL, SENT, JobState
from booking_sms.testing import NOW, GatewayFault

LIKELY = (GatewayFault.TIMEOUT_AFTER_ACCEPT, GatewayFault.TIMEOUT_BEFORE_ACCEPT)
FAULTS = st.lists(st.sampled_from([*LIKELY, *GatewayFault]), max_size=4)
CALLS = st.integers(0, 60)
WHENS = st.sampled_from(["before", "after"])


class Outbox(RuleBasedStateMachine):
    """One recipient, texts of both kinds, some of them identical twins."""

    @initialize(lag_s=st.sampled_from([0, 45, 100, 140]))
    def start(self, lag_s):
        self.world = World()
        self.world.gateway.list_delay = timedelta(seconds=lag_s)
        self.jobs = []

    @rule(message_type=st.sampled_from(["LMS", "SMS"]), twin=st.booleans())
    def enqueue(self, message_type, twin):
        number = len(self.jobs) + 1
        text = TEXT if twin else f"{TEXT} {number}"
        job = self.world.add(
            text,
            booking=number,
            message_type=message_type,
            due_at=NOW,
            not_after=self.world.clock.now() + timedelta(hours=2),
        )
        self.jobs.append(job)

    @rule(faults=FAULTS)
    def dispatch(self, faults):
        self.world.gateway.faults.clear()
        self.world.gateway.faults.extend(faults)
        self.world.dispatch()
        self.world.gateway.faults.clear()

    @rule(at=CALLS, when=WHENS)
    def dispatch_dies(self, at, when):
        self._die(self.world.dispatch, at, when)

    @rule()
    def settle(self):
        self.world.settle()

    @rule(at=CALLS, when=WHENS)
    def settling_dies(self, at, when):
        self._die(self.world.settle, at, when)

    @rule()
    def poll(self):
        self.world.gateway.deliver_all()
        self.world.poll()

    @rule(at=CALLS, when=WHENS)
    def poll_dies(self, at, when):
        self._die(self.world.poll, at, when)

    @rule(down=st.booleans())
    def list_breaks_or_heals(self, down):
        self.world.gateway.list_is_down = down

    @rule(seconds=st.sampled_from([1, 30, 61, 120, 290, 481, 900]))
    def time_passes(self, seconds):
        self.world.advance(seconds=seconds)

    @rule()
    def overdue_ends(self):
        self.world.expire()

    @invariant()
    def nobody_gets_a_text_twice(self):
        got = Counter(row.content for row in self.world.texts)
        wanted = Counter(self.world.bodies.get(job.body_sha) for job in self.jobs)
        assert all(got[text] <= wanted[text] for text in got)

    def teardown(self):
        """The schedule goes on for half a day: nothing stays open, nothing lacks a reason."""
        self.world.gateway.list_is_down = False
        self.world.control.put_note("dispatch_pause", {"active": False})
        self.world.go_on(rounds=20)
        self.nobody_gets_a_text_twice()
        stored = [self.world.stored(job) for job in self.jobs]
        assert {job.state for job in stored} <= FINAL | {JobState.HELD}
        sent = [job for job in stored if job.state in SENT]
        assert len(sent) == len(self.world.texts)
        assert len({job.request_id for job in sent}) == len(sent)
        assert all(job.reason for job in stored if job.state not in SENT)
        assert all(self.world.flag(job) for job in sent)

    def _die(self, step, at, when):
        wire = Tripwire(at, when, Crash())
        try:
            step(self.world.services_through(wire.wrap))
        except Crash:
            pass


Outbox.TestCase.settings = settings(
    max_examples=60, stateful_step_count=40, deadline=None, derandomize=True
)
TestOutbox = Outbox.TestCase
