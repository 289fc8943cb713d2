from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from booking_sms.config.catalog_loader import load_catalog
from booking_sms.domain.catalog_change import catalog_change, resend_dangers
from booking_sms.domain.rule import RuleSet
from booking_sms.testing import NOW

LEGACY = load_catalog(Path(__file__).resolve().parents[3] / "include", "legacy")
GUIDE = LEGACY.rules.rule("guide-two-hours").model_dump(mode="json")
OWN = {**GUIDE, "kind": "drink", "flag": "", "name": "drink"}


def rules(**changes: Any) -> RuleSet:
    return RuleSet.model_validate({"name": "own", "rules": [{**OWN, **changes}]})


def dated(instant: datetime) -> dict[str, Any]:
    return {"occurrence": "per_day", "effective_from": instant.isoformat()}


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        pytest.param({}, "", id="nothing"),
        pytest.param({"name": "renamed"}, "", id="a name is free to change"),
        pytest.param({"description": "new"}, "", id="words too"),
        pytest.param({"kind": "soda"}, "formerly: [drink]", id="a kind is not"),
        pytest.param({"kind": "soda", "formerly": ["drink"]}, "", id="unless it says so"),
        pytest.param({"kind": "soda", "formerly": ["tea"]}, "formerly: [drink]", id="rightly"),
        pytest.param({"occurrence": "per_day"}, "effective_from", id="nor how often"),
        pytest.param(
            {"name": "other", "occurrence": "per_day"}, "effective_from", id="by any rule"
        ),
        pytest.param(dated(NOW), "", id="unless from now on"),
        pytest.param(dated(NOW - timedelta(days=1)), "effective_from", id="an old day is no help"),
    ],
)
def test_changes_that_would_text_twice_are_named(changes: dict[str, Any], said: str) -> None:
    found = resend_dangers(rules(), rules(**changes), NOW)

    assert len(found) == bool(said)
    assert said in "".join(found)


def test_the_instant_to_write_is_given_as_it_is_written() -> None:
    (danger,) = resend_dangers(rules(), rules(occurrence="per_start"), NOW)

    assert "an instant after 2026-03-02T14:00+09:00" in danger


def test_what_changed_is_listed_by_name() -> None:
    confirm = replace(LEGACY.messages.get("confirm"), text="새 글")
    messages = replace(LEGACY.messages, templates={**LEGACY.messages.templates, "confirm": confirm})
    stores = {**LEGACY.stores.stores}
    del stores["900108"]
    after = replace(
        LEGACY,
        rules=rules(),
        messages=messages,
        stores=replace(LEGACY.stores, stores=stores, brand="새 이름"),
    )

    change = catalog_change(LEGACY, after)

    assert change.rules_added == ("drink",)
    assert "guide-two-hours" in change.rules_removed
    assert (change.texts, change.stores) == (("confirm",), ("900108", "_chain"))
    assert change.touches_sent_texts
    assert not catalog_change(LEGACY, LEGACY).touches_sent_texts
