"""Who holds a text that reads differently today: an old door code, an old address.

A visit that is not over is looked at through the jobs of its booking; nothing is scanned.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from booking_sms.domain.booking import KST, Booking, BookingStatus
from booking_sms.domain.masking import mask_name
from booking_sms.domain.phone import mask_phone, recipient_of
from booking_sms.domain.rule import Rule, RuleSet
from booking_sms.domain.sms_job import IN_DOUBT, UNSENT, JobState, SmsJob
from booking_sms.domain.store import StoreDirectory
from booking_sms.pipeline.parallel import in_parallel
from booking_sms.pipeline.report import alias_of
from booking_sms.pipeline.resend import CANNOT_GO, TextMaker, manual_job, manual_occurrence
from booking_sms.ports import SmsJobRepository

RECEIVED = frozenset({JobState.ACCEPTED, JobState.DELIVERED})
COUNTS = RECEIVED | UNSENT | IN_DOUBT
"""States of a text that the customer has, or is about to get."""
NO_RULE, CURRENT = "no rule of this kind", "current"


@dataclass(frozen=True, kw_only=True)
class OutdatedText:
    """One customer with an old text, and the job and text that would replace it."""

    booking: Booking = field(repr=False)
    held: SmsJob
    job: SmsJob
    text: str = field(repr=False)

    def as_dict(self, stores: StoreDirectory) -> dict[str, Any]:
        """JSON-able, masked."""
        return {
            "booking": self.booking.booking_num,
            "store": alias_of(self.booking.store_id, stores),
            "customer": mask_name(self.booking.name),
            "recipient": mask_phone(self.job.to),
            "visit": self.booking.starts_at.astimezone(KST).isoformat(timespec="minutes"),
            "kind": self.held.kind,
            "state": self.held.state.value,
            "job_id": self.held.job_id,
            "resend": self.job.occurrence,
        }


@dataclass(frozen=True, kw_only=True)
class OutdatedReport:
    """What was found; ``problems`` counts texts that cannot be rendered today, by reason."""

    holders: int
    outdated: tuple[OutdatedText, ...]
    problems: Mapping[str, int]


def find_outdated(
    bookings: Iterable[Booking],
    jobs: SmsJobRepository,
    maker: TextMaker,
    kind: str,
    now: datetime,
) -> OutdatedReport:
    """Customers whose visit is not over and whose text of this kind is not today's."""
    coming = [one for one in bookings if _is_coming(one, now)]
    known = in_parallel(lambda one: jobs.of_booking(one.booking_num), coming)
    found = [
        _judged(booking, all_jobs, maker, kind, now)
        for booking, all_jobs in zip(coming, known, strict=True)
    ]
    holders = [one for one in found if one is not None]
    return OutdatedReport(
        holders=len(holders),
        outdated=tuple(one for one in holders if isinstance(one, OutdatedText)),
        problems=Counter(one for one in holders if isinstance(one, str) and one != CURRENT),
    )


def _judged(
    booking: Booking, all_jobs: Sequence[SmsJob], maker: TextMaker, kind: str, now: datetime
) -> OutdatedText | str | None:
    """The old text, or that it is current, or why nobody can say; None: there is no text."""
    texts = _texts_of(booking, all_jobs, kind)
    if not any(job.state in RECEIVED for job in texts):
        return None
    latest = max(texts, key=lambda job: (job.state not in RECEIVED, job.t0))
    rule = rule_for(latest, maker.catalog.rules)
    if rule is None:
        return NO_RULE
    job, text = manual_job(maker, booking, rule, manual_occurrence(all_jobs, kind), now)
    if job.state in CANNOT_GO:
        return job.reason
    if job.body_sha == latest.body_sha:
        return CURRENT
    return OutdatedText(booking=booking, held=latest, job=job, text=text)


def rule_for(job: SmsJob, rules: RuleSet) -> Rule | None:
    """The rule that made a text, or the first of its kind if that one is gone; None without any."""
    same_kind = [rule for rule in rules.rules if rule.kind == job.kind and rule.enabled]
    by_name = [rule for rule in same_kind if rule.name == job.rule]
    return next(iter([*by_name, *same_kind]), None)


def _is_coming(booking: Booking, now: datetime) -> bool:
    return booking.status is BookingStatus.CONFIRMED and booking.ends_at > now


def _texts_of(booking: Booking, jobs: Sequence[SmsJob], kind: str) -> list[SmsJob]:
    """Texts of this kind to the number that the booking has now."""
    to = recipient_of(booking.phone)
    return [
        job
        for job in jobs
        if job.is_text and job.kind == kind and job.to == to and job.state in COUNTS
    ]
