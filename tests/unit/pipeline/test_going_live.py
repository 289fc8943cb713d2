"""Leaving ``off``: what is long due waits for a person before anything may be sent."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from typer.testing import CliRunner
from workflow_world import InMemoryApplication

from booking_sms import workflow
from booking_sms.cli import control as command
from booking_sms.domain.errors import StoreUnavailable
from booking_sms.domain.sms_job import JobState
from booking_sms.domain.window import WINDOW_LENGTH
from booking_sms.pipeline.going_live import go_live
from booking_sms.pipeline.job_batch import plan_hash
from booking_sms.pipeline.operator import Person
from booking_sms.testing import NOW, make_job

PERSON = Person(by="test", reason="test")
SECOND = timedelta(seconds=1)


@pytest.fixture
def app() -> InMemoryApplication:
    """A chain that is off."""
    app = InMemoryApplication()
    app.control.set_delivery_mode("off", by="test", reason="test")
    return app


def put(app: InMemoryApplication, number: int, waited: timedelta, **fields):
    due = NOW - waited
    job = make_job(
        booking_num=f"{fields.get('store_id', '900101')}_{number}",
        not_before=due,
        due_at=due,
        **fields,
    )
    app.jobs.insert_if_absent(job)
    return job


def states(app: InMemoryApplication) -> dict[str, str]:
    return {job.booking_num: job.state.value for job in app.jobs.jobs}


def live(app: InMemoryApplication, store_id: str | None = None):
    return go_live(app.control, app.jobs, app.clock, PERSON, store_id)


@pytest.mark.parametrize("state", [JobState.SCHEDULED, JobState.AVAILABLE, JobState.RETRYABLE])
@pytest.mark.parametrize(
    ("waited", "is_held"), [(WINDOW_LENGTH, False), (WINDOW_LENGTH + SECOND, True)]
)
def test_what_waited_longer_than_a_window_is_held(app, state, waited, is_held):
    job = put(app, 1, waited, state=state)

    held = live(app)

    [stored] = app.jobs.jobs
    assert held.number == int(is_held)
    assert stored.state is (JobState.HELD if is_held else state)
    if is_held:
        assert (stored.reason, stored.plan_hash) == ("awaiting_approval", plan_hash([job]))
    assert app.control.delivery_mode() == "live"


@pytest.mark.parametrize(
    "fields",
    [
        pytest.param({"channel": "telegram"}, id="a notice to colleagues"),
        pytest.param({"not_after": NOW}, id="past its useful life"),
        pytest.param({"state": JobState.OUTCOME_UNKNOWN, "attempt": 1}, id="in doubt"),
        pytest.param({"state": JobState.HELD, "reason": "SecretMissing"}, id="held already"),
    ],
)
def test_what_cannot_be_sent_by_itself_is_left_alone(app, fields):
    job = put(app, 1, timedelta(hours=2), **fields)

    assert live(app).number == 0
    assert app.jobs.jobs == (job,)


def test_one_store_leaves_the_others_as_they_are(app):
    app.control.set_delivery_mode("live", by="test", reason="test")
    app.control.set_delivery_mode("off", by="test", reason="test", store_id="900102")
    put(app, 1, timedelta(hours=1))
    put(app, 1, timedelta(hours=1), store_id="900102")

    assert live(app, "900102").number == 1
    assert states(app) == {"900101_1": "available", "900102_1": "held"}


def test_a_chain_that_was_live_holds_nothing(app):
    app.control.set_delivery_mode("live", by="test", reason="test")
    put(app, 1, timedelta(hours=1))

    assert live(app).number == 0


def test_a_crash_in_between_leaves_the_mode_off_and_asking_again_goes_on(app, monkeypatch):
    for number in range(3):
        put(app, number, timedelta(hours=1))
    move, left = app.jobs.move, iter([True, False])

    def failing(job, *args, **changes):
        if not next(left):
            raise StoreUnavailable
        return move(job, *args, **changes)

    monkeypatch.setattr(app.jobs, "move", failing)
    with pytest.raises(StoreUnavailable):
        live(app)
    assert app.control.delivery_mode() == "off"

    monkeypatch.setattr(app.jobs, "move", move)
    assert live(app).number == 2
    assert set(states(app).values()) == {"held"}


def test_nothing_old_is_sent_after_the_mode_was_off(app, monkeypatch):
    put(app, 1, timedelta(hours=1))
    monkeypatch.setattr(command, "application", lambda: app)
    words = ["set-mode", "live", "--by", "me", "--reason", "first day", "--json"]

    result = CliRunner().invoke(command.app, words)

    facts = json.loads(result.stdout)
    assert (result.exit_code, facts["held"], facts["delivery_mode"]) == (0, 1, "live")
    assert facts["next"] == "booking-sms repair preview --held"
    assert facts["plan_hash"] == app.jobs.jobs[0].plan_hash
    assert workflow.claim_and_send(app, range(16))["counts"] == {}
    assert app.gateway.sends == 0


def test_without_anything_due_the_command_names_no_repair(app, monkeypatch):
    monkeypatch.setattr(command, "application", lambda: app)

    result = CliRunner().invoke(
        command.app, ["set-mode", "live", "--by", "me", "--reason", "first day", "--json"]
    )

    assert json.loads(result.stdout) == {"store": "all", "delivery_mode": "live", "held": 0}
