"""Comparing both sides of a campaign, on windows made by hand."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from booking_sms.domain.booking import KST
from booking_sms.domain.window import WINDOW_LENGTH
from booking_sms.parity.shadow.compare import compare
from booking_sms.parity.shadow.model import (
    DB,
    SMS,
    Change,
    Decision,
    Reach,
    SentText,
    Span,
    WindowSides,
)
from booking_sms.parity.shadow.reach import L7, L8, L9, L18, causes, reach_of
from booking_sms.parity.shadow.record import changes_between, sides_as_json, sides_from_json
from booking_sms.parity.shadow.result import mismatch_table, result_of, window_rows

START = datetime(2026, 3, 2, 19, 0, tzinfo=KST)
NUMBER = "900101_7000000001"


def at(window: int) -> datetime:
    return START + window * WINDOW_LENGTH


def make_decision(**overrides: Any) -> Decision:
    fields: dict[str, Any] = {
        "booking_num": NUMBER,
        "phone": "p",
        "to": "p",
        "kind": "guide",
        "booking_time": "2026-03-02 21:00:00",
        "body_sha": "guide-text",
    }
    return Decision(**{**fields, **overrides})


def make_change(**overrides: Any) -> Change:
    fields: dict[str, Any] = {
        "booking_num": NUMBER,
        "phone": "p",
        "kind": "guide",
        "booking_time": "2026-03-02 21:00:00",
    }
    return Change(**{**fields, **overrides})


def make_text(window: int, **overrides: Any) -> SentText:
    fields: dict[str, Any] = {"to": "p", "body_sha": "guide-text"}
    return SentText(at=at(window) + timedelta(minutes=3), **{**fields, **overrides})


def make_windows(
    candidate: dict[int, Any] | None = None,
    changes: dict[int, Any] | None = None,
    texts: dict[int, Any] | None = None,
    length: int = 9,
) -> list[WindowSides]:
    return [
        WindowSides(
            as_of=at(number),
            candidate=tuple((candidate or {}).get(number, ())),
            changes=tuple((changes or {}).get(number, ())),
            since=at(number - 1),
            texts=None if texts is None else tuple(texts.get(number, ())),
        )
        for number in range(length)
    ]


@pytest.mark.parametrize("shift", [-1, 0, 1])
def test_same_decision_within_one_window_is_equal(shift: int) -> None:
    found = compare(make_windows({3: [make_decision()]}, {3 + shift: [make_change()]}))

    assert found.findings == ()
    assert (found.pairs[DB], found.shifted) == (1, abs(shift))


@pytest.mark.parametrize("shift", [-2, 2, 3])
def test_same_decision_two_windows_apart_is_one_mismatch(shift: int) -> None:
    found = compare(make_windows({3: [make_decision()]}, {3 + shift: [make_change()]}))

    [only] = found.mismatches
    assert (only.channel, only.what, only.window) == (DB, "too far apart", at(3))
    assert only.other == at(3 + shift)


def test_what_one_side_did_alone_is_a_mismatch_in_its_window() -> None:
    other = make_change(booking_num="900102_1")

    found = compare(make_windows({3: [make_decision()]}, {5: [other]}))

    assert [(one.what, one.window) for one in found.mismatches] == [
        ("only the candidate", at(3)),
        ("only the predecessor", at(5)),
    ]


def test_what_is_too_young_waits_instead_of_being_judged() -> None:
    found = compare(make_windows({8: [make_decision()]}))

    assert found.findings == ()
    assert found.pending == 1


def test_flag_that_goes_back_is_a_mismatch() -> None:
    found = compare(make_windows(changes={4: [make_change(went_back=True)]}))

    assert [one.what for one in found.mismatches] == ["flag went back"]


def test_new_row_with_another_start_is_a_mismatch() -> None:
    row = make_change(is_new_row=True, booking_time="2026-03-02 21:00:30")

    found = compare(make_windows({3: [make_decision()]}, {3: [row]}))

    assert [one.what for one in found.mismatches] == ["other booking_time"]


def test_text_that_never_left_is_found_though_its_flag_is_set() -> None:
    windows = make_windows({3: [make_decision()]}, {3: [make_change()]}, texts={})

    found = compare(windows)

    assert [(one.channel, one.what) for one in found.mismatches] == [
        (SMS, "no text of the predecessor")
    ]


def test_second_text_and_another_text_are_found() -> None:
    decided, flag = {3: [make_decision()]}, {3: [make_change()]}

    twice = compare(make_windows(decided, flag, {3: [make_text(3), make_text(3)]}))
    other = compare(make_windows(decided, flag, {3: [make_text(3, body_sha="other")]}))

    assert [one.what for one in twice.mismatches] == ["a text that the candidate did not decide"]
    assert [one.what for one in other.mismatches] == ["another text"]


def test_window_that_nobody_read_is_listed_and_matches_nothing() -> None:
    windows = make_windows({3: [make_decision()]})
    windows[4] = replace(windows[4], changes=None)

    found = compare(windows)

    assert found.unobserved == (at(4),)
    assert found.findings == ()
    assert found.not_compared == 1


def test_change_over_a_gap_may_have_been_made_in_any_of_its_windows() -> None:
    windows = make_windows({3: [make_decision()]})
    windows[3] = replace(windows[3], changes=None)
    windows[4] = replace(windows[4], changes=None)
    windows[5] = replace(windows[5], changes=(make_change(),), since=at(2))

    found = compare(windows)

    assert found.findings == ()
    assert found.unobserved == (at(3), at(4), at(5))


def open_reach(**spans: tuple[str, str]) -> dict[str, Reach]:
    both = {store: Span(first=one[0], last=one[1]) for store, one in spans.items()}
    return {store[1:]: Reach(whole=span, first_page=span) for store, span in both.items()}


WIDE = ("2026-02-20 10:00:00", "2026-03-10 10:00:00")
EVENING = make_decision(kind="event", booking_time="2026-03-02 12:00:00", body_sha="")


def with_reach(windows: list[WindowSides], reach: dict[str, Reach]) -> list[WindowSides]:
    return [replace(one, reach=reach) for one in windows]


def test_event_that_a_measured_cause_kept_back_is_explained() -> None:
    reach = open_reach(s900101=("2026-01-01 10:00:00", "2026-03-10 10:00:00"))

    found = compare(with_reach(make_windows({4: [EVENING]}), reach))

    assert [one.explained for one in found.findings] == [L18]
    assert found.mismatches == ()


def test_same_event_without_the_cause_is_a_mismatch() -> None:
    found = compare(with_reach(make_windows({4: [EVENING]}), open_reach(s900101=WIDE)))

    assert len(found.mismatches) == 1


def test_cause_that_the_same_run_contradicts_explains_nothing() -> None:
    reach = open_reach(s900101=("2026-01-01 10:00:00", "2026-03-10 10:00:00"))
    reached = make_change(kind="event", booking_num="900101_2", booking_time="2026-03-02 11:00:00")
    mine = replace(EVENING, booking_num="900101_2")

    found = compare(with_reach(make_windows({4: [EVENING, mine]}, {4: [reached]}), reach))

    assert [one.booking_num for one in found.mismatches] == [NUMBER]


def test_guide_is_never_explained_by_a_cause_of_fetching() -> None:
    reach = open_reach(s900101=("2026-01-01 10:00:00", "2026-03-10 10:00:00"))

    found = compare(with_reach(make_windows({4: [make_decision()]}), reach))

    assert len(found.mismatches) == 1


@pytest.mark.parametrize(
    ("pages", "visit", "cause"),
    [
        pytest.param([[("900102_1", "2026-03-01 10:00:00")]], "2026-03-01 12:00:00", L7, id="L7"),
        pytest.param(
            [[("900101_1", WIDE[0]), ("900101_2", WIDE[1])]], "2026-02-20 18:00:00", L9, id="L9"
        ),
        pytest.param(
            [
                [("900101_1", "2026-03-01 10:00:00"), ("900101_2", "2026-03-01 11:00:00")],
                [("900101_3", WIDE[1])],
            ],
            "2026-03-02 12:00:00",
            L8,
            id="L8",
        ),
        pytest.param([[], [("900101_3", WIDE[1])]], WIDE[1], L8, id="L8 empties a store"),
    ],
)
def test_each_cause_is_measured_from_the_table(
    pages: list[list[tuple[str, str]]], visit: str, cause: str
) -> None:
    assert cause in causes(reach_of(pages, ["900101"]), "900101", visit)


def test_table_that_reaches_the_visit_has_no_cause() -> None:
    reach = reach_of([[("900101_1", WIDE[0]), ("900101_2", WIDE[1])]], ["900101"])

    assert causes(reach, "900101", "2026-03-02 12:00:00") == frozenset()


decided = st.lists(
    st.tuples(st.integers(0, 8), st.integers(1, 4), st.sampled_from(("confirm", "guide"))),
    max_size=12,
    unique=True,
)


@given(sides=st.tuples(decided, decided), order=st.randoms())
def test_result_depends_neither_on_order_nor_on_repetition(sides: Any, order: Any) -> None:
    windows = sides_of(*sides)
    mixed = [*windows, *windows]
    order.shuffle(mixed)

    assert compare(mixed) == compare(windows)


@given(decided=decided, shifts=st.lists(st.integers(-1, 1), min_size=12, max_size=12))
def test_late_writes_within_a_window_never_differ(decided: Any, shifts: list[int]) -> None:
    once = {(number, kind): window for window, number, kind in decided}
    mine = [(window, *key) for key, window in once.items()]
    theirs = [(min(8, max(0, w + s)), n, k) for (w, n, k), s in zip(mine, shifts, strict=False)]

    found = compare(sides_of(mine, theirs))

    assert found.findings == ()
    assert found.pairs.get(DB, 0) == len(mine)


@given(sides=st.tuples(decided, decided))
def test_everything_is_paired_found_or_waiting(sides: Any) -> None:
    found = compare(sides_of(*sides))

    far = sum(one.what == "too far apart" for one in found.findings)
    alone = len(found.findings) - far + found.pending + found.not_compared
    assert 2 * (found.pairs.get(DB, 0) + far) + alone == len(sides[0]) + len(sides[1])


def sides_of(mine: Any, theirs: Any) -> list[WindowSides]:
    candidate: dict[int, list[Decision]] = {}
    changes: dict[int, list[Change]] = {}
    for window, number, kind in mine:
        item = make_decision(booking_num=f"900101_{number}", kind=kind)
        candidate.setdefault(window, []).append(item)
    for window, number, kind in theirs:
        one = make_change(booking_num=f"900101_{number}", kind=kind)
        changes.setdefault(window, []).append(one)
    return make_windows(candidate, changes)


def test_difference_of_two_reads_names_what_turned() -> None:
    flags = {"confirm_sms": True, "remind_sms": False, "option_sms": False}
    old = {"number": "1_1", "phone": "p", "time": "t", "flags": flags}
    new = {"number": "1_2", "phone": "p", "time": "t", "flags": {**flags, "remind_sms": True}}

    found = changes_between(
        [[old]], [[new], [{**old, "flags": {**flags, "confirm_sms": False, "option_sms": True}}]]
    )

    assert [(one.booking_num, one.kind, one.is_new_row, one.went_back) for one in found] == [
        ("1_1", "confirm", False, True),
        ("1_1", "event", False, False),
        ("1_2", "confirm", True, False),
        ("1_2", "guide", True, False),
    ]


def test_record_survives_json() -> None:
    [sides] = with_reach(
        make_windows({0: [make_decision()]}, {0: [make_change()]}, {0: [make_text(0)]}, length=1),
        open_reach(s900101=WIDE),
    )

    assert sides_from_json(sides_as_json(sides)) == sides


def result(windows: list[WindowSides]) -> dict[str, Any]:
    return result_of(compare(windows), campaign="c", ran_at=at(9), started_at=START)


def test_campaign_of_nothing_is_vacuous() -> None:
    assert result(make_windows())["vacuous"] == [
        "the candidate decided nothing",
        "the predecessor decided nothing",
        "nothing could be paired",
    ]


def test_mismatch_starts_the_clean_days_anew() -> None:
    clean = result(make_windows({1: [make_decision()]}, {1: [make_change()]}))
    broken = result(make_windows({1: [make_decision()], 5: [make_decision(kind="confirm")]}))

    assert clean["zero_mismatch_since"] == START.isoformat()
    assert clean["days_without_mismatch"] == pytest.approx(9 / 72, abs=1e-3)
    assert broken["zero_mismatch_since"] == at(6).isoformat()
    assert broken["days_without_mismatch"] == pytest.approx(3 / 72, abs=1e-3)


def test_window_that_was_not_observed_starts_the_clean_days_anew() -> None:
    windows = make_windows({1: [make_decision()]}, {1: [make_change()]})
    windows[6] = replace(windows[6], candidate=None)

    found = result(windows)

    assert found["windows_not_observed"] == [at(6).isoformat()]
    assert found["zero_mismatch_since"] == at(7).isoformat()
    assert found["days_without_mismatch"] == pytest.approx(2 / 72, abs=1e-3)


def test_store_that_was_not_observed_starts_the_clean_days_anew() -> None:
    windows = make_windows({1: [make_decision()]}, {1: [make_change()]})
    windows[4] = replace(windows[4], unread=("900108",))

    found = result(windows)

    assert found["stores_not_observed"] == {at(4).isoformat(): ["900108"]}
    assert found["windows_not_observed"] == []
    assert found["zero_mismatch_since"] == at(5).isoformat()


def test_last_window_not_observed_leaves_no_clean_stretch() -> None:
    windows = make_windows({1: [make_decision()]}, {1: [make_change()]})
    windows[8] = replace(windows[8], unread=("900108",))

    assert result(windows)["zero_mismatch_since"] is None
    assert result(windows)["days_without_mismatch"] == 0


@pytest.mark.parametrize("late", [0, 3, 4])
def test_decision_after_a_gap_of_its_store_is_neither_equal_nor_too_late(late: int) -> None:
    windows = make_windows({5: [make_decision()]}, {5 - late: [make_change()]})
    for number in (2, 3, 4):
        windows[number] = replace(windows[number], unread=("900101",))

    found = compare(windows)

    assert found.findings == ()
    assert (found.pairs.get(DB, 0), found.not_compared) == (0, 1)


def test_gap_of_another_store_changes_nothing() -> None:
    windows = make_windows({5: [make_decision()]}, {2: [make_change()]})
    for number in (2, 3, 4):
        windows[number] = replace(windows[number], unread=("900102",))

    assert [one.what for one in compare(windows).mismatches] == ["too far apart"]


def test_flag_of_the_predecessor_in_a_gap_of_its_store_is_not_compared() -> None:
    windows = make_windows({}, {3: [make_change()]}, {3: [make_text(3, booking_num=NUMBER)]})
    windows[3] = replace(windows[3], unread=("900101",))

    found = compare(windows)

    assert found.findings == ()
    assert found.not_compared == 2


WITHOUT_PHONE = make_decision(held="PhoneInvalid kind=empty", body_sha="")


def test_decision_without_a_phone_is_not_comparable_in_either_channel() -> None:
    found = compare(make_windows({3: [WITHOUT_PHONE]}, {}, {}))

    assert found.findings == ()
    assert [(one.channel, one.window) for one in found.not_comparable] == [
        (DB, at(3)),
        (SMS, at(3)),
    ]
    shown = result(make_windows({3: [WITHOUT_PHONE]}, {}, {}))
    assert shown["not_comparable"] == 1
    assert shown["not_comparable_because"] == {"PhoneInvalid kind=empty": 1}


def test_flag_that_the_predecessor_set_without_a_phone_is_compared() -> None:
    equal = compare(make_windows({3: [WITHOUT_PHONE]}, {3: [make_change()]}))
    alone = compare(make_windows({}, {3: [make_change()]}))

    assert (equal.pairs[DB], equal.not_comparable) == (1, ())
    assert len(alone.mismatches) == 1


def test_number_that_no_text_reaches_must_still_be_flagged() -> None:
    landline = make_decision(held="PhoneInvalid kind=landline")

    found = compare(make_windows({3: [landline]}, {}, {}))

    assert [one.channel for one in found.mismatches] == [DB]
    assert [one.channel for one in found.not_comparable] == [SMS]


def test_sms_is_not_observable_without_the_gateways_list() -> None:
    found = result(make_windows({1: [make_decision()]}, {1: [make_change()]}))

    assert found["not_observable"] == ["telegram", "sms"]
    assert found["channels"]["sms"] is None


def test_tables_for_people_hold_no_booking_number_and_no_digest() -> None:
    windows = make_windows({3: [make_decision(phone="digest-of-a-phone")]})
    found = compare(windows)

    shown = str(mismatch_table(found)) + str(window_rows(windows, found))

    assert "900101_***001" in shown
    assert NUMBER not in shown
    assert "digest-of-a-phone" not in shown
