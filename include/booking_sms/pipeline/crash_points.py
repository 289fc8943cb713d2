"""Where a process may die on the way of one text, and what its text is then.

A point is named by the last call to a port that took effect; a call that took no effect leaves
the point before it. The test of this table crashes at every call of every scenario: a new write
without a line here turns it red, and so does a line that is wrong.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from booking_sms.domain.send_meaning import SendMeaning
from booking_sms.domain.sms_job import JobState

NOT_SENT, ACCEPTED = SendMeaning.NOT_SENT, SendMeaning.ACCEPTED
DOUBT, PERMANENT = SendMeaning.DOUBT, SendMeaning.PERMANENT


@dataclass(frozen=True, kw_only=True)
class CrashPoint:
    """``after`` is the last call that took effect, ``found_as`` what the next run finds."""

    after: str
    moment: str
    meaning: SendMeaning
    found_as: JobState
    then: str


BEFORE_ANYTHING = CrashPoint(
    after="",
    moment="before the signature: switches, last look, text",
    meaning=NOT_SENT,
    found_as=JobState.AVAILABLE,
    then="the next tick sends it",
)
CRASH_POINTS = (
    BEFORE_ANYTHING,
    CrashPoint(
        after="sign",
        moment="signature made, intent not written",
        meaning=NOT_SENT,
        found_as=JobState.AVAILABLE,
        then="the next tick signs anew; nobody has the old signature",
    ),
    CrashPoint(
        after="move:intent",
        moment="intent written; before or during the POST",
        meaning=DOUBT,
        found_as=JobState.SENDING,
        then="lapses; the list decides",
    ),
    CrashPoint(
        after="send",
        moment="answer of SENS read, whatever it was, not written",
        meaning=DOUBT,
        found_as=JobState.SENDING,
        then="lapses; the list decides",
    ),
    CrashPoint(
        after="claim_request",
        moment="request id of an SMS claimed, acceptance not written",
        meaning=DOUBT,
        found_as=JobState.SENDING,
        then="lapses; found in the list, the claim is its own",
    ),
    CrashPoint(
        after="record_advertising",
        moment="the number's advertising gap begun, outcome not written",
        meaning=DOUBT,
        found_as=JobState.SENDING,
        then="lapses; the list decides",
    ),
    CrashPoint(
        after="move:accept",
        moment="accepted, flag of the ledger not set",
        meaning=ACCEPTED,
        found_as=JobState.ACCEPTED,
        then="the delivery poll sets the flag before it ends the job",
    ),
    CrashPoint(
        after="mark_accepted",
        moment="flag set",
        meaning=ACCEPTED,
        found_as=JobState.ACCEPTED,
        then="the delivery poll ends the job",
    ),
    CrashPoint(
        after="move:not_sent",
        moment='"certainly not sent" written',
        meaning=NOT_SENT,
        found_as=JobState.RETRYABLE,
        then="the tick after its pause sends it",
    ),
    CrashPoint(
        after="move:refuse",
        moment="refusal written",
        meaning=PERMANENT,
        found_as=JobState.REJECTED,
        then="nothing; final",
    ),
    CrashPoint(
        after="move:doubt",
        moment="doubt written",
        meaning=DOUBT,
        found_as=JobState.OUTCOME_UNKNOWN,
        then="the list decides",
    ),
    CrashPoint(
        after="move:lapse",
        moment="reconcile: lapse written",
        meaning=DOUBT,
        found_as=JobState.OUTCOME_UNKNOWN,
        then="the list decides",
    ),
    CrashPoint(
        after="find",
        moment="reconcile: list read, verdict not written",
        meaning=DOUBT,
        found_as=JobState.OUTCOME_UNKNOWN,
        then="the list is read again",
    ),
    CrashPoint(
        after="amend",
        moment="reconcile: look counted",
        meaning=DOUBT,
        found_as=JobState.OUTCOME_UNKNOWN,
        then="the next look goes on from there",
    ),
    CrashPoint(
        after="move:settle_absent",
        moment="reconcile: absence written",
        meaning=NOT_SENT,
        found_as=JobState.RETRYABLE,
        then="the next tick sends it as a new attempt",
    ),
    CrashPoint(
        after="move:expire",
        moment="reconcile: absent and too late, end written",
        meaning=PERMANENT,
        found_as=JobState.EXPIRED,
        then="nothing; final",
    ),
    CrashPoint(
        after="move:cancel",
        moment="reconcile: absent and no longer wanted, end written",
        meaning=PERMANENT,
        found_as=JobState.CANCELLED,
        then="nothing; final",
    ),
)
_BY_CALL = {point.after: point for point in CRASH_POINTS}


def crash_point_of(calls: Iterable[str]) -> CrashPoint:
    """The point after these calls: that of the last one which changes what can be known."""
    named = [_BY_CALL[call] for call in calls if call in _BY_CALL]
    return named[-1] if named else BEFORE_ANYTHING
