"""Rehearsed shadow campaigns: clean without bugs, and each bug found where it is."""

from __future__ import annotations

import json
from datetime import datetime

import pytest

from booking_sms.domain.errors import ActionRefused
from booking_sms.parity.shadow.model import DB, SMS
from booking_sms.rehearsal.run import EXPECTED, Orders, rehearse

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
    json.dumps(done.result)


@pytest.mark.integration
@pytest.mark.slow
def test_run_that_loses_texts_is_found_in_the_sms_channel_and_told() -> None:
    done = rehearse(Orders(windows=12, bookings=150, bugs=("L1",)))

    assert done.verdict(("L1",))["passed"]
    assert {one.channel for one in done.compared.mismatches} == {SMS}
    assert done.alerts > 0


@pytest.mark.integration
@pytest.mark.slow
def test_lost_afternoon_is_found_in_its_windows() -> None:
    done = rehearse(Orders(windows=18, bookings=150, bugs=("L22",)))

    found = [one for one in done.compared.mismatches if one.channel == DB]
    assert done.verdict(("L22",))["passed"]
    assert {15, 16, 17} & {one.window.hour for one in found}
    assert min(one.window for one in found) >= datetime.fromisoformat("2026-03-02T14:40+09:00")


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


@pytest.mark.integration
@pytest.mark.long
@pytest.mark.timeout(1800)
def test_seven_days_without_bugs_have_no_mismatch() -> None:
    done = rehearse(Orders())

    assert done.verdict(()) == {"passed": True, "failed": []}
    assert done.result["windows"] == 504
    assert done.result["days_without_mismatch"] == 7.0
