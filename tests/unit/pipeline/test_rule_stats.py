"""What each rule did: counted in the plan, kept by day once a window, shown with its outcomes."""

import json
from datetime import date, timedelta

from rule_world import CATALOG, EVENING, ledger_of, shop_secrets, with_rules
from typer.testing import CliRunner
from workflow_world import STORES, InMemoryApplication

from booking_sms import workflow
from booking_sms.cli.rules import rules_app
from booking_sms.cli.rules_stats import stats_rows
from booking_sms.cli.run import run_window
from booking_sms.domain.booking import BookingOption, BookingStatus
from booking_sms.domain.ledger import Ledger
from booking_sms.domain.rule_counts import RuleCounts, add_up
from booking_sms.domain.window import Window
from booking_sms.pipeline.build import build_jobs
from booking_sms.pipeline.plan import plan_window
from booking_sms.pipeline.plan_document import read_plan
from booking_sms.pipeline.rule_stats import count_window, is_active
from booking_sms.testing import (
    NOW,
    GatewayFault,
    InMemoryControlRepository,
    make_booking,
    make_ledger_row,
)

HOUR = timedelta(hours=1)
TODAY = date(2026, 3, 2)


def batch(*bookings, rows=(), as_of=NOW):
    window = Window(as_of)
    plan = plan_window(bookings, ledger_of(*rows), CATALOG.rules, CATALOG.stores, window)
    return build_jobs(
        plan, CATALOG, shop_secrets(), hmac_key=b"digest", code_version="test", now=as_of
    )


def test_a_plan_says_what_each_rule_did_and_why_not():
    soon, later = make_booking(starts_in=HOUR), make_booking(starts_in=9 * HOUR, booking_id="2")
    masked = make_booking(booking_id="3", phone="0100*******", starts_in=9 * HOUR)
    rules = batch(soon, later, masked).counts()["rules"]

    assert rules["confirm-first-sight"] == {
        "looked_at": 3,
        "matched": 3,
        "late": 3,  # confirmed days ago, and no window looked
        "planned": 3,
        "held": 1,
        "shadow": 0,
        "missed": {},
    }
    assert rules["guide-first-sight"]["missed"] == {"time_before_booking": 2}
    assert rules["guide-two-hours"]["missed"] == {"booking_in_db": 3}
    assert rules["event-at-eight"]["missed"] == {"booking_status": 3}
    json.dumps(rules)


def test_a_rule_in_shadow_matches_and_plans_nothing():
    review = BookingOption(name="인스타 업로드 이벤트")
    done = make_booking(status=BookingStatus.COMPLETED, options=(review,))
    counts = batch(done, rows=(make_ledger_row(),), as_of=EVENING).rules["event-at-eight"]

    assert (counts.looked_at, counts.matched, counts.planned, counts.shadow) == (1, 1, 0, 1)


def test_what_a_rule_could_not_read_is_looked_at_and_neither_matched_nor_missed():
    rules = with_rules({"name": "dear", "when": {"type": "amount", "at_least": 1}})
    booking = make_booking(fields={"totalPrice": "much"})
    plan = plan_window([booking], Ledger(), rules, CATALOG.stores, Window(NOW))

    assert plan.rules == {"dear": RuleCounts(looked_at=1)}


def test_counts_add_up_by_rule():
    one, two = RuleCounts(looked_at=2, missed={"a": 2}), RuleCounts(looked_at=1, matched=1)

    assert add_up({"x": one}, {"x": two, "y": two}, {"x": one}) == {
        "x": RuleCounts(looked_at=5, matched=1, missed={"a": 4}),
        "y": two,
    }


def test_a_window_is_added_to_its_day_once():
    control = InMemoryControlRepository()
    counts = {"guide": RuleCounts(looked_at=9, matched=2, planned=2), "idle": RuleCounts()}

    first = count_window(control, Window(NOW), counts)
    again = count_window(control, Window(NOW), counts)
    count_window(control, Window(NOW + timedelta(minutes=20)), counts)

    assert (first, again) == ({"rule#guide#matched": 2, "rule#guide#planned": 2}, {})
    assert control.counter("rule#guide#matched", TODAY) == 4
    assert control.counter("rule#guide#matched", TODAY + timedelta(days=1)) == 0


def test_a_window_with_nothing_to_count_writes_nothing():
    control = InMemoryControlRepository()

    assert count_window(control, Window(NOW), {"idle": RuleCounts(looked_at=9)}) == {}
    assert control.counter("rules-of-14:00", TODAY) == 0


def test_a_windows_midnight_belongs_to_the_day_that_begins():
    control = InMemoryControlRepository()
    count_window(control, Window(NOW.replace(hour=0)), {"guide": RuleCounts(matched=1)})

    assert control.counter("rule#guide#matched", TODAY) == 1


def test_a_rule_counts_on_its_days_only():
    (plain, seasonal, off) = with_rules(
        {"name": "plain"},
        {"name": "seasonal", "active": {"from": "2026-03-03", "weekdays": ["tue"]}},
        {"name": "off", "enabled": False},
    ).rules

    days = [TODAY, TODAY + timedelta(days=1), TODAY + timedelta(days=2)]
    assert [is_active(seasonal, day) for day in days] == [False, True, False]
    assert (is_active(plain, TODAY), is_active(off, TODAY)) == (True, False)


def row_of(app, rule, day=TODAY):
    (row,) = (row for row in stats_rows(app, day) if row["rule"] == rule)
    return row


def test_the_days_rows_tell_what_was_decided_and_what_became_of_it():
    app = InMemoryApplication()
    app.source.put(make_booking(starts_in=HOUR))
    app.source.put(make_booking(starts_in=9 * HOUR, booking_id="2", phone="01000005678"))
    app.gateway.faults.append(GatewayFault.REFUSED)
    run_window(app, Window(NOW))

    confirm, guide = row_of(app, "confirm-first-sight"), row_of(app, "guide-first-sight")

    assert (confirm["matched"], confirm["planned"], confirm["held"]) == (2, 2, 0)
    assert (guide["matched"], guide["planned"], guide["stage"]) == (1, 1, "all")
    assert confirm["sent"] + guide["sent"] == 2
    assert confirm["failed"] + guide["failed"] == 1
    assert row_of(app, "event-at-eight") == {
        "rule": "event-at-eight",
        "kind": "event",
        "action": "send_sms",
        "stage": "shadow",
        "active": True,
        **dict.fromkeys(("matched", "planned", "held", "shadow", "sent", "failed"), 0),
    }
    assert row_of(app, "confirm-first-sight", TODAY + timedelta(days=1))["sent"] == 0


def test_reporting_a_window_again_counts_nothing_twice():
    app = InMemoryApplication()
    app.source.put(make_booking(starts_in=HOUR))
    window = Window(NOW)
    extracts, _ = workflow.extract_stores(app, window, STORES)
    planned = workflow.plan_jobs(app, window, extracts)
    loaded = workflow.load_jobs(app, window, planned["plan_key"])

    for _ in range(2):
        workflow.report_window(app, window, extracts, loaded)

    assert row_of(app, "guide-first-sight")["planned"] == 1


def test_the_staged_plan_keeps_the_counts():
    app = InMemoryApplication()
    app.source.put(make_booking(starts_in=HOUR))
    extracts, _ = workflow.extract_stores(app, Window(NOW), STORES)
    planned = workflow.plan_jobs(app, Window(NOW), extracts)

    kept = read_plan(app.stage, app.sealer, planned["plan_key"]).rules

    assert {name: counts.as_dict() for name, counts in kept.items()} == planned["counts"]["rules"]
    assert kept["guide-first-sight"].planned == 1


def test_messages_of_a_rule_that_was_taken_out_are_not_lost_from_view():
    app = InMemoryApplication()
    app.source.put(make_booking(starts_in=HOUR))
    run_window(app, Window(NOW))
    rules = app.catalog().rules
    rest = tuple(rule for rule in rules.rules if rule.name != "guide-first-sight")
    app.__dict__["_catalog"] = type(app.catalog())(
        rules=rules.model_copy(update={"rules": rest}),
        messages=app.catalog().messages,
        stores=app.catalog().stores,
    )

    row = row_of(app, "guide-first-sight")

    assert (row["action"], row["sent"], row["active"]) == ("no longer in the rule set", 1, None)


def test_the_command_refuses_what_is_no_date_before_it_opens_anything():
    result = CliRunner().invoke(rules_app, ["stats", "--day", "yesterday"])

    assert result.exit_code == 2
    assert "is no date" in result.output
