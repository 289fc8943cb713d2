"""Writes the tables of docs/monitoring.md from the CloudFormation template.

With ``--check`` nothing is written; the exit code says whether the page is as it should be.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

from booking_sms.monitoring.template import Alarm, Template, read_template

PAGE = Path(__file__).resolve().parents[1] / "docs" / "monitoring.md"
BLOCK = re.compile(r"(<!-- begin (\w+) -->\n).*?(<!-- end \2 -->)", re.DOTALL)
SIGNS = {
    "GreaterThanOrEqualToThreshold": "≥",
    "GreaterThanThreshold": ">",
    "LessThanThreshold": "<",
    "LessThanOrEqualToThreshold": "≤",
}


def page_with_tables(text: str, template: Template) -> str:
    """The page with each marked block written anew."""
    blocks = {
        "alarms": "\n".join(alarm_rows(template)),
        "queries": "\n".join(query_rows(template)),
        "dashboards": "\n".join(dashboard_rows(template)),
    }
    return BLOCK.sub(lambda m: f"{m[1]}{blocks[m[2]]}\n{m[3]}", text)


def alarm_rows(template: Template) -> Iterable[str]:
    """One row an alarm; the name leads to the runbook."""
    yield "| alarm | severity | fires when | looked at | missing data |"
    yield "|---|---|---|---|---|"
    for alarm in template.alarms:
        link = f"[{alarm.entry}](runbook.md#{alarm.entry})"
        cells = (link, alarm.severity, condition(alarm), window(alarm), missing(alarm))
        yield f"| {' | '.join(cells)} |"


def condition(alarm: Alarm) -> str:
    """``Maximum of HeldJobs ≥ 1``"""
    source, rule = alarm.source, alarm.rule
    about = [f"{name}={value}" for name, value in source.dimensions.items()]
    about += [f"every {name}" for name in source.schema]
    of_what = f" ({', '.join(about)})" if about else ""
    sign = SIGNS[rule.comparison]
    return f"{rule.statistic} of `{source.name}`{of_what} {sign} {rule.threshold:g}"


def window(alarm: Alarm) -> str:
    """``2 of 3 x 20 min``"""
    rule = alarm.rule
    length = f"{rule.period_s // 60} min"
    if rule.evaluation_periods == 1:
        return length
    return f"{rule.datapoints_to_alarm} of {rule.evaluation_periods} x {length}"


def missing(alarm: Alarm) -> str:
    """How missing data counts, and why, as the alarm itself says it."""
    _, _, rest = alarm.description.partition("Missing data is ")
    said, _, _ = rest.partition(". Runbook: ")
    return said.replace(":", " -", 1)


def query_rows(template: Template) -> Iterable[str]:
    """One row a saved query."""
    yield "| query | asks |"
    yield "|---|---|"
    for query in template.queries:
        text = " ".join(query.text.split()).replace("|", "\\|")
        yield f"| `{query.name}` | `{text}` |"


def dashboard_rows(template: Template) -> Iterable[str]:
    """One line a dashboard with the titles of its widgets."""
    for dashboard in template.dashboards:
        titles = [widget["properties"]["title"] for widget in dashboard.widgets]
        yield f"- `{dashboard.name}`: {'; '.join(titles)}."


def main(arguments: Sequence[str] | None = None) -> int:
    """Write or check the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; say if it is stale")
    check = parser.parse_args(arguments).check
    before = PAGE.read_text(encoding="utf-8")
    after = page_with_tables(before, read_template())
    if check:
        return int(before != after)
    PAGE.write_text(after, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
