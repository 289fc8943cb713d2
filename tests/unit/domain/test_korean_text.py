"""Dates, times, amounts and particles as a Korean reader expects them."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from booking_sms.domain.booking import KST
from booking_sms.domain.korean_text import (
    PARTICLES,
    Ending,
    ending_of,
    korean_date,
    korean_time,
    with_particle,
    won,
)

AFTERNOON = datetime(2026, 3, 2, 15, 30, tzinfo=KST)
SYLLABLES = st.integers(0xAC00, 0xD7A3).map(chr)
INSTANTS = st.integers(946_684_800, 4_102_444_800).map(lambda s: datetime.fromtimestamp(s, UTC))


def test_dates_and_times_read_as_people_say_them() -> None:
    assert korean_date(AFTERNOON) == "3월 2일(월)"
    assert korean_time(AFTERNOON) == "오후 3시 30분"


@pytest.mark.parametrize(
    ("hour", "minute", "text"),
    [
        (0, 0, "오전 12시"),
        (0, 5, "오전 12시 5분"),
        (9, 0, "오전 9시"),
        (11, 59, "오전 11시 59분"),
        (12, 0, "오후 12시"),
        (23, 10, "오후 11시 10분"),
    ],
)
def test_the_day_has_two_halves_of_twelve(hour: int, minute: int, text: str) -> None:
    assert korean_time(AFTERNOON.replace(hour=hour, minute=minute)) == text


def test_the_wall_clock_is_the_korean_one() -> None:
    late = datetime(2026, 3, 2, 15, 30, tzinfo=UTC)

    assert (korean_date(late), korean_time(late)) == ("3월 3일(화)", "오전 12시 30분")


@given(INSTANTS, st.integers(-12, 12))
def test_the_zone_in_which_an_instant_is_written_changes_nothing(
    instant: datetime, hours: int
) -> None:
    elsewhere = instant.astimezone(timezone(timedelta(hours=hours)))

    assert korean_date(elsewhere) == korean_date(instant)
    assert korean_time(elsewhere) == korean_time(instant)


@pytest.mark.parametrize("value", ["2026-03-02", 3, None, AFTERNOON.date()])
def test_what_is_no_instant_is_refused(value: object) -> None:
    for spoken in (korean_date, korean_time):
        with pytest.raises(TypeError):
            spoken(value)  # type: ignore[arg-type]


def test_an_instant_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="timezone-aware"):
        korean_date(AFTERNOON.replace(tzinfo=None))


@pytest.mark.parametrize(
    ("amount", "text"),
    [(0, "0원"), (999, "999원"), (1234, "1,234원"), ("30000", "30,000원"), (-1000, "-1,000원")],
)
def test_amounts_are_grouped_by_thousands(amount: int | str, text: str) -> None:
    assert won(amount) == text


@given(st.integers(-(10**12), 10**12))
def test_an_amount_can_be_read_back(amount: int) -> None:
    assert int(won(amount).removesuffix("원").replace(",", "")) == amount


@pytest.mark.parametrize(
    ("value", "error"),
    [
        (True, TypeError),
        (1.5, TypeError),
        (None, TypeError),
        ([1], TypeError),
        ("many", ValueError),
    ],
)
def test_what_is_no_amount_is_refused(value: object, error: type[Exception]) -> None:
    with pytest.raises(error):
        won(value)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("word", "pair", "text"),
    [
        ("별빛", "을/를", "별빛을"),
        ("스튜디오", "을/를", "스튜디오를"),
        ("별빛", "를/을", "별빛을"),
        ("강남점", "이/가", "강남점이"),
        ("카메라", "이/가", "카메라가"),
        ("배경지", "은/는", "배경지는"),
        ("조명", "은/는", "조명은"),
        ("조명", "와/과", "조명과"),
        ("카메라", "와/과", "카메라와"),
        ("강남점", "으로/로", "강남점으로"),
        ("홍대", "으로/로", "홍대로"),
        ("서울", "으로/로", "서울로"),
        ("서울", "을/를", "서울을"),
        ("1", "으로/로", "1로"),
        ("3", "으로/로", "3으로"),
        (7, "이/가", "7이"),
        (2, "이/가", "2가"),
        (10, "으로/로", "10으로"),
        (1000, "을/를", "1000을"),
        ("3호점", "으로/로", "3호점으로"),
        ("LMS", "을/를", "LMS를"),
        ("URL", "으로/로", "URL로"),
        ("VR", "으로/로", "VR로"),
        ("center", "으로/로", "center로"),
        ("room", "을/를", "room을"),
        ("parking", "은/는", "parking은"),
        ("별빛(본점)", "을/를", "별빛(본점)을"),
        ("카메라 [A형] (새것)", "을/를", "카메라 [A형] (새것)를"),
        ("'별빛'", "을/를", "'별빛'을"),
        ("(주)", "을/를", "(주)를"),
        ("별빛!", "이/가", "별빛!이"),
        ("é", "을/를", "é을(를)"),
        ("", "으로/로", "으로(로)"),
        ("★", "와/과", "★과(와)"),
    ],
)
def test_the_particle_fits_how_the_word_ends(word: str | int, pair: str, text: str) -> None:
    assert with_particle(word, pair) == text


@given(st.text(max_size=6), SYLLABLES, st.sampled_from(sorted(PARTICLES)))
def test_only_the_last_syllable_counts(before: str, last: str, pair: str) -> None:
    alone, together = with_particle(last, pair), with_particle(before + last, pair)

    assert together.removeprefix(before) == alone


@given(SYLLABLES)
def test_a_syllable_with_a_final_consonant_takes_the_form_for_it(syllable: str) -> None:
    is_open = (ord(syllable) - 0xAC00) % 28 == 0

    assert with_particle(syllable, "은/는") == syllable + ("는" if is_open else "은")


@given(SYLLABLES, st.sampled_from(["(본점)", "[A]", "（새 지점）", " (1층) ", "(가)(나)"]))
def test_brackets_at_the_end_are_not_read(syllable: str, bracket: str) -> None:
    assert ending_of(syllable + bracket) is ending_of(syllable)


@given(st.text(max_size=30), st.sampled_from(sorted(PARTICLES)))
def test_every_word_gets_a_particle(word: str, pair: str) -> None:
    forms = PARTICLES[pair]

    added = with_particle(word, pair).removeprefix(word)

    assert added in {*forms, f"{forms[0]}({forms[1]})"}


@given(st.integers(0, 10**9))
def test_every_number_can_be_read(number: int) -> None:
    assert ending_of(str(number)) is not Ending.UNKNOWN


def test_a_pair_that_is_none_is_refused() -> None:
    with pytest.raises(ValueError, match="unknown pair"):
        with_particle("별빛", "을/은")
    with pytest.raises(TypeError):
        with_particle(None, "을/를")  # type: ignore[arg-type]
