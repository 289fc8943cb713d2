import json
from dataclasses import replace
from datetime import timedelta

import pytest
from command_world import GOLDEN, PHONE, Shop

from booking_sms import workflow
from booking_sms.cli.rules_preview import next_window
from booking_sms.cli.run import run_window
from booking_sms.domain.errors import BookingApiUnavailable, SessionExpired
from booking_sms.domain.window import Window
from booking_sms.testing import NOW, make_booking


def test_preview_shows_what_the_next_window_would_send(shop: Shop) -> None:
    document = shop.answer("rules", "preview")

    confirm, guide = document["texts"]
    assert (confirm["kind"], guide["kind"]) == ("confirm", "guide")
    assert (guide["store"], guide["recipient"]) == ("1호점", "010-****-1234")
    assert (guide["class"], guide["type"], guide["estimated_krw"]) == ("information", "LMS", 30)
    assert document["read"]["bookings"] == 1
    assert document["skipped"]["event-at-eight: booking_status"] == 1


def test_preview_writes_nothing_anywhere(shop: Shop) -> None:
    shop.answer("rules", "preview")

    app = shop.app
    assert app.jobs.jobs == ()
    assert (app.bodies.texts, app.stage.list(""), app.gateway.sends) == ({}, (), 0)
    assert app.windows.of_store("900101", NOW - timedelta(days=1), NOW + timedelta(days=1)) == ()
    assert app.control.get_note("last-good-catalog") is None
    assert (shop.told, app._team_channel.texts) == ([], [])


def test_people_see_tables_and_no_phone(shop: Shop) -> None:
    result = shop.run("rules", "preview")

    assert result.exit_code == 0
    assert "출입문 비밀번호: [door_code]" in result.stdout
    assert PHONE not in result.stdout
    assert "김시험" not in result.stdout


@pytest.mark.slow
def test_what_was_sent_already_is_not_shown_again(shop: Shop) -> None:
    run_window(shop.app, Window(NOW))

    document = shop.answer("rules", "preview", "--at", (NOW + timedelta(minutes=20)).isoformat())

    assert document["texts"] == []


def test_what_waits_for_a_booking_that_was_replaced_does_not_stand_in_the_way(shop: Shop) -> None:
    app = shop.app
    extracts = [workflow.extract_store(app, Window(NOW), "900101")]
    planned = workflow.plan_jobs(app, Window(NOW), extracts)
    workflow.load_jobs(app, Window(NOW), planned["plan_key"])
    (old,) = app.source.bookings
    app.source.bookings.clear()
    app.source.put(
        replace(old, booking_id="7000000002", previous_booking_id=old.booking_id, name="박시험")
    )
    before = app.jobs.jobs

    arguments = ("--rules", "recommended", "--at", (NOW + timedelta(minutes=20)).isoformat())
    document = shop.answer("rules", "preview", *arguments)

    assert [text["kind"] for text in document["texts"]] == ["confirm", "guide"]
    assert app.jobs.jobs == before


def test_another_store_and_another_rule_set_can_be_asked_for(shop: Shop) -> None:
    other = shop.answer("rules", "preview", "--store", "900102")
    recommended = shop.answer("rules", "preview", "--rules", "recommended")

    assert other["texts"] == []
    assert [text["rule"] for text in recommended["texts"]] == ["confirm-known", "guide-in-time"]


def test_by_default_the_files_of_the_rules_in_use_are_shown(shop: Shop) -> None:
    shop.edit("rules/recommended.yaml", "occurrence: per_start", "occurrence: once")
    shop.answer("rules", "apply", "recommended", "--by", "점장", "--reason", "처음")
    shop.edit("messages/confirm.yaml", "예약이 확정되었습니다", "예약을 받았습니다")

    files, live = (
        shop.answer("rules", "preview"),
        shop.answer("rules", "preview", "--rules", "live"),
    )

    assert files["rule_set"] == live["rule_set"] == "recommended"
    assert "예약을 받았습니다" in files["texts"][0]["text"]
    assert "예약을 받았습니다" not in live["texts"][0]["text"]


def test_the_stored_rollout_stage_counts(shop: Shop) -> None:
    shop.app.control.set_rollout_stage("guide-two-hours", "shadow", by="test", reason="test")
    shop.app.control.set_rollout_stage("guide-first-sight", "shadow", by="test", reason="test")

    stages = {text["kind"]: text["stage"] for text in shop.answer("rules", "preview")["texts"]}

    assert stages == {"confirm": "live", "guide": "shadow"}


def test_a_store_that_cannot_be_read_is_named_and_fails(shop: Shop) -> None:
    shop.app.source.failures["900104"] = BookingApiUnavailable(store="900104")

    document = shop.answer("rules", "preview", exit_code=1)

    assert document["read"]["failed_stores"] == {"900104": "BookingApiUnavailable"}
    assert len(document["texts"]) == 2


def test_an_expired_session_is_not_renewed_by_a_look_and_says_what_to_do(shop: Shop) -> None:
    shop.app.source.failures["900104"] = SessionExpired(reason="refused")

    result = shop.run("rules", "preview")

    assert result.exit_code == 1
    assert "give --log-in" in result.stderr


@pytest.mark.parametrize(("options", "reads_only"), [((), True), (("--log-in",), False)])
def test_a_look_reads_the_session_as_it_stands(
    shop: Shop, options: tuple[str, ...], reads_only: bool
) -> None:
    shop.answer("rules", "preview", *options)

    del shop.app.__dict__["session"]
    shop.app.__dict__["_dynamodb"] = None  # built, not asked

    assert shop.app.session._borrowed is reads_only


def test_a_window_of_the_past_shows_what_was_known_then(shop: Shop) -> None:
    late = make_booking(booking_id="9", starts_in=timedelta(hours=3), registered_at=NOW)
    shop.app.source.put(late)

    document = shop.answer("rules", "preview", "--at", (NOW - timedelta(hours=1)).isoformat())

    assert {text["booking"] for text in document["texts"]} == {"900101_7000000001"}
    assert {text["held"] for text in document["texts"]} == {"awaiting_approval"}


def test_a_scenario_is_previewed_without_any_service(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("booking_sms.cli.composition.application", None)

    document = shop.answer("rules", "preview", "--scenarios", GOLDEN, "--id", "reminder-due")

    (text,) = document["texts"]
    recorded = next(
        json.loads(line)
        for line in GOLDEN.read_text(encoding="utf-8").splitlines()
        if '"id":"reminder-due"' in line
    )
    assert text["rule"] == "guide-two-hours"
    assert text["recipient"].endswith(recorded["expected"]["sms"][0]["to"][-4:])


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--scenarios", str(GOLDEN)), "go together"),
        (("--scenarios", str(GOLDEN), "--id", "nobody"), "no scenario 'nobody'"),
        (("--scenarios", str(GOLDEN), "--id", "x", "--store", "900101"), "leave --at and --store"),
        (("--at", "tomorrow"), "not an ISO instant"),
    ],
)
def test_wrong_questions_get_one_clear_line(
    shop: Shop, arguments: tuple[str, ...], said: str
) -> None:
    result = shop.run("rules", "preview", *arguments)

    assert result.exit_code == 2
    assert said in result.stderr


@pytest.mark.parametrize(("minutes", "ends"), [(0, 0), (1, 20), (19, 20), (20, 20), (59, 60)])
def test_the_window_under_way_is_shown(minutes: int, ends: int) -> None:
    assert next_window(NOW + timedelta(minutes=minutes)).as_of == NOW + timedelta(minutes=ends)


def test_preview_and_plan_agree(shop: Shop) -> None:
    previewed = shop.answer("rules", "preview")
    extracts, _ = workflow.extract_stores(shop.app, Window(NOW), shop.app.store_ids())

    planned = workflow.plan_jobs(shop.app, Window(NOW), extracts)

    assert planned["counts"]["planned"] == len(previewed["texts"])
