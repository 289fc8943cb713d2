"""Blocks of texts: few writes, and whatever crashes or interleaves, never over a cap."""

from __future__ import annotations

from collections import Counter
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from booking_sms.domain.errors import StoreUnavailable
from booking_sms.domain.text_caps import CapReached, TextCaps
from booking_sms.pipeline.allowance import TextAllowance
from booking_sms.testing import InMemoryControlRepository

DAY = date(2026, 3, 30)
INFORMATION, ADVERTISING = "information", "advertising"
CAPS = TextCaps(daily_text=10, daily_advertising=5)


@pytest.fixture
def control():
    return InMemoryControlRepository()


def counted(control, day=DAY):
    return control.texts_of_month(day).of_day(day)


def drain(allowance, day=DAY, wanted=50):
    """Take until a cap forbids it: how many came, and the cap."""
    taken = 0
    while (cap := allowance.take(day, wanted)) is None:
        taken += 1
    return taken, cap


def test_workers_together_never_exceed_the_cap(control):
    workers = [TextAllowance(control, INFORMATION, CAPS) for _ in range(3)]

    taken = sum(worker.take(DAY, 50) is None for _ in range(12) for worker in workers)
    for worker in workers:
        worker.give_back()

    assert taken == 10
    assert counted(control) == 10


def test_what_is_not_used_is_given_back_once(control):
    allowance = TextAllowance(control, INFORMATION, TextCaps(daily_text=100, daily_advertising=0))
    allowance.take(DAY, 20)
    allowance.take(DAY, 20)
    allowance.put_back()

    allowance.give_back()
    allowance.give_back()

    assert counted(control) == 1


def test_a_return_that_may_have_arrived_is_not_repeated(control):
    class Unsure(InMemoryControlRepository):
        def count_texts(self, day, message_class, amount_of):
            amount = super().count_texts(day, message_class, amount_of)
            if amount < 0:
                raise StoreUnavailable
            return amount

    unsure = Unsure()
    allowance = TextAllowance(unsure, INFORMATION, TextCaps(daily_text=100, daily_advertising=0))
    allowance.take(DAY, 20)
    with pytest.raises(StoreUnavailable):
        allowance.give_back()

    allowance.give_back()

    assert counted(unsure) == 1


def test_a_block_costs_one_write_for_day_and_month():
    writes = []

    class Counting(InMemoryControlRepository):
        def count_texts(self, day, message_class, amount_of):
            writes.append(super().count_texts(day, message_class, amount_of))
            return writes[-1]

    caps = TextCaps(daily_text=1000, daily_advertising=0, monthly_text=10_000)
    allowance = TextAllowance(Counting(), INFORMATION, caps)
    for _ in range(100):
        assert allowance.take(DAY, 100) is None

    assert writes == [100]


def test_near_a_cap_one_worker_leaves_some_to_the_others(control):
    caps = TextCaps(daily_text=40, daily_advertising=0)
    greedy, other = (TextAllowance(control, INFORMATION, caps) for _ in range(2))

    greedy.take(DAY, 100)

    assert counted(control) == 10
    assert drain(other)[0] == 30


def test_midnight_starts_a_new_day(control):
    allowance = TextAllowance(control, INFORMATION, TextCaps(daily_text=1, daily_advertising=0))

    assert drain(allowance) == (1, CapReached.DAY)
    assert drain(allowance, DAY + timedelta(days=1)) == (1, CapReached.DAY)
    assert counted(control) == 1


def test_the_months_cap_counts_all_classes_and_all_its_days(control):
    caps = TextCaps(daily_text=6, daily_advertising=3, monthly_text=10)
    information = TextAllowance(control, INFORMATION, caps)

    assert drain(TextAllowance(control, ADVERTISING, caps)) == (3, CapReached.DAY)
    assert drain(information) == (6, CapReached.DAY)
    assert drain(information, DAY + timedelta(days=1)) == (1, CapReached.MONTH)
    assert drain(information, DAY + timedelta(days=2)) == (6, CapReached.DAY)  # the first of April


def test_the_months_last_texts_are_not_for_advertising(control):
    caps = TextCaps(daily_text=99, daily_advertising=99, monthly_text=10, reserve_percent=25)

    assert drain(TextAllowance(control, ADVERTISING, caps)) == (7, CapReached.MONTH)
    assert drain(TextAllowance(control, INFORMATION, caps)) == (3, CapReached.MONTH)


# --- any number of workers, in any order, dying anywhere ---------------------------------------


class Fleet:
    """Workers on shared counters. What went out is counted here, apart from them."""

    def __init__(self, caps: TextCaps) -> None:
        self.caps = caps
        self.control = InMemoryControlRepository()
        self.day = DAY
        self.workers = [self._worker(number) for number in range(4)]
        self.sent: Counter[tuple[date, str]] = Counter()

    def _worker(self, number: int) -> TextAllowance:
        message_class = (INFORMATION, ADVERTISING)[number % 2]
        return TextAllowance(self.control, message_class, self.caps)

    def act(self, number: int, what: str, wanted: int) -> None:
        worker = self.workers[number]
        if what == "crash":
            self.workers[number] = self._worker(number)
        elif what == "end":
            worker.give_back()
        elif what == "midnight":
            self.day += timedelta(days=1)
        elif worker.take(self.day, wanted) is None:
            if what == "refused":
                worker.put_back()
            else:
                self.sent[self.day, (INFORMATION, ADVERTISING)[number % 2]] += 1

    def assert_within_caps(self) -> None:
        months: Counter[tuple[int, int]] = Counter()
        of_advertising: Counter[tuple[int, int]] = Counter()
        for (day, message_class), number in self.sent.items():
            assert number <= self.caps.of_day(message_class)
            assert number <= self.control.texts_of_month(day).of_day(day, message_class)
            months[day.year, day.month] += number
            of_advertising[day.year, day.month] += number * (message_class == ADVERTISING)
        assert all(number <= self.caps.monthly_text for number in months.values())
        most = self.caps.monthly_text - self.caps.reserve
        assert all(number <= most for number in of_advertising.values())


STEPS = st.lists(
    st.tuples(
        st.integers(0, 3),
        st.sampled_from(["send"] * 8 + ["refused", "end", "crash", "midnight"]),
        st.integers(1, 120),
    ),
    max_size=120,
)
SOME_CAPS = st.builds(
    TextCaps,
    daily_text=st.integers(0, 30),
    daily_advertising=st.integers(0, 20),
    monthly_text=st.integers(1, 60),
    reserve_percent=st.integers(0, 100),
)


@given(SOME_CAPS, STEPS)
def test_no_order_and_no_crash_sends_more_than_the_caps(caps, steps):
    fleet = Fleet(caps)

    for step in steps:
        fleet.act(*step)

    fleet.assert_within_caps()
