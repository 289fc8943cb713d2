"""One call for parity: read the goldens, decide, compare. The parser comes from outside."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

from booking_sms.domain.catalog import Catalog
from booking_sms.parity.compare import ParityReport, compare
from booking_sms.parity.explained import Explanation
from booking_sms.parity.outcome import ParseBooking
from booking_sms.parity.scenario import Scenario, read_scenarios
from booking_sms.parity.told import decide_and_tell


def recorded_outcome(scenario: Scenario) -> Mapping[str, Any]:
    """What LEGACY did, with the scenario's id."""
    return {"id": scenario.id, **(scenario.expected or {"error": "nothing was recorded"})}


def golden_parity(
    path: Path,
    catalog: Catalog,
    parse: ParseBooking,
    explanations: Sequence[Explanation] = (),
    *,
    today: date,
) -> ParityReport:
    """Parity of a catalog's rules with the recorded outcomes of a scenario file.

    Raises ScenarioInvalid with file and line for a file that cannot be used.
    """
    scenarios = read_scenarios(path, recorded=True)
    actual = [decide_and_tell(scenario, catalog, parse) for scenario in scenarios]
    expected = [recorded_outcome(scenario) for scenario in scenarios]
    return compare(expected, actual, catalog.rules, explanations, today=today)
