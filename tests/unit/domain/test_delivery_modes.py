import pytest

from booking_sms.domain.coverage import coverage_rank
from booking_sms.domain.delivery import checked_mode, digits_of, strictest
from booking_sms.domain.window import CoverageStatus


@pytest.mark.parametrize(
    ("modes", "effective"),
    [
        (("live",), "live"),
        ((None,), "off"),
        (("LIVE",), "off"),
        (("live", "comparison"), "comparison"),
        (("comparison", "off"), "off"),
        (("live", None), "off"),
    ],
)
def test_the_most_cautious_mode_wins_and_absence_is_off(modes, effective):
    assert strictest(*modes) == effective


def test_an_unknown_mode_is_refused_with_those_that_exist():
    with pytest.raises(ValueError, match="off, comparison, live"):
        checked_mode("on")


@pytest.mark.parametrize(
    "phone", ["01000001234", "010-0000-1234", " 010 0000 1234 ", "+82-10-0000-1234"]
)
def test_one_number_has_one_spelling(phone):
    assert digits_of(phone) == "01000001234"


def test_a_number_that_is_none_is_its_digits():
    assert digits_of("x12-3") == "123"


def test_covered_beats_partial_beats_failed():
    assert sorted(CoverageStatus, key=coverage_rank) == ["failed", "partial", "covered"]
