"""What may become of one message of a repair at this moment: preview and execution ask the same.

That is why a preview, as long as nothing changes, is what is then sent, to the byte.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from booking_sms.domain.booking import Booking
from booking_sms.domain.decision import Decision, WindowPlan
from booking_sms.domain.lateness import LATE
from booking_sms.domain.rule import Rule
from booking_sms.domain.rule_timing import LatePolicy
from booking_sms.domain.sms_job import OUTSIDE_HOURS, JobState, SmsJob
from booking_sms.domain.window import OLD_AFTER, Window
from booking_sms.pipeline.build import build_batch, is_dropped, put_off
from booking_sms.pipeline.effects import masked_booking, masked_text
from booking_sms.pipeline.job_batch import AWAITING_APPROVAL
from booking_sms.pipeline.operator import is_in_doubt
from booking_sms.pipeline.plan import is_shadow
from booking_sms.pipeline.preview import PlaceholderSecrets
from booking_sms.pipeline.recheck import OVER_FOR_GOOD, BookingReader, recheck
from booking_sms.pipeline.repair_plan import Action, Outcome
from booking_sms.pipeline.repair_services import RepairServices
from booking_sms.ports import SecretSource

NOT_AFTER, RULE_CHANGED, SHADOW = "not_after", "rule_changed", "shadow"
IN_DOUBT, NO_RESEND = "in_doubt", "no_resend"


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """The outcome, why, and the job as it would stand in the outbox afterwards.

    ``stored`` is the job that stands there now; ``shown`` is the text with masked names.
    """

    outcome: Outcome
    reason: str = ""
    job: SmsJob
    text: str = field(default="", repr=False)
    shown: str = field(default="", repr=False)
    stored: SmsJob | None = None


class Judge:
    """Judges the messages of one plan at one business instant; each booking is read once."""

    def __init__(self, services: RepairServices, now: datetime) -> None:
        self._services = services
        self._now = now
        self._reader = BookingReader(services.source)

    def rule_of(self, job: SmsJob) -> Rule | None:
        """The rule that made the job, as it is now; None without one that still counts."""
        rules = self._services.catalog.rules.rules
        found = next((one for one in rules if one.name == job.rule), None)
        return found if found and found.enabled and found.kind == job.kind else None

    def judge_decided(self, job: SmsJob, text: str) -> Verdict:
        """A message that was decided just now: its text follows the booking as it is."""
        stored = self._services.jobs.get(job.booking_num, job.sort_key)
        return self._judge(Action.SEND, job, text, stored, must_match=False)

    def judge(self, action: Action, job: SmsJob, text: str, rule_digest: str) -> Verdict:
        """A message as it was planned: another rule or another text is no longer that message."""
        stored = self._services.jobs.get(job.booking_num, job.sort_key)
        rule = self.rule_of(job)
        if rule is None or rule.digest != rule_digest:
            standing = _standing(action, job, stored)
            return standing or Verdict(
                outcome=Outcome.NOT_SENT, reason=RULE_CHANGED, job=job, stored=stored
            )
        return self._judge(action, job, text, stored, must_match=True)

    # -- one message --------------------------------------------------------------------------

    def _judge(
        self, action: Action, job: SmsJob, text: str, stored: SmsJob | None, *, must_match: bool
    ) -> Verdict:
        if standing := _standing(action, job, stored):
            return standing
        if action is Action.SEND:
            stored = None  # a withdrawn one is renewed with all that a new one has
        rule = self.rule_of(job)
        if rule is None:
            return Verdict(outcome=Outcome.NOT_SENT, reason=RULE_CHANGED, job=job, stored=stored)
        if self._is_shadow(rule, job):
            return Verdict(outcome=Outcome.NOT_SENT, reason=SHADOW, job=job, stored=stored)
        if not job.is_text:
            return self._timed(rule, job, text, masked_text(text), stored)
        booking, unread = self._reader.read(job.booking_num)
        if unread:
            return Verdict(outcome=Outcome.PENDING, reason=unread, job=job, stored=stored)
        reason = recheck(job, booking)
        if reason or booking is None:
            outcome = Outcome.CANCELLED if reason in OVER_FOR_GOOD else Outcome.NOT_SENT
            return Verdict(outcome=outcome, reason=reason, job=job, stored=stored)
        return self._made_anew(rule, job, booking, stored, must_match=must_match)

    def _made_anew(
        self, rule: Rule, job: SmsJob, booking: Booking, stored: SmsJob | None, *, must_match: bool
    ) -> Verdict:
        """Render once more for the booking as it is; a text that differs was not approved."""
        made, text = self._build(rule, job, booking, self._services.secrets)
        if must_match and made.payload_hash != job.payload_hash:
            return Verdict(outcome=Outcome.NOT_SENT, reason=RULE_CHANGED, job=job, stored=stored)
        if made.state is JobState.HELD:
            return Verdict(outcome=Outcome.HELD, reason=made.reason, job=made, stored=stored)
        _, shown = self._build(rule, job, masked_booking(booking), PlaceholderSecrets())
        kept = made if stored is None else made.evolve(not_after=job.not_after)
        return self._timed(rule, kept, text, masked_text(shown), stored)

    def _build(
        self, rule: Rule, job: SmsJob, booking: Booking, secrets: SecretSource
    ) -> tuple[SmsJob, str]:
        window = window_of(job)
        decision = Decision(
            booking=booking,
            rule=rule,
            kind=rule.kind,
            phone=booking.phone,
            occurrence=job.occurrence,
            flag=rule.flag,
            first_sight=False,
            not_before=decided_at(rule, window),
            not_after=rule.not_after.deadline(booking.ends_at, window.as_of),
            late=job.reason == LATE,
        )
        services = self._services
        batch = build_batch(
            [WindowPlan(window=window, rule_set="", decisions=(decision,))],
            window,
            services.catalog,
            secrets,
            hmac_key=services.hmac_key,
            code_version=services.code_version,
            now=self._now,
            hold_old=False,
        )
        return batch.jobs[0]

    def _is_shadow(self, rule: Rule, job: SmsJob) -> bool:
        return is_shadow(self._services.rollout.get(rule.name, rule.rollout), job.store_id)

    # -- when ---------------------------------------------------------------------------------

    def _timed(
        self, rule: Rule, job: SmsJob, text: str, shown: str, stored: SmsJob | None
    ) -> Verdict:
        """Too late, late, out of hours, put off or due, in this order."""
        outcome, state, reason, not_before = self._start(rule, job)
        started = job.evolve(state=state, reason=reason, not_before=not_before)
        if stored is None:
            started = started.evolve(due_at=not_before)
        return Verdict(
            outcome=outcome, reason=reason, job=started, text=text, shown=shown, stored=stored
        )

    def _start(self, rule: Rule, job: SmsJob) -> tuple[Outcome, JobState, str, datetime]:
        window = window_of(job)
        decided = decided_at(rule, window)
        # Late for this repair, or late already for its own window.
        is_late = self._now - decided > OLD_AFTER or job.reason == LATE
        if job.not_after < self._now:
            return Outcome.EXPIRED, JobState.EXPIRED, NOT_AFTER, decided
        if is_late and rule.late_policy is LatePolicy.SKIP:
            return Outcome.SUPPRESSED, JobState.SUPPRESSED, LATE, decided
        if is_dropped(rule, window.as_of, self._now):
            return Outcome.SUPPRESSED, JobState.SUPPRESSED, OUTSIDE_HOURS, decided
        goes_at = put_off(rule, decided, self._now)
        shifts = is_late and rule.late_policy is LatePolicy.SHIFT
        if shifts and rule.hours is not None:
            goes_at = rule.hours.next_opening(self._now)
        if max(goes_at, self._now) >= job.not_after:
            return Outcome.SUPPRESSED, JobState.SUPPRESSED, OUTSIDE_HOURS, decided
        if goes_at <= self._now:
            return Outcome.WOULD_SEND, JobState.AVAILABLE, "", goes_at
        reason = LATE if shifts else OUTSIDE_HOURS
        return Outcome.WOULD_DEFER, JobState.SCHEDULED, reason, goes_at


def _standing(action: Action, job: SmsJob, stored: SmsJob | None) -> Verdict | None:
    """What the outbox itself says; None if it leaves the decision open."""
    if action is Action.SEND:
        if stored is None or stored.is_withdrawn:
            return None
        return Verdict(
            outcome=Outcome.ALREADY_THERE, reason=stored.state.value, job=job, stored=stored
        )
    if stored is None or stored.state is not JobState.HELD or stored.reason != AWAITING_APPROVAL:
        reason = stored.state.value if stored else "not_found"
        return Verdict(outcome=Outcome.ALREADY_THERE, reason=reason, job=job, stored=stored)
    if stored.no_resend or is_in_doubt(stored):
        reason = NO_RESEND if stored.no_resend else IN_DOUBT
        return Verdict(outcome=Outcome.NOT_SENT, reason=reason, job=job, stored=stored)
    return None


def window_of(job: SmsJob) -> Window:
    """The window that decided a job."""
    return Window(datetime.fromisoformat(job.window))


def decided_at(rule: Rule, window: Window) -> datetime:
    """When the message would have been due, had its window been decided in time."""
    return rule.hours.earliest(window.as_of) if rule.hours else window.as_of
