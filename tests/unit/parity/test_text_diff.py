"""Texts, character by character: what is counted, and whom the samples never show."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from parity_world import CATALOG, TODAY, outcome

from booking_sms.parity.compare import compare
from booking_sms.parity.masking import changed_lines, shown_all
from booking_sms.parity.text_diff import (
    MOST_POSITIONS,
    hidden_text,
    marked,
    masked_text,
    text_difference,
)

TEXTS = st.text(st.sampled_from("가나다 01-?\n"), max_size=40)


@pytest.mark.parametrize(
    ("expected", "actual", "characters", "length", "positions"),
    [
        ("문자 발송", "문자 발송", 0, 0, ()),
        ("문자 발송", "문자 방송", 1, 0, (4 - 1,)),
        ("문자", "문자 발", 2, 2, (2, 3)),
        ("문자 발", "문자", 2, -2, (2, 3)),
        ("", "가" * 12, 12, 12, tuple(range(10))),
    ],
)
def test_characters_are_counted_by_position(
    expected: str, actual: str, characters: int, length: int, positions: tuple[int, ...]
) -> None:
    found = text_difference(expected, actual)

    assert (found.characters, found.length, found.positions) == (characters, length, positions)


@given(expected=TEXTS, actual=TEXTS)
def test_the_count_holds_for_any_two_texts(expected: str, actual: str) -> None:
    found, back = text_difference(expected, actual), text_difference(actual, expected)

    assert (found.characters == 0) == (expected == actual)
    assert abs(found.length) <= found.characters <= max(len(expected), len(actual))
    assert (back.characters, back.length, back.positions) == (
        found.characters,
        -found.length,
        found.positions,
    )
    assert len(found.positions) == min(found.characters, MOST_POSITIONS)
    assert all(expected[p : p + 1] != actual[p : p + 1] for p in found.positions)


@given(text=TEXTS, at=st.integers(0, 39), put=st.sampled_from("가?9"))
def test_one_put_character_is_found_where_it_is(text: str, at: int, put: str) -> None:
    spoiled = text[:at] + put + text[at + 1 :]

    found = text_difference(text, spoiled)

    assert (found.characters == 0) == (text == spoiled)
    if text != spoiled:
        assert found.positions == (min(at, len(text)),)


@given(expected=TEXTS, actual=TEXTS)
def test_marked_parts_make_the_whole_masked_text(expected: str, actual: str) -> None:
    parts = marked(expected, actual)

    assert "".join(part for part, _ in parts) == masked_text(actual)
    assert not any(differs for _, differs in marked(actual, actual))
    assert all(left[1] is not right[1] for left, right in pairwise(parts))


@given(middle=st.integers(0, 9999), before=TEXTS, after=TEXTS)
def test_samples_never_show_the_middle_of_a_number(middle: int, before: str, after: str) -> None:
    phone = f"010-{middle:04d}-1234"
    text = f"가 {phone} 나"

    found = text_difference(f"{text}{before}", f"{text}{after}")

    assert f"-{middle:04d}-" not in "".join(found.samples)


def test_a_text_to_a_customer_shows_only_its_shape() -> None:
    assert hidden_text("김하늘님, 3호점 #12") == "****, *** #**"


def lines_of(**changes: Any) -> list[str]:
    report = compare([outcome()], [outcome(**changes)], CATALOG.rules, today=TODAY)
    return list(shown_all(report.unexplained))


def test_a_changed_line_is_shown_once_with_its_characters() -> None:
    (line,) = lines_of(telegram=outcome()["telegram"].replace("예약확정", "예약확장"))

    assert line == (
        "one: telegram.line: 1 character differs, at 17: "
        "'…34 예약확정 문자 발송…' -> '…34 예약확장 문자 발송…'"
    )


def test_a_line_that_is_only_missing_stays_a_missing_line() -> None:
    (line,) = lines_of(telegram=outcome()["telegram"].split("\n")[0])

    assert line == "one: telegram.missing (guide): 010-****-1234 안내 문자 발송 완료 -> None"
    assert changed_lines([]) == []


def test_texts_of_messages_are_compared_where_a_side_carries_them() -> None:
    def sent(text: str) -> list[dict[str, Any]]:
        return [{**outcome()["sms"][0], "text": text}, outcome()["sms"][1]]

    report = compare(
        [outcome(sms=sent("김하늘님 3시"))],
        [outcome(sms=sent("김하늘님 5시"))],
        CATALOG.rules,
        today=TODAY,
    )

    assert [found.path for found in report.unexplained] == ["sms.text"]
    (line,) = shown_all(report.unexplained)
    assert "1 character differs, at 5" in line
    assert "김하늘" not in line
    assert "***" in lines_of(sms=sent("김하늘님"))[0]
