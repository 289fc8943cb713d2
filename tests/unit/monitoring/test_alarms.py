"""Every alarm of the template: what it reads, what it says, when it fires."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from booking_sms.config.settings import Settings
from booking_sms.domain.metric_catalogue import CATALOGUE, COMPARISON
from booking_sms.monitoring.evaluator import (
    AlarmRule,
    AlarmState,
    Measured,
    MissingData,
    data_points,
    state_of,
)
from booking_sms.monitoring.template import Alarm, Template, read_template

pytestmark = pytest.mark.slow

PROJECT = Path(__file__).resolve().parents[3]
NAMES = [
    "run-errors",
    "run-duration",
    "deadline-missed",
    "secrets-errors",
    "login-needs-person",
    "login-failures",
    "sms-failures",
    "texts-unaccounted",
    "windows-missed",
    "windows-failed",
    "silent-stores",
    "quarantined-rows",
    "visits-at-risk",
    "in-doubt-age",
    "backlog-age",
    "held-jobs",
    "audit-open",
    "throttles",
    "api-error-rate",
    "database-latency",
    "browser-start",
    "task-memory",
    "browser-memory",
    "etl-heartbeat",
    "dispatch-heartbeat",
    "reconcile-heartbeat",
    "watchdog-heartbeat",
    "airflow-unhealthy",
    "watchdog-blind",
    "dags-paused",
    "tasks-killed",
    "notices-failed",
    "canary-silent",
    "canary-alarm",
    "comparison-sms-mismatches",
    "comparison-db-mismatches",
    "comparison-telegram-mismatches",
    "comparison-match-percentage",
    "comparison-any-discrepancies",
]
SEVERITIES = ("critical", "high", "medium", "low")
HEARTBEATS = {
    "etl-heartbeat",
    "dispatch-heartbeat",
    "reconcile-heartbeat",
    "watchdog-heartbeat",
    "canary-silent",
}


@pytest.fixture(scope="module")
def template() -> Template:
    return read_template()


def alarm_of(template: Template, entry: str) -> Alarm:
    (found,) = [alarm for alarm in template.alarms if alarm.entry == entry]
    return found


def test_every_alarm_of_the_list_and_no_other(template: Template) -> None:
    assert sorted(alarm.entry for alarm in template.alarms) == sorted(NAMES)


def test_every_alarm_reads_a_metric_that_is_published(template: Template) -> None:
    for alarm in template.alarms:
        spec = CATALOGUE[alarm.source.name]
        namespace = {True: "naver-sms/comparison", False: "NaverSMSAutomation"}
        assert alarm.source.dimension_names == tuple(sorted(spec.dimensions)), alarm.entry
        assert alarm.source.namespace == namespace[spec.block == COMPARISON], alarm.entry


def test_namespaces_and_prefix_are_those_of_the_settings(template: Template) -> None:
    assert template.parameters["OperationsNamespace"] == Settings().metrics_namespace
    assert template.parameters["ComparisonNamespace"] == Settings().metrics_comparison_namespace
    assert template.parameters["TablePrefix"] == Settings().table_prefix


def test_every_dag_that_an_alarm_names_exists(template: Template) -> None:
    named = {alarm.source.dimensions.get("Dag") for alarm in template.alarms} - {None}

    assert named == {"booking_sms_etl", "sms_dispatch", "sms_reconcile"}
    assert named <= {path.stem for path in (PROJECT / "dags").glob("*.py")}


def test_every_alarm_says_what_why_and_where(template: Template) -> None:
    for alarm in template.alarms:
        assert alarm.severity in SEVERITIES, alarm.entry
        assert alarm.properties["Tags"] == [{"Key": "Severity", "Value": alarm.severity}]
        assert f"Missing data is {alarm.rule.missing.value}: " in alarm.description, alarm.entry
        assert alarm.description.endswith(f"Runbook: docs/runbook.md#{alarm.entry}")
        assert len(alarm.description) <= 1024


def test_every_alarm_and_its_end_go_to_the_one_topic(template: Template) -> None:
    topic = "arn:aws:sns:ap-northeast-2:000000000000:booking-sms-alarms"

    for alarm in template.alarms:
        assert alarm.properties["AlarmActions"] == [topic], alarm.entry
        assert alarm.properties["OKActions"] == [topic], alarm.entry


def test_only_silence_that_is_watched_for_breaches(template: Template) -> None:
    breaching = {a.entry for a in template.alarms if a.rule.missing is MissingData.BREACHING}

    assert breaching == HEARTBEATS
    assert not [a.entry for a in template.alarms if a.rule.missing is MissingData.MISSING]


def test_numbers_that_people_asked_for(template: Template) -> None:
    person, failures = (
        alarm_of(template, "login-needs-person").rule,
        alarm_of(template, "login-failures").rule,
    )

    assert (person.threshold, person.breaches(1), person.breaches(0)) == (1, True, False)
    assert (failures.threshold, failures.period_s, failures.statistic) == (3, 90 * 60, "Sum")
    assert alarm_of(template, "run-duration").rule.threshold == 240_000
    assert alarm_of(template, "database-latency").rule.threshold == 100
    assert alarm_of(template, "task-memory").rule.threshold == 512
    assert alarm_of(template, "browser-memory").rule.threshold == 768


def test_comparisons_fire_above_zero_and_never_at_zero(template: Template) -> None:
    for alarm in template.alarms:
        if alarm.entry.startswith("comparison-"):
            good = 100.0 if alarm.entry.endswith("percentage") else 0.0
            bad = 99.99 if alarm.entry.endswith("percentage") else 1.0
            assert (alarm.rule.breaches(good), alarm.rule.breaches(bad)) == (False, True)


def test_cloudwatch_would_take_the_periods(template: Template) -> None:
    for alarm in template.alarms:
        rule = alarm.rule
        span = rule.period_s * rule.evaluation_periods
        assert rule.period_s % 60 == 0, alarm.entry
        assert rule.datapoints_to_alarm <= rule.evaluation_periods
        # A day for every alarm; a Metrics Insights query sees the last three hours only.
        assert span <= (3 * 3600 if alarm.source.schema else 86_400), alarm.entry


def test_a_heartbeat_survives_its_own_rhythm(template: Template) -> None:
    """The pause that is normal, and half of it again, must not be called silence."""
    usual = {"etl": 1200, "dispatch": 300, "reconcile": 600, "watchdog": 300}
    for name, pause in usual.items():
        rule = alarm_of(template, f"{name}-heartbeat").rule
        assert rule.range_periods * rule.period_s > 1.5 * pause, name
        assert rule.range_periods * rule.period_s <= 3 * pause, name


def test_laxer_thresholds_where_nobody_depends_on_a_text() -> None:
    found = {}
    for environment in ("prod", "staging", "dev", "sandbox"):
        template = read_template({"Environment": environment})
        found[environment] = (
            alarm_of(template, "run-errors").rule.threshold,
            alarm_of(template, "login-failures").rule.threshold,
        )

    assert found == {"prod": (1, 3), "staging": (1, 3), "dev": (2, 5), "sandbox": (5, 10)}


def test_a_parameter_that_does_not_exist_is_refused() -> None:
    with pytest.raises(KeyError, match="Enviroment"):
        read_template({"Enviroment": "prod"})
    with pytest.raises(ValueError, match="Environment is one of"):
        read_template({"Environment": "production"})


@pytest.mark.parametrize(
    ("entry", "bad", "good"), [("run-errors", 1, 0), ("run-duration", 3e5, 6e4)]
)
def test_a_newer_good_run_does_not_hide_a_bad_one(
    template: Template, entry: str, bad: float, good: float
) -> None:
    """The watchdog tells of runs up to a round and a minute after their end."""
    rule = alarm_of(template, entry).rule
    runs = [
        Measured.of(AT - timedelta(minutes=7), bad),
        Measured.of(AT - timedelta(minutes=1), good),
    ]

    def state(judged: AlarmRule) -> AlarmState:
        return state_of(judged, data_points(judged, runs, AT), AlarmState.OK)

    assert state(rule) is AlarmState.ALARM
    assert state(replace(rule, period_s=300)) is AlarmState.OK  # why it is not five minutes


AT = datetime(2026, 3, 2, 5, 0, tzinfo=UTC)
