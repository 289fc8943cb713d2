"""SENS took a text: records it, whoever found out (the sender's 202, or reconcile's list)."""

from __future__ import annotations

from enum import StrEnum

from booking_sms.domain.errors import LoadError
from booking_sms.domain.incidents import keep_incident
from booking_sms.domain.message import MessageType
from booking_sms.domain.sms_job import SENT, UNSENT, Move, SmsJob
from booking_sms.pipeline.last_look import is_advertising
from booking_sms.pipeline.services import DispatchServices
from booking_sms.ports import AdvertisingRecord
from booking_sms.telemetry.log_events import log_event


class Acceptance(StrEnum):
    """How recording an acceptance ended."""

    RECORDED = "recorded"
    ALREADY = "already_recorded"
    FLAG_LATE = "flag_late"
    INCIDENT = "incident"


def record_acceptance(
    services: DispatchServices,
    job: SmsJob,
    request_id: str,
    *,
    message_id: str = "",
    note: str = "accepted",
) -> Acceptance:
    """Write claim, gap, job, ledger flag, in this order; ``note`` goes into the attempt history.

    The claim comes first and for SMS only: it has no subject to carry our reference, and a
    claim that came after the job could be lost in a crash, so that an identical text in doubt
    would take this request for its own. Raises LoadError if the job cannot be written; the
    lease then lapses and reconcile finds the text in SENS's list.
    """
    if job.message_type == MessageType.SMS and not services.ledger.claim_request(job, request_id):
        note_incident(services, job, "request_of_another_job", request_id)
    record_if_advertising(services, job)
    # A crash here: the job is still sending; it lapses and is found in the list, claimed by us.
    accepted = services.jobs.move(
        job,
        Move.ACCEPT,
        request_id=request_id,
        message_id=message_id,
        reason="",
        attempts=job.with_attempt(note, request_id=request_id).attempts,
    )
    # A crash here: accepted without its flag; the delivery poll repairs the flag before the end.
    if accepted is None:
        return _after_lost_acceptance(services, job, request_id)
    return _set_flag(services, accepted)


def record_if_advertising(services: DispatchServices, job: SmsJob) -> None:
    """Start the number's gap: this advertising text is out, or may be.

    Before the job's own move, so that no crash can leave a text out and its gap unknown.
    """
    if is_advertising(job):
        record = AdvertisingRecord(job_id=job.job_id, at=services.clock.now())
        services.control.record_advertising(job.to, record)


def note_incident(services: DispatchServices, job: SmsJob, what: str, request_id: str) -> None:
    """Keep what must not happen for a person: ids and states only."""
    note = {"what": what, "request_id": request_id, **job.log_context()}
    note["at_ms"] = services.transport_clock.now_ms()
    name = f"incident#{what}#{job.job_id}#{job.attempt}"
    keep_incident(services.control, job.job_id, name, note)


def _set_flag(services: DispatchServices, job: SmsJob) -> Acceptance:
    try:
        services.ledger.mark_accepted(job)
    except LoadError:
        return Acceptance.FLAG_LATE  # the text is out and recorded; the delivery poll repairs it
    about = {"booking_id": job.booking_num, "store_id": job.store_id, "kind": job.kind}
    log_event("flag_updated", status="updated", flag=job.ledger.flag or None, **about)
    return Acceptance.RECORDED


def _after_lost_acceptance(services: DispatchServices, job: SmsJob, request_id: str) -> Acceptance:
    """The fence refused: find out what became of the job meanwhile."""
    stored = services.jobs.get(job.booking_num, job.sort_key)
    if stored is not None and stored.state in SENT and stored.request_id == request_id:
        _set_flag(services, stored)  # reconcile found this very request before us
        return Acceptance.ALREADY
    note_incident(services, job, "accepted_after_settled", request_id)
    if stored is not None and stored.state in UNSENT:
        # Settled as absent, and yet it went out: hold it, or it would be sent once more.
        services.jobs.move(stored, Move.HOLD, reason="accepted_after_settled")
    return Acceptance.INCIDENT
