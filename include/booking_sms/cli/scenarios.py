"""One scenario out of a file, for commands that look at a single run."""

from __future__ import annotations

from pathlib import Path

from booking_sms.cli.console import fail
from booking_sms.parity.scenario import Scenario, read_scenarios


def scenario_of(path: Path, wanted: str) -> Scenario:
    """The scenario of this id; one clear line if the file has none."""
    found = [item for item in read_scenarios(path, recorded=False) if item.id == wanted]
    if not found:
        raise fail(f"{path}: no scenario {wanted!r}")
    return found[0]
