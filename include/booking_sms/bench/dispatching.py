"""What a text costs in units and how fast dispatch sends, against a bare loop.

Real HTTP on this machine only: the sandbox's SENS and a DynamoDB engine, in a world of the
bench's own. Each round is sent by the product, then played again by the bare loop on tables of
its own that hold the same; so noise of the machine hits both. Units come from the product's
traffic, never from a constant.
"""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field, replace
from itertools import pairwise
from statistics import median
from typing import Any, Self

from booking_sms.adapters.dynamodb import ensure_tables
from booking_sms.adapters.dynamodb.billing import WriteUnits
from booking_sms.adapters.sens.wire import Timeouts, Wire
from booking_sms.bench.tape import Player, StoreCall, StoreRecorder, Tape, TapedGateway, play
from booking_sms.bench.texts import TextMaker
from booking_sms.bench.units import APART, UnitMeter
from booking_sms.bootstrap import Application, build_application
from booking_sms.config.connections import Connections
from booking_sms.config.settings import Settings
from booking_sms.domain.errors import BenchIncomplete
from booking_sms.domain.sms_job import OPEN_SHARDS
from booking_sms.faults.embedded_world import EmbeddedWorld, embedded_world
from booking_sms.pipeline.delivery import poll_delivery_reports
from booking_sms.pipeline.dispatch import dispatch_shards
from booking_sms.pipeline.services import DispatchServices

MOST_UNITS = 7
"""Write units of a delivered text: 5 of the tables, 2 of the index."""
LEAST_RATIO = 0.7
"""Of the bare loop's speed, dispatch must reach so much."""
LEAST_ROUNDS, MOST_IN_A_ROUND = 5, 500
"""The bare loop repeats signatures: a round must be over before SENS takes them for old."""
OURS, BARE = "bench-o-", "bench-b-"
"""Prefixes of the two sets of tables: of one length, so that requests are."""
PHASES = ("enqueue", "dispatch", "delivery")
LONGEST_WAIT_S = 30.0
TIMEOUT_S = 10


@dataclass(frozen=True, kw_only=True)
class Round:
    """Seconds that the product and the bare loop took for the same texts."""

    texts: int
    product_s: float
    bare_s: float

    @property
    def ratio(self) -> float:
        """The product's speed as a part of the bare loop's."""
        return self.bare_s / self.product_s


@dataclass(frozen=True, kw_only=True)
class Benched:
    """All rounds and all units; ``read`` holds strong and eventual units by phase."""

    sends: int
    rounds: Sequence[Round]
    written: Mapping[str, WriteUnits]
    read: Mapping[str, Mapping[str, float]] = field(default_factory=dict)

    @property
    def units(self) -> WriteUnits:
        """All that texts cost by themselves: bodies and counters, which many share, are apart."""
        own = (units for name, units in self.written.items() if name not in APART)
        return sum(own, WriteUnits())

    @property
    def is_cheap(self) -> bool:
        """Whether a delivered text costs no more than it may."""
        return self.units.total <= MOST_UNITS * self.sends

    @property
    def ratio(self) -> float:
        """Median of the rounds, so that one disturbed round does not decide."""
        return median(each.ratio for each in self.rounds)

    @property
    def is_fast(self) -> bool:
        """Whether the product keeps up with the bare loop."""
        return self.ratio >= LEAST_RATIO

    @property
    def texts_per_second(self) -> float:
        """Median of the product's rounds."""
        return median(each.texts / each.product_s for each in self.rounds)

    @property
    def bare_per_second(self) -> float:
        """Median of the bare loop's rounds."""
        return median(each.texts / each.bare_s for each in self.rounds)


def round_ranges(sends: int) -> list[range]:
    """The texts of each round, by number: about as many in each, never too many."""
    rounds = min(sends, max(LEAST_ROUNDS, -(-sends // MOST_IN_A_ROUND)))
    bounds = [sends * place // rounds for place in range(rounds + 1)]
    return [range(first, last) for first, last in pairwise(bounds)]


def bench_dispatch(
    sends: int, *, own_texts: bool = False, on_progress: Callable[[int], None] = lambda done: None
) -> Benched:
    """Send so many texts in a world of their own; ``on_progress`` hears how many are done.

    Raises BenchIncomplete when a text was not sent or not delivered: its units say nothing.
    """
    with _application() as app, closing(Wire(None, Timeouts(read=TIMEOUT_S))) as wire:
        bench = _Bench(app, wire, own_texts)
        rounds = []
        for numbers in round_ranges(sends):
            rounds.append(bench.run(numbers))
            on_progress(numbers.stop)
        meter = bench.meter
        return Benched(sends=sends, rounds=rounds, written=meter.written, read=meter.read)


@contextmanager
def _application() -> Iterator[Application]:
    """The product in a new world, allowed to send, beside empty tables for the bare loop."""
    with embedded_world() as world:
        environ = _environ(world)
        settings = Settings.from_environ(environ)
        with closing(build_application(settings, Connections.from_environ(environ))) as app:
            app.create_tables()
            ensure_tables(app.dynamodb_client, BARE)
            app.control.set_delivery_mode("live", by="bench", reason="bench dispatch")
            sens = {"progression": {"processing": 0, "completed": 0}}
            world.control("PUT", "/control/config", {"sens": sens})
            yield app


def _environ(world: EmbeddedWorld) -> dict[str, str]:
    """The world's own, with limits that do not bind and the real clock."""
    own = {name: value for name, value in world.environ.items() if "CLOCK_URL" not in name}
    return own | {
        "BOOKING_SMS_TABLE_PREFIX": OURS,
        "BOOKING_SMS_LOOPBACK_ONLY": "true",
        "BOOKING_SMS_SENDS_PER_SECOND": "1000000",
        "BOOKING_SMS_DAILY_TEXT_CAP": "1000000000",
        "BOOKING_SMS_DRAIN_BUDGET_S": "3600",
        "BOOKING_SMS_SENS_TIMEOUT_S": str(TIMEOUT_S),
    }


class _Bench:
    """The product and the bare loop on one client, and the meter of what the product does."""

    def __init__(self, app: Application, wire: Wire, own_texts: bool) -> None:
        self._app = app
        self._own_texts = own_texts
        self._recorder = StoreRecorder(app.dynamodb_client)
        self._player = Player(app.dynamodb_client, wire, _bare_name)
        self.meter = UnitMeter(OURS)

    def run(self, numbers: range) -> Round:
        """One round: enqueue, dispatch and deliver; the bare loop dispatches in between."""
        tapes: dict[str, Tape] = {phase: [] for phase in PHASES}
        self._enqueue(numbers, tapes["enqueue"])
        play(self._player.steps(tapes["enqueue"]))
        product_s = self._dispatch(numbers, tapes["dispatch"])
        bare_s = self._play(numbers, tapes["dispatch"])
        self._deliver(numbers, tapes["delivery"])
        play(self._player.steps(tapes["delivery"]))
        self._count(tapes)
        return Round(texts=len(numbers), product_s=product_s, bare_s=bare_s)

    # -- the product --------------------------------------------------------------------------

    def _enqueue(self, numbers: range, tape: Tape) -> None:
        app = self._app
        with self._recorder.recording(tape):
            maker = TextMaker(
                start=app.clock.now(), put_body=app.bodies.put, own_texts=self._own_texts
            )
            for job in maker.jobs(numbers):
                app.jobs.insert_if_absent(job)

    def _dispatch(self, numbers: range, tape: Tape) -> float:
        """Seconds of the product's own dispatch, as one worker of one shard group runs it."""
        services = self._services(tape)
        policy = self._app.dispatch_policy(shard_groups=1)
        with self._recorder.recording(tape), _Stopwatch() as watch:
            summary = dispatch_shards(services, range(OPEN_SHARDS), policy)
        _require(len(summary.accepted), numbers, "accepted", stopped=summary.stopped)
        return watch.seconds

    def _services(self, tape: Tape) -> DispatchServices:
        services = self._app.dispatch_services
        gateway: Any = TapedGateway(services.gateway, tape)
        return replace(services, gateway=gateway)

    def _deliver(self, numbers: range, tape: Tape) -> None:
        """Poll until the carrier's last word on each text is known."""
        delivered, ends_at = 0, time.monotonic() + LONGEST_WAIT_S
        with self._recorder.recording(tape):
            while delivered < len(numbers) and time.monotonic() < ends_at:
                policy = self._app.reconcile_policy()
                delivered += poll_delivery_reports(self._app.dispatch_services, policy).delivered
        _require(delivered, numbers, "delivered")

    def _count(self, tapes: Mapping[str, Tape]) -> None:
        for phase, tape in tapes.items():
            calls = (entry for entry in tape if isinstance(entry, StoreCall))
            self.meter.count(phase, calls)

    # -- the bare loop ------------------------------------------------------------------------

    def _play(self, numbers: range, tape: Tape) -> float:
        """Seconds of the same writes and POSTs; its own traffic is heard, too, and dropped."""
        steps = self._player.steps(tape)
        with self._recorder.recording([]), _Stopwatch() as watch:
            play(steps)
        _require(self._player.take_accepted(), numbers, "accepted from the bare loop")
        return watch.seconds


class _Stopwatch:
    """Seconds on the wall, begun with the garbage of others collected."""

    seconds = 0.0

    def __enter__(self) -> Self:
        gc.collect()
        self._began = time.perf_counter()
        return self

    def __exit__(self, *_: object) -> None:
        self.seconds = time.perf_counter() - self._began


def _require(number: int, numbers: range, what: str, **context: Any) -> None:
    """Raise BenchIncomplete unless it holds for every text of the round."""
    if number != len(numbers):
        raise BenchIncomplete(f"{number} of {len(numbers)} texts were {what}", **context)


def _bare_name(table: str) -> str:
    return BARE + table.removeprefix(OURS)
