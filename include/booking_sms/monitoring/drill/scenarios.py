"""Every alarm and what makes it fire and clear, by the alarm's entry in the runbook."""

from __future__ import annotations

from collections.abc import Mapping

from booking_sms.monitoring.drill import comparisons
from booking_sms.monitoring.drill.world import Drill

SCENARIOS: Mapping[str, Drill] = {
    **comparisons.SCENARIOS,
}
