"""The CloudFormation template against the code: metrics, tables, calls, queries, dashboards."""

from __future__ import annotations

import fnmatch
import importlib
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from logs_insights import fields_of, problems_of
from used_operations import operations_of, used_operations

from booking_sms.adapters.dynamodb.table_schema import OPEN_INDEX, SCHEMAS, _definition
from booking_sms.config.settings import Settings
from booking_sms.domain.metric_catalogue import CATALOGUE, COMPARISON
from booking_sms.monitoring.evaluator import MissingData
from booking_sms.monitoring.template import TEMPLATE, Alarm, Template, read_template

PROJECT = Path(__file__).resolve().parents[3]
CODE = PROJECT / "include" / "booking_sms"
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


# -- alarms --------------------------------------------------------------------------------------


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


# -- tables and policies -------------------------------------------------------------------------


def test_tables_are_those_of_the_code_and_safe(template: Template) -> None:
    tables = {table.name: table.properties for table in template.tables}

    assert list(tables) == [schema.name for schema in SCHEMAS]
    for schema in SCHEMAS:
        stated, made = tables[schema.name], _definition(schema, schema.name)
        for part in ("BillingMode", "KeySchema", "AttributeDefinitions"):
            assert stated[part] == made[part], (schema.name, part)
        assert stated.get("GlobalSecondaryIndexes") == made.get("GlobalSecondaryIndexes")
        assert stated["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": True}
        assert stated["SSESpecification"] == {"SSEEnabled": True}


def test_nothing_that_holds_data_is_deleted_with_the_stack() -> None:
    from booking_sms.monitoring.intrinsics import load_document

    resources = load_document(TEMPLATE.read_text(encoding="utf-8"))["Resources"]
    kept = [
        r
        for r in resources.values()
        if r["Type"] in ("AWS::DynamoDB::Table", "AWS::Logs::LogGroup")
    ]

    assert len(kept) == len(SCHEMAS) + 1
    assert all(r["DeletionPolicy"] == r["UpdateReplacePolicy"] == "Retain" for r in kept)


def test_the_predecessors_tables_are_left_alone_where_they_exist() -> None:
    template = read_template({"LedgerTables": "existing", "TablePrefix": "x-"})

    assert [t.name for t in template.tables] == [
        "x-" + schema.name for schema in SCHEMAS if schema.name not in ("sms", "session")
    ]
    assert template.every_table_name == tuple("x-" + schema.name for schema in SCHEMAS)


IAM_ACTION = {"s3:ListObjectsV2": "s3:ListBucket"}
"""Where the action has not the operation's name."""
OPERATED = ("monitoring/",)
"""What only people call, with the operator's policy."""
BY_DOCTOR = {"dynamodb:CreateTable", "dynamodb:DescribeTable"}
WITH_TAGS = {"cloudwatch:TagResource"}


def actions(operations: set[str]) -> set[str]:
    return {IAM_ACTION.get(name, name) for name in operations}


def policy(template: Template, name: str) -> list[dict[str, Any]]:
    (found,) = [
        each["PolicyDocument"]["Statement"]
        for _, each in template.of_type("AWS::IAM::ManagedPolicy")
        if each["ManagedPolicyName"] == name
    ]
    return found


def listed(value: Any) -> list[str]:
    return [value] if isinstance(value, str) else value


def allowed(statements: list[dict[str, Any]]) -> set[str]:
    return {action for one in statements for action in listed(one["Action"])}


@pytest.fixture(scope="module")
def full() -> Template:
    return read_template({"StageBucket": "stage"})


def test_runs_may_do_what_the_code_calls_and_no_more(full: Template) -> None:
    used = actions(set(used_operations(CODE, without=OPERATED)))

    assert allowed(policy(full, "booking-sms-run")) == used - {"dynamodb:CreateTable"}


def test_operators_may_do_what_monitoring_calls_and_no_more(full: Template) -> None:
    used = actions(set(used_operations(CODE / "monitoring", without=("stack.py", "drill/"))))

    assert allowed(policy(full, "booking-sms-operator")) == used | BY_DOCTOR | WITH_TAGS


def test_no_policy_has_a_wildcard_where_a_resource_can_be_named(full: Template) -> None:
    for name in ("booking-sms-run", "booking-sms-operator"):
        for one in policy(full, name):
            assert not [action for action in listed(one["Action"]) if "*" in action]
            if "*" in listed(one["Resource"]):
                assert "Condition" in one or one["Sid"] == "Looking", one["Sid"]
            else:
                assert all(
                    "booking-sms" in r or "000000000000" in r or r.startswith("arn:aws:s3:::stage")
                    for r in listed(one["Resource"])
                )


def test_the_runs_may_use_every_table_and_the_index(full: Template) -> None:
    (tables,) = [one for one in policy(full, "booking-sms-run") if one["Sid"] == "Tables"]
    prefix = "arn:aws:dynamodb:ap-northeast-2:000000000000:table/"

    assert {arn.removeprefix(prefix) for arn in tables["Resource"]} == {
        *(schema.name for schema in SCHEMAS),
        f"sms_jobs/index/{OPEN_INDEX}",
    }


def test_without_a_bucket_nobody_may_touch_one(template: Template) -> None:
    assert not [a for a in allowed(policy(template, "booking-sms-run")) if a.startswith("s3:")]


def test_calls_are_found_however_they_are_made() -> None:
    source = """
from types_boto3_sns import SNSClient
def f(client: SNSClient): return counted(client.publish), client.get_paginator("list_topics")
"""
    assert operations_of(source) == {("sns", "Publish"), ("sns", "ListTopics")}


# -- saved queries -------------------------------------------------------------------------------


def known_fields() -> frozenset[str]:
    """Fields of the log events."""
    try:
        events = importlib.import_module("booking_sms.telemetry.log_events")
    except ModuleNotFoundError:
        return PROMISED
    return frozenset(events.FIELDS)


PROMISED = frozenset([
    "timestamp",
    "level",
    "message",
    "operation",
    "event_type",
    "status",
    "action_type",
    "component",
    "duration_ms",
    "error",
    "error_code",
    "run_id",
    "dag_id",
    "task_id",
    "store_id",
    "booking_id",
    "job_id",
    "rule_name",
    "template_type",
    "kind",
    "phone_masked",
    "window",
    "match",
    "mismatch_details",
    "character_diff_count",
    "attempt",
])


def log_widgets(template: Template) -> Iterator[tuple[str, str]]:
    for dashboard in template.dashboards:
        for widget in dashboard.widgets:
            if widget["type"] == "log":
                source, query = widget["properties"]["query"].split(" | ", 1)
                assert source == "SOURCE '/booking-sms'"
                yield widget["properties"]["title"], query


def test_twelve_saved_queries_over_the_log_group(template: Template) -> None:
    assert len(template.queries) == 12
    assert {query.log_groups for query in template.queries} == {("/booking-sms",)}
    assert len({query.entry for query in template.queries}) == 12


def test_queries_say_only_what_the_language_has(template: Template) -> None:
    texts = {query.entry: query.text for query in template.queries} | dict(log_widgets(template))

    assert {name: found for name, text in texts.items() if (found := problems_of(text))} == {}


def test_queries_name_only_fields_that_log_lines_have(template: Template) -> None:
    texts = {query.entry: query.text for query in template.queries} | dict(log_widgets(template))

    unknown = {name: fields_of(text) - known_fields() for name, text in texts.items()}
    assert {name: found for name, found in unknown.items() if found} == {}


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("fields CASE WHEN level = 'error' THEN 1 END", "CASE"),
        ("stats values(kind) by store_id", "values"),
        ("select level", "select"),
        ("stats count(*) by store_id | sort | limit many", "limit"),
        ("filter level = 'error' | where", "where"),
    ],
)
def test_what_the_language_does_not_have_is_found(text: str, problem: str) -> None:
    assert problem in " ".join(problems_of(text))


def test_fields_are_found_and_aliases_are_not_fields() -> None:
    text = (
        'filter action_type = "send_sms" and not ispresent(x) | fields datefloor(@timestamp, 1h)'
        " as h | stats count(*) as n, pct(duration_ms, 95) by h, kind, bin(5m)"
        " | sort n desc | limit 5"
    )

    assert fields_of(text) == {"action_type", "x", "duration_ms", "kind"}


# -- dashboards ----------------------------------------------------------------------------------

_SEARCH = re.compile(r"""^SEARCH\('\{([^}]+)\} MetricName="(\w+)"', '(\w+)', (\d+)\)$""")


def charted(template: Template) -> Iterator[tuple[str, str, tuple[str, ...]]]:
    """(namespace, metric, names of dimensions) of everything on the dashboards."""
    for dashboard in template.dashboards:
        for widget in dashboard.widgets:
            for row in widget["properties"].get("metrics", ()):
                if isinstance(row[0], dict):
                    match = _SEARCH.match(row[0]["expression"])
                    assert match, row
                    namespace, *dimensions = match.group(1).split(",")
                    yield namespace, match.group(2), tuple(sorted(dimensions))
                else:
                    plain = [part for part in row if isinstance(part, str)]
                    yield plain[0], plain[1], tuple(sorted(plain[2::2]))


def test_dashboards_chart_every_metric_of_the_list_and_no_other(template: Template) -> None:
    namespaces = {True: "naver-sms/comparison", False: "NaverSMSAutomation"}
    expected = {
        (namespaces[spec.block == COMPARISON], spec.name, tuple(sorted(spec.dimensions)))
        for spec in CATALOGUE.values()
    }

    assert set(charted(template)) == expected


WIDGETS = {
    "booking-sms-operations": [
        ("SMS Delivery Volume*", 0, 0, 12, 6),
        ("Error Metrics*", 12, 0, 12, 6),
        ("Log Summary by Status*", 0, 6, 24, 6),
        ("Run Duration p50 / p95", 0, 12, 12, 6),
        ("Runs, Throttles*", 12, 12, 12, 6),
    ],
    "booking-sms-comparison": [
        ("Comparison Run Count & Discrepancies", 0, 0, 12, 6),
        ("Match Percentage Stats", 12, 0, 12, 6),
        ("Event-Type Breakdown", 0, 18, 12, 6),
        ("Recent SMS Mismatches", 12, 18, 12, 6),
    ],
}


@pytest.mark.parametrize("name", WIDGETS)
def test_dashboards_have_the_predecessors_widgets(template: Template, name: str) -> None:
    (dashboard,) = [one for one in template.dashboards if one.name == name]
    places = [
        (w["properties"]["title"], w["x"], w["y"], w["width"], w["height"])
        for w in dashboard.widgets
    ]

    for title, *place in WIDGETS[name]:
        found = [p for t, *p in places if fnmatch.fnmatch(t, title.replace("[", "[[]"))]
        assert found == [place], title


def test_widgets_fit_the_grid_and_do_not_overlap(template: Template) -> None:
    for dashboard in template.dashboards:
        taken: set[tuple[int, int]] = set()
        for w in dashboard.widgets:
            cells = {
                (x, y)
                for x in range(w["x"], w["x"] + w["width"])
                for y in range(w["y"], w["y"] + w["height"])
            }
            assert not cells & taken, w["properties"]["title"]
            assert max(x for x, _ in cells) < 24
            taken |= cells


def test_every_alarm_is_shown_on_a_dashboard(template: Template) -> None:
    shown = [
        arn.rsplit(":", 1)[1]
        for dashboard in template.dashboards
        for widget in dashboard.widgets
        for arn in widget["properties"].get("alarms", ())
    ]

    assert sorted(shown) == sorted(alarm.name for alarm in template.alarms)


def test_log_lines_are_kept_for_ninety_days(template: Template) -> None:
    assert template.only("AWS::Logs::LogGroup")["RetentionInDays"] == 90


def test_cloudwatch_may_speak_to_the_topic(template: Template) -> None:
    statements = template.only("AWS::SNS::TopicPolicy")["PolicyDocument"]["Statement"]
    (alarms,) = [one for one in statements if one["Principal"].get("Service")]

    assert alarms["Principal"] == {"Service": "cloudwatch.amazonaws.com"}
    assert alarms["Condition"]["StringEquals"] == {"aws:SourceAccount": "000000000000"}
    assert "KmsMasterKeyId" not in template.only("AWS::SNS::Topic")


@pytest.mark.parametrize(("address", "subscribed"), [("", 0), ("people@example.com", 1)])
def test_mail_only_where_it_was_asked_for(address: str, subscribed: int) -> None:
    found = list(read_template({"AlarmEmail": address}).of_type("AWS::SNS::Subscription"))

    assert [each["Endpoint"] for _, each in found] == [address] * subscribed


# -- the linter ----------------------------------------------------------------------------------


def linted(text: str) -> list[str]:
    from cfnlint.api import lint
    from cfnlint.config import ManualArgs

    config = ManualArgs(regions=["ap-northeast-2"], include_checks=["I"])
    return [f"{match.rule.id} {match.message}" for match in lint(text, config=config)]


@pytest.mark.slow
def test_linter_finds_nothing_not_even_a_hint() -> None:
    assert linted(TEMPLATE.read_text(encoding="utf-8")) == []


@pytest.mark.slow
def test_linter_finds_a_misspelt_property() -> None:
    text = TEMPLATE.read_text(encoding="utf-8").replace("TreatMissingData:", "TreatMissing:", 1)

    assert any("TreatMissing" in found for found in linted(text))
