"""The shipped catalog and small makers, for tests of what is decided and what becomes of it."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

from booking_sms.config.catalog_loader import load_catalog
from booking_sms.domain.booking import Booking
from booking_sms.domain.catalog import Catalog
from booking_sms.domain.decision import WindowPlan
from booking_sms.domain.ledger import Ledger, LedgerRow
from booking_sms.domain.rule import RuleSet
from booking_sms.domain.window import Window
from booking_sms.pipeline.plan import everywhere, plan_window
from booking_sms.testing import NOW, InMemorySecretSource

INCLUDE = Path(__file__).resolve().parents[3] / "include"
CATALOG = load_catalog(INCLUDE, "legacy")
EVENING = NOW.replace(hour=20)


def shop_secrets() -> InMemorySecretSource:
    """Door code and Wi-Fi key of every shipped store."""
    return InMemorySecretSource({
        f"booking-sms/stores/{store}#{key}": value
        for store in CATALOG.stores.stores
        for key, value in (("door_code", f"{store[-4:]}#"), ("wifi_password", "wifi-0000"))
    })


def ledger_of(*rows: LedgerRow) -> Ledger:
    """A ledger of these rows."""
    return Ledger({row.key: row for row in rows})


def decide(
    *bookings: Booking,
    rows: tuple[LedgerRow, ...] = (),
    as_of: datetime = NOW,
    rules: RuleSet = CATALOG.rules,
    rollout: dict[str, str] | None = None,
) -> WindowPlan:
    """Plan with the shipped rules at full rollout unless told otherwise."""
    stages = everywhere(rules) if rollout is None else rollout
    return plan_window(bookings, ledger_of(*rows), rules, CATALOG.stores, Window(as_of), stages)


def kinds_of(plan: WindowPlan) -> list[str]:
    """Kinds decided, in order."""
    return [decision.kind for decision in plan.decisions]


def with_rules(*rules: dict[str, Any]) -> RuleSet:
    """A rule set of changed copies of ``guide-two-hours``."""
    base = CATALOG.rules.rule("guide-two-hours").model_dump(mode="json")
    return RuleSet.model_validate({"name": "mine", "rules": [{**base, **rule} for rule in rules]})


def with_catalog(**parts: Any) -> Catalog:
    """The shipped catalog with parts replaced."""
    return replace(CATALOG, **parts)
