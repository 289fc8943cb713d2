"""Real dispatcher processes, a real DynamoDB engine, a SENS that lies, and a hail of signals.

First every durable step is struck, before it and after it, by SIGKILL and by SIGSTOP; then the
processes strike themselves at random. SENS's skew limit, the lease and the settle time are
scaled down together, so that a storm of hours takes a minute. In the end the phones are compared
with the outbox; nobody else is believed.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from hashlib import sha256
from multiprocessing import get_context
from multiprocessing.process import BaseProcess
from random import Random
from typing import Any

import psutil

from booking_sms.bootstrap import Application, build_application
from booking_sms.config.connections import Connections
from booking_sms.config.settings import INCLUDE, Settings
from booking_sms.domain.sms_job import FINAL, SmsJob
from booking_sms.faults.embedded_world import EmbeddedWorld, embedded_world
from booking_sms.faults.lossy_proxy import run_lossy_proxy
from booking_sms.faults.population import make_jobs
from booking_sms.faults.verdict import Verdict, judge
from booking_sms.faults.worker import DISPATCH, POLL, RECONCILE, Orders, work
from booking_sms.pipeline.parallel import in_parallel
from booking_sms.ports import StoredJob

SKEW_LIMIT_S, LEASE_S, TIMEOUT_S, SETTLE_S = 3, 2, 1, 6
"""300 s, 60 s, 20 s and 480 s of production, in that order of size."""

STEPS_BEFORE, STEPS_OF_A_SEND = 2, 16
"""The first listing of a shard is two steps; a send makes at most seven calls."""

KILLED, STOPPED = 0.008, 0.003
DROPPED_ANSWERS = 0.01
FAULTED_SENDS = 0.25
STOPS_S = {0.1: 8, 0.3: 4, 1.0: 2, 2.5: 1, SETTLE_S + LEASE_S + 1.0: 1}
"""How long a stopped process sleeps, and how often: the lease lapses, or somebody sent again."""

LOOK_EVERY_S = 1.0
QUIET_AFTER_S = 240.0
LONGEST_S = 900.0
PROCESSES = get_context("forkserver")
"""Each worker is forked from a server that has imported everything: it lives in milliseconds."""

PROCESSES.set_forkserver_preload(["__main__", "booking_sms.faults.preload"])
FAULTS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("hang_after_accept", {"seconds": 2}),
    ("drop_after_accept", {}),
    ("accept_cut_body", {}),
    ("accept_empty_body", {}),
    ("http_500", {"accept": True}),
    ("http_500", {}),
    ("drop_before_accept", {}),
    ("hang_before_accept", {"seconds": 2}),
    ("duplicate_rows", {}),
    ("list_delay", {"seconds": 2}),
    ("throttle", {}),
    ("rate", {}),
    ("skew", {"seconds": 60}),
)


@dataclass(frozen=True, kw_only=True)
class RealCampaign:
    """So many texts, sent by so many processes; all that is drawn follows from the seed."""

    sends: int
    seed: int = 1
    dispatchers: int = 3

    @property
    def least_kills(self) -> int:
        """The storm goes on until so many processes were killed: one for every 19 texts."""
        return max(10, self.sends // 19)


@dataclass(frozen=True)
class RealResult:
    """The verdict, and what the world was told to do wrong."""

    verdict: Verdict
    faults: dict[str, int]
    dropped_answers: int


def run_campaign(
    campaign: RealCampaign, on_progress: Callable[[int], None] = lambda done: None
) -> RealResult:
    """Run a campaign to its end; ``on_progress`` hears how many jobs have ended."""
    random = Random(campaign.seed)  # noqa: S311 (a drawing that can be repeated, not a secret)
    with embedded_world() as world, _losing_answers(world, random) as (environ, dropped):
        direct = environ | {"AIRFLOW_CONN_AWS_DEFAULT": world.environ["AIRFLOW_CONN_AWS_DEFAULT"]}
        app = build_application(Settings.from_environ(direct), Connections.from_environ(direct))
        with contextlib.closing(app):
            return _Storm(campaign, random, world, app, environ, dropped).run(on_progress)


@contextlib.contextmanager
def _losing_answers(
    world: EmbeddedWorld, random: Random
) -> Iterator[tuple[dict[str, str], Counter[str]]]:
    """The workers' environment, with a proxy before DynamoDB that loses answers."""
    connection = json.loads(world.environ["AIRFLOW_CONN_AWS_DEFAULT"])
    dynamodb = connection["extra"]["service_config"]["dynamodb"]
    dropped: Counter[str] = Counter()

    def must_drop(operation: str) -> bool:
        drops = operation != "DescribeTable" and random.random() < DROPPED_ANSWERS
        dropped[operation] += drops
        return drops

    with run_lossy_proxy(dynamodb["endpoint_url"], must_drop) as url:
        dynamodb["endpoint_url"] = url
        yield _environ(world, connection), dropped


def _environ(world: EmbeddedWorld, connection: dict[str, Any]) -> dict[str, str]:
    kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    own = {name: value for name, value in world.environ.items() if "CLOCK_URL" not in name}
    return (
        kept
        | own
        | {
            "PYTHONPATH": str(INCLUDE),
            "AIRFLOW_CONN_AWS_DEFAULT": json.dumps(connection),
            "BOOKING_SMS_WORLD": "no-world-of-its-own",
            "BOOKING_SMS_TABLE_PREFIX": "campaign-",
            "BOOKING_SMS_LOOPBACK_ONLY": "true",
            "BOOKING_SMS_SENDS_PER_SECOND": "500",
            "BOOKING_SMS_DAILY_TEXT_CAP": "1000000",
            "BOOKING_SMS_MONTHLY_TEXT_CAP": "0",
            "BOOKING_SMS_LEASE_S": str(LEASE_S),
            "BOOKING_SMS_SENS_TIMEOUT_S": str(TIMEOUT_S),
            "BOOKING_SMS_SETTLE_S": str(SETTLE_S),
            "BOOKING_SMS_DRAIN_BUDGET_S": "5",
        }
    )


@dataclass
class _Child:
    """One process of a role; ``wakes_at`` is when a stopped one goes on (monotonic seconds)."""

    role: str
    process: BaseProcess
    wakes_at: float | None = None


@dataclass
class _Storm:
    """A campaign while it runs."""

    campaign: RealCampaign
    random: Random
    world: EmbeddedWorld
    app: Application
    environ: dict[str, str]
    dropped: Counter[str]
    children: list[_Child] = field(default_factory=list)
    kills: int = 0
    stops: int = 0
    started: int = 0
    planned: int = 0
    is_quiet: bool = False
    texts: dict[str, str] = field(default_factory=dict)
    faults: Counter[str] = field(default_factory=Counter)

    def run(self, on_progress: Callable[[int], None]) -> RealResult:
        """Fill the outbox, let it storm, let it calm down, judge."""
        jobs = self._fill()
        self._script_faults()
        began = time.monotonic()
        roles = [DISPATCH] * self.campaign.dispatchers + [RECONCILE, POLL]
        try:
            self.children = [self._start(role) for role in roles]
            self._until_ended(jobs, began, on_progress)
        finally:
            self._end()
        return self._result(jobs)

    # -- before -------------------------------------------------------------------------------

    def _fill(self) -> list[SmsJob]:
        self.app.create_tables()
        self.app.control.set_delivery_mode("live", by="campaign", reason="fault campaign")
        now = self.app.clock.now()
        jobs = list(make_jobs(self.campaign.sends, self.random, self._keep_text, now))
        in_parallel(self.app.bodies.put, list(self.texts.values()))
        in_parallel(self.app.jobs.insert_if_absent, jobs)
        return jobs

    def _keep_text(self, text: str) -> str:
        digest = sha256(text.encode()).hexdigest()
        self.texts[digest] = text
        return digest

    def _script_faults(self) -> None:
        """One send in four goes wrong; how, the seed says."""
        sens = {"progression": {"processing": 0, "completed": 0}, "skew_limit_s": SKEW_LIMIT_S}
        self.world.control("PUT", "/control/config", {"sens": sens})
        for _ in range(int(self.campaign.sends * FAULTED_SENDS)):
            kind, params = self.random.choice(FAULTS)
            body = {"service": "sens", "operation": "send", "kind": kind, "params": params}
            after = self.random.randint(0, int(1.5 / FAULTED_SENDS))
            self.world.control("POST", "/control/faults", body | {"after": after})
            self.faults[kind] += 1

    # -- the storm ----------------------------------------------------------------------------

    def _start(self, role: str) -> _Child:
        number, self.started = self.started, self.started + 1
        orders = Orders(role, self.environ, f"{self.campaign.seed}/{number}")
        if not self.is_quiet:
            orders = replace(orders, kill=KILLED, stop=STOPPED, planned=self._planned(role))
        process = PROCESSES.Process(target=work, args=(orders,))
        process.start()
        return _Child(role, process)

    def _planned(self, role: str) -> dict[int, int]:
        """The next step of a send in turn: one sender stops there, and is killed at another.

        The other is half a send away, in the send behind: so each step gets both in the end.
        """
        step = self.planned
        if role != DISPATCH or step >= STEPS_OF_A_SEND:
            return {}
        self.planned += 1
        other = (step + STEPS_OF_A_SEND // 2) % STEPS_OF_A_SEND
        stopped_at = STEPS_BEFORE + step
        return {
            stopped_at: signal.SIGSTOP,
            STEPS_BEFORE + STEPS_OF_A_SEND + other: signal.SIGKILL,
        }

    def _until_ended(
        self, jobs: list[SmsJob], began: float, on_progress: Callable[[int], None]
    ) -> None:
        looked = 0.0
        while time.monotonic() - began < LONGEST_S:
            self._tend()
            if time.monotonic() - looked > LOOK_EVERY_S:
                looked = time.monotonic()
                still_open = self._open_jobs()
                on_progress(len(jobs) - still_open)
                self._calm_down(still_open, looked - began)
                if not still_open:
                    return
            time.sleep(0.02)

    def _calm_down(self, still_open: int, age_s: float) -> None:
        """No more signals once enough were struck, or nearly nothing is left to strike at."""
        is_enough = self.kills >= self.campaign.least_kills and self.planned >= STEPS_OF_A_SEND
        is_over = is_enough or still_open < self.campaign.sends // 20
        if not self.is_quiet and (is_over or age_s > QUIET_AFTER_S):
            self.is_quiet = True
            self.world.control("DELETE", "/control/faults")
            for child in self.children:
                _signal(child, signal.SIGCONT)
                _signal(child, signal.SIGTERM)

    def _open_jobs(self) -> int:
        counts = self.app.jobs.count_by_state()
        return sum(number for (_, _, state), number in counts.items() if state not in FINAL)

    def _tend(self) -> None:
        """Start anew who died, wake who was stopped long enough."""
        for place, child in enumerate(self.children):
            code = child.process.exitcode
            if code is not None:
                self.kills += code == -signal.SIGKILL
                self.children[place] = self._start(child.role)
            elif child.wakes_at is not None:
                self._wake(child)
            elif _is_stopped(child):
                self.stops += 1
                child.wakes_at = time.monotonic() + self._nap_s()

    def _nap_s(self) -> float:
        (nap_s,) = self.random.choices(list(STOPS_S), list(STOPS_S.values()))
        return nap_s

    def _wake(self, child: _Child) -> None:
        if child.wakes_at is not None and time.monotonic() >= child.wakes_at:
            child.wakes_at = None
            _signal(child, signal.SIGCONT)

    def _end(self) -> None:
        for child in self.children:
            child.process.kill()
            child.process.join()

    # -- the verdict --------------------------------------------------------------------------

    def _result(self, jobs: list[SmsJob]) -> RealResult:
        stored = [item.job for item in self.app.jobs.everything() if isinstance(item, StoredJob)]
        phones = Counter(
            (text["to"], text["content"]) for text in self.world.control("GET", "/inbox.json")
        )
        verdict = judge(
            stored,
            phones,
            refused=(),
            content_of=lambda job: self.texts[job.body_sha],
            may_expire=lambda job: False,
            kills=self.kills,
            freezes=self.stops,
        )
        missing = len(jobs) - verdict.sends
        return RealResult(
            replace(verdict, sends=len(jobs), lost=verdict.lost + missing),
            dict(self.faults),
            sum(self.dropped.values()),
        )


def _signal(child: _Child, number: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(child.process.pid or 0, number)


def _is_stopped(child: _Child) -> bool:
    """Whether a signal holds the process."""
    try:
        return psutil.Process(child.process.pid).status() == psutil.STATUS_STOPPED
    except psutil.NoSuchProcess:
        return False
