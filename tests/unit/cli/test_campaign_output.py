"""How the campaign's commands show counts to people."""

from __future__ import annotations

from booking_sms.cli.campaign import SHOWN, _readable


def test_counts_are_said_with_their_names_and_nothing_empty_is_shown() -> None:
    shown = _readable({
        "not_comparable": 0,
        "channels": {"db": {"equal": 3, "not_comparable": 1}, "sms": None},
        "windows_not_observed": [],
        "zero_mismatch_since": None,
        "passed": False,
    })

    assert shown == {
        "not comparable": "0",
        "channels": "db: 3 equal, 1 not comparable\nsms: not observed",
        "passed": "no",
    }


def test_long_list_is_cut_and_says_how_much() -> None:
    names = [f"w{number}" for number in range(SHOWN + 3)]

    assert _readable({"windows_not_observed": names})["windows not observed"].endswith("and 3 more")
