"""From changed bookings to changes of the jobs that wait: worked out when a window is planned.

The planner then decides on the ledger as it will be after the changes, so that a moved booking's
new message is planned in the very window that sees the move. Nothing is written here;
``pipeline.apply_changes`` does that, old jobs first, when the plan is loaded.

Only a current window changes jobs: an old one knows the bookings as they were, and must not undo
what a later one saw. Its jobs wait for a person, and the next current window corrects them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime

from booking_sms.domain.booking import Booking, BookingStatus
from booking_sms.domain.decision import Decision
from booking_sms.domain.job_change import (
    MANUAL,
    RENDERED,
    Action,
    JobChange,
    has_readable_number,
    is_decided_on,
    replacements,
    withdrawal,
)
from booking_sms.domain.rule import Rule
from booking_sms.domain.sms_job import (
    FINAL,
    FORGOTTEN,
    SENT,
    JobState,
    SmsJob,
    Withdrawal,
)
from booking_sms.pipeline.job_batch import JobBatch
from booking_sms.pipeline.operator import is_in_doubt
from booking_sms.pipeline.plan import in_legacy_order
from booking_sms.pipeline.resend import TextMaker

JobKey = tuple[str, str]
RULE_GONE = "rule_gone"
"""Reason of a waiting job whose rule is no longer there to say how its text reads now."""
_ACTION_OF = {
    Withdrawal.BOOKING_CANCELLED: Action.CANCEL,
    Withdrawal.NO_SHOW: Action.CANCEL,
}


class ChangePlanner:
    """Works out, store by store, what a window's bookings mean for the jobs that wait.

    ``is_old`` windows change nothing; they only learn which keys were used before.
    """

    def __init__(self, maker: TextMaker, *, is_old: bool) -> None:
        self._maker = maker
        self._is_old = is_old
        self._changes: list[JobChange] = []
        self._forgotten: dict[JobKey, SmsJob] = {}

    def foresee(self, bookings: Sequence[Booking], jobs: Iterable[SmsJob]) -> Iterator[SmsJob]:
        """The jobs as they will be once the changes are made, which are kept for ``complete``.

        ``jobs`` are all jobs of these bookings and of those that they replace.
        """
        found = list(jobs)
        seen = {booking.booking_num: booking for booking in in_legacy_order(bookings)}
        replaced_by = replacements(seen.values())
        for job in found:
            change = None
            if not self._is_old:
                booking = seen.get(job.booking_num)
                change = self._change(job, booking, replaced_by.get(job.booking_num, ()))
            after = job if change is None else _foreseen(change)
            if change is not None:
                self._changes.append(change)
            if after.state in FORGOTTEN:
                self._forgotten[after.booking_num, after.sort_key] = after
            yield after

    def complete(self, batch: JobBatch) -> JobBatch:
        """The batch with all changes, also of the forgotten jobs whose message it wants again."""
        return with_renewals(replace(batch, changes=tuple(self._changes)), self._forgotten.values())

    def _change(
        self, job: SmsJob, booking: Booking | None, replaced_by: tuple[str, ...]
    ) -> JobChange | None:
        """What is to be done with one job, or None. Notices to colleagues stay as they are."""
        if not job.is_text or job.state in FINAL or job.state in SENT:
            return None
        why = withdrawal(job, booking, is_replaced=bool(replaced_by))
        if why is not None:
            return _withdraw(job, why, replaced_by)
        if booking is None or booking.status is BookingStatus.UNKNOWN:
            return None
        if is_in_doubt(job):
            # Its text stays: it is what SENS's list is searched for.
            return JobChange(job=job, action=Action.UNMARK) if job.no_resend else None
        if is_decided_on(job, booking) and not job.no_resend:
            return None
        return self._rewrite(job, booking)

    def _rewrite(self, job: SmsJob, booking: Booking) -> JobChange | None:
        """The text as it reads now; None if nothing of the job would change."""
        rule = self._rule_of(job)
        if rule is None:
            gone = job.evolve(body_sha="", booking_version=booking.version)
            return _hold(job, gone, RULE_GONE)
        after, text = self._render(job, booking, rule)
        problem = after.reason if after.state is JobState.HELD else ""
        if problem:
            return _hold(job, after, problem)
        is_same = all(getattr(job, name) == getattr(after, name) for name in RENDERED)
        if is_same and not job.no_resend:
            return None
        return JobChange(job=job, action=Action.REWRITE, after=after, text=text)

    def _rule_of(self, job: SmsJob) -> Rule | None:
        rules = self._maker.catalog.rules.rules
        found = next((rule for rule in rules if rule.name == job.rule), None)
        return found if found is not None and job.kind in (found.kind, *found.formerly) else None

    def _render(self, job: SmsJob, booking: Booking, rule: Rule) -> tuple[SmsJob, str]:
        """What planning would make of this booking for the job's own window and recipient."""
        maker, as_of = self._maker, datetime.fromisoformat(job.window)
        is_manual = job.occurrence.startswith(MANUAL)
        phone = job.to if is_manual or not has_readable_number(booking) else booking.phone
        decision = Decision(
            booking=booking,
            rule=rule,
            kind=job.kind,
            phone=phone,
            occurrence=job.occurrence,
            flag=rule.flag,
            first_sight=False,
            not_before=job.not_before,
            not_after=rule.not_after.deadline(booking.ends_at, as_of),
        )
        return maker.job_of(decision, as_of)


def with_renewals(batch: JobBatch, known: Iterable[SmsJob]) -> JobBatch:
    """The batch, told which of its messages stand under a key that was used and forgotten.

    What the pipeline withdrew is renewed, what a person cancelled is left as it is. ``known`` are
    jobs as they will be when the batch's other changes were made.
    """
    forgotten = {(job.booking_num, job.sort_key): job for job in known if job.state in FORGOTTEN}
    again = [
        (forgotten[key], job, text)
        for job, text in batch.jobs
        if (key := (job.booking_num, job.sort_key)) in forgotten
    ]
    renewals = (_renewal(old, new, text) for old, new, text in again)
    return replace(batch, changes=(*batch.changes, *renewals))


def _renewal(old: SmsJob, new: SmsJob, text: str) -> JobChange:
    action = Action.RENEW if old.is_withdrawn else Action.LEAVE
    return JobChange(job=old, action=action, reason=new.reason, after=new, text=text)


def _withdraw(job: SmsJob, why: Withdrawal, replaced_by: tuple[str, ...]) -> JobChange | None:
    """What waits is ended; what may be out already is only never sent again."""
    if is_in_doubt(job):
        if job.no_resend:
            return None
        return JobChange(job=job, action=Action.MARK, reason=why.value)
    action = _ACTION_OF.get(why, Action.SUPERSEDE)
    return JobChange(job=job, action=action, reason=why.value, replaced_by=replaced_by)


def _hold(job: SmsJob, after: SmsJob, reason: str) -> JobChange:
    return JobChange(job=job, action=Action.HOLD, reason=reason, after=after)


def _foreseen(change: JobChange) -> SmsJob:
    """The job after the change, as far as the ledger and a renewal look at it."""
    job, after = change.job, change.after
    if change.action is Action.CANCEL:
        return job.evolve(state=JobState.CANCELLED, reason=change.reason)
    if change.action is Action.SUPERSEDE:
        return job.evolve(state=JobState.SUPERSEDED, reason=change.reason)
    return job if after is None else job.evolve(ledger=after.ledger)
