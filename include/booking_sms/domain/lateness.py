"""Whether a message is decided later than it could have been.

A rule says by ``late_policy`` what becomes of a late message. Late is what a window before this
one could have decided: the rule held then already, and only the booking was not there yet (it
was made after its reminder was due), or no run looked (an outage). A rule without any time in
its conditions has no due instant, so no booking is ever made too late for it.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from booking_sms.domain import condition_model as language
from booking_sms.domain.booking import Booking
from booking_sms.domain.condition_model import Condition
from booking_sms.domain.conditions import CANNOT_SAY, CompiledRule
from booking_sms.domain.facts import Facts
from booking_sms.domain.window import WINDOW_LENGTH

LATE = "late"
"""Reason of a message that its rule's late_policy dropped or put off."""


def is_late(compiled: CompiledRule, facts: Facts) -> bool:
    """Whether the window before could have decided what ``compiled`` decides on these facts."""
    earlier = replace(facts, as_of=facts.as_of - WINDOW_LENGTH)
    try:
        held = not compiled.first_failure(earlier)
    except CANNOT_SAY:
        return False
    return held and (_was_known(facts.booking, earlier.as_of) or is_timed(compiled.rule.when))


def is_timed(condition: Condition) -> bool:
    """Whether a condition becomes true by time alone, so that its rule has a due instant."""
    match condition:
        case language.AllOf(all=parts) | language.AnyOf(any=parts):
            return any(map(is_timed, parts))
        case language.Not(not_=part):
            return is_timed(part)
        case language.BeforeVisit(within_minutes=within):
            return within is not None
        case _:
            return isinstance(
                condition,
                language.TimeBeforeBooking
                | language.DuringVisit
                | language.AfterVisit
                | language.CurrentHour,
            )


def _was_known(booking: Booking, instant: datetime) -> bool:
    """Whether the booking had its present status at ``instant``, as far as the payload tells."""
    since = booking.status_since or booking.registered_at
    return since is not None and since <= instant
