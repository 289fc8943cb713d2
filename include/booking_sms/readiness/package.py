"""The evidence package: which artifacts, at which version, with which checksum.

A manifest freezes them; people sign its hash. Later evidence makes another package.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from booking_sms.ports import Artifact
from booking_sms.readiness.evidence import kind_of

MANIFEST, READINESS, DECISION = "manifest.json", "readiness_report.json", "decision.json"
OUTSIDE = frozenset({MANIFEST, DECISION})
"""What is made of a package is no part of it."""

COMPLETE, WARNINGS, INCOMPLETE = "COMPLETE", "WARNINGS", "INCOMPLETE"
MAX_MISSING = 2
"""Optional parts that may be missing from a package that can still be signed."""

TYPE_OF_KIND = {
    "golden_parity": "test_report",
    "shadow": "shadow_report",
    "mutation": "mutation_report",
    "thresholds": "threshold_report",
    "metrics": "metric_export",
    "notices": "slack_history",
    "alarms": "alarm_log",
    "readiness": "readiness_report",
}
TYPE_OF_SUFFIX = {"html": "html_report", "csv": "mismatch_table"}
OTHER = "other"
REQUIRED = frozenset(TYPE_OF_KIND.values()) - {"alarm_log"}
OPTIONAL = frozenset({"alarm_log", *TYPE_OF_SUFFIX.values()})
DESCRIPTIONS = {
    "test_report": "our decisions against the predecessor's recorded ones",
    "shadow_report": "our plans against what the predecessor wrote while both ran",
    "mutation_report": "what the comparator finds of what is wrong on purpose",
    "threshold_report": "duration, memory and latency against their limits",
    "metric_export": "metrics published and failed",
    "slack_history": "notices to the team, sent and failed",
    "alarm_log": "alarms that fired and cleared",
    "readiness_report": "the nine criteria as measured",
    "html_report": "report to be read, opens offline",
    "mismatch_table": "every difference, row by row",
    OTHER: "further evidence",
}


def manifest_of(campaign: str, artifacts: Iterable[Artifact]) -> dict[str, Any]:
    """The package of these artifacts, one version each, as JSON; the same for the same ones."""
    inside = sorted((a for a in artifacts if a.name not in OUTSIDE), key=lambda one: one.name)
    files = [_entry(one) for one in inside]
    types = Counter(entry["type"] for entry in files)
    missing = sorted((REQUIRED | OPTIONAL) - set(types))
    return {
        "campaign": campaign,
        "package_hash": hash_of(files),
        "completeness": _completeness(missing),
        "missing": missing,
        "artifact_count": len(files),
        "by_type": dict(sorted(types.items())),
        "total_size": sum(entry["size"] for entry in files),
        "files": files,
    }


def hash_of(files: Iterable[Mapping[str, Any]]) -> str:
    """Checksum of a package: of every file's name, version and content."""
    facts = [[one["filename"], one["type"], one["timestamp"], one["sha256"]] for one in files]
    return hashlib.sha256(json.dumps(sorted(facts)).encode()).hexdigest()


def _completeness(missing: Iterable[str]) -> str:
    lacking = set(missing)
    if not lacking:
        return COMPLETE
    tolerable = len(lacking) <= MAX_MISSING and not lacking & REQUIRED
    return WARNINGS if tolerable else INCOMPLETE


def _entry(artifact: Artifact) -> dict[str, Any]:
    kind = _type_of(artifact)
    return {
        "filename": artifact.name,
        "type": kind,
        "description": DESCRIPTIONS[kind],
        "timestamp": artifact.at.isoformat(),
        "size": len(artifact.data),
        "sha256": artifact.sha256,
    }


def _type_of(artifact: Artifact) -> str:
    suffix = artifact.name.rpartition(".")[2]
    return TYPE_OF_KIND.get(kind_of(artifact)) or TYPE_OF_SUFFIX.get(suffix, OTHER)
