import pytest
from hypothesis import given
from hypothesis import strategies as st

from booking_sms.domain.limits import Among, Span, meet

NUMBERS = st.integers(-5, 5)
SPANS = st.builds(Span, NUMBERS, NUMBERS, st.booleans(), st.booleans())
AMONG = st.builds(Among, st.frozensets(NUMBERS), st.booleans())


def inside(limit: Span | Among, number: float) -> bool:
    if isinstance(limit, Among):
        return (number in limit.values) is not limit.excluded
    above = number > limit.low or (limit.low_in and number == limit.low)
    return above and (number < limit.high or (limit.high_in and number == limit.high))


@given(one=SPANS, other=SPANS, number=NUMBERS)
def test_what_lies_in_both_spans_lies_in_their_meeting(one: Span, other: Span, number: int) -> None:
    assert inside(one.meet(other), number) == (inside(one, number) and inside(other, number))


@given(one=AMONG, other=AMONG, number=NUMBERS)
def test_what_both_name_lies_in_their_meeting(one: Among, other: Among, number: int) -> None:
    assert inside(one.meet(other), number) == (inside(one, number) and inside(other, number))


@given(limit=st.one_of(SPANS, AMONG).filter(lambda limit: not limit.is_empty), number=NUMBERS)
def test_outside_is_everything_else(limit: Span | Among, number: int) -> None:
    assert any(inside(other, number) for other in limit.outside()) is not inside(limit, number)


@given(span=SPANS)
def test_an_empty_span_holds_nothing(span: Span) -> None:
    if span.is_empty:
        assert not any(inside(span, number / 2) for number in range(-10, 11))


def test_limits_of_two_kinds_do_not_meet() -> None:
    with pytest.raises(TypeError):
        meet(Span(), Among.of(1))


def test_limits_say_themselves() -> None:
    said = [str(each) for each in (Span(1, 2), Span(low=1), Span(high=2), Among.of("a", "b"))]

    assert said == ["1 to 2", "at least 1", "at most 2", "a|b"]
    assert str(Among(frozenset({"a"}), excluded=True)) == "not a"
