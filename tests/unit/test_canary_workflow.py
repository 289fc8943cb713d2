"""The canary is green only when every part was heard, and names each one that was not."""

from __future__ import annotations

import json

import pytest
from workflow_world import InMemoryApplication

from booking_sms import workflow
from booking_sms.domain.errors import AlertFailed, CanarySilent, StoreUnavailable
from booking_sms.testing import InMemoryMetricsSink
from booking_sms.workflow.canary import Patience, note_deadline

RUN = "scheduled__2026-03-02"
PATIENCE = Patience(deadline_s=10, alarm_s=20, step_s=5)


class Look:
    """Monitoring that sees what the sink took."""

    def __init__(self, sink, state="ALARM"):
        self.sink, self.state, self.down = sink, state, False

    def sum_of(self, metric, since, until):
        if self.down:
            raise StoreUnavailable(service="cloudwatch", aws_code="Throttling")
        return sum(m.value for m in self.sink.metrics if m.name == metric and since <= m.at < until)

    def alarm_state(self, name):
        return self.state if name == "booking-sms-canary-alarm" else ""


@pytest.fixture
def app():
    app = InMemoryApplication()
    sink = InMemoryMetricsSink()
    app.__dict__ |= {"operations_metrics": sink, "monitoring_look": Look(sink)}
    return app


class Waiting:
    """Sleeping; ``then`` happens during the first sleep."""

    def __init__(self, then=lambda: None):
        self.slept, self.then = [], then

    def __call__(self, seconds):
        self.slept.append(seconds)
        if len(self.slept) == 1:
            self.then()


def sing(app, *, deadline=True, waiting=None):
    workflow.raise_synthetic_alarm(app)
    sent = workflow.send_test_notices(app, f"alert_canary, run {RUN}")
    if deadline:
        note_deadline(app, RUN)
    return workflow.listen(app, RUN, sent, sleep=waiting or Waiting(), patience=PATIENCE)


def silent_parts(app, **how):
    with pytest.raises(CanarySilent) as caught:
        sing(app, **how)
    return {name: why for name, why in caught.value.context.items() if name != "run"}


def test_all_parts_heard_is_a_beat(app):
    result = sing(app)

    assert set(result["parts"].values()) == {"heard"}
    assert set(result["parts"]) == {"slack", "telegram", "deadline", "alarm"}
    assert app.operations_metrics.values("CanaryBeat") == [1]
    for channel in app.channels.values():
        (text,) = channel.texts
        assert "TEST" in text
        assert "Nobody has to act" in text


def test_the_proof_is_kept(app):
    sing(app)

    kept = json.loads(app.evidence.get("alert_canary", "canary.json").content)
    assert [one["channel"] for one in kept["receipts"]] == ["slack", "telegram"]
    assert all(len(one["reference"]) == 64 for one in kept["receipts"])


def test_two_runs_in_one_instant_keep_both_results(app):
    sing(app)
    sing(app)

    assert len(app.evidence.versions("alert_canary", "canary.json")) == 2


@pytest.mark.parametrize("channel", ["slack", "telegram"])
def test_a_channel_that_refuses_is_silent(app, channel):
    app.channels[channel].failure = AlertFailed(channel=channel, reason="no_service")

    assert silent_parts(app) == {channel: "refused"}
    assert app.operations_metrics.values("CanaryBeat") == [0]


def test_a_channel_that_is_not_connected_is_silent(app):
    app.__dict__["_team_channel"] = None

    assert silent_parts(app) == {"slack": "not connected"}


def test_a_topic_that_is_set_has_to_answer():
    app = InMemoryApplication(notices_topic_arn="arn:aws:sns:ap-northeast-2:000000000000:x")
    sink = InMemoryMetricsSink()
    app.__dict__ |= {"operations_metrics": sink, "monitoring_look": Look(sink), "_topic": None}

    assert silent_parts(app) == {"sns": "not connected"}


def test_a_deadline_without_a_callback_is_silent(app):
    assert silent_parts(app, deadline=False) == {"deadline": "its callback was not called"}


def test_the_deadline_of_another_run_proves_nothing(app):
    note_deadline(app, "scheduled__2026-03-01")

    assert set(silent_parts(app, deadline=False)) == {"deadline"}


def test_a_run_that_begins_meanwhile_takes_no_note_away(app):
    note_deadline(app, RUN)
    note_deadline(app, "manual__later")

    assert sing(app, deadline=False)["parts"]["deadline"] == "heard"


def test_a_callback_that_comes_late_is_waited_for(app):
    waiting = Waiting(then=lambda: note_deadline(app, RUN))

    assert sing(app, deadline=False, waiting=waiting)["parts"]["deadline"] == "heard"
    assert waiting.slept == [5]


def test_patience_ends(app):
    waiting = Waiting()

    silent_parts(app, deadline=False, waiting=waiting)

    assert sum(waiting.slept) == PATIENCE.deadline_s


@pytest.mark.parametrize(
    ("break_it", "why"),
    [
        (lambda app: setattr(app.monitoring_look, "state", "OK"), "booking-sms-canary-alarm is OK"),
        (lambda app: setattr(app.monitoring_look, "state", ""), "is not there"),
        (lambda app: setattr(app.operations_metrics, "is_down", True), "did not arrive"),
        (lambda app: setattr(app.monitoring_look, "down", True), "not readable: Throttling"),
        (lambda app: app.__dict__.update(monitoring_look=None), "metrics are off"),
    ],
)
def test_a_number_that_does_not_alarm_is_silent(app, break_it, why):
    break_it(app)

    assert why in silent_parts(app)["alarm"]


def test_where_alarms_are_not_evaluated_the_number_is_looked_for():
    app = InMemoryApplication(canary_alarm="off")
    sink = InMemoryMetricsSink()
    app.__dict__ |= {"operations_metrics": sink, "monitoring_look": Look(sink, state="")}

    assert sing(app)["parts"]["alarm"] == "heard"


def test_notices_that_were_never_sent_are_silent(app):
    workflow.raise_synthetic_alarm(app)
    note_deadline(app, RUN)

    with pytest.raises(CanarySilent) as caught:
        workflow.listen(app, RUN, None, sleep=Waiting(), patience=PATIENCE)
    assert {"slack", "telegram"} < set(caught.value.context)


def test_silence_is_told_through_what_still_speaks_and_taken_back(app):
    app.channels["slack"].failure = AlertFailed(channel="slack", reason="no_service")
    silent_parts(app)
    assert "alerting is silent: slack" in app.channels["telegram"].texts[-1]

    app.channels["slack"].failure = None
    sing(app)

    assert app.channels["telegram"].texts[-1].startswith("RECOVERED: alerting is silent: slack")
