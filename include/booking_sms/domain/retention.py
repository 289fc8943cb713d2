"""When personal data may go: by age, and only where no window can ask for the booking again.

Two ages. From the first on a job's recipient, name and text are blanked; its key stays and keeps
the message from being sent twice. From the second on the key goes too.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta

from booking_sms.domain.booking import KST
from booking_sms.domain.fetch_plan import FetchPolicy
from booking_sms.domain.sms_job import FINAL, JobState, SmsJob

ERASED = "erased"
"""What stands where a person stood."""

MARGIN_DAYS = 1

FRESH_DAYS = 14
"""A text that is taken up again is as new as one of so many days; older ones are dated anew.

A text is put before the job that names it. Between the two nobody names it, and only its age
keeps it from being erased.
"""


@dataclass(frozen=True, kw_only=True)
class RetentionPolicy:
    """Days after a visit, and the age of the oldest window that a repair may still decide."""

    personal_days: int = 40
    key_days: int = 120
    staged_days: int = 7
    oldest_window: timedelta = timedelta(hours=72)
    fetch: FetchPolicy = field(default_factory=FetchPolicy)

    def __post_init__(self) -> None:
        if self.key_days < self.personal_days:
            raise ValueError("a key must outlive the person in it")

    def personal_before(self, now: datetime) -> datetime:
        """What was last touched before this instant may be blanked."""
        return min(self.out_of_reach(now), now - timedelta(days=self.personal_days))

    def keys_before(self, now: datetime) -> datetime:
        """What was last touched before this instant may be erased with its key."""
        return min(self.out_of_reach(now), now - timedelta(days=self.key_days))

    def texts_before(self, real_now: datetime) -> datetime:
        """A text that was written before this instant may be erased if no job names it.

        Far older than what a job is about to name can be, however short the ages are set.
        """
        return min(self.personal_before(real_now), real_now - timedelta(days=2 * FRESH_DAYS))

    def out_of_reach(self, now: datetime) -> datetime:
        """No window that is still decided, and none to come, asks for anything before it."""
        days = self.fetch
        back = max(days.past_days, days.completed_days, days.registered_days) + MARGIN_DAYS
        oldest = (now - self.oldest_window).astimezone(KST)
        return datetime.combine(oldest.date(), time.min, tzinfo=KST) - timedelta(days=back)


def last_touched(jobs: Iterable[SmsJob]) -> datetime:
    """The last instant that matters to the jobs of one booking: visit, due, window.

    The window's bounds the registration too: nobody decides on a booking before it was made.
    """
    return max(instant for job in jobs for instant in _instants(job))


def is_settled(jobs: Iterable[SmsJob], unreported_before: datetime) -> bool:
    """Whether nothing happens to any of them by itself any more.

    A text that SENS accepted before that instant, in real time, and whose carrier never said what
    became of it is out of SENS's list by then: nobody will ever say.
    """
    return all(job.state in FINAL or _is_unreported(job, unreported_before) for job in jobs)


def is_blank(job: SmsJob) -> bool:
    """Whether nobody is named in it any more."""
    return job.to == ERASED and not job.ledger.phone and not job.ledger.name


def _is_unreported(job: SmsJob, before: datetime) -> bool:
    accepted_at = datetime.fromtimestamp(job.t0 / 1000, UTC)
    return job.state is JobState.ACCEPTED and accepted_at < before


def _instants(job: SmsJob) -> Iterable[datetime]:
    yield from (at for at in (job.visit_at, job.due_at, job.not_before) if at is not None)
    try:
        decided = datetime.fromisoformat(job.window)
    except ValueError:
        return
    if decided.tzinfo is not None:
        yield decided
