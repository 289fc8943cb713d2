"""The random histories of edits, crashes and late windows, with the real tables."""

from __future__ import annotations

import pytest
from history_steps import STEPS, live_through
from history_world import HistoryWorld
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from .conftest import PREFIX
from .stores import dynamodb_stores, wipe


@pytest.mark.integration
@pytest.mark.timeout(3_600)
@pytest.mark.parametrize("examples", [4, pytest.param(100, marks=pytest.mark.long)])
def test_each_final_booking_got_exactly_what_the_rules_promise(dynalite_client, examples):
    @settings(
        max_examples=examples,
        derandomize=True,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(steps=STEPS, approves=st.booleans())
    def histories(steps, approves):
        wipe(dynalite_client, PREFIX)
        stores = dynamodb_stores(dynalite_client, PREFIX)
        world = HistoryWorld(jobs=stores.jobs, bodies=stores.bodies, ledger=stores.ledger)
        live_through(world, steps, approves=approves)

    histories()
