"""The night's and the reports' steps: what they keep, what they tell, and nobody in it."""

from __future__ import annotations

import json
from datetime import datetime, timedelta

import pytest
from workflow_world import InMemoryApplication

from booking_sms import workflow
from booking_sms.domain.booking import KST
from booking_sms.domain.errors import AlertFailed, SettingsInvalid
from booking_sms.domain.sms_job import JobState
from booking_sms.domain.window import Window
from booking_sms.notify import Notice, Severity
from booking_sms.pipeline.job_batch import JobBatch
from booking_sms.pipeline.plan_document import write_plan
from booking_sms.reports.review import checklist
from booking_sms.testing import NOW, InMemoryMetricsSink, InMemoryPersonalRecords, make_job
from booking_sms.workflow.maintenance import erased_since
from booking_sms.workflow.monthly import figures_of

PHONE, NAME = "01000001234", "김시험"


@pytest.fixture
def app():
    app = InMemoryApplication()
    records = InMemoryPersonalRecords(app.jobs, app.ledger, app.bodies, app.plans)
    app.__dict__ |= {"personal_records": records, "operations_metrics": InMemoryMetricsSink()}
    return app


def sent(app, at, **fields):
    known = {"state": JobState.DELIVERED, "attempt": 1, "t0": int(at.timestamp() * 1000)}
    job = make_job(**{**known, **fields})
    app.jobs.insert_if_absent(job)
    return job


def nobody_in(*texts):
    said = "".join(map(str, texts))
    return not any(canary in said for canary in (PHONE, PHONE[-4:], NAME))


def test_each_night_leaves_its_counts(app):
    long_ago = NOW - timedelta(days=60)
    sent(app, long_ago, channel="slack", visit_at=long_ago, due_at=long_ago,
         not_before=long_ago, window=Window(long_ago).name)  # fmt: skip

    first, second = workflow.erase_personal_data(app), workflow.erase_personal_data(app)

    assert first["total"] == {"blanked": 1, "erased": 0}
    assert second["total"] == {"blanked": 0, "erased": 0}
    kept = json.loads(app.evidence.get("retention", "retention.json").content)
    assert (kept["kind"], kept["personal_days"]) == ("retention", 40)
    assert len(app.evidence.versions("retention", "retention.json")) == 2
    assert erased_since(app, NOW, NOW + timedelta(days=1)) == {"runs": 2, "blanked": 1, "erased": 0}
    assert erased_since(app, NOW + timedelta(days=1), NOW + timedelta(days=2))["runs"] == 0


def test_the_predecessors_ledger_is_left_alone_until_we_send(app):
    from booking_sms.testing import make_ledger_row

    app.ledger.put(make_ledger_row(booking_time="2024-01-01 10:00:00"))
    app.control.set_delivery_mode("comparison", by="x", reason="y")

    assert workflow.erase_personal_data(app)["ledger"] == {}


def test_the_session_is_asked_and_not_forced(app):
    assert workflow.refresh_session(app)["session"]["renewed"] is False


def plan(app, *jobs):
    batch = JobBatch(window=Window(NOW).name, jobs=tuple((job, "text") for job in jobs))
    write_plan(app.stage, app.sealer, Window(NOW), batch)
    for job in jobs:
        app.jobs.insert_if_absent(job)


EVENING = NOW.replace(hour=22)


def test_the_evening_line_counts_the_day(app):
    plan(
        app,
        make_job(state=JobState.DELIVERED),
        make_job(state=JobState.HELD, kind="confirm", booking_num="900102_2", store_id="900102"),
    )
    result = workflow.tell_day(app, EVENING)

    (text,) = app.channels["telegram"].texts
    alias = app.catalog().stores.stores["900101"].alias
    assert text == (
        f"03-02 하루 요약: 발송 1건 / 대상 2건\n종류: 안내 1\n지점: {alias} 1\n확인 필요: 보류 1"
    )
    assert result["told"]
    assert nobody_in(text, result)


def test_the_evening_line_is_told_once_and_what_failed_again(app):
    plan(app, make_job(state=JobState.DELIVERED))
    telegram = app.channels["telegram"]
    telegram.failure = AlertFailed(channel="telegram", reason="throttled")
    assert not workflow.tell_day(app, EVENING)["told"]

    telegram.failure = None

    assert [workflow.tell_day(app, EVENING)["told"] for _ in range(2)] == [True, False]
    assert len(telegram.texts) == 1


def test_an_evening_that_is_repeated_in_the_morning_tells_of_its_own_day(app):
    plan(app, make_job(state=JobState.DELIVERED))
    app.clock.set(EVENING + timedelta(hours=11))

    assert workflow.tell_day(app, EVENING)["told"]
    assert app.channels["telegram"].texts[0].startswith("03-02 하루 요약: 발송 1건")


def test_who_asks_by_hand_is_answered_and_leaves_the_evening_its_line(app):
    plan(app, make_job(state=JobState.DELIVERED))

    by_hand = [workflow.tell_day(app, asked_by=run)["told"] for run in ("a", "a", "b")]

    assert by_hand == [True, False, True]
    assert workflow.tell_day(app, EVENING)["told"]


def test_a_day_without_a_message_is_silent(app):
    assert not workflow.tell_day(app)["told"]
    assert app.channels["telegram"].texts == []


def test_the_week_is_kept_and_told_once(app):
    app.clock.set(datetime(2026, 3, 9, 9, 0, tzinfo=KST))
    sent(app, NOW)
    sent(app, NOW - timedelta(days=1), booking_num="900101_2")
    built = None

    for _ in range(2):
        built = built or workflow.build_week(app)
        app.clock.advance(timedelta(days=3))
        told = workflow.tell_week(app, built, "weekly_report, run x")

    assert (built["from"], built["to"], built["accepted"]) == ("2026-03-02", "2026-03-08", 1)
    page = app.evidence.get("reports", "texts-week.html").content
    table = app.evidence.get("reports", "texts-week.csv").content
    (notice,) = app.channels["slack"].texts
    assert "Texts 2026-03-02 to 2026-03-08: 1 accepted" in notice
    assert told["outcome"] == "known"
    assert nobody_in(page, table, notice)


def month(app):
    app.clock.set(datetime(2026, 4, 1, 9, 30, tzinfo=KST))
    return {item["topic"]: item for item in workflow.review_month(app, None)["items"]}


def test_the_review_says_what_wants_a_look(app):
    for n in range(3):
        sent(app, NOW, booking_num=f"900101_{n}")
    sent(app, NOW, booking_num="900101_9", state=JobState.UNDELIVERED)
    app.control.count_texts(NOW.date(), "information", lambda counts: 9000)
    app.tally._count("slack", "failed")

    items = month(app)

    assert items["Texts against the month's cap"]["figure"] == "9,000 of 10,000 (90 %)"
    assert items["Texts that did not arrive"]["figure"] == "1 of 4 (25.0 %)"
    assert items["Notices by slack"]["figure"] == "0 taken, 1 refused"
    assert items["Cost"]["figure"] == "₩120 estimated for 4 texts"
    assert items["Erasure of personal data"]["figure"].startswith("0 of 31 nights")
    look = {topic for topic, item in items.items() if item["look"]}
    assert look == {
        "Texts against the month's cap",
        "Texts that did not arrive",
        "Notices by slack",
        "Alert canary",
        "Erasure of personal data",
        "Log rotation",
    }
    page = app.evidence.get("reports", "review-month.html").content
    assert page.count("☐ LOOK") == len(look)
    assert nobody_in(page, items, app.channels["slack"].texts)
    assert "http" not in page


def test_a_good_month_wants_no_look(app):
    document = {"parts": {"slack": "heard"}, "total": {"blanked": 1, "erased": 2}}
    for day in range(31):
        at = datetime(2026, 3, 1, 3, 30, tzinfo=KST) + timedelta(days=day)
        for campaign, name in (("alert_canary", "canary.json"), ("retention", "retention.json")):
            app.evidence.put(campaign, name, json.dumps(document), at=at)
    app.clock.set(datetime(2026, 4, 1, 9, 30, tzinfo=KST))

    figures = figures_of(app, {"files": 1, "megabytes": 3.2, "oldest_days": 30.0})

    assert [item.topic for item in checklist(figures) if item.look] == []
    assert figures.erasure == {"runs": 31, "blanked": 31, "erased": 62}


def test_thresholds_are_judged_by_troubles_and_not_by_lines(app):
    for number in range(400):
        app.tell_owner(f"line {number}")
    calm = month(app)["Thresholds of alarms"]
    for number in range(400):
        app.notify(
            Notice(
                key=f"run#dag-{number}",
                title="a run failed",
                severity=Severity.HIGH,
                where="x",
                since=NOW,
            )
        )
    app.clock.set(datetime(2026, 5, 1, 9, 30, tzinfo=KST))
    items = {item["topic"]: item for item in workflow.review_month(app, None)["items"]}

    assert (calm["look"], items["Thresholds of alarms"]["look"]) == (False, True)
    assert items["Thresholds of alarms"]["figure"] == "400 troubles told, 13.3 a day"


def test_an_expired_silence_stops_the_review_with_its_name(tmp_path):
    app = InMemoryApplication(home=tmp_path)
    (tmp_path / "silences.yaml").write_text(
        "silences:\n- {key: 'run#x', issue: OPS-1, reason: z, expires: 2026-03-01}\n"
    )
    from booking_sms.notify import read_silences

    with pytest.raises(SettingsInvalid, match="it expired on 2026-03-01"):
        read_silences(app.settings.home, app.clock.now())
    assert app._silences_in_use().entries == ()
