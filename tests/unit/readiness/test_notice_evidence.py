"""The gate judges Slack by what it really took and refused during the campaign."""

from __future__ import annotations

from datetime import timedelta

import pytest
from gate_world import gate, record
from readiness_world import ID, START

from booking_sms import workflow
from booking_sms.domain.errors import AlertFailed
from booking_sms.notify.tally import TalliedSlack
from booking_sms.testing import RecordingAlertChannel
from booking_sms.workflow.evidence import measure_notices


class Slack(RecordingAlertChannel):
    """A webhook: what is posted is kept as its first line."""

    def post(self, message):
        self.send(message["text"])
        return 200, "ab" * 32


@pytest.fixture
def app():
    return gate(notices=None)


def connect(app) -> Slack:
    slack = Slack("slack")
    app.__dict__["_team_channel"] = TalliedSlack(slack, app.tally)
    return slack


def judged(app):
    """What was measured, and the gate's word on it."""
    document = {**measure_notices(app, ID), "ran_at": app.clock.now().isoformat()}
    record(app, "notices.json", document)
    return document, verdict(app)


def verdict(app):
    criteria = workflow.check_readiness(app, ID).document()["criteria"]
    return next(one["verdict"] for one in criteria if one["name"] == "slack")


def test_a_slack_that_takes_what_is_posted_passes(app):
    slack = connect(app)

    document, word = judged(app)

    assert (document["slack_configured"], document["sent"], document["failed"]) == (True, 1, 0)
    assert word == "PASS"
    assert slack.texts == [f"[INFO] evidence of {ID} was collected"]


def test_a_slack_that_refuses_fails(app):
    connect(app).failure = AlertFailed(channel="slack", reason="no_service")

    document, word = judged(app)

    assert (document["sent"], document["failed"]) == (0, 1)
    assert word == "FAIL"


def test_one_refusal_during_the_campaign_is_not_undone_by_a_good_day(app):
    slack = connect(app)
    slack.failure = AlertFailed(channel="slack", reason="server_error")
    assert not app.alert("a store could not be read")
    slack.failure = None

    document, word = judged(app)

    assert (document["sent"], document["failed"]) == (1, 1)
    assert word == "FAIL"


def test_what_was_refused_before_the_campaign_is_another_matter(app):
    now, slack = app.clock.now(), connect(app)
    slack.failure = AlertFailed(channel="slack", reason="server_error")
    app.clock.set(START - timedelta(days=1))
    app.alert("long ago")
    slack.failure = None
    app.clock.set(now)

    assert judged(app)[1] == "PASS"


def test_a_slack_that_is_not_connected_fails(app):
    app.__dict__["_team_channel"] = None

    assert judged(app)[1] == "FAIL"


def test_nothing_measured_is_no_pass(app):
    connect(app)

    assert verdict(app) == "UNMEASURED"
