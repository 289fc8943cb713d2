"""What went wrong elsewhere in reading bookings, and what ours does then."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from workflow_world import STORES, InMemoryApplication

from booking_sms import workflow
from booking_sms.adapters.naver.session import NaverLoginSession
from booking_sms.cli.run import send_due
from booking_sms.domain.errors import (
    CaptchaRequired,
    ExtractError,
    LoginLayoutChanged,
    SessionNeedsPerson,
)
from booking_sms.domain.window import CoverageStatus, Window
from booking_sms.ports import QuarantinedBooking, SessionRecord
from booking_sms.testing import (
    NOW,
    NOW_MS,
    FixedTransportClock,
    InMemoryLoginLock,
    InMemorySessionStore,
    make_booking,
)

STALE = SessionRecord(cookies=({"name": "NID_SES", "value": "old"},), state="VALID")


class Wall:
    """A login page that a person has to pass; it counts the tries that were made."""

    def __init__(self, error: SessionNeedsPerson) -> None:
        self.error = error
        self.tries = 0

    def sign_in(self, before_attempt):
        before_attempt()
        self.tries += 1
        raise self.error


@pytest.mark.parametrize("error", [CaptchaRequired, LoginLayoutChanged])
def test_login_from_a_cloud_address_met_a_captcha_and_tried_on(error):
    """stateofai/naver-paper#56: one try, then every process waits for a person, who is told."""
    store, clock, told = InMemorySessionStore(STALE), FixedTransportClock(NOW_MS), []
    page = Wall(error())

    for _ in range(5):
        session = NaverLoginSession(
            store=store, probe=lambda cookies: False, login=page, clock=clock,
            lock=InMemoryLoginLock(clock), on_blocked=told.append, sleep=lambda seconds: None,
        )  # fmt: skip
        with pytest.raises(error):
            session.ensure_valid()
        clock.advance(timedelta(minutes=20))

    assert (page.tries, store.record.state) == (1, error.state)
    assert [type(one) for one in told] == [error]


def test_windows_behind_a_captcha_looked_like_quiet_ones():
    """stateofai/naver-paper#56: a window that was not read says so for every store, texts that
    were decided before go out, and the next window heals what still can be."""
    app = InMemoryApplication()
    app.source.put(make_booking(starts_in=timedelta(hours=3)))
    app.session.failure = CaptchaRequired()

    with pytest.raises(CaptchaRequired):
        run_window(app, Window(NOW))
    assert coverage(app) == {CoverageStatus.FAILED: len(STORES)}
    assert app.gateway.sends == 0

    app.session.failure = None
    app.clock.advance(timedelta(minutes=20))
    run_window(app, Window(NOW + timedelta(minutes=20)))
    assert app.gateway.sends == 1
    assert coverage(app) == {
        CoverageStatus.FAILED: len(STORES),
        CoverageStatus.COVERED: len(STORES),
    }


def test_one_malformed_booking_stopped_the_import():
    """MantaRayMedia/bgs#314: it is quarantined and counted, and its store is partly covered."""
    app = InMemoryApplication()
    app.source.put(make_booking(starts_in=timedelta(hours=3)))
    app.source.quarantined["900101"] = (
        QuarantinedBooking(store_id="900101", reference="7000000009", reason="BookingMalformed"),
    )

    extracts = run_window(app, Window(NOW))

    assert sum(extract["quarantined"] for extract in extracts) == app.gateway.sends == 1
    assert coverage(app)[CoverageStatus.PARTIAL] == 1


def test_window_that_was_run_again_by_hand_texted_again():
    """apache/airflow#46197: the same window named twice, by whatever road, is decided once."""
    app = InMemoryApplication()
    app.source.put(make_booking(starts_in=timedelta(hours=1)))

    for _ in range(3):
        run_window(app, Window(NOW))

    assert app.gateway.sends == 2


def run_window(app: InMemoryApplication, window: Window) -> list[dict[str, Any]]:
    """The main job without its data checks, whose library takes seconds to import."""
    try:
        opened = workflow.open_session(app, window)
    except ExtractError:
        workflow.window_report(app, window, [], None)
        send_due(app)
        raise
    extracts, _ = workflow.extract_stores(app, window, opened["stores"])
    planned = workflow.plan_jobs(app, window, extracts)
    loaded = workflow.load_jobs(app, window, planned["plan_key"])
    workflow.window_report(app, window, extracts, loaded)
    send_due(app)
    return extracts


def coverage(app: InMemoryApplication) -> dict[CoverageStatus, int]:
    """How many windows of all stores stand how."""
    later = NOW + timedelta(hours=1)
    found = [row.status for store in STORES for row in app.windows.of_store(store, NOW, later)]
    return {status: found.count(status) for status in set(found)}
