"""Which row of SENS's list is this attempt's? Pure: rows in, a verdict out.

An LMS carries our reference at the end of its subject, so the very attempt is found. An SMS has
no subject: it is told by content, and each request settles one job only (the claims).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from booking_sms.domain.message import MessageType
from booking_sms.domain.sms_job import SmsJob, attempt_reference
from booking_sms.ports import GatewayMessage

CANNOT_TELL = "cannot_tell_text_apart"
REMEMBERED_ATTEMPTS = 10
"""How many earlier references are looked for: one that turns up late must stop a resend."""


class Verdict(StrEnum):
    """What the list says of a doubt."""

    FOUND = "found"
    ABSENT = "absent"
    AMBIGUOUS = "ambiguous"


@dataclass(frozen=True)
class Match:
    """The verdict; ``rows`` are the candidates in the order in which to claim them."""

    verdict: Verdict
    rows: tuple[GatewayMessage, ...] = ()
    reason: str = ""


def match_rows(
    job: SmsJob, rows: Iterable[GatewayMessage], content: str, since: datetime, until: datetime
) -> Match:
    """Match a doubt with the rows of its recipient; ``since``..``until`` is the attempt's time."""
    requests = tuple({row.request_id: row for row in rows if row.to == job.to}.values())
    if job.message_type == MessageType.SMS:
        return _by_content(requests, content, since, until)
    return _by_reference(job, requests, content)


def _by_reference(job: SmsJob, rows: Sequence[GatewayMessage], content: str) -> Match:
    """The newest attempt that is listed; two requests with one reference are never ours."""
    oldest = max(1, job.attempt - REMEMBERED_ATTEMPTS + 1)
    for attempt in range(job.attempt, oldest - 1, -1):
        reference = attempt_reference(job, attempt)
        found = tuple(row for row in rows if row.subject.rstrip().endswith(reference))
        if len(found) > 1:
            return Match(Verdict.AMBIGUOUS, found, "two_requests_one_reference")
        if found and not _may_be(found[0], content):
            return Match(Verdict.AMBIGUOUS, found, "content_differs")
        if found:
            return Match(Verdict.FOUND, found, "" if attempt == job.attempt else "earlier_attempt")
    return Match(Verdict.ABSENT)


def _by_content(
    rows: Sequence[GatewayMessage], content: str, since: datetime, until: datetime
) -> Match:
    """Rows of the attempt's time with its text; hidden or badly timed ones prove nothing.

    A row with a subject is an LMS, and every LMS of ours is told by its reference.
    """
    alike = [row for row in rows if not row.subject and _may_be(row, content)]
    oldest_first = sorted(alike, key=lambda row: (row.requested_at, row.request_id))
    ours = [row for row in oldest_first if row.content and since <= row.requested_at <= until]
    if ours:
        return Match(Verdict.FOUND, tuple(ours))
    if alike:
        return Match(Verdict.AMBIGUOUS, tuple(oldest_first), CANNOT_TELL)
    return Match(Verdict.ABSENT)


def _may_be(row: GatewayMessage, content: str) -> bool:
    """Whether a row's text can be ours; the list may hide texts or trim their white space."""
    return row.content is None or "".join(row.content.split()) == "".join(content.split())
