"""The rule set ``recommended``: each mistake of the predecessor that it does not repeat."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from rule_world import EVENING, INCLUDE, kinds_of, with_rules

from booking_sms.config.catalog_loader import load_catalog
from booking_sms.domain.booking import Booking, BookingOption, BookingStatus
from booking_sms.domain.decision import WindowPlan
from booking_sms.domain.ledger import Ledger, LedgerRow, project_ledger
from booking_sms.domain.window import Window
from booking_sms.pipeline.explain import explain_booking
from booking_sms.pipeline.plan import everywhere, plan_window
from booking_sms.testing import NOW, make_booking, make_job, make_ledger_row

CATALOG = load_catalog(INCLUDE, "recommended")
RULES = CATALOG.rules
HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
REVIEW = (BookingOption(name="무료 인화지 (네이버 포토리뷰 약속 시)"),)


def decide(*bookings: Booking, ledger: Ledger | None = None, as_of: datetime = NOW) -> WindowPlan:
    known = ledger or Ledger()
    return plan_window(bookings, known, RULES, CATALOG.stores, Window(as_of), everywhere(RULES))


def known(*rows: LedgerRow) -> Ledger:
    return Ledger({row.key: row for row in rows})


def row_of(booking: Booking, **flags: Any) -> LedgerRow:
    return make_ledger_row(
        booking_num=booking.booking_num, booking_time=booking.booking_time, **flags
    )


def test_every_rule_is_named_in_a_test() -> None:
    """confirm-known, guide-in-time and review-after-visit: the tests below."""
    names = [rule.name for rule in RULES.rules]

    assert names == ["confirm-known", "guide-in-time", "review-after-visit"]
    assert RULES.rule("review-after-visit").rollout == "shadow"


@pytest.mark.parametrize(
    ("starts_in", "kinds"),
    [
        pytest.param(121 * MINUTE, ["confirm"], id="two hours and a minute"),
        pytest.param(120 * MINUTE, ["confirm", "guide"], id="exactly two hours"),
        pytest.param(MINUTE, ["confirm", "guide"], id="a minute before"),
        pytest.param(0 * MINUTE, ["guide"], id="at the start"),
        pytest.param(-29 * MINUTE, ["guide"], id="late but useful"),
        pytest.param(-30 * MINUTE, [], id="too late"),
        pytest.param(-600 * MINUTE, [], id="in the past"),
    ],
)
def test_a_new_booking(starts_in: timedelta, kinds: list[str]) -> None:
    assert kinds_of(decide(make_booking(starts_in=starts_in))) == kinds


def test_the_boundary_is_the_same_for_a_known_booking() -> None:
    booking = make_booking(starts_in=2 * HOUR)

    assert kinds_of(decide(booking, ledger=known(row_of(booking)))) == ["guide"]


def test_a_missing_confirmation_does_not_wait_and_does_not_follow_a_guide() -> None:
    booking = make_booking(starts_in=9 * HOUR)

    missing = known(row_of(booking, confirm_sms=False))
    guided = known(row_of(booking, confirm_sms=False, remind_sms=True))
    assert kinds_of(decide(booking, ledger=missing)) == ["confirm"]
    assert kinds_of(decide(booking, ledger=guided)) == []


def test_a_changed_phone_gets_what_it_still_needs() -> None:
    booking = make_booking(starts_in=HOUR, phone="01000009999")
    old = make_ledger_row(remind_sms=True)

    assert kinds_of(decide(booking, ledger=known(old))) == ["guide"]
    after = decide(booking, ledger=known(old)).ledger_after
    assert kinds_of(decide(booking, ledger=after)) == []


@pytest.mark.parametrize("guided", [False, True], ids=["before the guide", "after the guide"])
def test_a_moved_booking_is_not_confirmed_again_and_gets_a_guide_in_time(guided: bool) -> None:
    before = make_booking(starts_in=-HOUR)
    moved = make_booking(booking_id="8", previous_booking_id=before.booking_id, starts_in=5 * HOUR)
    ledger = known(row_of(before, remind_sms=guided))

    assert kinds_of(decide(moved, ledger=ledger)) == []
    then = NOW + 3 * HOUR
    plan = decide(moved, ledger=ledger, as_of=then)
    assert kinds_of(plan) == ["guide"]
    assert kinds_of(decide(moved, ledger=plan.ledger_after, as_of=then + 20 * MINUTE)) == []


def test_a_booking_that_was_replaced_without_moving_is_not_guided_again() -> None:
    before = make_booking(starts_in=HOUR)
    same = make_booking(booking_id="8", previous_booking_id=before.booking_id, starts_in=HOUR)

    assert kinds_of(decide(same, ledger=known(row_of(before, remind_sms=True)))) == []


def test_a_start_that_moves_under_the_same_number_gets_one_guide_each() -> None:
    first, moved = make_booking(starts_in=HOUR), make_booking(starts_in=6 * HOUR)
    row = row_of(first, remind_sms=True)
    later = NOW + 5 * HOUR

    plan = decide(moved, ledger=known(row), as_of=later)
    (decision,) = plan.decisions
    assert decision.kind == "guide"
    job = make_job(kind="guide", occurrence=decision.occurrence)
    again = project_ledger([row], [job])
    assert kinds_of(decide(moved, ledger=again, as_of=later + 20 * MINUTE)) == []


def review(status: BookingStatus, ended_ago: timedelta) -> Booking:
    start = EVENING - ended_ago - HOUR - NOW
    return make_booking(status=status, starts_in=start, options=REVIEW)


@pytest.mark.parametrize(
    ("status", "ended_ago", "kinds"),
    [
        pytest.param("completed", HOUR, ["event"], id="completed today"),
        pytest.param("completed", timedelta(days=2), ["event"], id="completed late"),
        pytest.param("completed", timedelta(days=7), [], id="a week ago"),
        pytest.param("confirmed", HOUR, ["event"], id="over, but not marked"),
        pytest.param("confirmed", -MINUTE, [], id="not over yet"),
        pytest.param("confirmed", timedelta(days=1), [], id="not marked since yesterday"),
        pytest.param("cancelled", HOUR, [], id="cancelled"),
    ],
)
def test_review_requests(status: str, ended_ago: timedelta, kinds: list[str]) -> None:
    booking = review(BookingStatus(status), ended_ago)
    ledger = known(row_of(booking, remind_sms=True))

    assert kinds_of(decide(booking, ledger=ledger, as_of=EVENING)) == kinds
    assert kinds_of(decide(booking, as_of=EVENING)) == []
    assert kinds_of(decide(booking, ledger=ledger, as_of=EVENING - HOUR)) == []


def test_a_row_that_lacks_a_flag_fails_nobody() -> None:
    booking = make_booking(starts_in=HOUR)
    bare = LedgerRow(booking_num=booking.booking_num, phone="010-0000-1234", item={})

    plan = decide(booking, ledger=known(bare))

    assert (kinds_of(plan), plan.failures) == (["confirm", "guide"], ())


def test_a_kind_without_a_flag_is_decided_once_because_its_job_is_known() -> None:
    rules = with_rules({"kind": "hello", "flag": "", "when": {"type": "before_visit"}})
    booking = make_booking()
    ledger = project_ledger([], [make_job(kind="hello")])

    def plan(ledger: Ledger) -> WindowPlan:
        return plan_window([booking], ledger, rules, CATALOG.stores, Window(NOW), everywhere(rules))

    assert kinds_of(plan(Ledger())) == ["hello"]
    assert kinds_of(plan(ledger)) == []
    assert plan(ledger).not_matched == {"guide-two-hours: has a job": 1}
    (verdict,) = explain_booking(booking, ledger, rules, NOW)
    assert (verdict.value, verdict.gates[-1].label) == (False, "no job yet")
    (verdict,) = explain_booking(booking, Ledger(), rules, NOW)
    assert verdict.value


def test_explain_sees_what_is_inherited() -> None:
    before = make_booking(starts_in=5 * HOUR)
    moved = make_booking(booking_id="8", previous_booking_id=before.booking_id, starts_in=6 * HOUR)

    verdicts = explain_booking(moved, known(row_of(before)), RULES, NOW)

    flag = verdicts[0].conditions.children[2]
    assert (flag.value, flag.reason) == (False, "confirm_sms is True")
