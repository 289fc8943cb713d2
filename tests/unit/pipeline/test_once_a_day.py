"""A standing problem is told of once a Korean day."""

from datetime import datetime, timedelta

import pytest

from booking_sms.domain.booking import KST
from booking_sms.pipeline.once_a_day import tell_once_a_day
from booking_sms.testing import InMemoryControlRepository

EVENING = datetime(2026, 3, 2, 23, 50, tzinfo=KST)


class Team:
    def __init__(self):
        self.control = InMemoryControlRepository()
        self.calls = 0
        self.is_deaf = False

    def tell(self, now=EVENING, name="cap", about=""):
        return tell_once_a_day(self.control, name, now, self.listen, about=about)

    def listen(self):
        self.calls += 1
        return not self.is_deaf


@pytest.fixture
def team():
    return Team()


def test_it_is_told_once_until_the_next_korean_day(team):
    told = [team.tell(EVENING + timedelta(minutes=5 * tick)) for tick in range(4)]

    assert told == [True, False, True, False]
    assert team.calls == 2


def test_another_name_and_another_matter_are_told_of_themselves(team):
    assert [team.tell(), team.tell(name="pause"), team.tell(about="again")] == [True] * 3
    assert not team.tell(about="again")


def test_what_reached_nobody_is_tried_again(team):
    team.is_deaf = True
    assert not team.tell()
    team.is_deaf = False

    assert team.tell()
