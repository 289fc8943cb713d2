"""A million sends in minutes: the product's own dispatch and reconcile in virtual time.

Dispatchers and reconcilers interleave at every call of a port; each may be killed or frozen at
any of them. Only time, SENS and the table are doubles: everything that decides is what production
runs. Switch reconcile or the fence off, and the same campaign finds duplicates or losses.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random

from booking_sms.domain.booking import KST
from booking_sms.domain.sms_job import (
    OPEN_SHARDS,
    JobState,
    Move,
)
from booking_sms.faults.flaky_jobs import FlakyJobs
from booking_sms.faults.lying_sens import LyingSens, SensClient
from booking_sms.faults.population import SHORT_LIFE, make_jobs
from booking_sms.faults.verdict import Verdict, judge
from booking_sms.faults.virtual_time import Fate, Process, Stepping, VirtualTime
from booking_sms.pipeline.dispatch import dispatch_shards
from booking_sms.pipeline.reconcile import (
    expire_overdue,
    poll_delivery_reports,
    settle_unknown_outcomes,
)
from booking_sms.pipeline.services import DispatchPolicy, DispatchServices, ReconcilePolicy
from booking_sms.testing.control import InMemoryControlRepository
from booking_sms.testing.tables import InMemoryBodyStore, InMemoryLegacyLedger

START = datetime(2026, 3, 2, 9, 0, tzinfo=KST)
WORLD_SENDS = 500
STORMY = timedelta(hours=8)
CALM = timedelta(days=2)
SHARES = {"kill": 0.004, "freeze": 0.006, "store": 0.02, "refused": 0.01, "short": 0.05}


@dataclass(frozen=True, kw_only=True)
class Campaign:
    """What to simulate: so many sends in worlds of their own, all drawn from one seed."""

    sends: int
    seed: int = 1
    dispatchers: int = 3
    reconciles: bool = True
    is_fenced: bool = True

    def worlds(self) -> Iterator[World]:
        """Worlds of a few hundred sends each; every one can be run again by itself."""
        for number, first in enumerate(range(0, self.sends, WORLD_SENDS)):
            yield World(self, number, min(WORLD_SENDS, self.sends - first))


@dataclass(frozen=True)
class Result:
    """The verdict and what was done to the product meanwhile."""

    verdict: Verdict = field(default_factory=Verdict)
    faults: Mapping[str, int] = field(default_factory=dict)

    def plus(self, other: Result) -> Result:
        """Both together."""
        faults = Counter(self.faults) + Counter(other.faults)
        return Result(self.verdict.plus(other.verdict), dict(faults))


def simulate(
    campaign: Campaign,
    *,
    processes: int | None = None,
    on_world: Callable[[Result], None] = lambda result: None,
) -> Result:
    """Run a campaign on all cores; ``on_world`` hears of each world as it ends."""
    total = Result()
    with ProcessPoolExecutor(max_workers=processes or os.cpu_count()) as pool:
        for result in pool.map(run_world, campaign.worlds(), chunksize=4):
            on_world(result)
            total = total.plus(result)
    return total


@dataclass(frozen=True)
class World:
    """One small world of a campaign: number and size; its seed follows from both."""

    campaign: Campaign
    number: int
    sends: int

    @property
    def seed(self) -> str:
        """Seed of everything that is drawn in this world."""
        return f"{self.campaign.seed}/{self.number}"


def run_world(world: World) -> Result:
    """Storm, then calm until everything has ended; then the verdict."""
    return _Running(world).result()


class _Running:
    """A world while it runs."""

    def __init__(self, world: World) -> None:
        self._world = world
        random = Random(world.seed)  # noqa: S311 (a drawing that can be repeated, not a secret)
        self._time = VirtualTime(START)
        self._fate = Fate(random, SHARES["kill"], SHARES["freeze"])
        self._sens = LyingSens(self._time, random, share_refused=SHARES["refused"])
        campaign = world.campaign
        self._jobs = FlakyJobs(random, share=SHARES["store"], is_fenced=campaign.is_fenced)
        self._bodies, self._ledger = InMemoryBodyStore(), InMemoryLegacyLedger()
        self._control = InMemoryControlRepository(self._time)
        self._control.set_delivery_mode("live", by="campaign", reason="simulation")
        for job in make_jobs(world.sends, random, self._bodies.put, START, SHARES["short"]):
            self._jobs.insert_if_absent(job)

    def result(self) -> Result:
        processes = self._start()
        self._time.run_until(self._time.ms + _ms(STORMY))
        self._fate.rest()
        self._jobs.share, self._sens.is_calm = 0.0, True
        end = self._time.ms + _ms(CALM)
        while self._jobs.has_open and self._time.ms < end:
            self._time.run_until(self._time.ms + _ms(timedelta(minutes=30)))
        for process in processes:
            process.end()
        faults = {**self._sens.faults, "store": self._jobs.failures}
        return Result(self._verdict(), faults)

    def _start(self) -> list[Process]:
        reconciles = self._world.campaign.reconciles
        return [
            *(self._process(self._dispatch, 300) for _ in range(self._world.campaign.dispatchers)),
            self._process(self._reconcile if reconciles else self._guess, 600),
            self._process(self._poll, 600),
            self._process(self._expire, 600),
        ]

    def _process(self, work: Callable[[Process], None], every_s: float) -> Process:
        return Process(self._time, self._fate, work, every_s)

    # -- what the processes do -----------------------------------------------------------------

    def _dispatch(self, process: Process) -> None:
        policy = DispatchPolicy(
            sends_per_second=50.0,
            daily_text_cap=10**9,
            daily_advertising_cap=10**9,
            refusals_before_pause=10**9,
        )
        dispatch_shards(self._services(process), range(OPEN_SHARDS), policy)

    def _reconcile(self, process: Process) -> None:
        settle_unknown_outcomes(self._services(process), ReconcilePolicy())

    def _poll(self, process: Process) -> None:
        poll_delivery_reports(self._services(process), ReconcilePolicy())

    def _guess(self, process: Process) -> None:
        """What systems do that do not reconcile: a text without an answer is sent again."""
        resend_without_looking(self._services(process), self._jobs)

    def _expire(self, process: Process) -> None:
        expire_overdue(self._services(process))

    def _services(self, process: Process) -> DispatchServices:
        return DispatchServices(
            jobs=Stepping(self._jobs, process),
            bodies=self._bodies,
            ledger=Stepping(self._ledger, process),
            control=self._control,
            gateway=SensClient(self._sens, process),
            clock=self._time,
            transport_clock=self._time,
            sleep=lambda seconds: process.pause(seconds * 1000),
            fraction=self._fate.random.random,
        )

    # -- the end -------------------------------------------------------------------------------

    def _verdict(self) -> Verdict:
        return judge(
            self._jobs.jobs,
            self._sens.received,
            self._sens.refused,
            content_of=lambda job: self._bodies.get(job.body_sha),
            may_expire=lambda job: job.not_after - START <= SHORT_LIFE,
            kills=self._fate.kills,
            freezes=self._fate.freezes,
        )


def resend_without_looking(services: DispatchServices, jobs: FlakyJobs) -> None:
    """Let every doubt go out again, as soon as its sender is silent for longer than its lease."""
    now_ms = services.transport_clock.now_ms()
    for job in jobs.jobs:
        if job.state is JobState.SENDING and job.lease_until < now_ms:
            services.jobs.move(job, Move.LAPSE, now_ms=now_ms, reason="lapsed")
        elif job.state is JobState.OUTCOME_UNKNOWN:
            services.jobs.move(job, Move.SETTLE_ABSENT, reason="not looked")


def _ms(span: timedelta) -> int:
    return int(span.total_seconds() * 1000)
