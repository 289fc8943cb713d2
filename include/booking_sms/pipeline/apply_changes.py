"""Writes a window's changes of jobs: each one a conditional write that may be made again.

A crash between any two leaves jobs that the next window judges anew from what stands there. A
write that lost its race means that the job moved on (it was sent, or a later window knew better):
nothing is forced, and what was planned in its place is not loaded.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from booking_sms.domain.errors import JobUnreadable, StoreThrottled, StoreUnavailable
from booking_sms.domain.job_change import RENDERED, Action, JobChange
from booking_sms.domain.sms_job import FORGOTTEN, JobState, Move, SmsJob
from booking_sms.ports import SmsJobRepository

RENEWED = ("rule", "window", "not_before", "due_at", "reason", "plan_hash")
"""What a renewed job takes from the new plan besides its text."""


class Applied(StrEnum):
    """How one change ended; ``there``: the message stands there already, or is left alone."""

    DONE = "done"
    THERE = "there"
    LOST = "lost"
    UNWRITTEN = "unwritten"


def apply_change(change: JobChange, jobs: SmsJobRepository) -> Applied:
    """Make one change; a store that fails is ``unwritten``, and trying again is safe."""
    try:
        if change.action is Action.LEAVE:
            return Applied.THERE
        if change.action is Action.RENEW:
            return _renew(change, jobs)
        return Applied.DONE if _write(change, jobs) else Applied.LOST
    except JobUnreadable:
        return Applied.LOST
    except (StoreThrottled, StoreUnavailable):
        return Applied.UNWRITTEN


def _write(change: JobChange, jobs: SmsJobRepository) -> SmsJob | None:
    job, seen = change.job, {"version": change.job.booking_version}
    match change.action:
        case Action.CANCEL:
            return jobs.move(job, Move.CANCEL, reason=change.reason, **seen)
        case Action.SUPERSEDE:
            return jobs.move(job, Move.SUPERSEDE, reason=change.reason, **seen)
        case Action.MARK:
            return jobs.amend(job, no_resend=True, **seen)
        case Action.UNMARK:
            return jobs.amend(job, no_resend=False, **seen)
        case Action.HOLD:
            fields = _fields(change, RENDERED)
            return jobs.move(job, Move.HOLD, reason=change.reason, **fields, **seen)
        case _:
            return jobs.amend(job, no_resend=False, **_fields(change, RENDERED), **seen)


def _renew(change: JobChange, jobs: SmsJobRepository) -> Applied:
    """Bring a withdrawn message back, with the new text, to wait for its time or for a person."""
    new = _after(change)
    fields = _fields(change, (*RENDERED, *RENEWED)) | {"no_resend": False, "looks": 0}
    # What the hours of its rule drop goes through held: a crash in between sends nothing.
    is_waiting = new.state in (JobState.AVAILABLE, JobState.SCHEDULED)
    move = Move.RENEW if is_waiting else Move.RENEW_HELD
    renewed = jobs.move(change.job, move, **fields, version=change.job.booking_version)
    if renewed is None:
        return _after_lost_renewal(change, jobs)
    if new.state is JobState.SUPPRESSED:
        jobs.move(renewed, Move.SUPPRESS, reason=new.reason)
    return Applied.DONE


def _after_lost_renewal(change: JobChange, jobs: SmsJobRepository) -> Applied:
    stored = jobs.get(*change.key)
    return Applied.LOST if stored is None or stored.state in FORGOTTEN else Applied.THERE


def _fields(change: JobChange, names: tuple[str, ...]) -> dict[str, Any]:
    after = _after(change)
    return {name: getattr(after, name) for name in names}


def _after(change: JobChange) -> SmsJob:
    if change.after is None:
        raise AssertionError(f"{change.action} needs the job as it is rendered")
    return change.after
