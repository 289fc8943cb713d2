"""Notices are cut at line ends; a line is cut only if it is too long by itself."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from booking_sms.adapters.alerts.slack import escape
from booking_sms.adapters.alerts.split import split_text, utf16_units

MEASURES = {"characters": len, "utf-16": utf16_units, "escaped": lambda text: len(escape(text))}


@pytest.mark.parametrize(
    ("text", "limit", "parts"),
    [
        pytest.param("a\nb", 3, ["a\nb"], id="fits"),
        pytest.param("aa\nbb\ncc", 5, ["aa\nbb", "cc"], id="at a line end"),
        pytest.param("abcdefg", 3, ["abc", "def", "g"], id="a long line"),
        pytest.param("a\nbcdefg\nh", 3, ["a", "bcd", "efg", "h"], id="a long line among others"),
        pytest.param("a\n\nb", 9, ["a\n\nb"], id="empty lines stay"),
        pytest.param("", 9, [], id="nothing"),
        pytest.param(" \n ", 9, [], id="white space"),
    ],
)
def test_split(text, limit, parts):
    assert split_text(text, limit) == parts


def test_characters_outside_the_bmp_count_twice():
    assert utf16_units("가😀") == 3
    assert split_text("😀😀😀", 4, utf16_units) == ["😀😀", "😀"]


@pytest.mark.parametrize("measure", MEASURES.values(), ids=MEASURES.keys())
@given(text=st.text(alphabet="a가😀&\n ", max_size=60), limit=st.integers(5, 20))
def test_parts_fit_and_lose_nothing_but_line_ends(measure, text, limit):
    parts = split_text(text, limit, measure)

    assert all(0 < measure(part) <= limit for part in parts)
    assert "".join("".join(parts).split()) == "".join(text.split())
