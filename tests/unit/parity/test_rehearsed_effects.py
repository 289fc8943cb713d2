"""The rehearsal's judge: what was found against what the stand-in says that it changed."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from booking_sms.domain.booking import KST
from booking_sms.domain.window import WINDOW_LENGTH
from booking_sms.parity.shadow.model import DB, SMS, Finding
from booking_sms.rehearsal.effects import Effect, lasting, missed, strange
from booking_sms.rehearsal.expected import EXPECTED, MISMATCH, TOLERATED

START = datetime(2026, 3, 2, 14, 0, tzinfo=KST)


def at(window: int) -> datetime:
    return START + window * WINDOW_LENGTH


def make_effect(window: int, **overrides: Any) -> Effect:
    fields: dict[str, Any] = {
        "channel": DB,
        "booking_num": "900101_1",
        "to": "p",
        "kind": "guide",
        "wrote": "",
        "is_added": False,
    }
    return Effect(window=at(window), **{**fields, **overrides})


def make_finding(window: int, **overrides: Any) -> Finding:
    fields: dict[str, Any] = {
        "channel": DB,
        "what": "only the candidate",
        "booking_num": "900101_1",
        "kind": "guide",
    }
    return Finding(window=at(window), **{**fields, **overrides})


@pytest.mark.parametrize("shift", [-1, 0, 1])
def test_difference_within_a_window_of_its_effect_is_in_place(shift: int) -> None:
    found = [make_finding(4 + shift)]

    assert strange([make_effect(4)], found) == []
    assert missed([make_effect(4)], found, at(9)) == []


@pytest.mark.parametrize(
    "wrong",
    [
        pytest.param(make_finding(6), id="two windows off"),
        pytest.param(make_finding(4, booking_num="900101_2"), id="another booking"),
        pytest.param(make_finding(4, kind="confirm"), id="another kind"),
        pytest.param(make_finding(4, channel=SMS, to="p"), id="another channel"),
    ],
)
def test_difference_elsewhere_is_strange_and_the_effect_is_missed(wrong: Finding) -> None:
    assert strange([make_effect(4)], [wrong]) == [wrong]
    assert missed([make_effect(4)], [wrong], at(9)) == [make_effect(4)]


def test_text_is_about_its_recipient_whichever_booking_it_is_called() -> None:
    effect = make_effect(4, channel=SMS)
    found = make_finding(4, channel=SMS, booking_num="", to="p", kind="unknown")

    assert strange([effect], [found]) == []
    assert strange([effect], [make_finding(4, channel=SMS, to="q")]) != []


def test_act_one_window_later_need_not_show_and_one_two_windows_later_must() -> None:
    later = [make_effect(4), make_effect(5, is_added=True)]
    too_late = [make_effect(4), make_effect(6, is_added=True)]

    assert lasting(later) == []
    assert missed(too_late, [], at(9)) == too_late
    assert missed(too_late, [make_finding(4, other=at(6))], at(9)) == []


def test_other_content_in_the_same_window_must_show() -> None:
    pair = [make_effect(4, wrote="21:00:00"), make_effect(4, wrote="21:00:30", is_added=True)]

    assert lasting(pair) == pair


def test_effect_of_the_last_window_still_waits() -> None:
    assert missed([make_effect(9)], [], START + 9 * WINDOW_LENGTH) == []
    assert len(missed([make_effect(8)], [], at(9))) == 1
    assert missed([make_effect(8)], [], at(9) - timedelta(seconds=1)) == []


def test_table_of_switches_says_what_cannot_show_and_why() -> None:
    silent = {name for name, one in EXPECTED.items() if not one.channels}

    assert silent == {name for name, one in EXPECTED.items() if one.verdict == TOLERATED}
    assert silent == {"L15", "one_late"}
    assert {name for name, one in EXPECTED.items() if one.inverted} == {
        "L12", "L14", "L15", "L17", "L19",
    }  # fmt: skip
    assert all(one.why for one in EXPECTED.values())
    assert all(one.channels for one in EXPECTED.values() if one.verdict == MISMATCH)
