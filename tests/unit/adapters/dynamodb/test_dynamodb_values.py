"""Plain values and DynamoDB's, there and back."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from booking_sms.adapters.dynamodb.values import (
    from_attribute,
    instant_of,
    instant_text,
    to_attribute,
)
from booking_sms.domain.sms_job import JobState
from booking_sms.testing import NOW


@pytest.mark.parametrize(
    ("value", "attribute"),
    [
        ("가", {"S": "가"}),
        (True, {"BOOL": True}),
        (1, {"N": "1"}),
        (-7, {"N": "-7"}),
        (b"x", {"B": b"x"}),
        ([1, "a"], {"L": [{"N": "1"}, {"S": "a"}]}),
        ({"a": {"b": False}}, {"M": {"a": {"M": {"b": {"BOOL": False}}}}}),
        (frozenset({"b", "a"}), {"SS": ["a", "b"]}),
    ],
)
def test_values_go_there_and_back(value, attribute):
    assert to_attribute(value) == attribute
    assert from_attribute(attribute) == value


def test_a_state_is_stored_as_its_plain_word():
    assert type(to_attribute(JobState.HELD)["S"]) is str


def test_a_fraction_that_somebody_else_stored_is_read():
    assert from_attribute({"N": "1.5"}) == 1.5


@pytest.mark.parametrize("value", [1.5, None, object()])
def test_what_we_do_not_store_is_refused(value):
    with pytest.raises(TypeError):
        to_attribute(value)


def test_a_set_of_numbers_is_refused():
    with pytest.raises(TypeError, match="NS"):
        from_attribute({"NS": ["1"]})


def test_instants_sort_as_their_texts_whatever_their_zone():
    zone = timezone(timedelta(hours=-5))
    instants = [NOW, NOW + timedelta(microseconds=1), (NOW + timedelta(seconds=1)).astimezone(zone)]

    texts = [instant_text(instant) for instant in instants]

    assert texts == sorted(texts)
    assert len({len(text) for text in texts}) == 1
    assert [instant_of(text) for text in texts] == instants


def test_an_instant_is_read_in_kst():
    assert instant_of(instant_text(datetime(2026, 3, 1, 15, tzinfo=UTC))).isoformat() == (
        "2026-03-02T00:00:00+09:00"
    )


@pytest.mark.parametrize(
    "text",
    ["", "2026-03-02", "2026-03-02T05:00:00Z", "2026-03-02T05:00:00.00000000", "x" * 26 + "Z"],
)
def test_a_text_of_another_form_is_no_instant(text):
    with pytest.raises(ValueError, match=r"instant|isoformat"):
        instant_of(text)


def test_a_naive_instant_is_refused():
    with pytest.raises(ValueError, match="aware"):
        instant_text(datetime(2026, 3, 2))  # noqa: DTZ001
