"""What is known of bookings before they are decided: LEGACY's rows overlaid with our jobs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Protocol

from booking_sms.domain.booking import Booking
from booking_sms.domain.ledger import Ledger, LedgerRow, project_ledger
from booking_sms.domain.rule import RuleSet, Scope
from booking_sms.domain.sms_job import (
    SmsJob,
)
from booking_sms.pipeline.parallel import in_parallel
from booking_sms.pipeline.plan import digest_number


class PromisedJobs(Protocol):
    """What is asked of the outbox to project the ledger."""

    def of_booking(self, booking_num: str) -> tuple[SmsJob, ...]:
        """All jobs of a booking."""
        ...


class KnownRows(Protocol):
    """What is asked of a ledger: LEGACY's own, or the shadow of it that a campaign keeps."""

    def rows(self, booking_nums: Iterable[str]) -> tuple[LedgerRow, ...]:
        """All rows of these bookings."""
        ...


def gather_ledger(
    legacy: KnownRows,
    jobs: PromisedJobs,
    bookings: Sequence[Booking],
    rules: RuleSet | None = None,
    foresee: Callable[[Sequence[Booking], Iterable[SmsJob]], Iterable[SmsJob]] | None = None,
) -> Ledger:
    """What is known of these bookings, and of those they replace: rows overlaid with jobs.

    ``foresee`` turns the jobs into what they will be once changed bookings have had their effect.

    With ``rules`` also the digests that they sent, as ``plan_window`` wants it; who plans store
    by store asks for those once, by ``gather_digests``.
    """
    numbers = sorted({number for booking in bookings for number in _known_as(booking)})
    digests = digest_numbers(rules) if rules is not None else []
    found = _jobs_of([*numbers, *digests], jobs)
    return project_ledger(legacy.rows(numbers), foresee(bookings, found) if foresee else found)


def gather_digests(jobs: PromisedJobs, rules: RuleSet) -> Ledger:
    """Which digests the rules have sent: they stand under no booking."""
    return project_ledger((), _jobs_of(digest_numbers(rules), jobs))


def digest_numbers(rules: RuleSet) -> list[str]:
    """Partitions of the digests' jobs."""
    return [digest_number(rule) for rule in rules.rules if rule.scope is Scope.RUN]


def _jobs_of(numbers: Sequence[str], jobs: PromisedJobs) -> Iterable[SmsJob]:
    found = in_parallel(jobs.of_booking, numbers)
    return (job for part in found for job in part)


def _known_as(booking: Booking) -> Iterable[str]:
    yield booking.booking_num
    if booking.previous_booking_id is not None:
        yield f"{booking.store_id}_{booking.previous_booking_id}"
