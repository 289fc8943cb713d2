from datetime import UTC, datetime

import pytest

from booking_sms.domain.booking import KST
from booking_sms.domain.hours import AllowedHours

EVENT = AllowedHours.parse("08:10-20:50", deferred_to="20:00")


def at(day: int, hour: int, minute: int, second: int = 0) -> datetime:
    return datetime(2026, 3, day, hour, minute, second, tzinfo=KST)


@pytest.mark.parametrize(
    ("instant", "allowed"),
    [
        pytest.param(at(2, 8, 9, 59), False, id="one second before opening"),
        pytest.param(at(2, 8, 10), True, id="at opening"),
        pytest.param(at(2, 20, 49, 59), True, id="one second before closing"),
        pytest.param(at(2, 20, 50), False, id="at closing"),
        pytest.param(datetime(2026, 3, 1, 23, 10, tzinfo=UTC), True, id="08:10 in Korea"),
    ],
)
def test_hours_are_judged_on_the_korean_wall_clock(instant: datetime, allowed: bool) -> None:
    assert EVENT.contains(instant) is allowed


@pytest.mark.parametrize(
    ("instant", "earliest"),
    [
        pytest.param(at(2, 12, 0), at(2, 12, 0), id="inside: at once"),
        pytest.param(at(2, 3, 0), at(2, 20, 0), id="at night: the coming evening"),
        pytest.param(at(2, 20, 50), at(3, 20, 0), id="after closing: the next evening"),
        pytest.param(at(31, 23, 59), datetime(2026, 4, 1, 20, 0, tzinfo=KST), id="month end"),
    ],
)
def test_a_message_out_of_hours_waits_for_the_next_evening(
    instant: datetime, earliest: datetime
) -> None:
    assert EVENT.earliest(instant) == earliest


def test_without_a_resumption_the_opening_is_the_resumption() -> None:
    assert AllowedHours.parse("09:00-18:00").earliest(at(2, 20, 0)) == at(3, 9, 0)


@pytest.mark.parametrize(
    "text", ["8:10-20:50", "20:50-08:10", "10:00-10:00", "all day", "24:00-25:00"]
)
def test_unusable_hours_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"hours|hour must be"):
        AllowedHours.parse(text)


def test_a_resumption_outside_the_hours_is_refused() -> None:
    with pytest.raises(ValueError, match="outside"):
        AllowedHours.parse("08:10-20:50", deferred_to="20:50")


def test_hours_lie_within_hours() -> None:
    assert AllowedHours.parse("09:00-20:50").within(EVENT)
    assert not AllowedHours.parse("08:00-20:50").within(EVENT)
    assert str(EVENT) == "08:10-20:50"
