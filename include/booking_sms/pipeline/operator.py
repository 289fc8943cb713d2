"""What a person may decide about one job: settled, dropped, cancelled, reopened or approved.

Every decision has a name and a reason. The trail is written before the job: what was changed is
never without its record. A job that moved on meanwhile is left alone, and the record says so.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, NoReturn

from booking_sms.domain.errors import ActionRefused, GatewayListUnavailable
from booking_sms.domain.message import MessageType
from booking_sms.domain.sms_job import (
    UNSENT,
    JobState,
    Move,
    SmsJob,
    attempt_reference,
)
from booking_sms.pipeline.acceptance import Acceptance, record_acceptance
from booking_sms.pipeline.matching import Verdict
from booking_sms.pipeline.open_jobs import instant_of
from booking_sms.pipeline.services import DispatchServices, ReconcilePolicy
from booking_sms.pipeline.settle import look_at_list
from booking_sms.ports import GatewayMessage

SETTLED_SENT, SETTLED_NOT_SENT = "settled_sent_by_person", "settled_not_sent_by_person"
RESENT_BY_PERSON = "possible_duplicate_by_person"
"""Attempt outcome of a resend that a person chose before absence was proved."""

CERTAINLY_NOT_SENT = frozenset({"not_sent", "absent", SETTLED_NOT_SENT})
"""Outcomes of the last attempt after which a held job may go out without a look at the list."""

LATER_TRIES = 20
"""Tries that a job may have made after what its table remembers: it was restored, or made anew."""

OUT_BUT_SETTLED = "accepted_after_settled"
"""Reason of a held job whose text went out after its attempt had been called absent."""


@dataclass(frozen=True, kw_only=True)
class Person:
    """Who decides, and why; both are kept."""

    by: str
    reason: str

    def __post_init__(self) -> None:
        if not (self.by.strip() and self.reason.strip()):
            raise ActionRefused("a decision needs a name and a reason")


class Operator:
    """The decisions of one person. Each returns the job as it stands afterwards.

    All raise ActionRefused, naming the job's state, for what is not legal or was overtaken, and
    LoadError when the store fails: then nothing is known, and asking again is safe.
    """

    def __init__(self, services: DispatchServices, policy: ReconcilePolicy, person: Person) -> None:
        self._services = services
        self._policy = policy
        self._person = person

    # -- sent or not --------------------------------------------------------------------------

    def settle_as_sent(self, job: SmsJob, request_id: str) -> SmsJob:
        """A held job or one in doubt went out as this request of SENS's; the flag is set too.

        Refused unless SENS lists that request for this very recipient (and, for an LMS, with a
        reference of this job), and unless no other job has it. A held job that remembers no try
        may have been restored to before it: then an SMS must show this very text.
        """
        self._require_settleable(job)
        row = self._row_of(job, request_id)
        if not self._services.ledger.claim_request(job, request_id):
            _refuse(job, f"request {request_id} belongs to another job")
        self._record(job, f"settle sent {request_id}")
        if job.attempt == 0:
            job = self._dated(job, row)
        result = record_acceptance(
            self._services, job, request_id, message_id=row.message_id, note=SETTLED_SENT
        )
        if result is Acceptance.INCIDENT:
            self._overtaken(job)
        return self._now(job)

    def settle_as_seen(self, job: SmsJob) -> SmsJob:
        """The person saw the text on the phone; no row of SENS's is named, so none is polled."""
        self._require_tried(job)
        self._record(job, "settle sent, seen on the phone")
        attempts = job.with_attempt(SETTLED_SENT).attempts
        accepted = self._services.jobs.move(
            job, Move.ACCEPT, reason=SETTLED_SENT, request_id="", attempts=attempts
        )
        if accepted is None:
            self._overtaken(job)
        # A crash here: accepted without a request id; the delivery poll sets the flag and ends it.
        self._services.ledger.mark_accepted(accepted)
        self._services.jobs.move(accepted, Move.DELIVER)
        return self._now(job)

    def settle_as_not_sent(self, job: SmsJob, *, accept_possible_duplicate: bool) -> SmsJob:
        """A doubt, or a held job whose last try is one, goes out again.

        Refused before the settle time, or while SENS lists it or cannot be asked, unless the
        person accepts a possible duplicate: the attempt history then says so.
        """
        if not is_in_doubt(job):
            _refuse(job, "its last try is not in doubt")
        if job.state is JobState.SENDING:
            _refuse(job, "its sender may be at work; wait until its lease lapses")
        self._require_wanted(job)
        doubt = self._why_it_may_have_gone_out(job)
        if doubt and not accept_possible_duplicate:
            _refuse(job, f"{doubt}; it could arrive twice (--accept-possible-duplicate)")
        outcome = RESENT_BY_PERSON if doubt else SETTLED_NOT_SENT
        self._record(job, f"settle not sent, resend ({doubt or 'provably absent'})")
        return self._resend(job, outcome)

    # -- wanted or not ------------------------------------------------------------------------

    def approve(self, job: SmsJob) -> SmsJob:
        """A held job goes out after all, within its useful life and after the usual last look."""
        self._require_state(job, JobState.HELD)
        self._require_wanted(job)
        if is_in_doubt(job):
            _refuse(job, "its last try is in doubt: settle it as sent or as not sent")
        return self._move(job, Move.APPROVE, "approve", reason="")

    def drop(self, job: SmsJob) -> SmsJob:
        """A held job is not sent."""
        self._require_state(job, JobState.HELD)
        return self._move(job, Move.CANCEL, "drop", reason="dropped_by_person")

    def cancel(self, job: SmsJob) -> SmsJob:
        """Whatever was not sent yet is not sent."""
        if job.state not in UNSENT:
            _refuse(job, "only what was certainly not sent can be cancelled")
        return self._move(job, Move.CANCEL, "cancel", reason="cancelled_by_person")

    def reopen(self, job: SmsJob) -> SmsJob:
        """A cancelled job waits for a person again; to send it, approve it then.

        Every other final state stands: expired is always final, and what was sent stays sent.
        """
        if job.state is JobState.HELD:
            _refuse(job, "it is open; approve or drop it")
        self._require_state(job, JobState.CANCELLED)
        self._require_wanted(job)
        now = self._services.clock.now()
        return self._move(job, Move.REOPEN, "reopen", reason="reopened_by_person", now=now)

    # -- what must hold -----------------------------------------------------------------------

    def _require_settleable(self, job: SmsJob) -> None:
        if job.state not in (JobState.HELD, JobState.OUTCOME_UNKNOWN) or not job.is_text:
            _refuse(job, "only a held text or one in doubt can be settled as sent")

    def _require_tried(self, job: SmsJob) -> None:
        self._require_settleable(job)
        if job.attempt == 0:
            _refuse(job, "no text of this job was ever tried; name SENS's request, or drop it")

    def _require_state(self, job: SmsJob, state: JobState) -> None:
        if job.state is not state:
            _refuse(job, f"only a {state.value} job can be that")

    def _require_wanted(self, job: SmsJob) -> None:
        if job.not_after <= self._services.clock.now():
            _refuse(job, f"its useful life ended at {job.not_after.isoformat()}")
        if job.no_resend:
            _refuse(job, "its booking no longer wants it")

    def _row_of(self, job: SmsJob, request_id: str) -> GatewayMessage:
        """The named request, as SENS lists it for this recipient."""
        rows = [r for r in self._services.gateway.by_request(request_id) if r.to == job.to]
        if not rows:
            _refuse(job, f"SENS lists no request {request_id} for this recipient")
        if job.message_type != MessageType.SMS and not names_job(rows[0], job):
            _refuse(job, f"request {request_id} carries the reference of another message")
        if job.attempt == 0 and not is_text_of(rows[0], job):
            _refuse(job, f"request {request_id} does not show the text of this job")
        return rows[0]

    def _why_it_may_have_gone_out(self, job: SmsJob) -> str:
        """Why a resend could double; empty if absence is proved now."""
        if job.reason == OUT_BUT_SETTLED:
            return "SENS has accepted it after it was settled as absent"
        settled_at = instant_of(job.t0) + timedelta(seconds=self._policy.settle_s)
        if instant_of(self._services.transport_clock.now_ms()) < settled_at:
            return f"its settle time ends at {settled_at.isoformat()}"
        try:
            match = look_at_list(self._services, self._policy, job)
        except GatewayListUnavailable:
            return "SENS's list cannot be read"
        listed = ", ".join(row.request_id for row in match.rows)
        return "" if match.verdict is Verdict.ABSENT else f"SENS lists {listed}"

    # -- writes -------------------------------------------------------------------------------

    def _resend(self, job: SmsJob, outcome: str) -> SmsJob:
        is_held = job.state is JobState.HELD
        move = Move.APPROVE if is_held else Move.SETTLE_ABSENT
        attempts = job.with_attempt(outcome).attempts
        moved = self._services.jobs.move(job, move, reason=outcome, looks=0, attempts=attempts)
        return moved or self._overtaken(job)

    def _move(self, job: SmsJob, move: Move, word: str, **changes: Any) -> SmsJob:
        self._record(job, word)
        return self._services.jobs.move(job, move, **changes) or self._overtaken(job)

    def _record(self, job: SmsJob, word: str) -> None:
        value = f"{word} (was {job.state.value}, attempt {job.attempt})"
        self._services.control.record_change(
            f"job#{job.job_id}", value, by=self._person.by, reason=self._person.reason
        )

    def _overtaken(self, job: SmsJob) -> NoReturn:
        """The fence refused: the record says that nothing came of the decision."""
        stored = self._now(job)
        self._record(stored, "refused, the job had moved on")
        _refuse(stored, "it moved on meanwhile: look at it again")

    def _dated(self, job: SmsJob, row: GatewayMessage) -> SmsJob:
        """The try is as old as SENS says: its delivery is polled and its day audited by that."""
        t0 = int(row.requested_at.timestamp() * 1000)
        return self._services.jobs.amend(job, t0=t0) or self._overtaken(job)

    def _now(self, job: SmsJob) -> SmsJob:
        return self._services.jobs.get(job.booking_num, job.sort_key) or job


def is_in_doubt(job: SmsJob) -> bool:
    """Whether the last try of a job may have gone out without our knowing.

    A held job keeps the history of its last try: without a certain outcome it is a doubt. So is
    one that was found in SENS's list, until it is settled as that.
    """
    if job.state in (JobState.SENDING, JobState.OUTCOME_UNKNOWN):
        return True
    if job.state is not JobState.HELD or (job.attempt == 0 and job.t0 == 0):
        return False
    if job.reason == OUT_BUT_SETTLED or not job.attempts:
        return True
    last = job.attempts[-1]
    return last.number != job.attempt or last.outcome not in CERTAINLY_NOT_SENT


def names_job(row: GatewayMessage, job: SmsJob) -> bool:
    """Whether a row's subject ends in the reference of one of the job's attempts, or a later one.

    Later than the job knows of were those of a table that was restored to an earlier instant.
    """
    subject = row.subject.rstrip()
    tried = range(job.attempt + LATER_TRIES, 0, -1)
    return any(subject.endswith(attempt_reference(job, number)) for number in tried)


def is_text_of(row: GatewayMessage, job: SmsJob) -> bool:
    """Whether a row is this job's by its reference or, without one, by its very text.

    A text that SENS's list hides or has trimmed proves nothing.
    """
    if job.message_type != MessageType.SMS:
        return names_job(row, job)
    return (
        not row.subject
        and row.content is not None
        and hashlib.sha256(row.content.encode()).hexdigest() == job.body_sha
    )


def _refuse(job: SmsJob, why: str) -> NoReturn:
    raise ActionRefused(why, job_id=job.job_id, state=job.state.value)


__all__ = ["RESENT_BY_PERSON", "SETTLED_NOT_SENT", "SETTLED_SENT", "Operator", "Person"]
