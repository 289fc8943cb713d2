"""Which request of SENS's settles which of several identical SMS: by claims, one each.

An SMS carries no reference, so any row with its text may be its own; for twins to the same phone
the count alone matters. A claim is written before the job is, hence two rules. A job takes what
it claimed before it claims anything else: its sender may have died with a claim in hand. And a
claim whose job was accepted by another request is void: that row is some twin's.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from booking_sms.domain.message import MessageType
from booking_sms.domain.sms_job import IN_DOUBT, SENT, SmsJob
from booking_sms.pipeline.services import DispatchServices
from booking_sms.ports import GatewayMessage, RequestOwner


@dataclass(frozen=True)
class Claim:
    """The row that is this job's, or None; ``is_open``: a twin in doubt may give one back."""

    row: GatewayMessage | None
    is_open: bool = False


def claim_row(services: DispatchServices, job: SmsJob, rows: Sequence[GatewayMessage]) -> Claim:
    """Claim one of the rows for a job, the first that is its own, free or void, in this order.

    An LMS is told by its reference and needs no claim. Raises LoadError.
    """
    if job.message_type != MessageType.SMS:
        return Claim(rows[0])
    owners = services.ledger.request_owners([row.request_id for row in rows])
    mine = RequestOwner(job.booking_num, job.sort_key)
    for row in rows:
        if owners.get(row.request_id) == mine:
            return Claim(row)
    for row in rows:
        if row.request_id not in owners and services.ledger.claim_request(job, row.request_id):
            return Claim(row)
    return _take_over(services, job, [(row, owners.get(row.request_id)) for row in rows])


def _take_over(
    services: DispatchServices,
    job: SmsJob,
    claimed: Sequence[tuple[GatewayMessage, RequestOwner | None]],
) -> Claim:
    is_open = False
    for row, owner in claimed:
        if owner is None:
            continue  # somebody claimed it after we had read
        twin = services.jobs.get(owner.booking_num, owner.sort_key)
        if twin is None:
            continue
        is_open = is_open or twin.state in IN_DOUBT
        is_void = twin.state in SENT and twin.request_id != row.request_id
        if is_void and services.ledger.claim_request(job, row.request_id, instead_of=owner):
            return Claim(row)
    return Claim(None, is_open)
