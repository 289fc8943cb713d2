"""The alarm drill: every alarm fires and clears, and the drill itself can fail."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from accounts import AWS, make_account
from moto import mock_aws

from booking_sms.monitoring.drill.medium import CloudWatchMedium, MemoryMedium
from booking_sms.monitoring.drill.run import NO_SCENARIO, AlarmDrill, DrillReport, run_drills
from booking_sms.monitoring.drill.scenarios import SCENARIOS
from booking_sms.monitoring.drill.world import Drill
from booking_sms.monitoring.intrinsics import Resolver, load_document
from booking_sms.monitoring.template import SOMEWHERE, TEMPLATE, Template, read_template

NOW = datetime.now(UTC)
METRICS = sorted({alarm.source.name for alarm in read_template().alarms})


@pytest.fixture(scope="module")
def template() -> Template:
    return read_template()


def drilled(template: Template, **given: object) -> dict[str, AlarmDrill]:
    done = run_drills(template, SCENARIOS, MemoryMedium(), now=NOW, **given)  # type: ignore[arg-type]
    return {one.alarm: one for one in done}


def test_every_alarm_has_a_scenario_and_every_scenario_an_alarm(template: Template) -> None:
    assert sorted(SCENARIOS) == sorted(alarm.entry for alarm in template.alarms)


@pytest.mark.slow
def test_every_alarm_fires_and_clears(template: Template) -> None:
    report = DrillReport(medium="memory", drills=tuple(drilled(template).values()))

    counts = report.as_dict()
    assert counts["failures"] == []
    assert counts["alarms"] == counts["fired"] == counts["cleared"] == 39
    assert report.is_good


@pytest.mark.slow
@pytest.mark.parametrize("metric", METRICS)
def test_a_renamed_metric_fails_every_alarm_that_reads_it(template: Template, metric: str) -> None:
    readers = [alarm.entry for alarm in template.alarms if alarm.source.name == metric]

    found = drilled(template, renamed={metric: f"{metric}2"}, entries=readers)

    assert sorted(found) == sorted(readers)
    assert [one for one in found.values() if one.fired and one.cleared] == []
    assert all(one.failure for one in found.values())


@pytest.mark.slow
def test_one_renamed_metric_is_enough_to_fail(template: Template) -> None:
    found = drilled(template, renamed={"HeldJobs": "JobsHeld"})

    assert [one.alarm for one in found.values() if one.failure] == ["held-jobs"]
    assert not DrillReport(medium="memory", drills=tuple(found.values())).is_good


def test_an_alarm_that_reads_a_dimension_too_much_does_not_fire(tmp_path: Path) -> None:
    path = tmp_path / "template.yaml"
    text = TEMPLATE.read_text(encoding="utf-8")
    path.write_text(text.replace("MetricName: Throttles\n", THROTTLES), encoding="utf-8")

    found = drilled(read_template(path=path), entries=["throttles"])

    assert found["throttles"].failure == "OK while it should have fired"


THROTTLES = """MetricName: Throttles
      Dimensions:
        - Name: Service
          Value: sens
"""


def test_an_alarm_that_fires_on_nothing_is_caught_while_all_is_well(tmp_path: Path) -> None:
    path = tmp_path / "template.yaml"
    text = TEMPLATE.read_text(encoding="utf-8")
    begin, end = text.split("  ComparisonSMSMismatchesAlarm:", 1)
    end = end.replace("GreaterThanThreshold", "GreaterThanOrEqualToThreshold", 1)
    path.write_text(f"{begin}  ComparisonSMSMismatchesAlarm:{end}", encoding="utf-8")

    (found,) = drilled(read_template(path=path), entries=["comparison-sms-mismatches"]).values()

    assert found.failure == "ALARM while all was well"
    assert (found.fired, found.cleared) == (False, False)


def changed(change: Callable[[dict[str, Any]], None]) -> Template:
    """The template with every alarm's properties changed."""
    document = load_document(TEMPLATE.read_text(encoding="utf-8"))
    for resource in document["Resources"].values():
        if resource["Type"] == "AWS::CloudWatch::Alarm":
            change(resource["Properties"])
    return Template("", Resolver(document, {}, **SOMEWHERE))


def out_of_reach(alarm: dict[str, Any]) -> None:
    alarm["Threshold"] = -1 if alarm["ComparisonOperator"].startswith("Less") else 1e15


def silence_is_fine(alarm: dict[str, Any]) -> None:
    alarm["TreatMissingData"] = "notBreaching"


@pytest.mark.slow
def test_alarms_whose_threshold_nothing_reaches_are_all_caught() -> None:
    """Only silence needs no number to fire."""
    found = drilled(changed(out_of_reach))

    assert len(found) == 39
    assert {one.alarm for one in found.values() if one.fired} == SILENCES


@pytest.mark.slow
def test_missing_data_that_is_chosen_wrongly_is_caught() -> None:
    """Silence would never alarm, and a state that is told once a window would come and go."""
    found = drilled(changed(silence_is_fine))

    dead = {one.alarm for one in found.values() if not one.fired}
    assert dead == SILENCES | {"login-needs-person"}


SILENCES = {
    "etl-heartbeat",
    "dispatch-heartbeat",
    "reconcile-heartbeat",
    "watchdog-heartbeat",
    "canary-silent",
}


def test_an_alarm_without_a_scenario_fails(template: Template) -> None:
    (found,) = run_drills(template, {}, MemoryMedium(), now=NOW, entries=["held-jobs"])

    assert found == AlarmDrill(alarm="held-jobs", failure=NO_SCENARIO)


def test_a_trouble_that_never_ends_does_not_clear(template: Template) -> None:
    good = SCENARIOS["comparison-any-discrepancies"]
    calls = []

    def clear_once(world: object) -> None:
        calls.append(world)
        (good.clear if len(calls) == 1 else good.fire)(world)  # type: ignore[arg-type]

    scenarios = {"comparison-any-discrepancies": Drill(fire=good.fire, clear=clear_once)}
    (found,) = run_drills(template, scenarios, MemoryMedium(), now=NOW, entries=list(scenarios))

    assert (found.fired, found.cleared) == (True, False)
    assert found.failure == "ALARM after the trouble was over"


def test_nothing_drilled_is_not_good() -> None:
    assert not DrillReport(medium="memory").is_good


@pytest.mark.slow
def test_cloudwatch_keeps_what_the_drill_needs(template: Template) -> None:
    """The same drill, through the product's own sink and back through GetMetricStatistics."""
    with mock_aws():
        medium = CloudWatchMedium(AWS, make_account())
        done = tuple(run_drills(template, SCENARIOS, medium, now=NOW))

    report = DrillReport(medium=medium.name, drills=done)
    assert report.as_dict()["failures"] == []
    assert report.is_good
