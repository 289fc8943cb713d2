"""Scenarios and outcomes for tests of the comparator."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

from booking_sms.config.catalog_loader import load_catalog
from booking_sms.domain.ledger import LedgerRow
from booking_sms.parity.scenario import Scenario
from booking_sms.testing import NOW

INCLUDE = Path(__file__).resolve().parents[3] / "include"
CATALOG = load_catalog(INCLUDE, "legacy")
TODAY = date(2026, 3, 2)
KEY = {"booking_num": "900101_1", "phone": "010-0000-1234"}
ROW = {**KEY, "name": "김시험", "confirm_sms": True, "remind_sms": True, "option_sms": False}


def scenario_of(**parts: Any) -> Scenario:
    """A scenario at 14:00, or at ``hour``."""
    rows = tuple(
        LedgerRow(booking_num=row["booking_num"], phone=row["phone"], item=dict(row))
        for row in parts.get("ledger_before", ())
    )
    return Scenario(
        id="one",
        category="mixed",
        title="",
        now=NOW.replace(hour=parts.get("hour", 14)),
        confirmed=tuple(parts.get("confirmed", ())),
        completed=tuple(parts.get("completed", ())),
        ledger_before=rows,
        expected=None,
        place="in.jsonl:1",
    )


def outcome(scenario: str = "one", **parts: Any) -> dict[str, Any]:
    """An outcome with something in every channel."""
    base: dict[str, Any] = {
        "id": scenario,
        "sms": [
            {"kind": "confirm", "to": "01000001234"},
            {"kind": "guide", "to": "01000001234", "store": "900101"},
        ],
        "writes": [
            {"op": "put", "key": dict(KEY), "item": dict(ROW)},
            {
                "op": "update",
                "key": {**KEY, "booking_num": "900101_2"},
                "set": {"remind_sms": True},
            },
        ],
        "ledger_after": [dict(ROW), {**ROW, "booking_num": "900101_2"}],
        "telegram": "010-0000-1234 예약확정 문자 발송 완료\n010-0000-1234 안내 문자 발송 완료",
    }
    return {**base, **parts}
