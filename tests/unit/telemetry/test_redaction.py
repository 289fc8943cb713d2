"""No phone, name or secret survives redaction, whatever carries it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from booking_sms.telemetry.redaction import MARK, Redactor

SECRET = "a-very-secret-key"
PHONES = st.tuples(
    st.sampled_from(["010", "011", "016", "017", "018", "019", "0502", "0507"]),
    st.integers(min_value=0, max_value=9999),
    st.integers(min_value=0, max_value=9999),
)
SEPARATORS = st.sampled_from(["", "-", " ", "."])
WORDS = st.text(alphabet="abc가나다 ,:;=\"'{}()[]", max_size=12)


def redacted(**fields: Any) -> dict[str, Any]:
    return dict(Redactor([SECRET])(None, "info", dict(fields)))


@given(PHONES, SEPARATORS, WORDS, WORDS)
def test_no_phone_survives_in_any_writing(
    parts: tuple[str, int, int], separator: str, before: str, after: str
) -> None:
    head, middle, last = parts
    phone = separator.join((head, f"{middle:04}", f"{last:04}"))

    shown = redacted(event=f"{before}{phone}{after}")["event"]

    assert phone not in shown
    assert f"-****-{last:04}" in shown


@pytest.mark.parametrize("written", ["+82 10-0000-7777", "+821000007777", "82-10-0000-7777"])
def test_the_country_code_hides_nobody(written: str) -> None:
    assert redacted(event=f"to {written}!")["event"] == "to 010-****-7777!"


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("01000007777에게", "010-****-7777에게"),
        ("번호01000007777", "번호010-****-7777"),
        ("guide_01000007777", "guide_010-****-7777"),
        ("010.0000.7777", "010-****-7777"),
        ("(010)0000-7777", "010-****-7777"),
        ("02-0000-7777", "****7777"),
        ("070 0000 7777로", "****7777로"),
        ("+815000007777", "****7777"),
    ],
)
def test_a_phone_is_found_whatever_stands_beside_it(written: str, shown: str) -> None:
    assert redacted(event=f"to {written}")["event"] == f"to {shown}"


def test_a_phone_that_is_a_key_is_found_too() -> None:
    assert redacted(event={"01000007777": 1})["event"] == {"010-****-7777": 1}


@pytest.mark.parametrize(
    "number",
    [
        "1010000077",
        "20260302T010000777",
        "0.01000007777",
        "2026-03-02T14:00:00+09:00",
        "manual__run_1795422785620324109",
        "scheduled__2026-03-02T05:00:00+00:00",
        "900101_1000000077",
        "0.0312345678",
        "1772427000123",
    ],
)
def test_other_numbers_are_left_alone(number: str) -> None:
    assert redacted(event=number)["event"] == number


def test_names_are_masked_where_a_field_is_a_name() -> None:
    shown = redacted(customer={"name": "김보라빛", "rule_name": "guide"}, kind="guide")

    assert shown == {"customer": {"name": "김**빛", "rule_name": "guide"}, "kind": "guide"}


@pytest.mark.parametrize(
    "text",
    [
        f"key={SECRET}",
        "Authorization: Bearer abcdefgh.ijklmnop",
        "NID_AUT=abc+def/==; NID_SES=AAAB",
        "https://hooks.slack.com/services/T000/B000/XXXXXXXX",
        "https://api.telegram.org/bot123456789:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA/sendMessage",
        "AKIAABCDEFGHIJKLMNOP",
    ],
)
def test_secrets_do_not_survive(text: str) -> None:
    shown = redacted(event=text, error=[{"value": text}])

    assert MARK in shown["event"]
    for secret in (SECRET, "abcdefgh.", "abc+def", "AAAB", "T000/B000", "AAAAAAAA", "AKIAABC"):
        assert secret not in json.dumps(shown)


def test_secret_fields_are_hidden_whatever_they_hold() -> None:
    assert redacted(password="x", cookies={"a": "b"}, token="") == {
        "password": MARK,
        "cookies": {"a": "b"},
        "token": "",
    }


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.text(), st.lists, max_leaves=5))
def test_anything_can_be_logged(value: Any) -> None:
    json.dumps(redacted(event="x", value=value, odd=object()))


def test_what_is_too_deep_is_not_shown() -> None:
    deep: Any = "01000007777"
    for _ in range(50):
        deep = [deep]

    assert "0000777" not in json.dumps(redacted(value=deep))
