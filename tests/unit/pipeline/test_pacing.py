"""Rates and delays, without waiting for them."""

from __future__ import annotations

from datetime import timedelta

import pytest

from booking_sms.pipeline.pacing import TokenBucket, jittered, retry_delay
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


@pytest.mark.parametrize(
    ("attempt", "seconds"), [(0, 30), (1, 30), (2, 60), (5, 480), (6, 600), (500, 600)]
)
def test_retry_delays_double_and_stay(attempt, seconds):
    assert retry_delay(attempt, 30, 600) == timedelta(seconds=seconds)


@pytest.mark.parametrize(("fraction", "delay"), [(0.0, 1.0), (0.5, 1.5), (1.0, 2.0)])
def test_jitter_keeps_at_least_half(fraction, delay):
    assert jittered(2.0, lambda: fraction) == delay
