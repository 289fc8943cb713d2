"""What must hold of the stored job for a move to apply, and what the move changes.

Every store takes its conditions from here, so DynamoDB and memory cannot disagree on which
moves are legal. A condition sees the stored job only, never the caller's copy of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from booking_sms.domain.errors import IllegalMove, PayloadConflict
from booking_sms.domain.sms_job import FINAL, MOVES, JobState, Move, SmsJob, Withdrawal

Operator = Literal["in", "=", "<", ">"]
FIXED_FIELDS = frozenset({
    "booking_num",
    "sort_key",
    "kind",
    "occurrence",
    "store_id",
    "to",
    "due_at",
    "state",
    "attempt",
})
"""Identity, index keys, state and token: no caller changes them. Deferral moves not_before."""

ENTERING = frozenset({Move.REOPEN, Move.RENEW, Move.RENEW_HELD})
"""Moves that bring a job back into the index of open jobs."""
RENEWING = frozenset({Move.RENEW, Move.RENEW_HELD})
WITHDRAWN = frozenset(reason.value for reason in Withdrawal)
FACTS = frozenset({"now", "now_ms", "version"})
"""What guards compare with; never written."""


@dataclass(frozen=True, kw_only=True)
class Guard:
    """One condition on the stored job, and why it exists."""

    attribute: str
    operator: Operator
    value: Any
    reason: str

    def holds(self, stored: SmsJob) -> bool:
        """Whether the stored job satisfies the condition."""
        actual = getattr(stored, self.attribute)
        if self.operator == "in":
            return actual in self.value
        if self.operator == "<":
            return bool(actual < self.value)
        if self.operator == ">":
            return bool(actual > self.value)
        return bool(actual == self.value)


@dataclass(frozen=True, kw_only=True)
class PlannedWrite:
    """One conditional write: all guards hold on the stored job, then the changes apply."""

    move: Move | None
    guards: tuple[Guard, ...]
    changes: Mapping[str, Any]

    @property
    def target(self) -> JobState:
        """State of the job after the write."""
        state: JobState = self.changes["state"]
        return state

    @property
    def enters_index(self) -> bool:
        """Whether the job was out of the index of open jobs and comes back."""
        return self.move in ENTERING

    @property
    def is_final(self) -> bool:
        """Whether the job leaves the index of open jobs."""
        return self.target in FINAL

    def allows(self, stored: SmsJob) -> bool:
        """Whether every guard holds."""
        return all(guard.holds(stored) for guard in self.guards)

    def is_already_done(self, stored: SmsJob) -> bool:
        """Whether somebody made this very change before: the same outcome needs no second write.

        Never true of an intent: two senders that sign in the same millisecond make the same
        change, and only one of them may post.
        """
        if self.move is Move.INTENT:
            return False
        return all(getattr(stored, name) == value for name, value in self.changes.items())


def plan_move(job: SmsJob, move: Move, changes: Mapping[str, Any]) -> PlannedWrite:
    """Work out the conditional write of a move.

    ``changes`` are job fields, and the facts that guards compare with: ``now`` (business
    time) for INTENT, EXPIRE and REOPEN, ``now_ms`` (transport time) for LAPSE. INTENT also needs
    ``t0`` and ``lease_until``. Any move may ask for ``version``, the booking's version on the job
    that was judged. Raises IllegalMove when the caller's own copy forbids the move, TypeError for
    a missing fact, ValueError for a field that no move may change.
    """
    fields = _fields(changes)
    # A job that was out of the index comes back with any key; within it the key never changes.
    _refuse_fixed({n: v for n, v in fields.items() if n != "due_at" or move not in RENEWING})
    after = job.moved(move, **fields)
    _refuse_untried(job, move)
    attempt = job.attempt
    if move is Move.INTENT:
        _require(fields, "t0", "lease_until")
        attempt += 1
    return PlannedWrite(
        move=move,
        guards=(
            *_common_guards(job, move),
            *_own_guards(job, move, changes),
            *_version_guards(changes),
        ),
        changes={**fields, "state": after.state, "attempt": attempt},
    )


def plan_amendment(job: SmsJob, changes: Mapping[str, Any]) -> PlannedWrite:
    """Work out the conditional write that changes fields and leaves state and attempt alone.

    A ``version`` among the changes is a condition, as in ``plan_move``.
    """
    fields = _fields(changes)
    _refuse_fixed(fields)
    job.evolve(**fields)
    return PlannedWrite(
        move=None,
        guards=(
            Guard(
                attribute="state",
                operator="=",
                value=job.state,
                reason="a job that moved on is not what was judged",
            ),
            _attempt_guard(job),
            *_version_guards(changes),
        ),
        changes={**fields, "state": job.state, "attempt": job.attempt},
    )


def payload_conflict(stored: SmsJob, offered: SmsJob) -> PayloadConflict:
    """The incident of one key with two payloads: both texts by their sha256, and what differs."""
    return PayloadConflict(
        job_id=stored.job_id,
        booking_num=stored.booking_num,
        sort_key=stored.sort_key,
        kind=stored.kind,
        state=stored.state.value,
        differs=_differing(stored, offered),
        stored_body=stored.body_sha,
        offered_body=offered.body_sha,
        stored_rule=stored.rule,
        offered_rule=offered.rule,
        stored_window=stored.window,
        offered_window=offered.window,
        offered_payload=offered.payload_hash[:12],
    )


def incident_note(conflict: PayloadConflict) -> str:
    """Name of the control note that keeps a payload conflict for a person to judge.

    One for each payload that was offered, so that a second one does not overwrite the first.
    """
    context = conflict.context
    return f"incident#payload#{context['job_id']}#{context['offered_payload']}"


def _differing(stored: SmsJob, offered: SmsJob) -> str:
    """Names of what differs, never the values: one of them is a phone number."""
    names = ("to", "sender", "subject", "message_type", "body_sha")
    return ",".join(name for name in names if getattr(stored, name) != getattr(offered, name))


def _fields(changes: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in changes.items() if name not in FACTS}


def _version_guards(facts: Mapping[str, Any]) -> tuple[Guard, ...]:
    if "version" not in facts:
        return ()
    reason = "a later window knew the booking better than the one that asks"
    return (
        Guard(attribute="booking_version", operator="=", value=facts["version"], reason=reason),
    )


def _common_guards(job: SmsJob, move: Move) -> tuple[Guard, ...]:
    sources, _ = MOVES[move]
    state = Guard(
        attribute="state",
        operator="in",
        value=sources,
        reason="the state machine has no such move from any other state",
    )
    return (state, _attempt_guard(job))


def _attempt_guard(job: SmsJob) -> Guard:
    return Guard(
        attribute="attempt",
        operator="=",
        value=job.attempt,
        reason="the fencing token: a holder of an older attempt may write nothing",
    )


def _own_guards(job: SmsJob, move: Move, facts: Mapping[str, Any]) -> tuple[Guard, ...]:
    if move is Move.INTENT:
        _require(facts, "now")
        return _intent_guards(job, facts["now"])
    if move is Move.EXPIRE:
        _require(facts, "now")
        reason = "only what is past its useful life expires"
        return (Guard(attribute="not_after", operator="<", value=facts["now"], reason=reason),)
    if move is Move.REOPEN:
        _require(facts, "now")
        return (_useful_guard(facts["now"]), _resend_guard())
    if move in RENEWING:
        reason = (
            "only what the pipeline withdrew comes back by itself, never what a person cancelled"
        )
        return (Guard(attribute="reason", operator="in", value=WITHDRAWN, reason=reason),)
    if move is Move.LAPSE:
        _require(facts, "now_ms")
        reason = "its sender may still be at work within the lease"
        return (Guard(attribute="lease_until", operator="<", value=facts["now_ms"], reason=reason),)
    return ()


def _intent_guards(job: SmsJob, now: datetime) -> tuple[Guard, ...]:
    version = Guard(
        attribute="booking_version",
        operator="=",
        value=job.booking_version,
        reason="the booking that was looked at last is the one that is texted about",
    )
    return (_useful_guard(now), version, _resend_guard())


def _useful_guard(now: datetime) -> Guard:
    return Guard(
        attribute="not_after",
        operator=">",
        value=now,
        reason="a text past its useful life is never sent",
    )


def _resend_guard() -> Guard:
    return Guard(
        attribute="no_resend",
        operator="=",
        value=False,
        reason="superseded or cancelled while in doubt: absent or not, it is not sent again",
    )


def _refuse_fixed(changes: Mapping[str, Any]) -> None:
    fixed = sorted(FIXED_FIELDS & changes.keys())
    if fixed:
        raise ValueError(f"no move may change {', '.join(fixed)}")


def _refuse_untried(job: SmsJob, move: Move) -> None:
    """What was held before any attempt cannot have been sent; the attempt's guard keeps it so.

    Unless it was dated by a row of SENS's list: its table was restored to before the attempt.
    """
    is_untried = job.attempt == 0 and job.t0 == 0
    if move is Move.ACCEPT and job.state is JobState.HELD and is_untried:
        raise IllegalMove(job=job.job_id, state=job.state.value, move=move.value)


def _require(facts: Mapping[str, Any], *names: str) -> None:
    missing = [name for name in names if facts.get(name) is None]
    if missing:
        raise TypeError(f"this move needs {', '.join(missing)}")
