"""``outbox hold-all``: after a restore nothing leaves without somebody's approval."""

from __future__ import annotations

import json
from typing import Any

import pytest
from typer.testing import CliRunner

from booking_sms.cli import outbox
from booking_sms.domain.errors import ActionRefused
from booking_sms.domain.sms_job import JobState
from booking_sms.testing import make_job

WHO = ("--by", "kim", "--reason", "restored")


@pytest.fixture
def app(shop, monkeypatch):
    monkeypatch.setattr("booking_sms.cli.outbox_decisions.application", lambda at=None: shop.app)
    shop.app.jobs.insert_if_absent(make_job())
    return shop.app


def hold_all(*, exit_code: int = 0) -> Any:
    result = CliRunner().invoke(outbox.app, ["hold-all", *WHO, "--json"])
    assert result.exit_code == exit_code, result.output
    return json.loads(result.stdout)


def test_what_waits_is_held_for_approval(app):
    app.control.set_kill_switch("all", True, by="kim", reason="restored")

    told = hold_all()

    (job,) = app.jobs.jobs
    assert (job.state, job.reason) == (JobState.HELD, "awaiting_approval")
    assert told == {"held": 1, "in_doubt": 0, "unreadable": 0, "plan_hash": job.plan_hash}
    assert hold_all()["held"] == 0


def test_a_doubt_has_to_be_settled_first(app):
    app.control.set_kill_switch("all", True, by="kim", reason="restored")
    app.jobs.insert_if_absent(
        make_job(booking_num="900101_2", state=JobState.OUTCOME_UNKNOWN, attempt=1)
    )
    told = CliRunner().invoke(outbox.app, ["hold-all", *WHO])

    assert told.exit_code == 1
    assert "sms_reconcile" in told.output


def test_it_is_refused_while_texts_may_leave(app):
    result = CliRunner().invoke(outbox.app, ["hold-all", *WHO])

    assert isinstance(result.exception, ActionRefused)
    assert app.jobs.jobs[0].state is not JobState.HELD
