"""What changes for customers when one rule set takes the place of another, on given scenarios."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from booking_sms.domain.catalog import Catalog
from booking_sms.domain.decision import Decision, WindowPlan
from booking_sms.domain.phone import mask_phone
from booking_sms.parity.outcome import ParseBooking, plan_of
from booking_sms.parity.scenario import Scenario

MessageName = tuple[str, str, str]


@dataclass(frozen=True, kw_only=True)
class Change:
    """One message that only one of two rule sets decides; ``gained`` if it is the second.

    ``rule`` is the rule that decides it; ``recipient`` is masked.
    """

    scenario: str
    booking: str
    rule: str
    kind: str
    recipient: str
    gained: bool


def rule_changes(
    scenarios: Iterable[Scenario], before: Catalog, after: Catalog, parse: ParseBooking
) -> Iterator[Change]:
    """Every message that is lost or gained, scenario by scenario.

    Raises BookingMalformed for a scenario that cannot be decided.
    """
    for scenario in scenarios:
        left = _messages(plan_of(scenario, before.rules, before.stores, parse))
        right = _messages(plan_of(scenario, after.rules, after.stores, parse))
        yield from _only(scenario, left, right, gained=False)
        yield from _only(scenario, right, left, gained=True)


def _messages(plan: WindowPlan) -> dict[MessageName, Decision]:
    """Decisions by booking, kind and phone: what a customer would call the same message."""
    return {
        (decision.booking.booking_num, decision.kind, decision.phone): decision
        for decision in plan.decisions
    }


def _only(
    scenario: Scenario,
    here: Mapping[MessageName, Decision],
    there: Mapping[MessageName, Decision],
    *,
    gained: bool,
) -> Iterator[Change]:
    for name, decision in here.items():
        if name not in there:
            yield Change(
                scenario=scenario.id,
                booking=decision.booking.booking_num,
                rule=decision.rule.name,
                kind=decision.kind,
                recipient=mask_phone(decision.phone),
                gained=gained,
            )
