"""Comparisons that find something, told by the publisher of all comparisons."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from booking_sms.config.rules_loader import load_rule_set
from booking_sms.config.settings import INCLUDE
from booking_sms.monitoring.drill.world import Drill, DrillWorld, Scenario
from booking_sms.parity.compare import compare
from booking_sms.parity.publishing import publish_parity
from booking_sms.parity.result import as_result


class Unheard:
    """Takes a comparison's events: a drill must not be found in the shipped log lines."""

    def info(self, event: str, /, **fields: Any) -> None:
        """Say nothing."""


OUTCOME: Mapping[str, Any] = {
    "id": "drill-1",
    "sms": [{"to": "01000000001", "from": "050000000001", "type": "LMS", "content": "안내"}],
    "writes": [
        {
            "op": "put",
            "key": {"booking_num": "900101_7000000001", "phone": "010-0000-0001"},
            "values": {"confirm_sms": True},
        }
    ],
    "ledger_after": [
        {
            "booking_num": "900101_7000000001",
            "phone": "010-0000-0001",
            "confirm_sms": True,
        }
    ],
    "telegram": "예약 1건",
}


def _compared(**differing: Any) -> Scenario:
    """One comparison, of which one side differs by this; time for the alarm to follow."""

    def scenario(world: DrillWorld) -> None:
        rules = load_rule_set("legacy", INCLUDE / "rules")
        report = compare([OUTCOME], [{**OUTCOME, **differing}], rules, today=world.now.date())
        publish_parity(as_result(report, None, world.now), world.comparison_metrics, Unheard())
        world.wait(10)

    return scenario


SAME = _compared()
TEXT = _compared(sms=[{**OUTCOME["sms"][0], "content": "다른 안내"}])
SCENARIOS: Mapping[str, Drill] = {
    "comparison-sms-mismatches": Drill(fire=TEXT, clear=SAME),
    "comparison-db-mismatches": Drill(fire=_compared(writes=[]), clear=SAME),
    "comparison-telegram-mismatches": Drill(fire=_compared(telegram="예약 2건"), clear=SAME),
    "comparison-match-percentage": Drill(fire=TEXT, clear=SAME),
    "comparison-any-discrepancies": Drill(fire=TEXT, clear=SAME),
}
