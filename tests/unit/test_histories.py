"""After any history of edits, crashes and late windows, each booking got what the rules promise."""

from __future__ import annotations

import pytest
from history_steps import STEPS, live_through
from history_world import HistoryWorld
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

MANY = {
    "derandomize": True,
    "deadline": None,
    "database": None,
    "suppress_health_check": list(HealthCheck),
}


@pytest.mark.slow
@settings(max_examples=100, **MANY)
@given(steps=STEPS, approves=st.booleans())
def test_each_final_booking_got_exactly_what_the_rules_promise(steps, approves):
    live_through(HistoryWorld(), steps, approves=approves)


@pytest.mark.long
@pytest.mark.timeout(3_600)
@settings(max_examples=3_000, **MANY)
@given(steps=STEPS, approves=st.booleans())
def test_many_histories(steps, approves):
    live_through(HistoryWorld(), steps, approves=approves)
