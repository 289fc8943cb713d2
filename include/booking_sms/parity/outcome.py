"""A plan in the form of the goldens: what LEGACY would have sent, written and told.

No decision is made here. The ledger effect is shown as if every message had been accepted, in
LEGACY's order; when our pipeline really writes a flag is another matter.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from itertools import groupby
from typing import Any

from booking_sms.domain.booking import Booking, BookingStatus
from booking_sms.domain.decision import Decision, WindowPlan
from booking_sms.domain.errors import BookingMalformed
from booking_sms.domain.ledger import Ledger, first_sight_row
from booking_sms.domain.phone import ledger_phone, recipient_of
from booking_sms.domain.rule import RuleSet
from booking_sms.domain.store import StoreDirectory
from booking_sms.domain.window import Window
from booking_sms.parity.scenario import Scenario
from booking_sms.pipeline.plan import everywhere, plan_window
from booking_sms.pipeline.summary import IDLE, lines_of_plan, summary_text

Outcome = dict[str, Any]
ParseBooking = Callable[[str, Mapping[str, Any]], Booking]


def decide(
    scenario: Scenario, rules: RuleSet, stores: StoreDirectory, parse: ParseBooking
) -> Outcome:
    """What the rules decide for a scenario, at full rollout; ``{"id", "error"}`` if they cannot.

    A payload that cannot be parsed is an error of the whole scenario, never a silent gap; so is
    whatever else the candidate raises, while the other scenarios are decided.
    """
    try:
        return outcome_of(scenario.id, plan_of(scenario, rules, stores, parse))
    except BookingMalformed as error:
        return {"id": scenario.id, "error": f"{error.code}: {error}"}
    except Exception as error:  # noqa: BLE001 - one scenario's end, told with the others
        # Its message may quote the booking.
        return {"id": scenario.id, "error": f"raised {type(error).__name__}"}


def plan_of(
    scenario: Scenario, rules: RuleSet, stores: StoreDirectory, parse: ParseBooking
) -> WindowPlan:
    """The plan of a scenario at full rollout; BookingMalformed when a payload is unusable."""
    bookings = list(bookings_of(scenario, parse))
    ledger = Ledger({row.key: row for row in scenario.ledger_before})
    return plan_window(bookings, ledger, rules, stores, Window(scenario.now), everywhere(rules))


def bookings_of(scenario: Scenario, parse: ParseBooking) -> Iterator[Booking]:
    """The scenario's bookings. The list that a payload came in is its status, as for LEGACY,
    which asked by status and never looked at the code again."""
    lists = (
        (scenario.confirmed, BookingStatus.CONFIRMED),
        (scenario.completed, BookingStatus.COMPLETED),
    )
    for payloads, status in lists:
        for payload in payloads:
            store_id = str(payload.get("businessId", ""))
            yield replace(parse(store_id, payload), status=status)


def outcome_of(scenario_id: str, plan: WindowPlan) -> Outcome:
    """The plan in the goldens' own form."""
    rows = sorted(plan.ledger_after.rows.values(), key=lambda row: row.key)
    return {
        "id": scenario_id,
        "sms": [_message(decision) for decision in plan.decisions],
        "writes": list(_writes(plan.decisions)),
        "ledger_after": [dict(row.item) for row in rows],
        "telegram": summary_text(lines_of_plan(plan), str, idle=IDLE),
    }


def _message(decision: Decision) -> dict[str, str]:
    message = {"kind": decision.kind, "to": recipient_of(decision.phone)}
    if decision.rule.store_specific_sender:
        message["store"] = decision.booking.store_id
    return message


def _writes(decisions: Iterable[Decision]) -> Iterator[dict[str, Any]]:
    """A booking seen for the first time is one put with its flags, else one update per flag."""
    for _, group in groupby(decisions, key=lambda decision: decision.position):
        look = list(group)
        booking, phone = look[0].booking, ledger_phone(look[0].phone)
        key = {"booking_num": booking.booking_num, "phone": phone}
        flags = [decision.flag for decision in look if decision.flag]
        if look[0].first_sight:
            row = first_sight_row(
                booking.booking_num, phone, booking.name, booking.booking_time
            ).with_values(**dict.fromkeys(flags, True))
            yield {"op": "put", "key": key, "item": dict(row.item)}
        else:
            for flag in flags:
                yield {"op": "update", "key": key, "set": {flag: True}}
