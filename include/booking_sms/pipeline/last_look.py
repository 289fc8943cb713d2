"""The last look at a due text before it is signed: opt-out, hours, gap, the caps.

Each answer is a recorded outcome. The looks cost reads only; the gate (delivery mode, kill
switches) was asked before, and the gateway asks it again just before the POST.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, time, timedelta

from booking_sms.domain.booking import KST
from booking_sms.domain.hours import AllowedHours
from booking_sms.domain.message import MessageClass
from booking_sms.domain.rule import ADVERTISING_HOURS
from booking_sms.domain.rule_timing import OutOfHours
from booking_sms.domain.sms_job import OUTSIDE_HOURS, Move, SmsJob
from booking_sms.domain.text_caps import CapReached
from booking_sms.pipeline.allowance import TextAllowance
from booking_sms.pipeline.services import DispatchPolicy
from booking_sms.ports import ControlRepository

ADVERTISING_GAP = "advertising_gap"


@dataclass(frozen=True)
class Objection:
    """Why a text must not go out now, and the move that records it."""

    move: Move
    reason: str
    not_before: datetime | None = None


class LastLook:
    """Judges one job at one business instant; None means: go ahead."""

    def __init__(self, control: ControlRepository, policy: DispatchPolicy) -> None:
        self._control = control
        self._policy = policy
        self._allowances = {
            message_class: TextAllowance(control, message_class, policy.caps)
            for message_class in MessageClass
        }

    def objection(self, job: SmsJob, now: datetime, expected: int) -> Objection | None:
        """First objection found; takes one text of the allowance when there is none."""
        if is_advertising(job) and self._control.is_opted_out(job.to):
            return Objection(Move.SUPPRESS, "opted_out")
        try:
            hours = lawful_hours(job, self._policy.deferred_to)
        except ValueError:
            return Objection(Move.HOLD, "allowed_hours_unreadable")
        if hours is not None and not hours.contains(now):
            return out_of_hours(job, hours.earliest(now))
        if is_advertising(job) and (objection := self._too_soon(job, hours, now)):
            return objection
        cap = self.allowance(job).take(now.astimezone(KST).date(), expected)
        return self._over_cap(job, hours, now, cap) if cap else None

    def allowance(self, job: SmsJob) -> TextAllowance:
        """The allowance of a job's class."""
        if is_advertising(job):
            return self._allowances[MessageClass.ADVERTISING]
        return self._allowances[MessageClass.INFORMATION]

    def close(self) -> None:
        """Give back what was not used."""
        for allowance in self._allowances.values():
            allowance.give_back()

    def _too_soon(self, job: SmsJob, hours: AllowedHours | None, now: datetime) -> Objection | None:
        """Advertising waits until the number's gap is over; the job's own attempts do not count."""
        if not self._policy.advertising_gap_days:
            return None
        last = self._control.last_advertising(job.to)
        if last is None or last.job_id == job.job_id:
            return None
        free_at = last.at + timedelta(days=self._policy.advertising_gap_days)
        if now >= free_at:
            return None
        if hours is not None and not hours.contains(free_at):
            return Objection(Move.SUPPRESS, ADVERTISING_GAP)
        return put_off(job, free_at, ADVERTISING_GAP)

    def _over_cap(
        self, job: SmsJob, hours: AllowedHours | None, now: datetime, cap: CapReached
    ) -> Objection:
        """Advertising waits for the next day or month; information is held, which pages."""
        if hours is None or not is_advertising(job):
            return Objection(Move.HOLD, cap)
        ends_on = cap.ends_on(now.astimezone(KST).date())
        free_at = datetime.combine(ends_on, time(0), tzinfo=KST)
        return put_off(job, hours.earliest(free_at), cap)


def is_advertising(job: SmsJob) -> bool:
    """Whether the law's hours and the opt-out apply; whatever is not information is advertising."""
    return job.message_class != MessageClass.INFORMATION


def lawful_hours(job: SmsJob, resumes: str) -> AllowedHours | None:
    """Hours in which the job may go out; for advertising never beyond the law's.

    What comes outside resumes as its rule says, else at ``resumes``. None means any hour.
    Raises ValueError for hours that cannot be read.
    """
    resumes = job.deferred_to or resumes
    own = parse_hours(job.allowed_hours, resumes) if job.allowed_hours else None
    if not is_advertising(job):
        return own
    law = parse_hours(str(ADVERTISING_HOURS), resumes)
    return own if own is not None and own.within(law) else law


def parse_hours(text: str, resumes: str) -> AllowedHours:
    """Parse hours that resume at ``resumes``, or at their opening if that lies outside."""
    plain = AllowedHours.parse(text)
    on_any_day = datetime.fromisoformat(f"2000-01-01T{resumes}").replace(tzinfo=KST)
    return AllowedHours.parse(text, deferred_to=resumes) if plain.contains(on_any_day) else plain


def out_of_hours(job: SmsJob, resumes_at: datetime) -> Objection:
    """Drop or put off, as the job's rule says; what cannot be read is put off."""
    if job.out_of_hours == OutOfHours.DROP:
        return Objection(Move.SUPPRESS, OUTSIDE_HOURS)
    return put_off(job, resumes_at, OUTSIDE_HOURS)


def put_off(job: SmsJob, until: datetime, reason: str) -> Objection:
    """Defer to an allowed instant, or suppress when that comes after the text's useful life."""
    if until >= job.not_after:
        return Objection(Move.SUPPRESS, reason)
    return Objection(Move.DEFER, reason, until)
