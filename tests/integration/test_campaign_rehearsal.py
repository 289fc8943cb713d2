"""Rehearsed shadow campaigns: clean without bugs, and each bug found where it is."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from booking_sms.domain.errors import ActionRefused
from booking_sms.parity.shadow.model import DB, SMS
from booking_sms.rehearsal.expected import EXPECTED
from booking_sms.rehearsal.run import FIRST, Orders, Rehearsed, rehearse

LENGTH = {"L5": 1.0, "L10": 0.6, "L12": 0.9, "L14": 0.9, "L17": 1.1, "L19": 0.3}
"""Days until a bug has had its occasion; the first evening is enough for the others."""
FIRST_EVENING = 0.35


@pytest.mark.integration
@pytest.mark.slow
def test_first_evening_without_bugs_is_clean_on_both_sides() -> None:
    done = rehearse(Orders(windows=24, bookings=150))

    assert done.verdict(()) == {"passed": True, "failed": []}
    assert done.result["mismatches"] == done.alerts == 0
    assert done.result["windows"] == 24
    assert min(done.result["legacy_items"], done.result["candidate_items"]) > 20
    assert {"confirm", "guide", "event"} == set(done.result["by_kind"])
    assert done.result["not_comparable"] == len(done.without_phone) > 0
    json.dumps(done.result)


@pytest.mark.integration
@pytest.mark.slow
def test_lost_afternoon_is_found_in_its_windows_and_told() -> None:
    done = rehearse(Orders(windows=15, bookings=150, bugs=("L22",)))

    assert done.verdict(("L22",)) == {"passed": True, "failed": []}
    caught_up = FIRST.replace(hour=18)
    windows = {one.window for one in done.compared.mismatches}
    assert {one.hour for one in windows - {caught_up}} <= {15, 16, 17}
    assert {one.window.hour for one in done.effects if not one.is_added} <= {15, 16, 17}
    assert done.alerts > 0
    assert done.verdict(())["failed"] == [
        f"{done.result['channels'][name]['mismatches']} mismatches in channel {name}"
        for name in (DB, SMS)
    ]
    assert (
        "1 differences at the wrong place" in _without_one_effect(done).verdict(("L22",))["failed"]
    )
    assert _without_one_mismatch(done).verdict(("L22",))["failed"] == ["1 effects were not found"]


def _without_one_effect(done: Rehearsed) -> Rehearsed:
    first = done.compared.mismatches[0]
    return replace(done, effects=[one for one in done.effects if not one.shows_as(first)])


def _without_one_mismatch(done: Rehearsed) -> Rehearsed:
    seen = next(one for one in done.compared.mismatches if one.channel == DB)
    left = tuple(one for one in done.compared.findings if one != seen)
    return replace(done, compared=replace(done.compared, findings=left))


def test_unknown_bug_is_refused_by_name() -> None:
    with pytest.raises(ActionRefused, match="L99"):
        rehearse(Orders(bugs=("L99",)))


@pytest.mark.integration
@pytest.mark.long
@pytest.mark.timeout(1200)
@pytest.mark.parametrize("bug", sorted(EXPECTED))
def test_each_bug_is_found_in_its_channel_and_window(bug: str) -> None:
    done = rehearse(Orders(days=LENGTH.get(bug, FIRST_EVENING), bugs=(bug,)))

    assert done.verdict((bug,)) == {"passed": True, "failed": []}
    assert done.effects


@pytest.mark.integration
@pytest.mark.long
@pytest.mark.timeout(1800)
def test_seven_days_without_bugs_have_no_mismatch() -> None:
    done = rehearse(Orders())

    assert done.verdict(()) == {"passed": True, "failed": []}
    assert done.result["windows"] == 504
    assert done.result["days_without_mismatch"] == 7.0
    assert done.result["windows_not_observed"] == []
    assert done.result["stores_not_observed"] == {}
    assert min(done.result["legacy_items"], done.result["candidate_items"]) > 200
    assert done.result["not_comparable"] == len(done.without_phone) > 7
