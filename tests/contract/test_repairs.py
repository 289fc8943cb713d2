"""A repair on any store: stored and read back, released and made, once."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from repair_world import (
    MISSED,
    approved,
    change,
    execute,
    native_backfill,
    preview,
    results,
    send,
    shop,
    visit,
    windows,
)

from booking_sms import workflow
from booking_sms.domain.booking import BookingStatus
from booking_sms.domain.window import CoverageStatus
from booking_sms.testing import NOW

from .stores import Stores

LATER = MISSED + timedelta(minutes=20)


@pytest.fixture
def app(stores: Stores):
    """Four new visits in a chain on these stores; the fourth is over in ten minutes."""
    app = shop(visit(1), visit(2), visit(3), visit(4, starts_in=timedelta(minutes=-50)))
    names = ("jobs", "bodies", "ledger", "windows", "control", "plans")
    ports = {name: getattr(stores, name) for name in names}
    app.__dict__ |= ports
    app.__dict__["dispatch_services"] = replace(
        app.dispatch_services, **{name: ports[name] for name in names[:3]}, control=stores.control
    )
    app.control.set_delivery_mode("live", by="test", reason="test")
    return app


def test_a_plan_is_read_back_as_it_was_made(app):
    plan = approved(app)
    execute(app, plan)

    found = workflow.read_repair_plan(app, plan.plan_id)

    assert replace(found, execution=None) == plan
    assert found.execution.done_at == NOW
    assert found.estimated_krw == plan.estimated_krw > 0


@pytest.mark.parametrize("held", [True, False], ids=["released", "made"])
def test_each_message_ends_where_the_plan_says(app, held):
    if held:
        native_backfill(app)
    plan = approved(app)
    change(app, 2, status=BookingStatus.CANCELLED)
    change(app, 3, starts_at=NOW + timedelta(hours=3))
    app.clock.advance(timedelta(minutes=11))

    done = execute(app, plan)

    assert results(done) == {
        "queued": 3,
        "cancelled: cancelled": 2,
        "not_sent: moved": 2,
        "expired: not_after": 1,
    }
    assert execute(app, plan).repeated
    assert send(app) == {"sent": 3}
    (row,) = app.windows.of_store("900101", MISSED, MISSED)
    assert row.status is CoverageStatus.COVERED


def test_both_roads_over_several_windows_send_each_message_once(app):
    native_backfill(app, LATER)
    execute(app, approved(app, preview(app, windows(MISSED, LATER))))
    native_backfill(app, MISSED)
    native_backfill(app, LATER)

    assert preview(app, windows(MISSED, LATER), held=True).texts == ()
    assert send(app) == {"sent": 8}
    assert len({(text.to, text.content) for text in app.gateway.accepted}) == 8
