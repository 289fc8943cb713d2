"""What is there against what the template says: differences, field by field."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from booking_sms.monitoring.template import Alarm, Dashboard, SavedQuery

ABSENT = "(absent)"
_NOT_COMPARED = frozenset({"Tags"})
"""DescribeAlarms does not give them back."""
_UNWANTED = frozenset({"ExtendedStatistic", "InsufficientDataActions", "Unit"})
"""What changes an alarm although the template does not name it: with a unit, no point matches."""


@dataclass(frozen=True, kw_only=True)
class Drift:
    """One field of one thing that is not as the template says."""

    thing: str
    field: str
    expected: Any
    found: Any

    def as_dict(self) -> dict[str, Any]:
        """JSON-able."""
        return asdict(self)


def alarm_drift(alarm: Alarm, stored: Mapping[str, Any] | None) -> Iterator[Drift]:
    """Threshold, period, missing data, actions: every property, and that actions are not muted."""
    if stored is None:
        yield Drift(thing=alarm.name, field="alarm", expected="there", found=ABSENT)
        return
    expected = {**alarm.properties, "ActionsEnabled": True}
    names = (expected.keys() - _NOT_COMPARED) | {one for one in _UNWANTED if stored.get(one)}
    for name in sorted(names):
        want, have = _plain(name, expected.get(name)), _plain(name, stored.get(name))
        if want != have:
            yield Drift(thing=alarm.name, field=name, expected=want, found=have)
    if not alarm.source.schema and _plain("Dimensions", stored.get("Dimensions")) != _plain(
        "Dimensions", expected.get("Dimensions")
    ):
        yield Drift(
            thing=alarm.name,
            field="Dimensions",
            expected=expected.get("Dimensions", []),
            found=stored.get("Dimensions", []),
        )


def dashboard_drift(dashboard: Dashboard, stored: str | None) -> Iterator[Drift]:
    """Whether the widgets are the same, however the JSON is written."""
    if stored is None:
        yield Drift(thing=dashboard.name, field="dashboard", expected="there", found=ABSENT)
    elif json.loads(stored) != json.loads(dashboard.body):
        titles = [widget["properties"].get("title") for widget in dashboard.widgets]
        yield Drift(thing=dashboard.name, field="body", expected=titles, found="other widgets")


def query_drift(query: SavedQuery, stored: Mapping[str, Any] | None) -> Iterator[Drift]:
    """Whether a saved query asks the same of the same log group."""
    if stored is None:
        yield Drift(thing=query.name, field="query", expected="there", found=ABSENT)
        return
    found = (stored["queryString"], tuple(stored.get("logGroupNames", ())))
    if found != (query.text, query.log_groups):
        yield Drift(
            thing=query.name, field="text", expected=query.text, found=stored["queryString"]
        )


def _plain(name: str, value: Any) -> Any:
    """What may be written in two ways, in one."""
    if name == "Dimensions":
        return sorted((one["Name"], one["Value"]) for one in value or ())
    if name == "Metrics":
        return [(one["Id"], one["Expression"], one["Period"]) for one in value or ()]
    return float(value) if name == "Threshold" and value is not None else value
