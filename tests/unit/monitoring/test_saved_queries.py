"""Saved queries and log widgets: the documented language, and fields that log lines have."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from logs_insights import fields_of, problems_of

from booking_sms.monitoring.template import Template, read_template
from booking_sms.telemetry.log_events import FIELDS


@pytest.fixture(scope="module")
def template() -> Template:
    return read_template()


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

    unknown = {name: fields_of(text) - FIELDS for name, text in texts.items()}
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
