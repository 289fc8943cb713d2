"""A shadow campaign through the workflow's steps: opened, observed, repeated, closed."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from structlog.testing import capture_logs
from workflow_world import InMemoryApplication

from booking_sms import workflow
from booking_sms.domain.errors import ActionRefused, BookingApiUnavailable
from booking_sms.domain.window import WINDOW_LENGTH, Window
from booking_sms.testing import NOW, make_booking, make_ledger_row
from booking_sms.workflow import campaign_start
from booking_sms.workflow.campaigns import read_campaign

pytestmark = pytest.mark.slow

FIRST = Window(NOW)
OTHER = "900101_7000000009"
QUIET = {
    "campaign": "c",
    "judged": "w",
    "mismatches": [],
    "observed": ["db"],
    "other_rules": False,
}


@pytest.fixture
def app() -> InMemoryApplication:
    made = InMemoryApplication()
    made.control.set_delivery_mode("comparison", by="test", reason="test")
    made.ledger.put(make_ledger_row(booking_num=OTHER))
    set_time(made, FIRST.start + timedelta(minutes=10))
    return made


def set_time(app: InMemoryApplication, at: datetime) -> None:
    app.clock.set(at)


def decide(app: InMemoryApplication, window: Window) -> None:
    set_time(app, window.as_of + timedelta(seconds=20))
    extracts, _ = workflow.extract_stores(app, window, app.store_ids())
    plan = workflow.plan_jobs(app, window, extracts)
    loaded = workflow.load_jobs(app, window, plan["plan_key"])
    workflow.window_report(app, window, extracts, loaded)


def observe(app: InMemoryApplication, window: Window) -> dict[str, Any]:
    set_time(app, window.as_of + timedelta(minutes=10))
    workflow.read_legacy(app, window)
    return workflow.report_shadow(app, window, workflow.compare_window(app, window))


def after(window: Window, number: int = 1) -> Window:
    return Window(window.as_of + number * WINDOW_LENGTH)


def kinds_of(app: InMemoryApplication, window: Window) -> list[str]:
    plan = app.plans.get(f"comparison#{window.name}")
    assert plan is not None
    return [item["kind"] for item in plan["items"]]


def test_campaign_opens_with_what_it_compares(app: InMemoryApplication) -> None:
    facts, _ = campaign_start.bootstrap(app)

    assert facts["campaign"] == f"validation-{int(app.clock.now().timestamp())}"
    assert facts["first_window"] == FIRST.name
    assert (facts["rule_set"], facts["bookings_at_start"]) == ("legacy", 1)
    assert read_campaign(app) is not None


def test_dry_run_writes_nothing(app: InMemoryApplication) -> None:
    campaign_start.bootstrap(app, dry_run=True)

    assert read_campaign(app) is None
    assert app.stage.list("shadow/") == ()


def test_prerequisite_that_does_not_hold_refuses_with_its_fix(app: InMemoryApplication) -> None:
    app.control.set_delivery_mode("live", by="test", reason="test")

    with pytest.raises(ActionRefused, match="control set-mode comparison"):
        campaign_start.bootstrap(app)


def test_second_campaign_is_refused_while_one_is_open(app: InMemoryApplication) -> None:
    campaign_start.bootstrap(app, "one")

    with pytest.raises(ActionRefused, match="open: one"):
        campaign_start.bootstrap(app, "two")


def test_predecessors_later_flags_are_not_looked_at(app: InMemoryApplication) -> None:
    booking = make_booking(starts_in=timedelta(minutes=50))
    app.source.put(booking)
    campaign_start.bootstrap(app)
    app.ledger.put(make_ledger_row(remind_sms=True))

    decide(app, FIRST)

    assert kinds_of(app, FIRST) == ["confirm", "guide"]


def test_what_was_decided_is_not_decided_again_and_a_window_repeats_itself(
    app: InMemoryApplication,
) -> None:
    app.source.put(make_booking(starts_in=timedelta(minutes=50)))
    campaign_start.bootstrap(app)
    decide(app, FIRST)
    decide(app, after(FIRST))

    decide(app, FIRST)

    assert kinds_of(app, after(FIRST)) == []
    assert kinds_of(app, FIRST) == ["confirm", "guide"]


def test_rule_at_stage_shadow_is_compared_too(app: InMemoryApplication) -> None:
    app.control.set_rollout_stage("confirm", "shadow", by="test", reason="test")
    app.source.put(make_booking(starts_in=timedelta(hours=9)))
    campaign_start.bootstrap(app)

    decide(app, FIRST)

    assert kinds_of(app, FIRST) == ["confirm"]


def test_observing_a_window_twice_gives_the_same_though_the_table_went_on(
    app: InMemoryApplication,
) -> None:
    campaign_start.bootstrap(app)
    app.ledger.put(make_ledger_row())
    once = observe(app, FIRST)
    app.ledger.put(make_ledger_row(remind_sms=True))

    assert observe(app, FIRST) == once
    assert once["legacy"] == 1


def test_mismatch_is_told_to_the_team_in_counts(app: InMemoryApplication) -> None:
    campaign_start.bootstrap(app)
    for number in range(3):
        decide(app, after(FIRST, number))
        if number == 1:
            app.ledger.put(make_ledger_row(booking_num=OTHER, remind_sms=True))
        observe(app, after(FIRST, number))

    [told] = app.channels["slack"].texts

    assert told.startswith("SHADOW: 1 mismatches in window 2026-03-02T14:20:00+09:00")
    assert "db guide: only the predecessor 1" in told
    assert OTHER not in told


def test_a_mismatch_alarms_from_the_window_in_which_it_was_found(app: InMemoryApplication) -> None:
    campaign_start.bootstrap(app)
    for number in range(4):
        decide(app, after(FIRST, number))
        if number == 1:
            app.ledger.put(make_ledger_row(booking_num=OTHER, remind_sms=True))
        observe(app, after(FIRST, number))

    published = app.comparison_metrics.values
    # The first window's read judges a window from before the campaign: nothing to publish.
    assert published("DBMismatchCount") == [0, 1, 0]
    assert published("DiscrepanciesDetected") == [0, 1, 0]


def test_a_channel_that_was_not_read_has_no_number(app: InMemoryApplication) -> None:
    campaign_start.bootstrap(app)
    facts = read_campaign(app).facts
    for number in range(2):
        decide(app, after(FIRST, number))
        observe(app, after(FIRST, number))

    names = {metric.name for metric in app.comparison_metrics.metrics}
    assert "DBMismatchCount" in names
    assert ("SMSMismatchCount" in names) is bool(facts["texts"])


def test_a_mismatch_of_days_ago_is_no_number_of_tonight(app: InMemoryApplication) -> None:
    campaign_start.bootstrap(app)
    for number in range(3):
        decide(app, after(FIRST, number))
        if number == 1:
            app.ledger.put(make_ledger_row(booking_num=OTHER, remind_sms=True))
        observe(app, after(FIRST, number))

    workflow.report_shadow(app, Window.from_name("2026-03-03T00:00:00+09:00"), QUIET)

    assert workflow.campaign_result(app)["unexplained"] == 1
    assert app.comparison_metrics.values("DiscrepanciesDetected") == [0, 1, 0]


def test_a_days_line_comes_with_its_first_window_that_was_reported(
    app: InMemoryApplication,
) -> None:
    campaign_start.bootstrap(app)
    reported = ("02T23:20", "02T23:40", "03T00:20", "03T00:40")

    with capture_logs() as lines:
        for end in reported:
            workflow.report_shadow(app, Window.from_name(f"2026-03-{end}:00+09:00"), QUIET)

    window, day = "shadow_window", "shadow_day"
    events = [line["event"] for line in lines if line["event"] in (window, day)]
    assert events == [window, day, window, window, day, window]


def test_both_sides_that_agree_make_a_clean_result(app: InMemoryApplication) -> None:
    booking = make_booking(starts_in=timedelta(minutes=50))
    app.source.put(booking)
    campaign_start.bootstrap(app)
    for number in range(3):
        decide(app, after(FIRST, number))
        if number == 0:
            app.ledger.put(make_ledger_row(remind_sms=True, booking_time=booking.booking_time))
        observe(app, after(FIRST, number))

    result = workflow.campaign_result(app)

    assert result["mismatches"] == result["channels"]["sms"]["mismatches"] == 2
    assert result["channels"]["db"] == {
        "equal": 2,
        "mismatches": 0,
        "explained": 0,
        "not_comparable": 0,
    }


def test_campaign_without_texts_does_not_ask_the_gateway(app: InMemoryApplication) -> None:
    campaign_start.bootstrap(app, texts=False)
    for number in range(2):
        decide(app, after(FIRST, number))
        observe(app, after(FIRST, number))

    assert workflow.campaign_result(app)["channels"]["sms"] is None


def test_window_that_was_not_read_is_listed(app: InMemoryApplication) -> None:
    campaign_start.bootstrap(app)
    for number in (0, 2):
        decide(app, after(FIRST, number))
        observe(app, after(FIRST, number))

    result = workflow.campaign_result(app)

    missed = [after(FIRST, number).as_of.isoformat() for number in (1, 2)]
    assert result["windows_not_observed"] == missed
    assert result["zero_mismatch_since"] is None
    assert "the predecessor decided nothing" in result["vacuous"]


def test_store_that_could_not_be_read_is_neither_a_match_nor_a_mismatch(
    app: InMemoryApplication,
) -> None:
    booking = make_booking(starts_in=timedelta(minutes=50))
    app.source.put(booking)
    campaign_start.bootstrap(app, texts=False)
    app.source.failures[booking.store_id] = BookingApiUnavailable("no answer")
    app.ledger.put(make_ledger_row(remind_sms=True, booking_time=booking.booking_time))
    for number in range(4):
        if number == 1:
            app.source.failures.clear()
        decide(app, after(FIRST, number))
        observe(app, after(FIRST, number))

    result = workflow.campaign_result(app)

    assert result["stores_not_observed"] == {FIRST.as_of.isoformat(): [booking.store_id]}
    assert (result["mismatches"], result["compared"], result["not_compared"]) == (0, 0, 2)
    assert result["zero_mismatch_since"] == after(FIRST).as_of.isoformat()
    assert not any("SHADOW" in text for text in app.channels["slack"].texts)


def test_window_in_which_no_store_was_read_is_not_observed(app: InMemoryApplication) -> None:
    campaign_start.bootstrap(app)
    decide(app, FIRST)
    for store in app.store_ids():
        workflow.record_failed_store(app, after(FIRST), store, BookingApiUnavailable("no answer"))
    observe(app, FIRST)
    observe(app, after(FIRST))

    result = workflow.campaign_result(app)

    assert result["windows_not_observed"] == [after(FIRST).as_of.isoformat()]
    assert result["stores_not_observed"] == {}


def test_window_that_other_rules_decided_is_no_part_of_the_campaign(
    app: InMemoryApplication,
) -> None:
    opened_with, others = app.catalog(), app.load_catalog("recommended")
    app.use_catalog(others)
    decide(app, after(FIRST, -1))
    app.use_catalog(opened_with)
    campaign_start.bootstrap(app)
    for number in range(5):
        rules = others if number == 2 else opened_with
        app.use_catalog(rules)
        decide(app, after(FIRST, number))
        observe(app, after(FIRST, number))

    result = workflow.campaign_result(app)

    other = after(FIRST, 2).as_of.isoformat()
    assert result["windows_of_other_rules"] == [other]
    assert other in result["windows_not_observed"]
    assert result["zero_mismatch_since"] == after(FIRST, 3).as_of.isoformat()
    assert sum("the rules, texts or stores" in text for text in app.channels["slack"].texts) == 1
    assert app.comparison_metrics.values("DiscrepanciesDetected") == [0, 0, 0]


def test_decision_for_a_booking_without_a_phone_is_named_and_no_mismatch(
    app: InMemoryApplication,
) -> None:
    app.source.put(replace(make_booking(starts_in=timedelta(minutes=50)), phone=""))
    campaign_start.bootstrap(app)
    for number in range(3):
        decide(app, after(FIRST, number))
        observe(app, after(FIRST, number))

    result = workflow.campaign_result(app)

    assert (result["candidate_items"], result["mismatches"]) == (2, 0)
    assert result["not_comparable"] == 2
    assert result["not_comparable_because"] == {"PhoneInvalid kind=empty": 2}
    assert "nothing could be paired" in result["vacuous"]


def test_flag_for_a_landline_must_be_set_by_both_though_no_text_arrives(
    app: InMemoryApplication,
) -> None:
    booking = replace(make_booking(starts_in=timedelta(minutes=50)), phone="020001234")
    app.source.put(booking)
    campaign_start.bootstrap(app)
    for number in range(3):
        decide(app, after(FIRST, number))
        if number == 0:
            row = {"phone": "020-0012-34", "booking_time": booking.booking_time}
            app.ledger.put(make_ledger_row(remind_sms=False, **row))
        observe(app, after(FIRST, number))

    result = workflow.campaign_result(app)

    assert result["channels"]["db"]["equal"] == 1
    assert result["channels"]["db"]["mismatches"] == 1
    assert (result["channels"]["sms"]["mismatches"], result["not_comparable"]) == (0, 2)


def test_closed_campaign_can_still_be_read_by_name(app: InMemoryApplication) -> None:
    campaign_start.bootstrap(app, "done")
    decide(app, FIRST)
    observe(app, FIRST)

    campaign_start.close_campaign(app, by="owner", reason="seven days")

    assert read_campaign(app) is None
    assert workflow.campaign_result(app, "done")["windows"] == 1
    with pytest.raises(ActionRefused, match="no campaign is open"):
        workflow.read_legacy(app, after(FIRST))


def test_nothing_of_a_campaign_at_rest_shows_a_phone(app: InMemoryApplication) -> None:
    app.source.put(replace(make_booking(starts_in=timedelta(minutes=50)), phone="01000007777"))
    app.ledger.put(make_ledger_row(phone="010-0000-8888"))
    campaign_start.bootstrap(app)
    decide(app, FIRST)
    observe(app, FIRST)

    rest = str(app.plans._plans) + str([app.stage.read(key) for key in app.stage.list("shadow/")])

    assert "00007777" not in rest
    assert "0000-8888" not in rest
    assert "00008888" not in rest
