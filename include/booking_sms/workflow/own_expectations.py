"""What our rules and our login decide today for the lines of the own golden files."""

from __future__ import annotations

import json
from pathlib import Path

from booking_sms.adapters.naver.parsing import parse_booking
from booking_sms.config.catalog_loader import load_catalog
from booking_sms.domain.catalog import Catalog
from booking_sms.parity.dataset import GoldenFile
from booking_sms.parity.outcome import Outcome
from booking_sms.parity.own import Decide, Line, own_outcome
from booking_sms.parity.scenario import ScenarioInvalid, parse_scenario
from booking_sms.parity.session_case import parse_session_case
from booking_sms.workflow.session_replay import session_outcome


def own_decider(home: Path) -> Decide:
    """The candidate over the owner's files in ``home``; each rule set is loaded once.

    A line that cannot be read is an outcome with ``error``, as one that cannot be decided.
    """
    catalogs: dict[str, Catalog] = {}

    def decide(file: GoldenFile, line: Line, place: str) -> Outcome:
        try:
            if file.form == "session":
                return session_outcome(parse_session_case(line, place))
            scenario = parse_scenario(json.dumps(line, ensure_ascii=False), place)
        except ScenarioInvalid as error:
            return {"id": line.get("id", ""), "error": str(error)}
        if file.rule_set not in catalogs:
            catalogs[file.rule_set] = load_catalog(home, file.rule_set)
        return own_outcome(scenario, catalogs[file.rule_set], parse_booking)

    return decide
