"""The report that opens offline in any browser: one HTML file, no script, no outside address.

Everything on it is counted, masked, or a rule's own name.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from booking_sms.domain.rule import RuleSet
from booking_sms.parity.compare import Outcome, ParityReport
from booking_sms.parity.differences import Difference
from booking_sms.parity.explained import Explanation, is_explained, kinds_of
from booking_sms.parity.masking import changed_lines
from booking_sms.parity.noise import Noise
from booking_sms.parity.result import Result
from booking_sms.parity.table import Row, rows_of
from booking_sms.parity.text_diff import Mask, hidden_text, marked, masked_text, text_difference

SAMPLES = 30
PAST_RUNS = 60
WIDTH, HEIGHT, EDGE = 640, 140, 8
"""The trend's size in pixels."""
_CHANNEL_NAMES = {
    "sms": "SMS",
    "writes": "Ledger writes",
    "ledger": "Ledger afterwards",
    "telegram": "Telegram lines",
    "slack": "Slack lines",
}


@dataclass(frozen=True, kw_only=True)
class PageSource:
    """What a page is made of. ``expected`` are the recorded outcomes, for what they lack.

    ``history`` are results of earlier runs, the oldest first.
    """

    report: ParityReport
    result: Result
    rules: RuleSet
    today: date
    explanations: Sequence[Explanation] = ()
    expected: Sequence[Outcome] = ()
    history: Sequence[Result] = ()
    noise: Noise | None = None


def page(source: PageSource) -> str:
    """The whole document."""
    template = _environment().get_template("parity.html")
    return template.render(
        result=source.result,
        verdict=verdict(source.result),
        channels=_channels(source.result),
        kinds=_kinds(source),
        samples=_samples(source.report),
        changed=_changed(source.report)[:SAMPLES],
        explained=_explained(source),
        noise=None if source.noise is None else source.noise.as_dict(),
        uncovered=uncovered(source.expected),
        trend=_trend([*source.history, source.result][-PAST_RUNS:]),
        canvas={"width": WIDTH, "height": HEIGHT, "edge": EDGE},
    )


def verdict(result: Mapping[str, Any]) -> tuple[str, list[str]]:
    """A word and its reasons: ``parity``, ``no parity``, or ``nothing proved``."""
    reasons = [
        f"{result[name]} {text}"
        for name, text in (("critical", "critical differences"), ("warnings", "warnings"))
        if result[name]
    ]
    reasons += [f"an explanation has expired: {entry['field']}" for entry in result["expired"]]
    if result["vacuous"]:
        return "nothing proved", [*result["vacuous"], *reasons]
    if not result["passed"]:
        return "no parity", reasons
    return "parity", [f"{result['scenarios']} scenarios, nothing unexplained"]


def uncovered(expected: Sequence[Outcome]) -> list[str]:
    """What these recordings cannot tell, in sentences."""
    messages = [item for outcome in expected for item in outcome.get("sms", ())]
    said = [
        "Whether a text was accepted and delivered: outcomes are decisions, as if all were.",
        "The login and the fetching of bookings: a scenario begins after both.",
        "Telegram beyond the owner's summary: alerts and reminders have no recording.",
    ]
    if not any("text" in item for item in messages):
        said.insert(0, "What a text says: no recorded message carries its text.")
    if not any("slack" in outcome for outcome in expected):
        said.append("Slack: no recording speaks of it.")
    return said


def _environment() -> Environment:
    return Environment(
        loader=PackageLoader("booking_sms.parity"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def _channels(result: Result) -> list[dict[str, Any]]:
    return [
        {"name": name, "measured": result[key] is not None, **(result[key] or {})}
        for key, name in _CHANNEL_NAMES.items()
    ]


def _kinds(source: PageSource) -> list[dict[str, Any]]:
    """Per message kind: the rules that decide it, and its differences."""
    rules = kinds_of(source.rules)
    left = Counter(found.kind for found in source.report.unexplained)
    known = Counter(found.kind for found in source.report.explained)
    return [
        {
            "kind": kind or "(none)",
            "rules": [name for name, of in rules.items() if kind and of == kind],
            "unexplained": left[kind],
            "explained": known[kind],
        }
        for kind in [*sorted({*rules.values(), *left, *known} - {""}), ""]
        if kind or left[kind] or known[kind]
    ]


def _samples(report: ParityReport) -> list[Row]:
    """Unexplained differences, critical ones first."""
    rows = [row for row in rows_of(report) if row["status"] == "unexplained"]
    return sorted(rows, key=lambda row: row["severity"])[:SAMPLES]


def _changed(report: ParityReport) -> list[dict[str, Any]]:
    """Texts that stand otherwise: lines to colleagues, and texts to customers by their shape."""
    lines = [
        _characters(pair.missing, pair.missing.expected, pair.unexpected.actual, masked_text)
        for pair in changed_lines(report.unexplained)
    ]
    texts = [
        _characters(found, found.expected, found.actual, hidden_text)
        for found in report.unexplained
        if found.path == "sms.text"
        and isinstance(found.expected, str)
        and isinstance(found.actual, str)
    ]
    return [*texts, *lines]


def _characters(where: Difference, expected: str, actual: str, mask: Mask) -> dict[str, Any]:
    return {
        "scenario": where.scenario,
        "channel": where.channel,
        "said": text_difference(expected, actual, mask).said(),
        "expected": marked(actual, expected, mask),
        "actual": marked(expected, actual, mask),
    }


def _explained(source: PageSource) -> list[dict[str, Any]]:
    """Each explanation with the number of differences that it covers."""
    kinds = kinds_of(source.rules)
    return [
        {
            "field": entry.field,
            "rule": entry.rule,
            "owner": entry.owner,
            "reason": entry.reason.strip(),
            "expires": entry.expires.isoformat(),
            "expired": entry.is_expired(source.today),
            "covers": sum(
                is_explained(found, [entry], kinds, source.today)
                for found in source.report.explained
            ),
        }
        for entry in source.explanations
    ]


def _trend(results: Sequence[Result]) -> dict[str, Any]:
    """The match percentage of past runs and this one, as points of a line."""
    values = [float(result["match_percentage"]) for result in results]
    least = min(values)
    floor = least if least < 100 else 99.0
    step = (WIDTH - 2 * EDGE) / max(1, len(values) - 1)
    points = [
        (
            round(EDGE + number * step, 1),
            round(EDGE + (100 - value) / (100 - floor) * (HEIGHT - 2 * EDGE), 1),
        )
        for number, value in enumerate(values)
    ]
    return {
        "runs": len(values),
        "first": str(results[0]["ran_at"])[:16],
        "last": str(results[-1]["ran_at"])[:16],
        "floor": floor,
        "points": [
            {"x": x, "y": y, "ok": bool(result.get("passed"))}
            for (x, y), result in zip(points, results, strict=True)
        ],
        "line": " ".join(f"{x},{y}" for x, y in points),
    }
