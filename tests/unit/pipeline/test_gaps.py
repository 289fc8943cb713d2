"""Windows that nobody decided: which of them the next one makes up for, and which are lost."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from functools import cache

import pytest
from hypothesis import given
from hypothesis import strategies as st
from workflow_world import InMemoryApplication

from booking_sms import workflow
from booking_sms.cli.run import run_window
from booking_sms.domain.booking import KST, BookingOption, BookingStatus
from booking_sms.domain.errors import BookingApiUnavailable
from booking_sms.domain.ledger import Ledger
from booking_sms.domain.window import WINDOW_LENGTH, CoverageStatus, HealedWindow, Window
from booking_sms.pipeline.extract import as_of_filter
from booking_sms.pipeline.gaps import GapReader, missed_before
from booking_sms.pipeline.gather import gather_ledger
from booking_sms.pipeline.plan import everywhere, plan_window
from booking_sms.testing import (
    NOW,
    InMemoryWindowRepository,
    make_booking,
    make_coverage,
    make_ledger_row,
)

STORE = "900101"
EIGHT = datetime(2026, 3, 2, 20, 0, tzinfo=KST)


def window(minutes: int, end: datetime = NOW) -> Window:
    return Window(end + timedelta(minutes=minutes))


def recorded(*rows: tuple[int, CoverageStatus]) -> InMemoryWindowRepository:
    repository = InMemoryWindowRepository()
    for minutes, status in rows:
        repository.record(make_coverage(window=window(minutes), status=status))
    return repository


COVERED, PARTIAL, FAILED = CoverageStatus.COVERED, CoverageStatus.PARTIAL, CoverageStatus.FAILED


@pytest.mark.parametrize(
    ("rows", "missed"),
    [
        pytest.param([], [], id="a store that never had a row has no gap"),
        pytest.param([(-20, COVERED)], [], id="the window before is covered"),
        pytest.param([(-20, PARTIAL)], [], id="partly is decided too"),
        pytest.param([(-60, COVERED)], [-40, -20], id="from the newest covered one"),
        pytest.param([(-60, COVERED), (-20, FAILED)], [-40, -20], id="a failed one is missed"),
        pytest.param([(-100, FAILED), (-40, COVERED)], [-20], id="older gaps are told already"),
        pytest.param([(-40, FAILED)], [-40, -20], id="a store that failed from the first"),
    ],
)
def test_a_gap_begins_after_the_newest_decided_window(rows, missed):
    found = missed_before(recorded(*rows), STORE, Window(NOW))

    assert [one.as_of - NOW for one in found] == [timedelta(minutes=m) for m in missed]


def test_a_gap_of_days_is_looked_at_for_one_day_only():
    found = missed_before(recorded((-20 * 200, COVERED)), STORE, Window(NOW))

    assert (len(found), found[-1]) == (72, window(-20))


def test_no_gap_costs_one_read_of_one_row():
    reads = []

    class Counting(InMemoryWindowRepository):
        def of_store(self, store_id, since, until):
            reads.append((since, until))
            return super().of_store(store_id, since, until)

    repository = Counting()
    repository.record(make_coverage(window=window(-20)))

    assert missed_before(repository, STORE, Window(NOW)) == ()
    assert reads == [(NOW - WINDOW_LENGTH, NOW - WINDOW_LENGTH)]


def test_a_run_at_an_odd_minute_sees_the_windows_of_the_grid():
    found = missed_before(recorded((-40, COVERED)), STORE, Window(NOW + timedelta(minutes=7)))

    assert found == (window(-20), window(0))


# -- what is lost ------------------------------------------------------------------------------


@pytest.fixture
def app() -> InMemoryApplication:
    return InMemoryApplication()


def run_at(app: InMemoryApplication, end: datetime) -> None:
    app.clock.set(end)
    run_window(app, Window(end))


def heals_of(app: InMemoryApplication, end: datetime, store: str = STORE):
    [row] = app.windows.of_store(store, end, end)
    return row.heals


def test_a_guide_that_the_next_window_still_sends_is_subsumed(app):
    run_at(app, NOW)
    app.source.put(make_booking(starts_in=timedelta(hours=2, minutes=30)))

    run_at(app, NOW + timedelta(hours=1))

    healed = heals_of(app, NOW + timedelta(hours=1))
    assert healed == (HealedWindow(window=window(20)), HealedWindow(window=window(40)))
    assert app.gateway.sends == 2


def test_a_visit_that_ended_within_the_gap_has_lost_its_texts(app):
    run_at(app, NOW)
    registered = NOW + timedelta(minutes=5)
    app.source.put(
        make_booking(
            starts_in=timedelta(minutes=30),
            status=BookingStatus.COMPLETED,
            registered_at=registered,
            confirmed_at=registered,
            completed_at=NOW + timedelta(minutes=90),
        )
    )

    run_at(app, NOW + timedelta(hours=2))

    lost = {one.window: dict(one.lost) for one in heals_of(app, NOW + timedelta(hours=2))}
    assert lost.pop(window(20)) == {"confirm-first-sight": 1, "guide-first-sight": 1}
    assert set(lost) == {window(20 * n) for n in range(2, 6)}
    assert not any(lost.values())


def test_nobody_misses_the_texts_of_a_visit_that_was_called_off(app):
    run_at(app, NOW)
    app.source.put(
        make_booking(
            starts_in=timedelta(minutes=90),
            status=BookingStatus.CANCELLED,
            registered_at=NOW + timedelta(minutes=5),
            confirmed_at=NOW + timedelta(minutes=5),
            cancelled_at=NOW + timedelta(minutes=50),
        )
    )

    run_at(app, NOW + timedelta(hours=1))

    assert [one.lost for one in heals_of(app, NOW + timedelta(hours=1))] == [(), ()]


def test_a_rule_in_shadow_loses_nothing(app):
    bookings = [reviewed()]

    assert lost_between(app, bookings, {}) == [{}, {}, {}]


def test_the_hour_of_twenty_is_lost_when_the_next_window_is_at_nine(app):
    rollout = everywhere(app.catalog().rules)

    lost = lost_between(app, [reviewed(), reviewed(booking_id="7000000002")], rollout)

    assert lost == [{"event-at-eight": 2}, {}, {}]


def reviewed(booking_id: str = "7000000001"):
    """A completed visit whose option earns a review text; its confirmation went out before."""
    start = EIGHT - timedelta(hours=4)
    return make_booking(
        booking_id=booking_id,
        starts_at=start,
        status=BookingStatus.COMPLETED,
        completed_at=start + timedelta(hours=1),
        options=(BookingOption(name="네이버 리뷰"),),
    )


def lost_between(app, bookings, rollout):
    """What the windows 20:00 to 20:40 have lost when the next one is 21:00."""
    catalog, healing = app.catalog(), window(60, EIGHT)
    for booking in bookings:
        app.ledger.put(make_ledger_row(booking_num=booking.booking_num))
    reader = GapReader(catalog.rules, catalog.stores, healing, rollout)
    ledger = gather_ledger(app.ledger, app.jobs, bookings)
    missed = [window(minutes, EIGHT) for minutes in (0, 20, 40)]
    return list(reader.lost(missed, bookings, ledger).values())


@pytest.mark.slow
@given(
    visits=st.lists(
        st.tuples(st.integers(-30, 260), st.integers(-600, 100), st.booleans()), max_size=6
    ),
    length=st.integers(1, 6),
)
def test_lost_is_what_the_missed_windows_would_have_added(visits, length):
    """What these windows would have decided one after the other, less what the next one does."""
    catalog = shipped_catalog()
    bookings = [visit(number, *facts) for number, facts in enumerate(visits)]
    healing = window(20 * (length + 1))
    missed = [window(20 * step) for step in range(1, length + 1)]

    wanted, ledger = set(), Ledger()
    for one in missed:
        texts, ledger = decide(catalog, as_of_filter(bookings, one.as_of)[0], ledger, one)
        wanted |= texts
    healed, _ = decide(catalog, bookings, Ledger(), healing)
    reader = GapReader(catalog.rules, catalog.stores, healing)
    lost = reader.lost(missed, bookings, Ledger())

    assert sum(sum(counts.values()) for counts in lost.values()) == len(wanted - healed)
    assert list(lost) == [one.name for one in missed]


@cache
def shipped_catalog():
    return InMemoryApplication().catalog()


def visit(number: int, starts: int, registered: int, is_completed: bool):
    """A confirmed visit, or one that is completed as soon as it is over."""
    start, since = NOW + timedelta(minutes=starts), NOW + timedelta(minutes=registered)
    booking = make_booking(
        booking_id=str(number), starts_at=start, registered_at=since, confirmed_at=since
    )
    if not is_completed:
        return booking
    return replace(booking, status=BookingStatus.COMPLETED, completed_at=booking.ends_at)


def decide(catalog, bookings, ledger, one: Window):
    """Booking and kind of every text that a window decides, and what is known afterwards."""
    plan = plan_window(bookings, ledger, catalog.rules, catalog.stores, one)
    live = [decision for decision in plan.decisions if not decision.shadow]
    texts = {(decision.booking.booking_num, decision.kind) for decision in live}
    return texts, plan.ledger_after


# -- what is kept and told ---------------------------------------------------------------------


def test_people_hear_of_a_gap_once_and_of_no_gap_never(app):
    run_at(app, NOW)
    run_at(app, NOW + timedelta(hours=1))
    run_at(app, NOW + timedelta(hours=1))
    run_at(app, NOW + timedelta(minutes=80))

    for channel in (app._owner_channel, app._team_channel):
        [text] = channel.texts
        assert text.splitlines() == [
            "03-02 15:00 회차가 그 전에 빠진 회차를 이어받았습니다",
            "- 모든 지점: 03-02 14:20~14:40 (2회)",
            "- 다음 회차가 대신 처리: 16회",
            "- 놓친 문자 없음",
        ]


def test_what_was_lost_is_told_by_rule_with_the_way_to_repair_it(app):
    run_at(app, NOW)
    started = NOW + timedelta(minutes=30)
    app.source.put(
        make_booking(
            starts_at=started,
            ends_at=started + timedelta(minutes=20),
            status=BookingStatus.COMPLETED,
            registered_at=NOW + timedelta(minutes=5),
            confirmed_at=NOW + timedelta(minutes=5),
            completed_at=NOW + timedelta(minutes=50),
        )
    )

    run_at(app, NOW + timedelta(hours=1))

    text = app._owner_channel.texts[-1]
    assert "- 놓친 문자: confirm-first-sight 1건, guide-first-sight 1건 (03-02 14:20)" in text
    assert "--from 2026-03-02T14:20:00+09:00 --to 2026-03-02T14:20:00+09:00" in text
    assert app.source.bookings[0].phone not in text


def test_a_store_that_failed_alone_is_healed_alone(app):
    run_at(app, NOW)
    app.source.failures[STORE] = BookingApiUnavailable(store=STORE)
    run_at(app, NOW + WINDOW_LENGTH)
    app.source.failures.clear()

    run_at(app, NOW + 2 * WINDOW_LENGTH)

    assert heals_of(app, NOW + 2 * WINDOW_LENGTH) == (HealedWindow(window=window(20)),)
    assert heals_of(app, NOW + 2 * WINDOW_LENGTH, "900102") == ()
    assert "1호점: 03-02 14:20" in app._owner_channel.texts[-1]


def test_a_backfill_of_an_old_window_heals_no_other(app):
    run_at(app, NOW)
    app.clock.set(NOW + timedelta(hours=3))

    run_window(app, window(60))

    assert heals_of(app, NOW + timedelta(hours=1)) == ()
    [row] = app.windows.of_store(STORE, window(60).as_of, window(60).as_of)
    assert row.reconstructed


def test_windows_before_the_first_day_are_no_gap(app):
    run_at(app, NOW)
    first_day = NOW + timedelta(minutes=40)
    app.settings = app.settings.model_copy(update={"effective_from": first_day})

    run_at(app, NOW + timedelta(hours=1))

    assert heals_of(app, NOW + timedelta(hours=1)) == (HealedWindow(window=window(40)),)


def test_a_window_that_was_read_and_not_loaded_is_not_covered(app):
    run_at(app, NOW)
    extracts, _ = workflow.extract_stores(app, window(20), [STORE])
    workflow.window_report(app, window(20), extracts, None)
    run_at(app, NOW + 2 * WINDOW_LENGTH)

    [row] = app.windows.of_store(STORE, window(20).as_of, window(20).as_of)
    assert (row.status, row.reason) == (FAILED, "NotDecided")
    assert heals_of(app, NOW + 2 * WINDOW_LENGTH) == (HealedWindow(window=window(20)),)


def test_comparison_mode_keeps_what_was_missed_too(app):
    app.control.set_delivery_mode("comparison", by="test", reason="test")
    run_at(app, NOW)

    run_at(app, NOW + 2 * WINDOW_LENGTH)

    assert heals_of(app, NOW + 2 * WINDOW_LENGTH) == (HealedWindow(window=window(20)),)
