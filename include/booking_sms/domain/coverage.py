"""Which of two reports about one store's window stands."""

from __future__ import annotations

from booking_sms.domain.window import CoverageStatus

_RANK = {CoverageStatus.FAILED: 0, CoverageStatus.PARTIAL: 1, CoverageStatus.COVERED: 2}


def coverage_rank(status: CoverageStatus) -> int:
    """Order of statuses, the best highest: a later report stands unless it is worse."""
    return _RANK[status]
