"""Alarms, dashboards and saved queries as the template states them, for one set of parameters."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from booking_sms.monitoring.evaluator import AlarmRule, Measured, MissingData
from booking_sms.monitoring.intrinsics import Resolver, load_document

TEMPLATE = Path(__file__).resolve().parents[3] / "monitoring" / "booking-sms.template.yaml"
SOMEWHERE = {"region": "ap-northeast-2", "account": "000000000000"}
"""Where the template is read for when no account is asked: tests, documents, drills."""
_INSIGHTS = re.compile(
    r'SELECT (SUM|MAX|MIN|AVG|COUNT)\((\w+)\) FROM SCHEMA\("([^"]+)"((?:, \w+)*)\)'
)
_STATISTICS = {
    "SUM": "Sum",
    "MAX": "Maximum",
    "MIN": "Minimum",
    "AVG": "Average",
    "COUNT": "SampleCount",
}
_SEVERITY = re.compile(r"\[(\w+)\] ")

MetricKey = tuple[str, str, frozenset[tuple[str, str]]]
"""Namespace, name, dimensions: what tells one series of CloudWatch from another."""


@dataclass(frozen=True, kw_only=True)
class MetricSource:
    """Which series an alarm reads: one with exactly these dimensions, or, for a Metrics Insights
    query, every one that has dimensions of exactly the names in ``schema``.
    """

    namespace: str
    name: str
    dimensions: Mapping[str, str] = field(default_factory=dict)
    schema: tuple[str, ...] = ()

    @property
    def dimension_names(self) -> tuple[str, ...]:
        """Names of the dimensions that the metric must have."""
        return tuple(sorted(self.schema or self.dimensions))

    def reads(self, key: MetricKey) -> bool:
        """Whether a series is one of its own."""
        namespace, name, dimensions = key
        if (namespace, name) != (self.namespace, self.name):
            return False
        if self.schema:
            return sorted(one for one, _ in dimensions) == sorted(self.schema)
        return dimensions == frozenset(self.dimensions.items())

    def select(self, series: Mapping[MetricKey, Iterable[Measured]]) -> list[Measured]:
        """Everything that it reads, in the order of time."""
        found = (one for key, each in series.items() if self.reads(key) for one in each)
        return sorted(found, key=lambda one: one.at)


@dataclass(frozen=True, kw_only=True)
class Alarm:
    """One alarm. ``entry`` is its name without the prefix, and its heading in the runbook;
    ``properties`` are the resolved ones, which are also PutMetricAlarm's arguments.
    """

    logical_id: str
    name: str
    entry: str
    severity: str
    source: MetricSource
    rule: AlarmRule
    properties: Mapping[str, Any]

    @property
    def description(self) -> str:
        """What it says to people."""
        return str(self.properties["AlarmDescription"])


@dataclass(frozen=True, kw_only=True)
class Dashboard:
    """One dashboard."""

    name: str
    body: str

    @property
    def widgets(self) -> list[dict[str, Any]]:
        """Its widgets as CloudWatch reads them."""
        return list(json.loads(self.body)["widgets"])


@dataclass(frozen=True, kw_only=True)
class SavedQuery:
    """One Logs Insights query. ``entry`` is its name without the prefix."""

    name: str
    entry: str
    text: str
    log_groups: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Table:
    """A table that must have point-in-time recovery."""

    name: str
    properties: Mapping[str, Any]


class Template:
    """The template with its functions resolved. ``text`` is the file, for CloudFormation."""

    def __init__(self, text: str, resolver: Resolver) -> None:
        self.text = text
        self.parameters: Mapping[str, str] = dict(resolver.values)
        self._resolver = resolver
        document = resolver.document
        self._resources: Mapping[str, Any] = document["Resources"]
        self.prefix = self.parameters["Prefix"]

    def with_parameters(self, **parameters: str) -> Template:
        """The same file for other parameters."""
        return Template(self.text, self._resolver.with_parameters(parameters))

    def of_type(self, kind: str) -> Iterator[tuple[str, dict[str, Any]]]:
        """(logical id, resolved properties) of the resources that this installation has."""
        for logical_id, resource in self._resources.items():
            condition = resource.get("Condition")
            if resource["Type"] == kind and (not condition or self._resolver.holds(condition)):
                yield logical_id, self._resolver.resolve(resource["Properties"])

    @property
    def alarms(self) -> tuple[Alarm, ...]:
        """Every alarm, in the order of the file."""
        found = self.of_type("AWS::CloudWatch::Alarm")
        return tuple(self._alarm(logical_id, properties) for logical_id, properties in found)

    @property
    def dashboards(self) -> tuple[Dashboard, ...]:
        """Every dashboard, in the order of the file."""
        return tuple(
            Dashboard(name=each["DashboardName"], body=each["DashboardBody"])
            for _, each in self.of_type("AWS::CloudWatch::Dashboard")
        )

    @property
    def queries(self) -> tuple[SavedQuery, ...]:
        """Every saved query, in the order of the file."""
        return tuple(
            SavedQuery(
                name=each["Name"],
                entry=each["Name"].removeprefix(f"{self.prefix}/"),
                text=each["QueryString"],
                log_groups=tuple(each["LogGroupNames"]),
            )
            for _, each in self.of_type("AWS::Logs::QueryDefinition")
        )

    @property
    def tables(self) -> tuple[Table, ...]:
        """Every table, in the order of the file."""
        return tuple(
            Table(name=each["TableName"], properties=each)
            for _, each in self.of_type("AWS::DynamoDB::Table")
        )

    @property
    def every_table_name(self) -> tuple[str, ...]:
        """Names of all tables, also of those that this stack leaves to the predecessor."""
        tables = (one for one in self._resources.values() if one["Type"] == "AWS::DynamoDB::Table")
        return tuple(self._resolver.resolve(one["Properties"]["TableName"]) for one in tables)

    def only(self, kind: str) -> dict[str, Any]:
        """The properties of the one resource of a kind."""
        ((_, properties),) = self.of_type(kind)
        return properties

    def _alarm(self, logical_id: str, properties: dict[str, Any]) -> Alarm:
        source, statistic, period = _source(properties)
        severity = _SEVERITY.match(properties["AlarmDescription"])
        return Alarm(
            logical_id=logical_id,
            name=properties["AlarmName"],
            entry=properties["AlarmName"].removeprefix(f"{self.prefix}-"),
            severity=severity.group(1) if severity else "",
            source=source,
            rule=AlarmRule(
                statistic=statistic,
                comparison=properties["ComparisonOperator"],
                threshold=float(properties["Threshold"]),
                period_s=period,
                evaluation_periods=properties["EvaluationPeriods"],
                datapoints_to_alarm=properties["DatapointsToAlarm"],
                missing=MissingData(properties["TreatMissingData"]),
            ),
            properties=properties,
        )


def _source(properties: Mapping[str, Any]) -> tuple[MetricSource, str, int]:
    """What an alarm reads, its statistic and its period in seconds."""
    if "Metrics" in properties:
        (query,) = properties["Metrics"]
        return *_insights(query["Expression"]), query["Period"]
    source = MetricSource(
        namespace=properties["Namespace"],
        name=properties["MetricName"],
        dimensions={one["Name"]: one["Value"] for one in properties.get("Dimensions", ())},
    )
    return source, properties["Statistic"], properties["Period"]


def _insights(expression: str) -> tuple[MetricSource, str]:
    match = _INSIGHTS.fullmatch(expression)
    if match is None:
        raise ValueError(f"not a query that is understood: {expression}")
    function, name, namespace, rest = match.groups()
    schema = tuple(part.strip() for part in rest.split(",") if part.strip())
    source = MetricSource(namespace=namespace, name=name, schema=schema)
    return source, _STATISTICS[function]


def read_template(
    parameters: Mapping[str, str] | None = None,
    *,
    path: Path = TEMPLATE,
    region: str = SOMEWHERE["region"],
    account: str = SOMEWHERE["account"],
) -> Template:
    """Read the file; raises KeyError for a parameter that it does not have and ValueError for
    what it says and this code does not understand.
    """
    text = path.read_text(encoding="utf-8")
    document = load_document(text)
    resolver = Resolver(document, parameters or {}, region=region, account=account)
    return Template(text, resolver)
