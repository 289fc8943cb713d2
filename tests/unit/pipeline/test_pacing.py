"""Rates and delays, without waiting for them."""

from __future__ import annotations

from datetime import timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from booking_sms.domain.sms_job import OPEN_SHARDS
from booking_sms.pipeline.pacing import TokenBucket, jittered, retry_delay, workers_of
from booking_sms.pipeline.services import DispatchPolicy
from booking_sms.testing import NOW_MS, FixedTransportClock


class Sleeper:
    def __init__(self, clock):
        self.clock, self.total = clock, 0.0

    def __call__(self, seconds):
        self.total += seconds
        self.clock.advance(timedelta(seconds=seconds))


def test_a_bucket_lets_the_first_through_and_then_keeps_the_rate():
    clock = FixedTransportClock(NOW_MS)
    sleep = Sleeper(clock)
    bucket = TokenBucket(4.0, clock, sleep)

    for _ in range(9):
        bucket.take()

    assert sleep.total == pytest.approx(2.0)


def test_a_bucket_does_not_save_up_more_than_its_burst():
    clock = FixedTransportClock(NOW_MS)
    sleep = Sleeper(clock)
    bucket = TokenBucket(2.0, clock, sleep, burst=3)
    clock.advance(timedelta(hours=1))

    for _ in range(4):
        bucket.take()

    assert sleep.total == pytest.approx(0.5)


def test_a_clock_that_runs_backwards_does_not_fill_the_bucket():
    clock = FixedTransportClock(NOW_MS)
    sleep = Sleeper(clock)
    bucket = TokenBucket(1.0, clock, sleep)
    bucket.take()
    clock.advance(timedelta(hours=-1))

    bucket.take()

    assert sleep.total == pytest.approx(1.0)


# --- one rate for all workers ------------------------------------------------------------------


def rates_of(groups, rate=5.0):
    """Texts per second of each worker, by the number of its shards."""
    return [
        DispatchPolicy(sends_per_second=rate, shard_groups=workers_of(shards)).worker_rate
        for shards in groups
    ]


@pytest.mark.parametrize(
    ("groups", "used"),
    [
        pytest.param([4, 4, 4, 4], 5.0, id="as sms_dispatch divides the shards"),
        pytest.param([16], 5.0, id="one process"),
        pytest.param([1] * 16, 5.0, id="a worker a shard"),
        pytest.param([5, 5, 5, 1], 4.0625, id="unequal groups"),
    ],
)
def test_the_configured_rate_is_divided_over_the_workers(groups, used):
    assert sum(rates_of(groups)) == pytest.approx(used)


@given(st.sets(st.integers(1, OPEN_SHARDS - 1)))
def test_no_division_of_the_shards_exceeds_the_rate(cuts):
    groups = [end - start for start, end in pairwise([0, *sorted(cuts), OPEN_SHARDS])]

    assert sum(rates_of(groups)) <= 5.0 + 1e-9


@pytest.mark.parametrize("starts_ms", [[0, 0, 0, 0], [0, 50, 400, 1100], [0, 200, 400, 600]])
@pytest.mark.parametrize("span_s", [1, 3, 10])
def test_in_any_span_the_rate_holds_but_for_the_first_text_of_each_worker(starts_ms, span_s):
    rates = rates_of([4, 4, 4, 4])
    started = list(zip(rates, starts_ms, strict=True))
    sent = sorted(at for rate, start_ms in started for at in sends_of(rate, start_ms))

    most = max(sum(begin <= at < begin + span_s * 1000 for at in sent) for begin in sent)

    assert most <= 5.0 * span_s + len(rates)


def sends_of(rate, start_ms):
    """When a worker that always has something to send sends, for half a minute."""
    clock = FixedTransportClock(NOW_MS + start_ms)
    bucket = TokenBucket(rate, clock, Sleeper(clock))
    while clock.now_ms() < NOW_MS + 30_000:
        bucket.take()
        yield clock.now_ms()


# --- delays ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("attempt", "seconds"), [(0, 30), (1, 30), (2, 60), (5, 480), (6, 600), (500, 600)]
)
def test_retry_delays_double_and_stay(attempt, seconds):
    assert retry_delay(attempt, 30, 600) == timedelta(seconds=seconds)


@pytest.mark.parametrize(("fraction", "delay"), [(0.0, 1.0), (0.5, 1.5), (1.0, 2.0)])
def test_jitter_keeps_at_least_half(fraction, delay):
    assert jittered(2.0, lambda: fraction) == delay
