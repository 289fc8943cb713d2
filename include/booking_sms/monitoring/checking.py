"""Is what watches us what the template says, and could each alarm fire at all?"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

from booking_sms.config.settings import INCLUDE
from booking_sms.domain.metric_catalogue import CATALOGUE, COMPARISON
from booking_sms.monitoring.clients import Clients
from booking_sms.monitoring.comparing import (
    ABSENT,
    Drift,
    alarm_drift,
    dashboard_drift,
    query_drift,
)
from booking_sms.monitoring.dashboard import stored_dashboard
from booking_sms.monitoring.series import read_series
from booking_sms.monitoring.stored import (
    OFF,
    recovery_of,
    stored_alarms,
    stored_queries,
    stored_retention,
    stored_topic,
)
from booking_sms.monitoring.template import Alarm, Template

RUNBOOK = INCLUDE.parent / "docs" / "runbook.md"
_HEADING = re.compile(r"^#{1,6} (.+)$", re.MULTILINE)
_ANCHOR = re.compile(r"""<a (?:id|name)=["']([^"']+)["']""")


def check_applied(template: Template, clients: Clients) -> Iterator[Drift]:
    """Drift of the account from the template. botocore's errors are the caller's."""
    yield from _topic(template, clients)
    yield from _retention(template, clients)
    yield from _recovery(template, clients)
    stored = stored_alarms(clients.cloudwatch, template.prefix)
    for alarm in template.alarms:
        yield from alarm_drift(alarm, stored.get(alarm.name))
    for name in sorted(stored.keys() - {alarm.name for alarm in template.alarms}):
        yield Drift(thing=name, field="alarm", expected=ABSENT, found="there")
    for dashboard in template.dashboards:
        body = stored_dashboard(clients.cloudwatch, dashboard.name)
        yield from dashboard_drift(dashboard, body)
    queries = stored_queries(clients, template.prefix)
    if queries is not None:
        for query in template.queries:
            yield from query_drift(query, queries.get(query.name))


def _topic(template: Template, clients: Clients) -> Iterator[Drift]:
    """Where every alarm speaks to, who may, and who hears."""
    name = template.only("AWS::SNS::Topic")["TopicName"]
    topic = stored_topic(clients, name)
    if topic is None:
        yield Drift(thing=name, field="topic", expected="there", found=ABSENT)
        return
    if topic.policy != template.only("AWS::SNS::TopicPolicy")["PolicyDocument"]:
        yield Drift(thing=name, field="policy", expected="the template's", found="another")
    if template.parameters["AlarmEmail"] not in {"", *topic.addresses}:
        yield Drift(thing=name, field="subscription", expected="email", found=ABSENT)


def _recovery(template: Template, clients: Clients) -> Iterator[Drift]:
    """Point-in-time recovery of every table that is there."""
    for name in template.every_table_name:
        if recovery_of(clients, name) == OFF:
            yield Drift(thing=name, field="point-in-time recovery", expected="on", found=OFF)


def _retention(template: Template, clients: Clients) -> Iterator[Drift]:
    group = template.only("AWS::Logs::LogGroup")
    days = stored_retention(clients.logs, group["LogGroupName"])
    if days != group["RetentionInDays"]:
        found = ABSENT if days is None else days
        yield Drift(
            thing=group["LogGroupName"],
            field="retention",
            expected=group["RetentionInDays"],
            found=found,
        )


def check_template(template: Template, runbook: Path = RUNBOOK) -> Iterator[Drift]:
    """Alarms that nobody can feed or nobody can answer: each reads a metric that is published,
    with its dimensions, and has an entry in the runbook.
    """
    entries = runbook_entries(runbook)
    for alarm in template.alarms:
        yield from _metric_drift(alarm, template)
        if alarm.entry not in entries:
            yield Drift(thing=alarm.name, field="runbook", expected=alarm.entry, found=ABSENT)


def _metric_drift(alarm: Alarm, template: Template) -> Iterator[Drift]:
    spec = CATALOGUE.get(alarm.source.name)
    if spec is None:
        yield Drift(thing=alarm.name, field="metric", expected=alarm.source.name, found=ABSENT)
        return
    block = "ComparisonNamespace" if spec.block == COMPARISON else "OperationsNamespace"
    expected = (template.parameters[block], tuple(sorted(spec.dimensions)))
    found = (alarm.source.namespace, alarm.source.dimension_names)
    if expected != found:
        yield Drift(thing=alarm.name, field="metric", expected=expected, found=found)


def check_fed(
    template: Template, clients: Clients, now: datetime, within: timedelta
) -> Iterator[Drift]:
    """Alarms whose metric is due regularly and had no data point lately."""
    regular = [
        alarm
        for alarm in template.alarms
        if (every := CATALOGUE[alarm.source.name].every_s) and every <= within.total_seconds()
    ]
    sources = [alarm.source for alarm in regular]
    series = read_series(clients.cloudwatch, sources, now - within, now)
    for alarm in regular:
        if not alarm.source.select(series):
            said = f"a data point within {within}"
            yield Drift(thing=alarm.name, field=alarm.source.name, expected=said, found=ABSENT)


def runbook_entries(path: Path) -> frozenset[str]:
    """Anchors of the runbook: its headings as GitHub spells them, and anchors set by hand."""
    text = path.read_text(encoding="utf-8")
    slugs = (_slug(heading) for heading in _HEADING.findall(text))
    return frozenset([*slugs, *_ANCHOR.findall(text)])


def _slug(heading: str) -> str:
    kept = re.sub(r"[^\w\- ]", "", heading.strip().lower())
    return kept.replace(" ", "-")
