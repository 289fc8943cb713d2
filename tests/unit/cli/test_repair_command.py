"""``booking-sms repair`` as it is typed: preview, approve, rehearse, execute."""

from __future__ import annotations

import json

import pytest
from repair_world import MISSED, native_backfill, shop, visit
from typer.testing import CliRunner

from booking_sms.cli import repair
from booking_sms.domain.errors import ActionRefused, BookingApiUnavailable, WindowRefused
from booking_sms.domain.sms_job import JobState
from booking_sms.pipeline.going_live import hold_everything
from booking_sms.pipeline.operator import Person

AT = MISSED.isoformat()
DECISION = ("--by", "owner", "--reason", "scheduler was down")


@pytest.fixture
def app(monkeypatch):
    app = shop(visit(name="남가람별"))
    monkeypatch.setattr("booking_sms.cli.composition.application", lambda at=None: app)
    return app


def run(*arguments):
    return CliRunner().invoke(repair.app, list(arguments))


def answer(*arguments, exit_code=0):
    result = run(*arguments, "--json")
    assert result.exit_code == exit_code, result.output
    return json.loads(result.stdout)


def test_the_whole_way(app):
    plan = answer("preview", "--from", AT, "--to", AT)
    assert plan["outcomes"] == {"would_send": 2}
    ours = (plan["plan_id"], "--hash", plan["hash"])

    assert answer("approve", *ours, *DECISION)["approval"]["by"] == "owner"
    assert answer("execute", *ours)["dry_run"] is True
    assert app.jobs.jobs == ()

    done = answer("execute", *ours, "--yes-send")
    assert done["outcomes"] == {"queued": 2}
    assert len(app.jobs.jobs) == 2
    assert answer("show", plan["plan_id"])["execution"]["results"] == done["results"]
    assert answer("execute", *ours, "--yes-send")["repeated"] is True


def test_tables_show_the_effects_and_name_nobody(app):
    result = run("preview", "--from", AT, "--to", AT)

    assert result.exit_code == 0, result.output
    for told in ("900101_7000000001", "would_send", "repair approve", "0001"):
        assert told in result.output
    for canary in ("남가람별", "01000000001", "1234*"):
        assert canary not in result.output
    plan = answer("preview", "--from", AT, "--to", AT)
    assert "남가람별" not in json.dumps(plan, ensure_ascii=False)


def test_what_waits_for_approval_is_previewed_without_a_range(app):
    native_backfill(app)

    plan = answer("preview", "--held")

    assert {one["action"] for one in plan["messages"]} == {"release"}


def test_what_was_held_after_a_restore_is_released_by_a_plan_while_the_kill_switch_stands(app):
    plan = answer("preview", "--from", AT, "--to", AT)
    run("approve", plan["plan_id"], "--hash", plan["hash"], *DECISION)
    run("execute", plan["plan_id"], "--hash", plan["hash"], "--yes-send")
    app.control.set_kill_switch("all", True, by="owner", reason="restored")
    person = Person(by="owner", reason="restored")
    assert hold_everything(app.control, app.jobs, person).held == 2

    held = answer("preview", "--held")
    assert [one["action"] for one in held["messages"]] == ["release", "release"]
    ours = (held["plan_id"], "--hash", held["hash"])
    run("approve", *ours, *DECISION)

    assert answer("execute", *ours, "--yes-send")["outcomes"] == {"queued": 2}
    assert {job.state for job in app.jobs.jobs} == {JobState.AVAILABLE}


def test_an_execution_is_told_in_a_table(app):
    plan = answer("preview", "--from", AT, "--to", AT)
    ours = (plan["plan_id"], "--hash", plan["hash"])
    assert "dry run" in run("execute", *ours).output
    assert "--yes-send" in run("approve", *ours, *DECISION).output

    assert "queued" in run("execute", *ours, "--yes-send").output
    assert "executed before" in run("execute", *ours, "--yes-send").output
    assert "approved" in run("show", plan["plan_id"]).output


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        (("preview",), ActionRefused),
        (("preview", "--from", AT), WindowRefused),
        (("preview", "--from", "2026-03-02T13:00:00", "--to", AT), WindowRefused),
        (("show", "r1"), ActionRefused),
        (("execute", "r1", "--hash", "x", "--yes-send"), ActionRefused),
        (("approve", "r1", "--hash", "x", "--by", " ", "--reason", "r"), ActionRefused),
    ],
)
def test_a_refusal_is_an_error_and_nothing_else(app, arguments, error):
    result = run(*arguments)

    assert isinstance(result.exception, error)
    assert result.exit_code == 1


def test_a_plan_over_a_cap_is_shown_and_ends_with_one_line(app):
    app.settings = app.settings.model_copy(update={"repair_max_texts": 1})

    result = run("preview", "--from", AT, "--to", AT)

    assert result.exit_code == 1
    assert "would_send" in result.output
    assert "BOOKING_SMS_REPAIR_MAX_TEXTS: 2 of 1" in result.output


def test_a_store_that_was_not_read_is_an_exit_code(app):
    app.source.failures["900104"] = BookingApiUnavailable(store="900104")

    assert answer("preview", "--from", AT, "--to", AT, exit_code=1)["texts"] == 2


def test_what_could_not_be_asked_is_an_exit_code(app):
    plan = answer("preview", "--from", AT, "--to", AT)
    ours = (plan["plan_id"], "--hash", plan["hash"])
    answer("approve", *ours, *DECISION)
    app.source.failures["900101"] = BookingApiUnavailable(store="900101")

    assert run("execute", *ours, "--yes-send").exit_code == 1
    assert app.jobs.jobs == ()
