"""The order of writes for one text: sign, intent, POST, outcome.

Every line between two writes may be the last one that this process runs; the comments say how
the job is found again, ``pipeline.crash_points`` says it of each call. Nothing here retries a POST.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from booking_sms.domain.errors import (
    BookingSmsError,
    ConfigError,
    DispatchError,
    SignatureRejected,
    SmsNotSent,
    SmsQuotaSpent,
    SmsThrottled,
    TextUnresolved,
    TransformError,
)
from booking_sms.domain.message import SUBJECT_LIMIT_BYTES, MessageType, encode_for_sens
from booking_sms.domain.send_meaning import SendMeaning, meaning_of
from booking_sms.domain.sms_job import Move, SmsJob, attempt_reference
from booking_sms.pipeline.acceptance import Acceptance, record_acceptance, record_if_advertising
from booking_sms.pipeline.last_look import is_advertising
from booking_sms.pipeline.outcomes import TEXT_UNREADABLE, Outcome, Result
from booking_sms.pipeline.pacing import retry_delay
from booking_sms.pipeline.services import DispatchPolicy, DispatchServices
from booking_sms.pipeline.texts_ahead import TextsAhead
from booking_sms.ports import OutgoingSms, SignedSend

PAUSING: dict[type[SmsNotSent], str] = {
    SmsQuotaSpent: "quota",
    SignatureRejected: "credentials",
}
"""Errors that would hit every text alike: all sending pauses."""


@dataclass(frozen=True)
class Sent:
    """Result of one try, and what it means for the texts that follow."""

    result: Result
    pause: str = ""
    is_throttled: bool = False


class TextSender:
    """Sends one claimed job at a time."""

    def __init__(self, services: DispatchServices, policy: DispatchPolicy) -> None:
        self._services = services
        self._policy = policy
        self._texts = TextsAhead(services.bodies)

    def expect(self, jobs: Iterable[SmsJob]) -> None:
        """Say which jobs come next, in their order; nothing is read yet."""
        self._texts.expect(job.body_sha for job in jobs if job.is_text)

    def send(self, job: SmsJob, now: datetime) -> Sent:
        """Try to send an available or retryable job at business instant ``now``.

        Raises LoadError when the store fails: before the POST nothing happened, after it the
        lease lapses and reconcile settles the doubt.
        """
        try:
            signed = self._sign(job)
        except TransformError as problem:
            return self._hold(job, reason_of(problem))
        except ConfigError:
            return Sent(Result(Outcome.WAITING, TEXT_UNREADABLE))
        # A crash here: nothing was written and nothing left; the next tick starts over.
        claimed = self._intent(job, signed, now)
        if claimed is None:
            return Sent(Result(Outcome.LOST_RACE))
        # A crash here: sending, and not in SENS's list; it lapses, is absent, is sent again.
        try:
            receipt = self._services.gateway.send(signed)
        except DispatchError as failure:
            return self._record_failure(claimed, failure)
        # A crash here: sending, and in SENS's list; it lapses, is found by its reference.
        acceptance = record_acceptance(self._services, claimed, receipt.request_id)
        if acceptance is Acceptance.INCIDENT:
            return Sent(Result(Outcome.INCIDENT, "accepted_after_settled"))
        late = acceptance is Acceptance.FLAG_LATE
        return Sent(Result(Outcome.SENT, "flag_late" if late else ""))

    def _intent(self, job: SmsJob, signed: SignedSend, now: datetime) -> SmsJob | None:
        """Write the claim; None when somebody else has the job or it is no longer wanted."""
        return self._services.jobs.move(
            job,
            Move.INTENT,
            now=now,
            t0=signed.t0,
            lease_until=signed.t0 + self._policy.lease_s * 1000,
            looks=0,
            reason="",
        )

    def _sign(self, job: SmsJob) -> SignedSend:
        """Build and sign the next attempt; TransformError if it has no text or number.

        ConfigError if no key opens its text.
        """
        try:
            content = self._texts.get(job.body_sha)
        except KeyError:
            raise TextUnresolved(reason="text_missing") from None
        # The signature comes after every read: its timestamp, t0, must be fresh at the POST.
        return self._services.gateway.sign(self._outgoing(job, content))

    def _outgoing(self, job: SmsJob, content: str) -> OutgoingSms:
        is_sms = job.message_type == MessageType.SMS
        return OutgoingSms(
            to=job.to,
            sender=job.sender,
            content=content,
            subject="" if is_sms else subject_with_reference(job, job.attempt + 1),
            message_type=job.message_type,
            advertising=is_advertising(job),
            store_id=job.store_id,
            rule=job.rule,
        )

    def _hold(self, job: SmsJob, reason: str) -> Sent:
        """A text that cannot be built waits for a person; the others go on."""
        held = self._services.jobs.move(job, Move.HOLD, reason=reason)
        return Sent(Result(Outcome.HELD if held else Outcome.LOST_RACE, reason))

    # -- what the POST said -------------------------------------------------------------------

    def _record_failure(self, job: SmsJob, failure: DispatchError) -> Sent:
        """Write what the error type says; a crash before the write lapses into doubt."""
        reason = reason_of(failure)
        match meaning_of(failure):
            case SendMeaning.NOT_SENT:
                return self._learn_not_sent(job, failure, reason)
            case SendMeaning.PERMANENT:
                return Sent(self._move(job, Move.REFUSE, Outcome.REFUSED, reason))
            case _:
                record_if_advertising(self._services, job)
                return Sent(self._move(job, Move.DOUBT, Outcome.IN_DOUBT, reason))

    def _learn_not_sent(self, job: SmsJob, failure: DispatchError, reason: str) -> Sent:
        """Put it back for a later try; say whether the next texts would fare alike."""
        result = self._not_sent(job, reason)
        if result.outcome is Outcome.LOST_RACE:
            return Sent(result)  # an answer to the past: it must not stop those who send now
        pause = next((word for kind, word in PAUSING.items() if isinstance(failure, kind)), "")
        return Sent(result, pause=pause, is_throttled=isinstance(failure, SmsThrottled))

    def _not_sent(self, job: SmsJob, reason: str) -> Result:
        policy = self._policy
        delay = retry_delay(job.attempt, policy.retry_base_s, policy.retry_limit_s)
        retry_at = self._services.clock.now() + delay
        return self._move(job, Move.NOT_SENT, Outcome.NOT_SENT, reason, not_before=retry_at)

    def _move(
        self, job: SmsJob, move: Move, outcome: Outcome, reason: str, **changes: datetime
    ) -> Result:
        """Write an outcome; a lost race means that the lease lapsed and reconcile judges."""
        attempts = job.with_attempt(outcome.value, code=reason).attempts
        moved = self._services.jobs.move(job, move, reason=reason, attempts=attempts, **changes)
        return Result(outcome, reason) if moved else Result(Outcome.LOST_RACE, "lease_lapsed")


def reason_of(failure: BookingSmsError) -> str:
    """A stable word for what happened: the error's own reason, else its name."""
    return str(failure.context.get("reason") or failure.code)


def subject_with_reference(job: SmsJob, attempt: int) -> str:
    """The subject, ending in the attempt's reference, cut to what SENS accepts.

    SENS's list returns it, so reconcile finds the very attempt; the customer can quote it.
    """
    reference = f" {attempt_reference(job, attempt)}"
    room = SUBJECT_LIMIT_BYTES - len(reference)
    kept = encode_for_sens(job.subject)[:room].decode("cp949", errors="ignore")
    return kept.rstrip() + reference if kept.strip() else reference.strip()
