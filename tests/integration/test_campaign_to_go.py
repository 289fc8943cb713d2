"""A rehearsed campaign to its very end: GO when all is measured and good, else NO_GO."""

from __future__ import annotations

import json
from datetime import timedelta
from itertools import pairwise
from pathlib import Path
from time import perf_counter
from typing import Any

import pytest
from moto import mock_aws

from booking_sms import workflow
from booking_sms.adapters.aws.metrics import CloudWatchMetricsSink
from booking_sms.bench.thresholds import WINDOW_NOTE, measure_thresholds
from booking_sms.config.connections import AwsConnection
from booking_sms.monitoring.clients import make_clients
from booking_sms.monitoring.dashboard import dashboard_gaps
from booking_sms.monitoring.template import read_template
from booking_sms.notify.tally import TalliedChannel
from booking_sms.pipeline.operator import Person
from booking_sms.readiness.decision import GO, ROLES
from booking_sms.rehearsal.run import Orders, Rehearsed, rehearse
from booking_sms.testing import InMemoryEvidenceStore

pytestmark = [pytest.mark.integration, pytest.mark.long, pytest.mark.timeout(1800)]

CAMPAIGN = "rehearsal"
AWS = AwsConnection(region="ap-northeast-2", access_key="test", secret_key="test")
JUDGED_BY = {
    "golden-parity.json",
    "shadow.json",
    "mutation.json",
    "thresholds.json",
    "metrics.json",
    "notices.json",
}
"""Evidence without which nobody may go live."""
SPOILT: dict[str, dict[str, Any]] = {
    "golden-parity.json": {"unexplained": 1},
    "shadow.json": {"unexplained": 1},
    "mutation.json": {"survived": 1},
    "metrics.json": {"dashboard_verified": False},
    "notices.json": {"failed": 1},
}
PERSON = Person(by="captain", reason="read it")


@pytest.fixture(scope="module")
def campaign() -> Rehearsed:
    """Seven days without a bug, and everything measured that the gate asks for."""
    ends: list[float] = []
    done = rehearse(Orders(days=7.1), lambda _: ends.append(perf_counter()))
    app = done.app
    seconds = [later - earlier for earlier, later in pairwise(ends)]
    app.control.put_note(WINDOW_NOTE, {"seconds": seconds[-72:]})
    app.__dict__["evidence"] = InMemoryEvidenceStore()
    app.__dict__["_team_channel"] = TalliedChannel(app.told, app.tally)
    with mock_aws():
        clients = make_clients(AWS)
        template = read_template({}, region=clients.region, account=clients.account)
        for board in template.dashboards:
            clients.cloudwatch.put_dashboard(DashboardName=board.name, DashboardBody=board.body)
        namespace = template.parameters["ComparisonNamespace"]
        sink = CloudWatchMetricsSink(clients.cloudwatch, namespace)
        app.__dict__["comparison_metrics"] = sink
        workflow.collect_evidence(
            app,
            CAMPAIGN,
            measure_thresholds(app),
            lambda: not list(dashboard_gaps(template, clients, app.clock.now())),
        )
    return done


def decide(done: Rehearsed, tmp_path: Path, *, without: str = "", **spoilt: Any) -> Any:
    """Package, sign by every role, decide; on a copy of the evidence, less or otherwise."""
    app, kept = done.app, InMemoryEvidenceStore()
    original = app.evidence
    for name in original.names(CAMPAIGN):
        found = original.get(CAMPAIGN, name)
        assert found is not None
        if name != without:
            kept.put(CAMPAIGN, name, found.content, at=found.at)
    app.__dict__["evidence"] = kept
    try:
        for name, change in spoilt.items():
            newest = kept.get(CAMPAIGN, name)
            assert newest is not None
            content = json.dumps({**json.loads(newest.content), **change})
            kept.put(CAMPAIGN, name, content, at=newest.at + timedelta(microseconds=1))
        package_hash = workflow.freeze_package(app, CAMPAIGN)["package_hash"]
        for role in ROLES:
            workflow.sign_package(app, CAMPAIGN, role, package_hash, PERSON)
        return workflow.decide_readiness(app, CAMPAIGN, validation=tmp_path / "VALIDATION.md")
    finally:
        app.__dict__["evidence"] = original


def test_seven_clean_days_with_everything_measured_are_a_go(
    campaign: Rehearsed, tmp_path: Path
) -> None:
    decision = decide(campaign, tmp_path)

    assert campaign.verdict(()) == {"passed": True, "failed": []}
    assert decision.reasons == ()
    assert (decision.decision, decision.passed, decision.total) == (GO, 9, 9)
    assert GO in (tmp_path / "VALIDATION.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", sorted(JUDGED_BY))
def test_one_thing_that_nobody_measured_is_a_no_go(
    campaign: Rehearsed, tmp_path: Path, name: str
) -> None:
    decision = decide(campaign, tmp_path, without=name)

    assert name in campaign.app.evidence.names(CAMPAIGN)
    assert decision.decision == "NO_GO"
    assert decision.passed < decision.total


@pytest.mark.parametrize("name", sorted(SPOILT))
def test_one_thing_that_failed_is_a_no_go(campaign: Rehearsed, tmp_path: Path, name: str) -> None:
    decision = decide(campaign, tmp_path, **{name: SPOILT[name]})

    assert decision.decision == "NO_GO"
    assert decision.passed < decision.total


def test_one_role_that_said_nothing_is_a_no_go(campaign: Rehearsed, tmp_path: Path) -> None:
    app = campaign.app
    package_hash = workflow.freeze_package(app, CAMPAIGN)["package_hash"]
    for role in ROLES[1:]:
        workflow.sign_package(app, CAMPAIGN, role, package_hash, PERSON)
    workflow.sign_package(app, CAMPAIGN, ROLES[0], package_hash, PERSON, approved=False)

    decision = workflow.decide_readiness(app, CAMPAIGN, validation=tmp_path / "VALIDATION.md")

    assert (decision.decision, decision.passed) == ("NO_GO", 9)
