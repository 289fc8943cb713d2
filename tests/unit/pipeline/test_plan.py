import random
from datetime import timedelta

import pytest
from rule_world import CATALOG, EVENING, decide, kinds_of, ledger_of, with_rules

from booking_sms.domain.booking import BookingOption, BookingStatus
from booking_sms.domain.ledger import LedgerRow, project_ledger
from booking_sms.domain.payload_fields import PayloadFields
from booking_sms.domain.sms_job import JobState, SmsJob
from booking_sms.domain.window import Window
from booking_sms.pipeline.plan import everywhere, in_legacy_order, plan_window
from booking_sms.testing import NOW, make_booking, make_job, make_ledger_row

HOUR = timedelta(hours=1)
REVIEW = (BookingOption(name="무료 인화지 (네이버 포토리뷰 약속 시)"),)


def completed(**overrides: object) -> object:
    return make_booking(
        status=BookingStatus.COMPLETED, starts_in=-HOUR, options=REVIEW, **overrides
    )


def row_lacking(flag: str, **values: object) -> LedgerRow:
    row = make_ledger_row(**values)
    item = {name: value for name, value in row.item.items() if name != flag}
    return LedgerRow(booking_num=row.booking_num, phone=row.phone, item=item)


@pytest.mark.parametrize(
    ("starts_in", "kinds"),
    [
        pytest.param(2 * HOUR + timedelta(minutes=1), ["confirm"], id="outside"),
        pytest.param(2 * HOUR, ["confirm", "guide"], id="exactly two hours"),
        pytest.param(HOUR, ["confirm", "guide"], id="inside"),
        pytest.param(timedelta(0), ["confirm"], id="at the start"),
        pytest.param(-HOUR, ["confirm"], id="already past"),
    ],
)
def test_first_sight(starts_in: timedelta, kinds: list[str]) -> None:
    assert kinds_of(decide(make_booking(starts_in=starts_in))) == kinds


@pytest.mark.parametrize(
    ("starts_in", "flags", "kinds"),
    [
        pytest.param(HOUR, {}, ["guide"], id="due"),
        pytest.param(2 * HOUR, {}, [], id="exactly two hours: not yet"),
        pytest.param(timedelta(0), {}, [], id="at the start: too late"),
        pytest.param(HOUR, {"confirm_sms": False}, ["confirm", "guide"], id="confirmation missing"),
        pytest.param(HOUR, {"remind_sms": True}, [], id="sent before"),
        pytest.param(HOUR, {"remind_sms": None}, [], id="null is not false"),
        pytest.param(HOUR, {"remind_sms": True, "confirm_sms": False}, [], id="guide without it"),
    ],
)
def test_known_booking(starts_in: timedelta, flags: dict[str, object], kinds: list[str]) -> None:
    plan = decide(make_booking(starts_in=starts_in), rows=(make_ledger_row(**flags),))

    assert kinds_of(plan) == kinds


@pytest.mark.parametrize(
    ("minutes", "kinds"),
    [(-1, []), (0, ["event"]), (20, ["event"]), (59, ["event"]), (60, [])],
)
def test_event_belongs_to_the_hour_of_eight(minutes: int, kinds: list[str]) -> None:
    as_of = EVENING + timedelta(minutes=minutes)

    assert kinds_of(decide(completed(), rows=(make_ledger_row(),), as_of=as_of)) == kinds


@pytest.mark.parametrize(
    ("booking", "rows"),
    [
        pytest.param(completed(), (), id="never recorded"),
        pytest.param(completed(), (make_ledger_row(option_sms=True),), id="sent before"),
        pytest.param(
            make_booking(status=BookingStatus.COMPLETED), (make_ledger_row(),), id="no option"
        ),
        pytest.param(make_booking(options=REVIEW), (make_ledger_row(remind_sms=True),), id="RC03"),
    ],
)
def test_event_needs_row_flag_keyword_and_completion(
    booking: object, rows: tuple[LedgerRow]
) -> None:
    assert kinds_of(decide(booking, rows=rows, as_of=EVENING)) == []


@pytest.mark.parametrize("status", sorted(set(BookingStatus) - {"confirmed", "completed"}))
def test_no_other_status_gets_a_message(status: BookingStatus) -> None:
    plan = decide(make_booking(status=status, options=REVIEW), as_of=EVENING)

    assert not plan.decisions
    assert plan.ledger_after == plan.ledger_before


def test_a_booking_seen_twice_is_decided_on_the_row_that_the_first_look_made() -> None:
    plan = decide(make_booking(starts_in=3 * HOUR), make_booking(starts_in=HOUR))

    assert kinds_of(plan) == ["confirm", "guide"]
    assert [decision.first_sight for decision in plan.decisions] == [True, False]


def test_a_booking_in_both_lists_gets_its_event_on_its_new_row() -> None:
    plan = decide(completed(), make_booking(starts_in=-HOUR), as_of=EVENING)

    assert kinds_of(plan) == ["confirm", "event"]


def test_completed_bookings_are_looked_at_last() -> None:
    done, first, second = completed(), make_booking(), make_booking(booking_id="2")

    assert in_legacy_order([done, first, second]) == [first, second, done]


@pytest.mark.parametrize("flag", ["remind_sms", "confirm_sms"])
def test_a_row_without_a_flag_fails_its_booking_and_no_other(flag: str) -> None:
    broken = row_lacking(flag)
    plan = decide(
        make_booking(starts_in=HOUR),
        make_booking(booking_id="8", starts_in=3 * HOUR),
        rows=(broken,),
    )

    assert [(failure.stage, failure.position) for failure in plan.failures] == [("confirmed", 0)]
    assert flag in plan.failures[0].reason
    assert kinds_of(plan) == ["confirm"]
    assert plan.ledger_after.get(*broken.key) == broken


def test_a_flag_that_is_not_reached_may_be_missing() -> None:
    rows = (row_lacking("confirm_sms", remind_sms=True),)

    assert not decide(make_booking(starts_in=HOUR), rows=rows).failures


def test_a_completed_row_without_its_flag_fails_only_in_the_evening() -> None:
    rows = (row_lacking("option_sms"),)

    assert [f.stage for f in decide(completed(), rows=rows, as_of=EVENING).failures] == [
        "completed"
    ]
    assert not decide(completed(), rows=rows, as_of=EVENING - HOUR).failures


def test_a_changed_phone_is_a_new_recipient() -> None:
    rows = (make_ledger_row(remind_sms=True),)

    assert kinds_of(decide(make_booking(phone="01000009999", starts_in=3 * HOUR), rows=rows)) == [
        "confirm"
    ]


def test_the_order_of_bookings_does_not_change_what_each_gets() -> None:
    bookings = [
        make_booking(booking_id=str(number), starts_in=timedelta(minutes=number * 7))
        for number in range(40)
    ]
    rows = tuple(make_ledger_row(booking_num=b.booking_num) for b in bookings[::3])
    expected = {(d.booking.booking_num, d.kind) for d in decide(*bookings, rows=rows).decisions}

    random.Random(7).shuffle(bookings)

    plan = decide(*bookings, rows=rows)
    assert {(d.booking.booking_num, d.kind) for d in plan.decisions} == expected
    assert len(plan.decisions) == len(expected)


def test_shadow_rules_count_and_change_nothing() -> None:
    plan = decide(completed(), rows=(make_ledger_row(),), as_of=EVENING, rollout={})

    assert [(d.kind, d.shadow) for d in plan.decisions] == [("event", True)]
    assert plan.ledger_after.rows == plan.ledger_before.rows


@pytest.mark.parametrize(
    ("stage", "shadow"),
    [
        ("all", False),
        ("store:900101", False),
        ("store:900102", True),
        ("shadow", True),
        ("?", True),
    ],
)
def test_rollout_stage_from_outside_goes_before_the_rule_s_own(stage: str, shadow: bool) -> None:
    plan = decide(
        completed(), rows=(make_ledger_row(),), as_of=EVENING, rollout={"event-at-eight": stage}
    )

    assert [decision.shadow for decision in plan.decisions] == [shadow]


def test_two_shadow_rules_of_a_kind_count_a_message_once() -> None:
    rules = with_rules({"name": "a", "rollout": "shadow"}, {"name": "b", "rollout": "shadow"})

    plan = decide(make_booking(starts_in=HOUR), rows=(make_ledger_row(),), rules=rules, rollout={})

    assert len(plan.decisions) == 1
    assert plan.not_matched["b: already decided"] == 1


def test_disabled_rules_are_not_looked_at() -> None:
    rules = with_rules({"enabled": False})

    plan = decide(make_booking(starts_in=HOUR), rows=(make_ledger_row(),), rules=rules)

    assert (plan.decisions, dict(plan.not_matched)) == ((), {})


def test_what_did_not_match_is_counted_by_rule_and_reason() -> None:
    plan = decide(
        make_booking(starts_in=3 * HOUR), make_booking(booking_id="2", starts_in=3 * HOUR)
    )

    assert plan.not_matched == {
        "guide-first-sight: time_before_booking": 2,
        "confirm-before-guide: booking_in_db": 2,
        "guide-two-hours: booking_in_db": 2,
        "event-at-eight: booking_status": 2,
    }


def test_bookings_of_unknown_stores_are_counted_and_decided() -> None:
    plan = decide(make_booking(store_id="999999"))

    assert plan.not_matched["bookings: unknown store"] == 1
    assert plan.decisions


def test_deadlines_come_from_the_rules() -> None:
    visit_end = NOW + 2 * HOUR

    confirm, guide = decide(make_booking(starts_in=HOUR)).decisions

    assert (confirm.not_before, confirm.not_after) == (NOW, visit_end)
    assert guide.not_after == visit_end
    (past,) = decide(make_booking(starts_in=-5 * HOUR)).decisions
    assert past.not_after == NOW + 2 * HOUR
    (event,) = decide(completed(), rows=(make_ledger_row(),), as_of=EVENING).decisions
    assert event.not_after == NOW + timedelta(days=7)


def test_an_event_decided_after_hours_is_put_off_to_the_next_evening() -> None:
    late = EVENING + timedelta(minutes=55)

    (event,) = decide(completed(), rows=(make_ledger_row(),), as_of=late).decisions

    assert event.not_before == EVENING + timedelta(days=1)


@pytest.mark.parametrize(
    ("occurrence", "expected"),
    [("once", "once"), ("per_start", "start-20260302T1500"), ("per_day", "day-20260302")],
)
def test_occurrence_is_a_matter_of_the_rule(occurrence: str, expected: str) -> None:
    rules = with_rules({"occurrence": occurrence})

    (decision,) = decide(
        make_booking(starts_in=HOUR), rows=(make_ledger_row(),), rules=rules
    ).decisions

    assert decision.occurrence == expected


def test_a_reschedule_is_new_for_legacy_and_inherits_where_the_rule_set_says_so() -> None:
    moved = make_booking(booking_id="2", previous_booking_id="7000000001", starts_in=HOUR)
    rows = (make_ledger_row(),)
    inheriting = CATALOG.rules.model_copy(update={"inherit_rescheduled": True})

    assert kinds_of(decide(moved, rows=rows)) == ["confirm", "guide"]
    plan = decide(moved, rows=rows, rules=inheriting)
    assert kinds_of(plan) == ["guide"]
    assert plan.decisions[0].first_sight
    assert plan.ledger_after.rows.keys() == {rows[0].key, ("900101_2", rows[0].phone)}


def test_a_row_of_a_new_booking_holds_all_its_flags() -> None:
    plan = decide(make_booking(starts_in=HOUR))

    (row,) = plan.ledger_after.rows.values()
    assert row.item == {
        **make_ledger_row().item,
        "booking_time": "2026-03-02 15:00:00",
        "remind_sms": True,
    }


def test_planning_leaves_the_given_ledger_alone() -> None:
    ledger = ledger_of(make_ledger_row())

    plan_window([make_booking(starts_in=HOUR)], ledger, CATALOG.rules, CATALOG.stores, Window(NOW))

    assert ledger == ledger_of(make_ledger_row())


def test_a_field_of_another_type_costs_one_rule_and_is_reported() -> None:
    odd = {"type": "field", "path": "totalPrice", "op": "gt", "value": 10}
    rules = with_rules(
        {"name": "reads-the-price", "when": odd},
        {"name": "does-not", "when": {"type": "before_visit"}},
    )
    booking = make_booking(fields=PayloadFields({"totalPrice": "much"}))

    plan = decide(booking, make_booking(booking_id="8", fields={"totalPrice": 20}), rules=rules)

    assert [(d.booking.booking_id, d.rule.name) for d in plan.decisions] == [
        ("7000000001", "does-not"),
        ("8", "reads-the-price"),
    ]
    (failure,) = plan.failures
    assert failure.reason.startswith("rule reads-the-price: A booking has no field")
    assert "field=totalPrice" in failure.reason
    assert "much" not in failure.reason


def test_a_text_that_failed_can_be_answered_by_another_kind() -> None:
    rules = with_rules({
        "name": "after-failure",
        "kind": "sorry",
        "flag": "",
        "when": {"type": "sms_send_failed"},
    })
    failed = make_job(state=JobState.REJECTED)
    booking = make_booking()

    def planned(job: SmsJob) -> list[str]:
        ledger = project_ledger([], [job])
        stages = everywhere(rules)
        plan = plan_window([booking], ledger, rules, CATALOG.stores, Window(NOW), stages)
        assert plan.ledger_after.failed == ledger.failed
        return kinds_of(plan)

    assert planned(failed) == ["sorry"]
    assert planned(make_job(state=JobState.ACCEPTED)) == []


def test_a_phone_is_changed_when_the_ledger_knows_another() -> None:
    rules = with_rules({"when": {"type": "phone_changed"}})
    other = make_ledger_row(phone="010-0000-9999")

    assert kinds_of(decide(make_booking(), rows=(other,), rules=rules)) == ["guide"]
    assert kinds_of(decide(make_booking(), rows=(make_ledger_row(),), rules=rules)) == []
