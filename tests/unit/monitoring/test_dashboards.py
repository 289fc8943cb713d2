"""Dashboards chart what is published; where log lines and alarms go; and the linter."""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Iterator

import pytest

from booking_sms.domain.metric_catalogue import CATALOGUE, COMPARISON
from booking_sms.monitoring.template import TEMPLATE, Template, read_template

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def template() -> Template:
    return read_template()


_SEARCH = re.compile(r"""^SEARCH\('\{"([^"]+)",([^}]+)\} MetricName="(\w+)"', '(\w+)', (\d+)\)$""")


def charted(template: Template) -> Iterator[tuple[str, str, tuple[str, ...]]]:
    """(namespace, metric, names of dimensions) of everything on the dashboards."""
    for dashboard in template.dashboards:
        for widget in dashboard.widgets:
            for row in widget["properties"].get("metrics", ()):
                if isinstance(row[0], dict):
                    match = _SEARCH.match(row[0]["expression"])
                    assert match, row
                    namespace, dimensions, name = match.group(1, 2, 3)
                    yield namespace, name, tuple(sorted(dimensions.split(",")))
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
