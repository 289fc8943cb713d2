"""Where a worker strikes itself."""

import signal
from random import Random

import pytest

from booking_sms.faults.doom import Doom, Doomed, LaggingIndex


class Port:
    """Notes what it was asked."""

    name = "port"

    def __init__(self) -> None:
        self.asked: list[int] = []

    def ask(self, number: int) -> int:
        self.asked.append(number)
        return number

    def open_jobs(self, shard: int) -> tuple[int, ...]:
        return tuple(range(100))


class Died(BaseException):
    """What the signal would have done."""


def die(number: int) -> None:
    raise Died(number)


@pytest.mark.parametrize(("at", "asked"), [(0, []), (1, [0]), (2, [0]), (3, [0, 1])])
def test_it_strikes_before_and_after_each_call(at: int, asked: list[int]) -> None:
    port = Port()
    doomed = Doomed(port, Doom(Random(1), planned={at: signal.SIGSTOP}, strike=die))

    with pytest.raises(Died) as died:
        list(map(doomed.ask, range(9)))

    assert port.asked == asked
    assert died.value.args == (signal.SIGSTOP,)
    assert doomed.name == "port"


def test_chance_begins_behind_the_chosen_step() -> None:
    struck: list[int] = []
    planned = {1: signal.SIGSTOP, 3: signal.SIGKILL}
    doom = Doom(Random(1), kill=0.5, stop=0.5, planned=planned, strike=struck.append)

    for _ in range(40):
        doom.step()

    assert struck[:2] == [signal.SIGSTOP, signal.SIGKILL]
    assert len(struck) == 38  # the planned ones, and every one behind them
    assert set(struck) == {signal.SIGKILL, signal.SIGSTOP}


def test_without_doom_nothing_is_struck() -> None:
    doom = Doom(Random(1), strike=die)
    for _ in range(100):
        doom.step()


def test_a_lagging_index_hides_some_and_passes_on_the_rest() -> None:
    index = LaggingIndex(Port(), Random(1), 0.2)

    assert 60 < len(index.open_jobs(1)) < 95
    assert index.ask(3) == 3
