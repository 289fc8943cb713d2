"""A campaign whose evidence is all there and all good, to be spoiled one piece at a time."""

from __future__ import annotations

import json
from collections.abc import Mapping
from copy import deepcopy
from datetime import datetime, timedelta
from typing import Any

from booking_sms.ports import Artifact, OperatorChange
from booking_sms.readiness.campaign import Campaign
from booking_sms.readiness.criteria import Readiness, measure
from booking_sms.readiness.decision import ROLES, SignOff
from booking_sms.readiness.evidence import Evidence, InUse
from booking_sms.readiness.modes import Modes
from booking_sms.readiness.package import READINESS, manifest_of
from booking_sms.testing import NOW

ID = "validation-20260222"
START = NOW - timedelta(days=7, hours=2)
MEASURED = NOW - timedelta(hours=1)
RULES, CODE = "0123456789ab", "1.0.0"
DATASET = {"version": 3, "sha256": "d" * 64}
CAMPAIGN = Campaign.model_validate({
    "id": ID,
    "start": START.isoformat(),
    "rule_set": RULES,
    "code_version": CODE,
    "dataset": DATASET,
})
SUBJECT = {"ran_at": MEASURED.isoformat(), "rule_set": RULES, "code_version": CODE}
SIDES = {"expected": 120, "actual": 120, "mismatches": 0}
LIMIT = {"name": "planning", "value": 3.1, "limit": 240.0, "unit": "s", "ok": True}

GOOD: dict[str, dict[str, Any]] = {
    "golden_parity": {
        **SUBJECT,
        "kind": "golden_parity",
        "scenarios": 228,
        **{name: SIDES for name in ("sms", "writes", "ledger", "telegram", "slack")},
        "match_percentage": 100.0,
        "explained": 0,
        "unexplained": 0,
        "critical": 0,
        "warnings": 0,
        "vacuous": [],
        "dataset": DATASET,
    },
    "shadow": {
        **SUBJECT,
        "kind": "shadow",
        "campaign": ID,
        "windows": 504,
        "stores": 8,
        "compared": 900,
        "legacy_items": 450,
        "candidate_items": 450,
        "mismatches": 0,
        "explained": 0,
        "unexplained": 0,
        "by_kind": {},
        "channels": {"sms": SIDES, "db": SIDES},
        "not_observable": ["telegram"],
        "zero_mismatch_since": START.isoformat(),
        "days_without_mismatch": 7.04,
        "vacuous": [],
    },
    "mutation": {
        **SUBJECT,
        "kind": "mutation",
        "mutants": 60,
        "kinds": 44,
        "killed": 60,
        "survived": 0,
        "survivors": [],
    },
    "thresholds": {**SUBJECT, "kind": "thresholds", "measures": [LIMIT]},
    "metrics": {
        **SUBJECT,
        "kind": "metrics",
        "published": 900,
        "failed": 0,
        "dashboard_verified": True,
    },
    "notices": {
        **SUBJECT,
        "kind": "notices",
        "slack_configured": True,
        "sent": 12,
        "failed": 0,
    },
}
NEEDED_BY = {
    "golden_parity": {
        "full_parity",
        "zero_critical",
        "sms_parity",
        "dynamodb_parity",
        "telegram_parity",
        "msc1",
    },
    "shadow": {"full_parity", "zero_critical", "sms_parity", "dynamodb_parity", "msc1"},
    "mutation": {"full_parity", "msc1"},
    "thresholds": {"metrics"},
    "metrics": {"metrics"},
    "notices": {"slack", "msc1"},
}
"""Criteria that cannot pass without each kind of evidence."""


def artifact(name: str, content: str, at: datetime = MEASURED) -> Artifact:
    """One version of an artifact of the campaign."""
    return Artifact(campaign=ID, name=name, at=at, content=content)


def changed(kind: str, path: str = "", value: Any = None, **keys: Any) -> dict[str, Any]:
    """The good result of a kind with one value, by its dotted path, replaced."""
    document = deepcopy(GOOD[kind]) | keys
    if path:
        *way, last = path.split(".")
        place: Any = document
        for step in way:
            place = place[int(step) if step.isdigit() else step]
        place[last] = value
    return document


def artifacts(**instead: Mapping[str, Any] | str | None) -> tuple[Artifact, ...]:
    """The good evidence; a kind may be replaced by a document or raw text, or left out."""
    documents = {**GOOD, **instead}
    return tuple(
        artifact(f"{kind}.json", found if isinstance(found, str) else json.dumps(found))
        for kind, found in documents.items()
        if found is not None
    )


def modes(now: str = "comparison", *changes: tuple[datetime, str, str]) -> Modes:
    """Comparison everywhere; changes are instant, name, value."""
    made = [
        OperatorChange(name=name, value=value, by="owner", reason="r", at=at)
        for at, name, value in changes
    ]
    return Modes(now={"900101": now, "900102": "comparison"}, changes=made)


def evidence(
    *more: Artifact,
    campaign: Campaign = CAMPAIGN,
    in_use: InUse = InUse(rule_set=RULES, code_version=CODE),  # noqa: B008 - frozen
    now: datetime = NOW,
    **instead: Mapping[str, Any] | str | None,
) -> Evidence:
    """What the criteria are measured from."""
    return Evidence(
        campaign=campaign, in_use=in_use, artifacts=(*artifacts(**instead), *more), now=now
    )


def readiness(**instead: Mapping[str, Any] | str | None) -> Readiness:
    """The criteria as measured."""
    return measure(evidence(**instead), modes())


def verdicts(found: Readiness) -> dict[str, str]:
    """Verdict by criterion."""
    return {one.name: str(one.verdict) for one in found.criteria}


def packed(*more: Artifact, **instead: Mapping[str, Any] | str | None) -> dict[str, Any]:
    """The manifest of a package with its readiness report."""
    report = artifact(READINESS, json.dumps(readiness(**instead).document()))
    return manifest_of(ID, (*artifacts(**instead), report, *more))


OPTIONAL = (
    artifact("golden_parity.html", "<html></html>"),
    artifact("mismatches.csv", "booking,kind\n"),
    artifact("alarms.json", json.dumps({"kind": "alarms"})),
)


def signed(package_hash: str, **rejected: str) -> dict[str, SignOff]:
    """Every role's approval; a role named with a reason rejects."""
    return {
        role: SignOff(
            role=role,
            approved=role not in rejected,
            by=f"{role} person",
            at=NOW,
            reason=rejected.get(role, "read it"),
            package_hash=package_hash,
        )
        for role in ROLES
    }
