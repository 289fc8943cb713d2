"""A golden comparison as one plain document: counts only, no person."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from booking_sms.parity.compare import ParityReport
from booking_sms.parity.differences import Difference
from booking_sms.parity.masking import shown

MOST_SAMPLES = 50
_CRITICAL_ENDS = (".missing", ".unexpected", ".error", ".shape", ".kind", ".to", ".booking_num")


def result_of(report: ParityReport, dataset: Mapping[str, Any], ran_at: datetime) -> dict[str, Any]:
    """The result as it is published, kept and judged. ``ran_at`` is real time."""
    critical = sum(is_critical(difference) for difference in report.unexplained)
    return {
        "kind": "golden_parity",
        "ran_at": ran_at.isoformat(),
        "slack": None,  # the predecessor told nobody there
        **report.as_dict(),
        "critical": critical,
        "warnings": len(report.unexplained) - critical,
        "vacuous": list(report.vacuous),
        "dataset": dict(dataset),
    }


def is_critical(difference: Difference) -> bool:
    """Whether somebody would get a text too many, too few, or another's; the rest is a warning."""
    return difference.path.endswith(_CRITICAL_ENDS)


def samples_of(differences: Sequence[Difference]) -> list[str]:
    """The first differences as masked lines."""
    return [shown(difference) for difference in differences[:MOST_SAMPLES]]
