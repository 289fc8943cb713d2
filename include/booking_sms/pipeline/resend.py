"""Texts that a person asks for: a resend, or a preview to the owner's own phone.

They go through the outbox like all others, under an occurrence of their own (``manual:n``), so
that delivery mode, kill switches, hours, opt-outs and caps hold for them too.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from booking_sms.domain.booking import Booking
from booking_sms.domain.catalog import Catalog
from booking_sms.domain.decision import Decision, WindowPlan
from booking_sms.domain.errors import SendingForbidden, TransformError
from booking_sms.domain.job_change import MANUAL
from booking_sms.domain.rule import Rule
from booking_sms.domain.sms_job import JobState, LedgerEntry, SmsJob
from booking_sms.domain.window import Window
from booking_sms.pipeline.build import build_jobs
from booking_sms.pipeline.preview import PlaceholderSecrets, sample_booking
from booking_sms.ports import BodyStore, ControlRepository, SecretSource, SmsJobRepository

CANNOT_GO = frozenset({JobState.HELD, JobState.SUPPRESSED})
"""States of a new job that is not going anywhere: no text, no number, or dropped for its hours."""
PREVIEW_LIFE = timedelta(hours=1)
"""How long a preview to one's own phone may wait, from when it may go at all."""


@dataclass(frozen=True, kw_only=True)
class Outbox:
    """Where a text that a person asks for is written down."""

    jobs: SmsJobRepository
    bodies: BodyStore
    control: ControlRepository


@dataclass(frozen=True, kw_only=True)
class TextMaker:
    """What every text needs: the files, the secrets and the keys of jobs."""

    catalog: Catalog
    secrets: SecretSource
    hmac_key: bytes
    code_version: str

    def job_of(self, decision: Decision, now: datetime) -> tuple[SmsJob, str]:
        """The job and text of one decision, as the window that ends ``now`` would make them."""
        window, rules = Window(now), self.catalog.rules.name
        batch = build_jobs(
            WindowPlan(window=window, rule_set=rules, decisions=(decision,)),
            self.catalog,
            self.secrets,
            hmac_key=self.hmac_key,
            code_version=self.code_version,
            now=now,
        )
        return batch.jobs[0]


def manual_occurrence(jobs: Iterable[SmsJob], kind: str) -> str:
    """The next free ``manual:n`` of this kind among a booking's jobs."""
    taken = [
        int(job.occurrence.removeprefix(MANUAL))
        for job in jobs
        if job.kind == kind and job.occurrence.startswith(MANUAL)
    ]
    return f"{MANUAL}{max(taken, default=0) + 1}"


def manual_job(
    maker: TextMaker, booking: Booking, rule: Rule, occurrence: str, now: datetime
) -> tuple[SmsJob, str]:
    """The job and text that this rule makes for this booking now, whatever its conditions say.

    Another recipient is a booking with another ``phone``.
    """
    decision = Decision(
        booking=booking,
        rule=rule,
        kind=rule.kind,
        phone=booking.phone,
        occurrence=occurrence,
        flag=rule.flag,
        first_sight=False,
        not_before=rule.hours.earliest(now) if rule.hours else now,
        not_after=rule.not_after.deadline(booking.ends_at, now),
    )
    return maker.job_of(decision, now)


def preview_job(
    maker: TextMaker, rule: Rule, store_id: str, phone: str, outbox: Outbox, now: datetime
) -> tuple[SmsJob, str]:
    """A rule's text for an invented booking, to one's own phone: no secret and no ledger row."""
    number = f"preview_{store_id}"
    occurrence = manual_occurrence(outbox.jobs.of_booking(number), rule.kind)
    booking = replace(sample_booking(store_id), phone=phone)
    without_secrets = replace(maker, secrets=PlaceholderSecrets())
    job, text = manual_job(without_secrets, booking, rule, occurrence, now)
    job = job.evolve(
        booking_num=number,
        visit_at=None,
        not_after=max(now, job.not_before) + PREVIEW_LIFE,
        ledger=LedgerEntry(phone="", name=""),
    )
    return job, text


def enqueue_manual(job: SmsJob, text: str, outbox: Outbox, *, by: str, reason: str) -> None:
    """Write who asked and why, then the text, then the job.

    Raises TransformError for a text that cannot go out, SendingForbidden in comparison mode,
    where no job may exist, and PayloadConflict if somebody took this very occurrence.
    """
    if job.state in CANNOT_GO:
        raise TransformError("the text cannot go out", reason=job.reason)
    if outbox.control.delivery_mode(job.store_id) == "comparison":
        raise SendingForbidden("comparison mode: nothing may be sent", store=job.store_id)
    asked = f"{job.occurrence} {job.job_id}"
    outbox.control.record_change(
        f"resend#{job.booking_num}#{job.kind}", asked, by=by, reason=reason
    )
    outbox.bodies.put(text)
    outbox.jobs.insert_if_absent(job)
