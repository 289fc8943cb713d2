"""A backfill that is read before it is run: preview, approval, execution."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta

import pytest
from outbox_world import Crash, Tripwire
from repair_world import (
    MISSED,
    OWNER,
    approved,
    change,
    execute,
    jobs_of,
    native_backfill,
    outcomes,
    preview,
    results,
    send,
    shop,
    states,
    visit,
    windows,
)

from booking_sms import workflow
from booking_sms.domain.booking import BookingOption, BookingStatus
from booking_sms.domain.errors import (
    ActionRefused,
    BookingApiUnavailable,
    StoreUnavailable,
    UnknownStore,
    WindowRefused,
)
from booking_sms.domain.message import sens_bytes
from booking_sms.domain.rule import RuleSet
from booking_sms.domain.sms_job import JobState
from booking_sms.domain.template import MessageTemplate
from booking_sms.domain.window import CoverageStatus, Window
from booking_sms.pipeline.operator import Operator
from booking_sms.pipeline.repair_plan import _ITEMS
from booking_sms.testing import NOW, make_booking, make_ledger_row

HALF_AN_HOUR = timedelta(minutes=30)


# --- preview ----------------------------------------------------------------------------------


def test_a_preview_says_who_would_get_what():
    app = shop()

    plan = preview(app)

    assert outcomes(plan) == {"would_send": 2}
    guide = next(item for item in plan.items if item.job.kind == "guide")
    assert guide.bytes_used == sens_bytes(guide.text)
    assert guide.job.window == Window(MISSED).name
    assert guide.job.message_class == "information"
    assert plan.estimated_krw == 2 * app.settings.price_lms_krw


def test_a_preview_writes_nothing_but_its_plan():
    app = shop()

    plan = preview(app)

    assert app.jobs.writes == []
    assert app.bodies.texts == {}
    assert app.windows.of_store("900101", MISSED, MISSED) == ()
    assert workflow.read_repair_plan(app, plan.plan_id) == plan


def test_what_is_sent_is_the_preview_to_the_byte():
    app = shop(*(visit(number) for number in range(1, 6)))
    plan = approved(app)

    report = execute(app, plan)

    assert not any(result.differs for result in report.results)
    assert send(app) == {"sent": 10}
    previewed = sorted((item.job.to, item.text) for item in plan.items)
    assert sorted((text.to, text.content) for text in app.gateway.accepted) == previewed


def test_windows_are_folded_so_that_nobody_is_planned_twice():
    app = shop()

    plan = preview(app, windows(MISSED - timedelta(hours=1), MISSED))

    assert [item.job.kind for item in plan.items] == ["confirm", "guide"]
    confirm, guide = plan.items
    assert confirm.job.window == Window(MISSED - timedelta(hours=1)).name
    # 13:00 is the first of the windows at which the visit at 14:45 lies less than two hours ahead.
    assert guide.job.window == Window(MISSED).name


def test_a_window_with_a_snapshot_is_decided_on_it():
    app = shop()
    app.clock.set(MISSED)
    workflow.extract_store(app, Window(MISSED), "900101")
    app.clock.set(NOW)
    app.source.put(visit(2))

    plan = preview(app)

    assert {item.job.booking_num for item in plan.items} == {"900101_7000000001"}
    covered = next(row for row in plan.coverage if row.store_id == "900101")
    assert covered.reason == ""
    assert {row.reason for row in plan.coverage if row.store_id != "900101"} == {"reconstructed"}


def test_a_booking_whose_state_then_is_not_known_is_an_outcome_of_its_own():
    app = shop(visit(status=BookingStatus.NO_SHOW))

    plan = preview(app)

    assert plan.items == ()
    assert [(one.booking_num, one.reason) for one in plan.undecided] == [
        ("900101_7000000001", "unknown_then")
    ]


def test_bookings_that_get_nothing_are_counted_by_rule():
    app = shop(visit(starts_in=timedelta(days=2), registered_at=NOW))

    plan = preview(app)

    assert plan.items == ()
    app.source.put(visit(2, starts_in=timedelta(days=2)))
    assert preview(app).not_matched["guide-first-sight: time_before_booking"] == 1


def test_a_store_that_cannot_be_read_stops_no_other():
    app = shop(visit(), visit(2, store_id="900104"))
    app.source.failures["900104"] = BookingApiUnavailable(store="900104")

    plan = preview(app)

    assert dict(plan.failed_stores) == {"900104": "BookingApiUnavailable"}
    assert outcomes(plan) == {"would_send": 2}


def test_stores_and_kinds_can_be_chosen():
    app = shop(visit(), visit(2, store_id="900104"))

    plan = preview(app, stores=("900104",), kinds=("guide",))

    assert [(item.job.store_id, item.job.kind) for item in plan.items] == [("900104", "guide")]


def test_what_names_nothing_real_is_refused():
    app = shop()

    with pytest.raises(UnknownStore):
        preview(app, stores=("1",))
    with pytest.raises(ActionRefused, match="no rule makes this kind"):
        preview(app, kinds=("tips",))
    with pytest.raises(ActionRefused, match="name a range"):
        preview(app, ())


@pytest.mark.parametrize(
    ("first", "last", "said"),
    [
        ("2026-03-02T13:20:00+09:00", "2026-03-02T13:00:00+09:00", "reversed"),
        ("2026-03-02T13:00:00+09:00", "2026-03-02T14:20:00+09:00", "not ended yet"),
        ("2026-03-02T13:05:00+09:00", "2026-03-02T13:20:00+09:00", ":00, :20 and :40"),
        ("2026-03-02T13:00:00", "2026-03-02T13:20:00", "no offset"),
        ("2026-03-02T13:00:00+09:00", "", "both its ends"),
        ("2026-02-01T13:00:00+09:00", "2026-03-02T13:20:00+09:00", "longer than a week"),
        ("gestern", "2026-03-02T13:20:00+09:00", "not an ISO instant"),
    ],
)
def test_a_range_that_makes_no_sense_is_refused(first, last, said):
    with pytest.raises(WindowRefused, match=said):
        workflow.repair_request(shop(), first, last)


def test_both_ends_of_a_range_belong_to_it():
    request = workflow.repair_request(
        shop(), "2026-03-02T04:00:00+00:00", "2026-03-02T13:40:00+09:00"
    )

    assert request.windows == windows(MISSED, MISSED + timedelta(minutes=40))


# --- approval ---------------------------------------------------------------------------------


def test_an_approval_has_a_name_and_is_kept():
    app = shop()

    plan = approved(app)

    assert plan.approval.by == "owner"
    (kept,) = app.control.operator_changes(NOW.date())[1:]
    assert (kept.name, kept.value) == (f"repair#{plan.plan_id}", f"approve {plan.plan_hash}")
    assert approved(app, plan) == plan


def test_a_plan_is_good_for_thirty_minutes_and_no_second_longer():
    app = shop(visit(starts_in=timedelta(hours=3), registered_at=MISSED))
    first, second = preview(app), preview(app)
    app.clock.set(NOW + HALF_AN_HOUR)
    approved(app, first)

    app.clock.set(NOW + HALF_AN_HOUR + timedelta(seconds=1))

    with pytest.raises(ActionRefused, match="older than 30 minutes"):
        approved(app, second)


def test_an_approval_that_waits_too_long_is_worth_nothing():
    app = shop()
    plan = approved(app)
    app.clock.advance(HALF_AN_HOUR)
    execute(app, plan, dry_run=True)
    app.clock.advance(timedelta(seconds=1))

    with pytest.raises(ActionRefused, match="approval is older"):
        execute(app, plan)
    assert app.jobs.jobs == ()


@pytest.mark.parametrize("hashed", ["", "0123456789abcdef"])
def test_another_hash_is_refused(hashed):
    app = shop()
    plan = preview(app)

    with pytest.raises(ActionRefused, match="not this plan's"):
        workflow.approve_plan(app, plan.plan_id, hashed, OWNER)


def test_items_that_were_changed_after_the_preview_are_refused():
    app = shop(visit(), visit(2))
    plan, other = preview(app), preview(shop(visit(3)))
    key = f"repair#{plan.plan_id}"
    tampered = {**app.plans.get(key), "sealed": app.sealer.seal(_items_of(other))}
    app.plans.put(key, tampered)

    with pytest.raises(ActionRefused, match="items are not those of its hash"):
        approved(app, plan)


def _items_of(plan):
    return _ITEMS.dump_json(plan.items).decode()


def test_an_unknown_plan_is_one_clear_line():
    with pytest.raises(ActionRefused, match="no such repair plan"):
        workflow.read_repair_plan(shop(), "r1")


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"repair_max_texts": 1}, "BOOKING_SMS_REPAIR_MAX_TEXTS: 2 of 1"),
        ({"repair_max_krw": 59}, "BOOKING_SMS_REPAIR_MAX_KRW: 60 of 59"),
    ],
)
def test_a_plan_over_a_cap_is_read_but_not_approved(settings, said):
    app = shop(**settings)
    plan = preview(app)

    assert len(plan.texts) == 2
    with pytest.raises(ActionRefused, match=said):
        approved(app, plan)


def test_windows_too_long_ago_are_over_a_cap():
    app = shop(visit(starts_in=timedelta(hours=5)), repair_max_age_hours=2)

    plan = preview(app, windows(NOW - timedelta(hours=3)))

    assert plan.over_caps == ("BOOKING_SMS_REPAIR_MAX_AGE_HOURS: 3.0 of 2",)


def test_caps_as_high_as_the_plan_are_enough():
    app = shop(repair_max_texts=2, repair_max_krw=60, repair_max_age_hours=1)

    assert preview(app).over_caps == ()


def test_nothing_is_executed_without_an_approval():
    app = shop()
    plan = preview(app)

    with pytest.raises(ActionRefused, match="not approved"):
        execute(app, plan)


# --- execution: a subset, with reasons --------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"status": BookingStatus.CANCELLED}, "cancelled: cancelled"),
        ({"status": BookingStatus.NO_SHOW}, "cancelled: no_show"),
        ({"starts_at": NOW + timedelta(hours=2)}, "not_sent: moved"),
        ({"phone": "01000009999"}, "not_sent: phone_changed"),
    ],
)
def test_a_booking_that_changed_since_gets_nothing_and_the_plan_says_why(changes, said):
    app = shop(visit(), visit(2))
    plan = approved(app)
    change(app, 1, **changes)

    report = execute(app, plan)

    assert results(report) == {"queued": 2, said: 2}
    assert report.counts()["differences"] == {f"would_send -> {said}": 2}
    send(app)
    assert {text.to for text in app.gateway.accepted} == {"01000000002"}


def test_a_change_that_no_text_shows_stops_nothing():
    app = shop()
    plan = approved(app)
    change(app, 1, name="박다른")

    assert results(execute(app, plan)) == {"queued": 2}


def test_a_booking_that_is_gone_gets_nothing():
    app = shop()
    plan = approved(app)
    app.source.bookings.clear()

    assert results(execute(app, plan)) == {"not_sent: gone": 2}
    assert app.jobs.jobs == ()


def test_a_booking_that_cannot_be_read_waits_for_the_next_execution():
    app = shop()
    plan = approved(app)
    app.source.failures["900101"] = BookingApiUnavailable(store="900101")
    first = execute(app, plan)
    assert first.pending == 2
    assert app.windows.of_store("900102", MISSED, MISSED) == ()

    app.source.failures.clear()
    again = execute(app, plan)

    assert results(again) == {"queued": 2}
    assert again.pending == 0


def test_a_rule_that_changed_since_is_not_what_was_approved():
    app = shop()
    plan = approved(app)
    _edit_rule(app, "guide-first-sight", priority=3)

    assert results(execute(app, plan)) == {"queued": 1, "not_sent: rule_changed": 1}


def test_a_secret_that_changed_since_is_another_text():
    app = shop()
    plan = approved(app)
    app.secrets.values = dict.fromkeys(app.secrets.values, "9999#")

    done = results(execute(app, plan))

    assert done == {"queued": 1, "not_sent: rule_changed": 1}


def test_a_rule_in_shadow_sends_nothing():
    app = shop()
    plan = approved(app)
    app.control.set_rollout_stage("guide-first-sight", "shadow", by="test", reason="test")

    assert results(execute(app, plan)) == {"queued": 1, "not_sent: shadow": 1}


def test_what_is_too_late_by_then_is_recorded_as_expired():
    app = shop(visit(starts_in=timedelta(minutes=-50)))  # over in ten minutes
    plan = approved(app)
    app.clock.advance(timedelta(minutes=11))

    report = execute(app, plan)

    assert results(report) == {"queued": 1, "expired: not_after": 1}
    assert jobs_of(app, "guide")[0].state is JobState.EXPIRED


def test_what_was_not_to_be_sent_when_it_was_approved_is_not_sent_later():
    app = shop(visit(), visit(2))
    change(app, 2, status=BookingStatus.CANCELLED, cancelled_at=NOW)
    plan = preview(app)
    assert outcomes(plan) == {"would_send": 2, "cancelled: cancelled": 2}
    approved(app, plan)

    change(app, 2, status=BookingStatus.CONFIRMED, cancelled_at=None)

    assert results(execute(app, plan)) == {"queued": 2, "not_sent: not_approved: cancelled": 2}


def test_an_execution_covers_its_windows():
    app = shop()
    execute(app, approved(app))

    (row,) = app.windows.of_store("900101", MISSED, MISSED)
    assert (row.status, row.reason) == (CoverageStatus.COVERED, "reconstructed")


def test_unknown_states_leave_a_window_partial():
    app = shop(visit(), visit(2, status=BookingStatus.NO_SHOW))
    execute(app, approved(app))

    (row,) = app.windows.of_store("900101", MISSED, MISSED)
    assert (row.status, row.reason) == (CoverageStatus.PARTIAL, "reconstructed, unknown_then")


def test_a_repair_of_one_kind_does_not_cover_a_window():
    app = shop()
    execute(app, approved(app, preview(app, kinds=("guide",))))

    assert app.windows.of_store("900101", MISSED, MISSED) == ()


def test_comparison_mode_makes_no_job():
    app = shop()
    plan = approved(app)
    app.control.set_delivery_mode("comparison", by="test", reason="test")

    with pytest.raises(ActionRefused, match="comparison"):
        execute(app, plan)


# --- twice, crashed, rehearsed ----------------------------------------------------------------


def test_a_dry_run_needs_no_approval_and_writes_nothing():
    app = shop()
    plan = preview(app)
    before = app.plans.get(f"repair#{plan.plan_id}")

    report = execute(app, plan, dry_run=True)

    assert results(report) == {"queued": 2}
    assert app.jobs.writes == []
    assert app.bodies.texts == {}
    assert app.plans.get(f"repair#{plan.plan_id}") == before


def test_executing_twice_changes_nothing_and_says_so():
    app = shop()
    plan = approved(app)
    first = execute(app, plan)
    written = list(app.jobs.writes)

    again = execute(app, plan)

    assert again.repeated
    assert again.results == first.results
    assert app.jobs.writes == written
    with pytest.raises(ActionRefused, match="executed already"):
        approved(app, plan)


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("at", range(0, 24, 3))
def test_an_execution_that_dies_anywhere_is_finished_by_the_next(at, when):
    app = shop(visit(), visit(2))
    plan = approved(app)
    _execute_until_it_dies(app, plan, Tripwire(at, when, Crash()))

    execute(app, plan)

    assert states(app) == {"available": 4}
    assert send(app) == {"sent": 4}
    done = workflow.read_repair_plan(app, plan.plan_id).execution
    assert done.done_at is not None
    assert {result.outcome.value for result in done.results} == {"queued"}


def _execute_until_it_dies(app, plan, wire):
    real = {name: getattr(app, name) for name in ("jobs", "bodies", "plans", "windows")}
    app.__dict__ |= {name: wire.wrap(port) for name, port in real.items()}
    try:
        execute(app, plan)
    except Crash:
        pass
    finally:
        app.__dict__ |= real


def test_a_table_that_fails_leaves_the_item_for_the_next_execution():
    app = shop()
    plan = approved(app)
    app.jobs.fail_next_write(StoreUnavailable(), applied=True)

    first = execute(app, plan)
    assert results(first) == {"pending: StoreUnavailable": 1, "queued": 1}

    assert results(execute(app, plan)) == {"queued": 2}
    assert send(app) == {"sent": 2}


# --- both roads -------------------------------------------------------------------------------


def test_what_a_native_backfill_held_is_released_by_the_repair():
    app = shop()
    native_backfill(app)
    held_under = {job.plan_hash for job in app.jobs.jobs}
    plan = approved(app)
    assert {item.action.value for item in plan.items} == {"release"}

    assert results(execute(app, plan)) == {"queued": 2}
    assert {job.plan_hash for job in app.jobs.jobs} == held_under
    assert send(app) == {"sent": 2}


def test_a_backfill_after_the_repair_adds_nothing():
    app = shop()
    execute(app, approved(app))

    native_backfill(app)

    assert states(app) == {"available": 2}
    assert send(app) == {"sent": 2}


def test_a_backfill_between_preview_and_execution_wins_and_is_told():
    app = shop()
    plan = approved(app)
    native_backfill(app)

    assert results(execute(app, plan)) == {"already_there: held": 2}
    execute(app, approved(app))
    assert send(app) == {"sent": 2}


def test_held_jobs_of_other_windows_are_left_alone_unless_asked_for():
    app = shop()
    native_backfill(app)
    later = MISSED + timedelta(minutes=20)

    assert preview(app, windows(later)).items == ()
    assert outcomes(preview(app, (), held=True)) == {"would_send": 2}


def test_jobs_held_for_another_reason_are_not_released():
    app = shop()
    app.secrets.values.clear()
    native_backfill(app)

    plan = preview(app, (), held=True)

    assert outcomes(plan) == {"would_send": 1}
    assert [job.reason.split()[0] for job in jobs_of(app, "guide")] == ["SecretMissing"]


@pytest.mark.parametrize(
    ("changes", "state"),
    [
        ({"status": BookingStatus.CANCELLED}, "cancelled: cancelled"),
        ({"starts_at": NOW + timedelta(hours=2)}, "held: awaiting_approval"),
        ({"phone": "01000009999"}, "held: awaiting_approval"),
    ],
)
def test_a_held_job_of_a_booking_that_changed_is_not_released(changes, state):
    app = shop()
    native_backfill(app)
    plan = approved(app)
    change(app, 1, **changes)

    report = execute(app, plan)

    assert all(result.differs for result in report.results)
    assert states(app) == {state: 2}
    assert send(app) == {}


def test_a_held_job_that_somebody_dropped_stays_dropped():
    app = shop()
    native_backfill(app)
    plan = approved(app)
    operator = Operator(app.dispatch_services, app.reconcile_policy(), OWNER)
    operator.drop(jobs_of(app, "guide")[0])

    assert results(execute(app, plan)) == {"queued": 1, "already_there: cancelled": 1}


def test_held_jobs_past_their_use_expire():
    app = shop(visit(starts_in=timedelta(minutes=-50)))
    native_backfill(app)
    plan = approved(app)
    app.clock.advance(timedelta(minutes=11))

    execute(app, plan)

    assert {job.kind: job.state.value for job in app.jobs.jobs} == {
        "confirm": "available",
        "guide": "expired",
    }


# --- late -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("policy", "expected"),
    [
        ({"late_policy": "send_now"}, {"queued": 1}),
        ({"late_policy": "skip"}, {"suppressed: late": 1}),
        (
            {"late_policy": "shift", "allowed_hours": "09:00-21:00", "deferred_to": "18:00"},
            {"deferred: late": 1},
        ),
    ],
)
@pytest.mark.parametrize("held", [False, True])
def test_each_rule_says_what_becomes_of_a_late_message(policy, expected, held):
    app = shop(visit(starts_in=timedelta(hours=6)))
    _edit_rule(app, "confirm-first-sight", **policy)
    if held:
        native_backfill(app)

    plan = approved(app, preview(app))
    report = execute(app, plan)

    assert results(report) == expected
    (job,) = app.jobs.jobs
    if "deferred: late" in expected:
        assert job.not_before == NOW.replace(hour=18)
        assert send(app) in ({"waiting:not_yet": 1}, {})
        app.clock.set(NOW.replace(hour=18))
        app.transport_clock.advance(timedelta(hours=4))
        assert send(app) == {"sent": 1}


def test_a_booking_made_too_late_for_its_own_window_is_late_in_a_repair_of_it():
    window = NOW - timedelta(minutes=20)
    made = window - timedelta(minutes=5)
    app = shop(visit(starts_in=timedelta(minutes=40), registered_at=made, confirmed_at=made))
    _edit_rule(app, "guide-first-sight", late_policy="skip")
    _edit_rule(app, "confirm-first-sight", late_policy="skip")

    report = execute(app, approved(app, preview(app, windows(window))))

    # The confirmation has no due instant to be late for; the guide was due an hour before.
    assert results(report) == {"queued": 1, "suppressed: late": 1}


def test_a_withdrawn_message_that_a_missed_window_wants_is_renewed():
    app = shop(visit(number=1))
    (item, *_) = preview(app).items
    gone = item.job.evolve(state=JobState.SUPERSEDED, reason="phone_changed")
    app.jobs.insert_if_absent(gone)

    report = execute(app, approved(app))

    stored = app.jobs.get(item.job.booking_num, item.job.sort_key)
    assert stored.state is JobState.SCHEDULED
    assert set(results(report)) == {"queued"}
    assert send(app)["sent"] == len(report.results)


def test_what_a_person_cancelled_is_not_renewed_by_a_repair():
    app = shop(visit(number=1))
    (item, *_) = preview(app).items
    app.jobs.insert_if_absent(item.job.evolve(state=JobState.CANCELLED, reason="by the owner"))

    report = execute(app, approved(app))

    assert "already_there: cancelled" in results(report)
    stored = app.jobs.get(item.job.booking_num, item.job.sort_key)
    assert stored.state is JobState.CANCELLED


def test_a_window_of_the_last_forty_minutes_is_not_late():
    made = NOW - timedelta(minutes=45)
    app = shop(visit(starts_in=timedelta(hours=6), registered_at=made, confirmed_at=made))
    _edit_rule(app, "confirm-first-sight", late_policy="skip")

    assert outcomes(preview(app, windows(NOW - timedelta(minutes=40)))) == {"would_send": 1}


def _event_shop():
    """A visit that was over before 20:00, in a chain that was down from then until 21:10."""
    evening = NOW.replace(hour=20)
    app = shop(
        make_booking(
            status=BookingStatus.COMPLETED,
            starts_at=evening - timedelta(hours=3),
            confirmed_at=NOW - timedelta(days=3),
            completed_at=evening - timedelta(hours=1),
            options=_review_options(),
        )
    )
    app.control.set_rollout_stage("event-at-eight", "all", by="test", reason="test")
    app.ledger.put(make_ledger_row(remind_sms=True))
    app.clock.set(evening + timedelta(minutes=70))
    return app, evening


def _review_options():
    return (BookingOption(name="네이버 리뷰 약속"),)


@pytest.mark.parametrize("held", [False, True])
def test_advertising_of_a_missed_evening_waits_for_the_next(held):
    app, evening = _event_shop()
    if held:
        native_backfill(app, evening)

    plan = approved(app, preview(app, (evening,)))

    (item,) = plan.items
    assert item.outcome.value == "would_defer"
    assert item.deferred_to == evening + timedelta(days=1)
    execute(app, plan)
    assert app.jobs.jobs[0].state is JobState.SCHEDULED
    assert send(app) in ({"waiting:not_yet": 1}, {})
    assert app.jobs.jobs[0].not_before == evening + timedelta(days=1)


# --- nobody's name ----------------------------------------------------------------------------


def test_the_unsealed_part_of_a_plan_names_nobody():
    app = shop(visit(name="남가람별"))
    plan = approved(app)
    execute(app, plan)

    stored = dict(app.plans.get(f"repair#{plan.plan_id}"))
    sealed = stored.pop("sealed")
    readable = json.dumps(stored, ensure_ascii=False)

    for canary in ("남가람별", "01000000001", "1234*", plan.items[0].text[:20]):
        assert canary not in readable
        assert canary not in sealed


def test_the_shown_text_is_masked():
    app = shop(visit(name="남가람별"))

    for item in preview(app).items:
        assert item.shown
        assert "남가람별" not in item.shown
        assert "1234*" not in item.shown


def _edit_rule(app, name, **changes):
    catalog = app.catalog()
    document = catalog.rules.model_dump(mode="json", by_alias=True)
    for rule in document["rules"]:
        if rule["name"] == name:
            rule.update(changes)
    rules = RuleSet.model_validate(document)
    app._catalog = replace(catalog, rules=rules)


@pytest.mark.slow
def test_a_day_of_missed_windows_sends_each_message_once_and_as_previewed():
    day = NOW - timedelta(days=1)
    app = shop(
        *(
            visit(
                number,
                starts_in=timedelta(hours=number - 12),
                registered_at=day + timedelta(hours=number % 20),
                confirmed_at=day + timedelta(hours=number % 20),
            )
            for number in range(1, 25)
        )
    )
    plan = approved(app, preview(app, windows(day + timedelta(minutes=20), NOW)))

    report = execute(app, plan)

    assert len(plan.request.windows) == 72
    assert not [result for result in report.results if result.differs]
    keys = [(item.job.booking_num, item.job.sort_key) for item in plan.items]
    assert len(set(keys)) == len(keys)
    send(app)
    previewed = sorted((item.job.to, item.text) for item in plan.texts)
    assert sorted((text.to, text.content) for text in app.gateway.accepted) == previewed
    # Afterwards the live window has nothing left to make good for.
    assert preview(app, windows(day + timedelta(minutes=20), NOW)).texts == ()


# --- what the outbox and the hours forbid -----------------------------------------------------


def test_an_approval_of_thirty_minutes_ago_still_counts():
    app = shop(visit(starts_in=timedelta(hours=3), registered_at=MISSED))
    plan = approved(app)
    app.clock.advance(HALF_AN_HOUR)

    assert results(execute(app, plan)) == {"queued": 1}


@pytest.mark.parametrize(
    ("amended", "said"),
    [
        ({"no_resend": True}, "not_sent: no_resend"),
        ({"reason": "outcome_unknown"}, "already_there: held"),
    ],
)
def test_a_held_job_that_must_not_go_out_any_more_is_left_alone(amended, said):
    app = shop()
    native_backfill(app)
    plan = approved(app)
    for job in app.jobs.jobs:
        app.jobs.amend(job, **amended)

    assert results(execute(app, plan)) == {said: 2}
    assert {job.state for job in app.jobs.jobs} == {JobState.HELD}


def test_a_held_job_that_may_have_gone_out_is_not_released():
    app = shop()
    native_backfill(app)
    for job in app.jobs.jobs:
        tried = job.evolve(attempt=1, t0=1).with_attempt("outcome_unknown")
        app.jobs._jobs[job.booking_num, job.sort_key] = tried

    assert outcomes(preview(app, (), held=True)) == {"not_sent: in_doubt": 2}


@pytest.mark.parametrize(
    "hours",
    [
        pytest.param({"out_of_hours": "drop"}, id="dropped"),
        pytest.param({"not_after": {"as_of": "2h"}}, id="of no use when the hours begin"),
    ],
)
@pytest.mark.parametrize("held", [False, True])
def test_a_message_that_its_hours_forbid_for_good_is_suppressed(hours, held):
    app = shop(visit(starts_in=timedelta(hours=6)))
    _edit_rule(app, "confirm-first-sight", allowed_hours="08:10-13:30", **hours)
    if held:
        native_backfill(app)

    report = execute(app, approved(app))

    assert results(report) == {"suppressed: outside_hours": 1}
    assert states(app) == {"suppressed: outside_hours": 1}


def test_a_digest_is_not_told_of_some_stores():
    app = shop()
    _add_digest(app)

    assert "roster" in {item.job.kind for item in preview(app).items}
    assert "roster" not in {item.job.kind for item in preview(app, stores=("900101",)).items}


def test_a_notice_is_released_with_the_text_that_was_held():
    app = shop()
    _add_digest(app)
    native_backfill(app)
    plan = approved(app)

    execute(app, plan)

    (roster,) = jobs_of(app, "roster")
    assert roster.state is JobState.AVAILABLE
    (item,) = [one for one in plan.items if one.job.kind == "roster"]
    assert item.shown == app.bodies.get(roster.body_sha)
    assert not any(one.job.kind == "roster" for one in plan.texts)


def _add_digest(app):
    catalog = app.catalog()
    rules = catalog.rules.model_dump(mode="json", by_alias=True)
    rules["rules"].append({
        "name": "roster-daily",
        "action": "send_slack",
        "scope": "run",
        "occurrence": "per_day",
        "kind": "roster",
        "template": "roster",
        "when": {"type": "booking_status", "status": "confirmed"},
        "not_after": {"as_of": "3h"},
    })
    roster = MessageTemplate(name="roster", subject="", text="명단 {{ count }}건", form="notice")
    templates = {**catalog.messages.templates, "roster": roster}
    app._catalog = replace(
        catalog,
        rules=RuleSet.model_validate(rules),
        messages=replace(catalog.messages, templates=templates),
    )
