"""The main job's steps over in-memory ports: what the DAG tasks and the CLI both call."""

from __future__ import annotations

from datetime import timedelta

import pytest
from workflow_world import STORES, InMemoryApplication

from booking_sms import workflow
from booking_sms.cli.run import run_window
from booking_sms.domain.errors import (
    BookingApiUnavailable,
    CaptchaRequired,
    StoresFailed,
    StoreUnavailable,
    WindowRefused,
)
from booking_sms.domain.sms_job import JobState
from booking_sms.domain.window import CoverageStatus, Window
from booking_sms.pipeline.send_gate import end_lapsed_pause, pause_sending
from booking_sms.ports import QuarantinedBooking
from booking_sms.testing import NOW, NOW_MS, GatewayFault, make_booking
from booking_sms.workflow.sending import PAUSE_ALERT

WINDOW = Window(NOW)


@pytest.fixture
def app() -> InMemoryApplication:
    """A chain of eight stores, one booking that starts in an hour."""
    app = InMemoryApplication()
    app.source.put(make_booking(starts_in=timedelta(hours=1)))
    return app


def statuses(app: InMemoryApplication) -> dict[str, CoverageStatus]:
    """Coverage of the window by store."""
    found = {store: app.windows.of_store(store, NOW, NOW) for store in STORES}
    return {store: rows[0].status for store, rows in found.items() if rows}


def test_a_new_booking_within_two_hours_gets_confirmation_and_guide(app):
    result = run_window(app, WINDOW)

    assert result["dispatched"]["counts"] == {"sent": 2}
    assert result["accounting"]["planned"] == 2
    assert {job.state for job in app.jobs.jobs} == {JobState.ACCEPTED}
    assert set(statuses(app).values()) == {CoverageStatus.COVERED}


def test_the_same_window_again_sends_nothing(app):
    run_window(app, WINDOW)

    again = run_window(app, WINDOW)

    assert again["planned"]["planned"] == 0
    assert app.gateway.sends == 2


def test_the_owner_reads_store_and_last_four_digits_only(app):
    run_window(app, WINDOW)

    phone = app.source.bookings[0].phone
    text = "\n".join(app._owner_channel.texts)
    assert "1호점" in text
    assert phone[-4:] in text
    assert phone not in text


def test_an_idle_window_is_silent():
    app = InMemoryApplication()

    run_window(app, WINDOW)

    assert app._owner_channel.texts == []
    assert app._team_channel.texts == []


def test_one_failing_store_stops_none_of_the_others(app):
    app.source.failures["900104"] = BookingApiUnavailable(store="900104")

    result = run_window(app, WINDOW)

    assert result["failed_stores"] == ["900104"]
    assert result["dispatched"]["counts"] == {"sent": 2}
    assert statuses(app)["900104"] is CoverageStatus.FAILED
    assert "900104" in app._team_channel.texts[0]


def test_the_gate_names_every_store_that_is_missing(app):
    app.source.failures["900104"] = BookingApiUnavailable(store="900104")
    extracts, _ = workflow.extract_stores(app, WINDOW, STORES)

    with pytest.raises(StoresFailed, match="900104"):
        workflow.report_window(app, WINDOW, extracts, None)

    row = app.windows.of_store("900104", NOW, NOW)[0]
    assert row.reason == "BookingApiUnavailable"


def test_a_store_that_left_nothing_at_all_is_failed_too(app):
    with pytest.raises(StoresFailed):
        workflow.report_window(app, WINDOW, [], None)

    assert set(statuses(app).values()) == {CoverageStatus.FAILED}


def test_a_login_that_needs_a_person_leaves_every_window_failed(app):
    app.session.failure = CaptchaRequired()

    with pytest.raises(CaptchaRequired):
        workflow.open_session(app, WINDOW)

    assert statuses(app) == dict.fromkeys(STORES, CoverageStatus.FAILED)


@pytest.mark.parametrize("step", [workflow.check_bookings, workflow.plan_jobs])
def test_steps_refuse_when_no_store_came(app, step):
    with pytest.raises(StoresFailed):
        step(app, WINDOW, [])


def test_a_malformed_booking_makes_the_window_partial(app):
    row = QuarantinedBooking(store_id="900101", reference="7", reason="BookingMalformed: start")
    app.source.quarantined["900101"] = (row,)

    result = run_window(app, WINDOW)

    assert result["quarantined"] == 1
    assert statuses(app)["900101"] is CoverageStatus.PARTIAL
    assert "1건" in "\n".join(app._owner_channel.texts)


def test_a_text_that_cannot_be_filled_in_is_alerted_once_and_the_others_go_on(app):
    app.secrets.values.clear()
    app.source.put(make_booking(booking_id="2", starts_in=timedelta(hours=1)))

    first, again = (run_window(app, WINDOW) for _ in range(2))

    assert first["dispatched"]["counts"] == {"sent": 2}
    assert again["dispatched"]["counts"] == {}
    (alert,) = [text for text in app._team_channel.texts if text.startswith("text guide")]
    assert "2 messages held: SecretMissing" in alert


def test_mode_off_makes_jobs_that_wait(app):
    app.control.set_delivery_mode("off", by="test", reason="test")

    result = run_window(app, WINDOW)

    assert result["dispatched"]["counts"] == {"waiting:mode_off": 2}
    assert app.gateway.sends == 0
    assert app.ledger.rows([app.source.bookings[0].booking_num]) == ()


def test_comparison_mode_touches_no_job_and_no_ledger(app):
    app.control.set_delivery_mode("comparison", by="test", reason="test")

    run_window(app, WINDOW)

    assert app.jobs.jobs == ()
    assert app.plans.get(f"comparison#{WINDOW.name}") is not None


def test_an_old_window_is_held_for_approval(app):
    old = Window(NOW - timedelta(hours=1))

    result = run_window(app, old)

    assert result["dispatched"]["counts"] == {}
    assert {job.reason for job in app.jobs.jobs} == {"awaiting_approval"}


def test_stores_of_an_old_window_wait_for_one_approval(app):
    app.source.put(make_booking(store_id="900104", starts_in=timedelta(hours=1)))

    run_window(app, Window(NOW - timedelta(hours=1)))

    assert {job.store_id for job in app.jobs.jobs} == {"900101", "900104"}
    assert len({job.plan_hash for job in app.jobs.jobs}) == 1


def test_an_old_window_is_decided_on_its_own_snapshot(app):
    old = Window(NOW - timedelta(hours=1))
    app.clock.set(old.as_of)
    workflow.extract_store(app, old, "900101")
    app.clock.set(NOW)
    app.source.failures["900101"] = BookingApiUnavailable(store="900101")

    summary = workflow.extract_store(app, old, "900101")

    assert summary["bookings"] == 1
    assert summary["api_calls"] == 0
    assert summary["reconstructed"] is False


def test_a_doubt_is_settled_by_the_list_and_not_by_sending(app):
    app.gateway.faults.append(GatewayFault.TIMEOUT_AFTER_ACCEPT)
    run_window(app, WINDOW)

    settled = workflow.settle_unknown_outcomes(app)

    assert settled["found"] == 1
    assert app.gateway.sends == 2
    assert {job.state for job in app.jobs.jobs} == {JobState.ACCEPTED}


def test_a_spent_quota_pages_everybody(app):
    app.gateway.faults.append(GatewayFault.QUOTA_SPENT)

    run_window(app, WINDOW)

    assert any("paused_quota" in text for text in app._team_channel.texts)
    assert any("paused_quota" in text for text in app._owner_channel.texts)


def stopped(*reasons: str) -> list[dict[str, list[str]]]:
    """What a dispatch run reports that SENS stopped."""
    return [{"stopped": list(reasons)}]


def test_a_pause_is_paged_once_and_again_when_a_new_one_begins(app):
    pause_sending(app.control, "quota", NOW_MS, 900)
    workflow.report_dispatch(app, stopped("paused_quota"))
    pause_sending(app.control, "quota", NOW_MS + 900_000, 900)  # renewed by the next refusal
    workflow.report_dispatch(app, stopped("paused_quota"))
    assert len(app._team_channel.texts) == len(app._owner_channel.texts) == 1

    end_lapsed_pause(app.control, NOW_MS + 1_800_000)
    pause_sending(app.control, "quota", NOW_MS + 1_900_000, 900)
    workflow.report_dispatch(app, stopped("paused_quota"))

    assert len(app._team_channel.texts) == len(app._owner_channel.texts) == 2


def test_a_pause_that_lasts_is_paged_again_the_next_day(app):
    pause_sending(app.control, "quota", NOW_MS, 900)
    workflow.report_dispatch(app, stopped("paused_quota"))
    app.clock.set(NOW + timedelta(days=1))

    workflow.report_dispatch(app, stopped("paused_quota"))

    assert len(app._team_channel.texts) == 2


def test_a_pause_is_paged_although_its_note_cannot_be_read(app, monkeypatch):
    read = app.control.get_note

    def fail(name):
        if name == PAUSE_ALERT:
            raise StoreUnavailable
        return read(name)

    monkeypatch.setattr(app.control, "get_note", fail)

    workflow.report_dispatch(app, stopped("paused_quota"))

    assert len(app._team_channel.texts) == 1


def test_throttles_are_waited_out_and_page_nobody(app):
    app.gateway.faults.extend([GatewayFault.THROTTLED] * 2)

    result = run_window(app, WINDOW)

    assert result["dispatched"]["counts"] == {"not_sent:SmsThrottled": 2}
    workflow.report_dispatch(app, stopped("throttled"))
    assert app._team_channel.texts == []
    assert app._owner_channel.texts == []


def test_texts_that_a_cap_holds_page_everybody_once(app):
    app.settings = app.settings.model_copy(update={"monthly_text_cap": 1})
    app.source.put(make_booking(booking_id="700000002", starts_in=timedelta(hours=1)))

    first = run_window(app, WINDOW)
    workflow.report_dispatch(app, [first["dispatched"]])

    assert first["dispatched"]["counts"] == {"held:monthly_cap": 3, "sent": 1}
    line = "cap month: 1 of 1 texts; door codes and other information texts are HELD"
    assert app._team_channel.texts.count(line) == 1
    assert app._owner_channel.texts.count(line) == 1


def test_a_cap_that_is_near_is_for_the_team(app):
    app.control.count_texts(NOW.date(), "information", lambda _: 1600)

    run_window(app, WINDOW)
    run_window(app, WINDOW)

    (line, *_) = app._team_channel.texts
    assert line.startswith("cap day: 1602 of 2000 texts, forecast 2269, reached about 03-02 ")
    assert not any(text.startswith("cap") for text in app._owner_channel.texts)


def test_a_run_that_did_nothing_does_not_look_at_the_caps(app):
    app.control.count_texts(NOW.date(), "information", lambda _: 2000)

    workflow.report_dispatch(app, [{"counts": {"waiting:not_yet": 2}, "accepted": []}])

    assert app._team_channel.texts == []


def test_caps_that_cannot_be_read_do_not_fail_the_report(app, monkeypatch):
    def fail(day):
        raise StoreUnavailable

    run_window(app, WINDOW)
    monkeypatch.setattr(app.control, "texts_of_month", fail)
    told = list(app._owner_channel.texts)

    workflow.report_dispatch(app, [{"counts": {"held:daily_cap": 1}, "accepted": []}])

    assert app._owner_channel.texts == told


def test_delivery_poll_copies_who_refused_advertising(app):
    app.gateway.refused_advertising.append("01000000077")

    summary = workflow.poll_delivery_reports(app)

    assert summary["opt_outs"] == 1
    assert app.control.is_opted_out("01000000077")


def test_expiry_counts_what_is_too_late(app):
    app.control.set_delivery_mode("off", by="test", reason="test")
    run_window(app, WINDOW)
    app.clock.set(NOW + timedelta(days=1))

    assert workflow.expire_overdue(app)["expired"] == 2


@pytest.mark.parametrize(
    ("interval_end", "param", "said"),
    [
        pytest.param(None, None, "window_end", id="a manual run without a window"),
        pytest.param(None, "yesterday", "not an ISO instant", id="not an instant"),
        pytest.param(None, "2026-03-02T14:00:00", "no offset", id="naive"),
        pytest.param(None, "2026-03-02T14:05:00+09:00", ":00, :20 and :40", id="not an end"),
        pytest.param(NOW + timedelta(minutes=20), None, "not ended yet", id="still to come"),
        pytest.param(None, "", "needs the parameter", id="empty"),
        pytest.param(None, 1772427600, "not an ISO instant", id="a number"),
        pytest.param(None, ["2026-03-02T14:00:00+09:00"], "not an ISO instant", id="a list"),
        pytest.param(None, "2026-03-02", "no offset", id="a day"),
        pytest.param(None, "2026-03-02T14:00:00.5+09:00", ":00, :20", id="half a second late"),
        pytest.param(None, "2026-03-02T14:00:00+09:30", ":00, :20", id="an odd offset"),
        pytest.param(None, "2036-03-02T14:00:00+09:00", "not ended yet", id="in ten years"),
        pytest.param(None, "9999-12-31T23:40:00-09:00", ":00, :20", id="past the calendar"),
        pytest.param(None, "0001-01-01T00:00:00+14:00", ":00, :20", id="before the calendar"),
    ],
)
def test_a_window_that_must_not_be_decided_is_refused(app, interval_end, param, said):
    with pytest.raises(WindowRefused, match=said):
        workflow.resolve_window(app, interval_end, param, "manual")


def test_a_manual_window_is_taken_by_its_end(app):
    window = workflow.resolve_window(app, None, "2026-03-02T04:40:00+00:00", "manual")

    assert window.name == "2026-03-02T13:40:00+09:00"


def test_a_clock_that_is_behind_by_a_minute_refuses_nothing(app):
    app.clock.set(NOW + timedelta(minutes=19))

    window = workflow.resolve_window(app, NOW + timedelta(minutes=20), None, "scheduled")

    assert window == Window(NOW + timedelta(minutes=20))


def test_a_window_named_from_another_offset_is_the_same_window(app):
    named = workflow.resolve_window(app, None, "2026-03-02T10:30:00+05:30", "manual")

    assert named == WINDOW


def test_a_scheduled_window_before_the_first_day_is_refused(app):
    app.settings = app.settings.model_copy(update={"effective_from": NOW + timedelta(days=1)})

    with pytest.raises(WindowRefused, match="effective_from"):
        workflow.resolve_window(app, NOW, None, "scheduled")


def test_a_rule_file_that_breaks_keeps_the_last_good_one(app, tmp_path):
    workflow.extract_store(app, WINDOW, "900101")
    broken = InMemoryApplication()
    broken.__dict__["control"] = app.control
    broken.settings = broken.settings.model_copy(update={"home": tmp_path})

    assert broken.store_ids() == STORES
    assert "last good" in broken._team_channel.texts[0]
