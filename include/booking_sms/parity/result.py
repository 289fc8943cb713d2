"""The published form of a comparison: counts, paths and shops; no person, no text."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import Any

from booking_sms.parity.compare import ParityReport
from booking_sms.parity.differences import Difference
from booking_sms.parity.explained import Explanation
from booking_sms.parity.severity import severity_of

KIND = "golden_parity"
Result = dict[str, Any]
_Place = tuple[str, str, str]


def as_result(report: ParityReport, dataset: Mapping[str, Any] | None, ran_at: datetime) -> Result:
    """The result as others read it. ``dataset`` says which goldens, None for any other file.

    ``slack`` is None where no scenario speaks of it: nothing was measured then.
    """
    severities = Counter(severity_of(difference) for difference in report.unexplained)
    slack = report.channels.get("slack")
    return {
        **report.as_dict(),
        "kind": KIND,
        "ran_at": ran_at.isoformat(),
        "passed": report.passed,
        "slack": None if slack is None else slack.as_dict(),
        "critical": severities["critical"],
        "warnings": severities["warning"],
        "vacuous": list(report.vacuous),
        "expired": [expired_entry(entry, ran_at.date()) for entry in report.expired],
        "noise": len(report.noise),
        "dataset": None if dataset is None else dict(dataset),
        "fields": field_counts(report),
    }


def field_counts(report: ParityReport) -> list[dict[str, Any]]:
    """Differences by field, message kind and shop; the most unexplained first.

    Kind and shop are empty where a difference does not tell them.
    """
    unexplained, explained = _counted(report.unexplained), _counted(report.explained)
    severities = {
        _place(found): severity_of(found) for found in (*report.unexplained, *report.explained)
    }
    places = sorted(severities, key=lambda place: (-unexplained[place], -explained[place], place))
    return [
        {
            "field": place[0],
            "kind": place[1],
            "store": place[2],
            "severity": severities[place],
            "unexplained": unexplained[place],
            "explained": explained[place],
        }
        for place in places
    ]


def expired_entry(entry: Explanation, today: date) -> dict[str, Any]:
    """An explanation past its day: what it was about, whose it is, and since when."""
    return {
        "field": entry.field,
        "rule": entry.rule,
        "owner": entry.owner,
        "reason": entry.reason,
        "expired_on": entry.expires.isoformat(),
        "days": (today - entry.expires).days,
    }


def _counted(differences: Iterable[Difference]) -> Counter[_Place]:
    return Counter(map(_place, differences))


def _place(difference: Difference) -> _Place:
    return difference.path, difference.kind, difference.store
