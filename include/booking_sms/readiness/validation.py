"""``VALIDATION.md``: a campaign's section, written from its package between two markers.

The same package, sign-offs and decision give the same bytes, however often it is written. What
stands outside the markers belongs to others and is kept.
"""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from booking_sms.domain.errors import ActionRefused
from booking_sms.readiness.campaign import Campaign
from booking_sms.readiness.decision import ROLES, Decision, SignOff, sign_off_doubt

LIMITS = (
    "Telegram is compared on the golden scenarios only: live, it cannot be observed.",
    "The golden scenarios hold no texts; texts are compared live by flag, not by character.",
    "SENS has no idempotency key: exactly once cannot be proved in general.",
)


def section_of(
    campaign: Campaign,
    report: Mapping[str, Any],
    manifest: Mapping[str, Any],
    signed: Mapping[str, SignOff],
    decision: Decision,
) -> str:
    """The section of one campaign, with its markers."""
    parts = (
        [begin(campaign.id), f"## Validation campaign {campaign.id}", ""],
        _facts(campaign, report, decision),
        _summary(decision, manifest),
        *(_criterion(one) for one in report["criteria"]),
        _deliverables(manifest),
        _metrics(report),
        ["### Known limits", "", *(f"- {limit}" for limit in LIMITS), ""],
        _sign_offs(signed, decision.package_hash),
        [end(campaign.id)],
    )
    return "\n".join(line for part in parts for line in part) + "\n"


def write_section(path: Path, campaign_id: str, section: str) -> bool:
    """Put a campaign's section in its place, or at the end; whether the file changed.

    ActionRefused for a file whose markers are not one pair: somebody has to look.
    """
    before = path.read_text(encoding="utf-8") if path.exists() else ""
    after = _placed(before, campaign_id, section)
    if after == before:
        return False
    _replace(path, after)
    return True


def begin(campaign_id: str) -> str:
    """First line of a campaign's section."""
    return f"<!-- validation {campaign_id}: begin, generated -->"


def end(campaign_id: str) -> str:
    """Last line of a campaign's section."""
    return f"<!-- validation {campaign_id}: end -->"


def _placed(text: str, campaign_id: str, section: str) -> str:
    first, last = begin(campaign_id), end(campaign_id)
    counts = (text.count(first), text.count(last))
    if counts == (0, 0):
        gap = "" if not text else "\n" if text.endswith("\n") else "\n\n"
        return f"{text}{gap}{section}"
    start, stop = text.find(first), text.find(last)
    if counts != (1, 1) or stop < start:
        raise ActionRefused("the markers of the campaign are not one pair", campaign=campaign_id)
    rest = text[stop + len(last) :].removeprefix("\n")
    return text[:start] + section + rest


def _replace(path: Path, text: str) -> None:
    """Whole or not at all: a reader never sees half a file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=".validation-")
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(text)
    os.chmod(name, 0o644)
    os.replace(name, path)


def _facts(campaign: Campaign, report: Mapping[str, Any], decision: Decision) -> list[str]:
    dataset = campaign.dataset
    return [
        *_table(
            ("what", "value"),
            [
                ("test date", report["ran_at"]),
                ("decided", decision.at.isoformat()),
                ("campaign since", campaign.start.isoformat()),
                ("roles", ", ".join(ROLES)),
                ("code", campaign.code_version),
                ("rule set", campaign.rule_set),
                ("dataset", f"{dataset.version} {dataset.sha256 or ''}".strip()),
                ("package", decision.package_hash),
            ],
        )
    ]


def _summary(decision: Decision, manifest: Mapping[str, Any]) -> list[str]:
    told = f"{decision.passed} of {decision.total} criteria pass (confidence {decision.confidence})"
    return [
        "### Executive summary",
        "",
        f"**{decision.decision}**. {told}; the package is {manifest['completeness']} with "
        f"{manifest['artifact_count']} artifacts.",
        "",
        *(f"- {_plain(reason)}" for reason in decision.reasons),
        *([""] if decision.reasons else []),
        "Next:",
        "",
        *(f"- {_plain(one)}" for one in decision.recommendations),
        "",
    ]


def _criterion(one: Mapping[str, Any]) -> list[str]:
    return [
        f"### Criterion {one['name']}: {one['verdict']}",
        "",
        f"Requirement: {_plain(one['requirement'])}.",
        *([f"Note: {_plain(one['note'])}."] if one["note"] else []),
        "",
        "Evidence:",
        "",
        *(f"- `{source}`" for source in one["evidence"] or ["none"]),
        "",
        f"Conclusion: {_plain('; '.join(one['reasons']) or 'all as required')}.",
        "",
    ]


def _deliverables(manifest: Mapping[str, Any]) -> list[str]:
    rows = [
        (one["filename"], one["type"], one["description"], one["size"], one["sha256"])
        for one in manifest["files"]
    ]
    return ["### Deliverables", "", *_table(("file", "type", "what", "bytes", "SHA-256"), rows)]


def _metrics(report: Mapping[str, Any]) -> list[str]:
    rows = [
        (one["name"], what, "not measured" if value is None else value)
        for one in report["criteria"]
        for what, value in one["values"].items()
    ]
    return ["### Metrics", "", *_table(("criterion", "measure", "value"), rows)]


def _sign_offs(signed: Mapping[str, SignOff], package_hash: str) -> list[str]:
    rows = [_sign_off(role, signed.get(role), package_hash) for role in ROLES]
    return ["### Sign-off", "", *_table(("role", "status", "by", "at", "reason"), rows)]


def _sign_off(role: str, found: SignOff | None, package_hash: str) -> Sequence[str]:
    if found is None or found.package_hash != package_hash:
        return (role, "pending", "", "", sign_off_doubt(found, package_hash))
    status = "approved" if found.approved else "rejected"
    return (role, status, found.by, found.at.isoformat(), found.reason)


def _table(columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> list[str]:
    return [
        "| " + " | ".join(columns) + " |",
        "|" + "---|" * len(columns),
        *("| " + " | ".join(_plain(cell) for cell in row) + " |" for row in rows),
        "",
    ]


def _plain(value: Any) -> str:
    """One line that breaks no table and no marker."""
    text = re.sub(r"\s+", " ", str(value)).replace("|", "\\|")
    return text.replace("<", "&lt;").replace(">", "&gt;")
