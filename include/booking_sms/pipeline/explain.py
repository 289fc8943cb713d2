"""Why a booking did, or did not, get a message at an instant: the truth table of every rule."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from booking_sms.domain.booking import KST, Booking
from booking_sms.domain.conditions import Verdict, explain
from booking_sms.domain.facts import Facts
from booking_sms.domain.ledger import Ledger
from booking_sms.domain.rule import Rule, RuleSet, Scope
from booking_sms.pipeline.history import History
from booking_sms.pipeline.plan import digest_number, is_shadow, occurrence_of


@dataclass(frozen=True)
class RuleVerdict:
    """One rule's answer. ``gates`` come first: enabled, active, stores, no job yet."""

    rule: Rule
    gates: tuple[Verdict, ...]
    conditions: Verdict
    shadow: bool

    @property
    def value(self) -> bool | None:
        """True: the rule decides a message; None: it could not be worked out."""
        if not all(gate.value for gate in self.gates):
            return False
        return self.conditions.value


def explain_booking(
    booking: Booking,
    ledger: Ledger,
    rules: RuleSet,
    as_of: datetime,
    rollout: Mapping[str, str] | None = None,
) -> tuple[RuleVerdict, ...]:
    """Every rule's truth table for one booking, on the ledger as it is."""
    history = History(ledger, rules)
    facts = history.facts(booking, as_of.astimezone(KST))
    stages = dict(rollout or {})
    return tuple(
        RuleVerdict(
            rule=rule,
            gates=_gates(rule, facts, history),
            conditions=explain(rule.when, facts),
            shadow=is_shadow(stages.get(rule.name, rule.rollout), booking.store_id),
        )
        for rule in rules.rules
    )


def _gates(rule: Rule, facts: Facts, history: History) -> tuple[Verdict, ...]:
    booking = facts.booking
    gates = [Verdict("enabled", rule.enabled, "in the rule file")]
    if rule.active is not None:
        day = f"{facts.as_of:%Y-%m-%d %a}"
        gates.append(Verdict("active", rule.active.contains(facts.as_of), f"window of {day}"))
    if rule.stores:
        here = booking.store_id in rule.stores
        gates.append(Verdict(f"stores {'|'.join(rule.stores)}", here, f"store {booking.store_id}"))
    occurrence = occurrence_of(rule, booking, facts.as_of)
    if _is_done(rule, booking, occurrence, history):
        gates.append(Verdict("no job yet", False, f"{rule.kind} {occurrence} has a job"))
    return tuple(gates)


def _is_done(rule: Rule, booking: Booking, occurrence: str, history: History) -> bool:
    if not rule.is_notice:
        return history.has_job(booking, rule, occurrence)
    number = digest_number(rule) if rule.scope is Scope.RUN else booking.booking_num
    return history.has_notice(number, rule, occurrence)
