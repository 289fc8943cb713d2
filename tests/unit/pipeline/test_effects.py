from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from rule_world import CATALOG, EVENING, decide, with_catalog

from booking_sms.domain.decision import WindowPlan
from booking_sms.domain.price import Prices
from booking_sms.domain.rule import RuleSet
from booking_sms.pipeline.effects import Effects, effects_of, masked_text
from booking_sms.testing import NOW, make_booking

PRICES = Prices(sms=Decimal(9), lms=Decimal(30))
EVENT = CATALOG.rules.rule("event-at-eight").model_dump(mode="json")


def seen(plan: WindowPlan, **parts: Any) -> Effects:
    return effects_of(plan, with_catalog(**parts), PRICES, now=plan.window.as_of)


def own_rules(**changes: Any) -> RuleSet:
    """One advertising rule for everybody, in full effect."""
    when = {"type": "booking_status", "status": "confirmed"}
    rule = {**EVENT, "name": "mine", "when": when, "rollout": "all", **changes}
    return RuleSet.model_validate({"name": "own", "rules": [rule]})


def test_an_effect_says_everything_and_names_nobody() -> None:
    effects = seen(decide(make_booking(starts_in=timedelta(hours=1), name="김별빛")))

    confirm, guide = effects.texts
    assert (confirm.kind, guide.kind) == ("confirm", "guide")
    assert guide.recipient == "010-****-1234"
    assert guide.as_dict()["quiet_hours"] == "now"
    assert (guide.stage, guide.held, guide.message_type) == ("live", "", "LMS")
    assert "[door_code]" in guide.text
    assert guide.bytes_used == len(guide.text.encode("cp949"))
    assert effects.estimated_krw == Decimal(60)
    assert effects.skipped["event-at-eight: booking_status"] == 1


def test_a_name_in_a_text_is_masked_and_its_bytes_are_those_of_the_name() -> None:
    confirm = replace(CATALOG.messages.get("confirm"), text="{{ booking.name }}님", form="auto")
    templates = {**CATALOG.messages.templates, "confirm": confirm}
    plan = decide(make_booking(starts_in=timedelta(hours=5), name="김별빛"))

    (effect,) = seen(plan, messages=replace(CATALOG.messages, templates=templates)).texts

    assert effect.text == "김*빛님"
    assert (effect.bytes_used, effect.message_type, effect.estimated_krw) == (8, "SMS", Decimal(9))


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("010-0000-1234로 연락", "010-****-1234로 연락"),
        ("01000001234", "010-****-1234"),
        ("문의 15990100, 080-000-0100", "문의 15990100, 080-000-0100"),
    ],
)
def test_numbers_of_people_are_masked_and_those_of_stores_are_not(text: str, shown: str) -> None:
    assert masked_text(text) == shown


def test_a_shadow_rule_is_shown_and_costs_nothing() -> None:
    booking = make_booking(starts_in=timedelta(hours=5))

    effects = seen(decide(booking, rollout={"confirm-first-sight": "shadow"}))

    (effect,) = effects.texts
    assert effect.stage == "shadow"
    assert effects.estimated_krw == 0
    assert effects.as_dict()["would_leave"] == 0


def test_a_text_that_cannot_go_out_says_why() -> None:
    plan = decide(make_booking(starts_in=timedelta(hours=5), phone="02-000-0000"))

    (effect,) = seen(plan).texts

    assert effect.held == "PhoneInvalid kind=landline"
    assert seen(plan).estimated_krw == 0


@pytest.mark.parametrize(
    ("hour", "changes", "verdict"),
    [
        (20, {}, "now"),
        (21, {}, "deferred to 03-03 20:00"),
        (21, {"deferred_to": None}, "deferred to 03-03 08:10"),
        (21, {"deferred_to": None, "out_of_hours": "drop"}, "dropped"),
        (21, {"not_after": {"visit_end": "0m"}}, "dropped"),
    ],
)
def test_quiet_hours_have_a_verdict(hour: int, changes: dict[str, Any], verdict: str) -> None:
    rules = own_rules(**changes)
    as_of = EVENING.replace(hour=hour)
    booking = make_booking(starts_at=as_of + timedelta(hours=1))

    (effect,) = seen(decide(booking, rules=rules, as_of=as_of), rules=rules).texts

    assert str(effect.timing) == verdict


def test_an_old_window_would_wait_for_approval() -> None:
    plan = decide(make_booking(starts_in=timedelta(hours=5)))

    (effect,) = effects_of(plan, CATALOG, PRICES, now=NOW + timedelta(hours=1)).texts

    assert effect.held == "awaiting_approval"
