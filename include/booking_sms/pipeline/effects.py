"""What a plan would do if it were loaded now: every text and notice, and nobody gets one.

Jobs are built by the very code that builds them for the outbox, with placeholders for secrets,
and built once more with masked names: what people read here names no customer.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import Any

from booking_sms.domain.booking import KST, Booking
from booking_sms.domain.catalog import Catalog
from booking_sms.domain.decision import Decision, Notice, WindowPlan
from booking_sms.domain.masking import mask_name
from booking_sms.domain.message import sens_bytes
from booking_sms.domain.phone import mask_phone
from booking_sms.domain.price import Prices, plain_number
from booking_sms.domain.sms_job import JobState, SmsJob
from booking_sms.pipeline.build import build_jobs
from booking_sms.pipeline.preview import PlaceholderSecrets
from booking_sms.pipeline.render_notice import DayTotals
from booking_sms.pipeline.report import alias_of

NOBODY = b"preview"
"""Keys of previewed jobs lead nowhere: no stored job can have one."""
_PHONE = re.compile(r"(?<![0-9])(01[016789]|050[0-9])-?[0-9]{3,4}-?([0-9]{4})(?![0-9])")


@dataclass(frozen=True, kw_only=True)
class Timing:
    """Quiet-hours verdict: ``now``, ``deferred`` (to ``at``) or ``dropped``."""

    verdict: str
    at: datetime | None = None

    def __str__(self) -> str:
        return f"{self.verdict} to {self.at:%m-%d %H:%M}" if self.at else self.verdict


@dataclass(frozen=True, kw_only=True)
class Effect:
    """One message as it would go out. ``stage`` is ``live`` or ``shadow`` (decided, never sent).

    ``held`` is the reason why it would wait for a person; empty if it would not. A notice has
    no price and counts no bytes.
    """

    rule: str
    kind: str
    channel: str
    store: str
    booking: str
    recipient: str
    stage: str
    timing: Timing
    held: str
    text: str
    message_class: str
    message_type: str
    bytes_used: int | None = None
    estimated_krw: Decimal | None = None

    def as_dict(self) -> dict[str, Any]:
        """JSON-able, masked."""
        at, cost = self.timing.at, self.estimated_krw
        return {
            "rule": self.rule,
            "kind": self.kind,
            "channel": self.channel,
            "store": self.store,
            "booking": self.booking,
            "recipient": self.recipient,
            "stage": self.stage,
            "quiet_hours": self.timing.verdict,
            "deferred_to": at.astimezone(KST).isoformat() if at else None,
            "held": self.held,
            "class": self.message_class,
            "type": self.message_type,
            "bytes": self.bytes_used,
            "estimated_krw": plain_number(cost) if cost is not None else None,
            "text": self.text,
        }


@dataclass(frozen=True, kw_only=True)
class Effects:
    """All effects of one window; ``skipped`` counts why bookings got nothing."""

    window: str
    rule_set: str
    texts: tuple[Effect, ...]
    notices: tuple[Effect, ...]
    failures: tuple[tuple[str, str], ...]
    skipped: Mapping[str, int]

    @property
    def estimated_krw(self) -> Decimal:
        """What the texts that would leave are thought to cost together."""
        return sum(
            (effect.estimated_krw or Decimal() for effect in _leaving(self.texts)), Decimal()
        )

    def as_dict(self) -> dict[str, Any]:
        """JSON-able, masked."""
        return {
            "window": self.window,
            "rule_set": self.rule_set,
            "texts": [effect.as_dict() for effect in self.texts],
            "notices": [effect.as_dict() for effect in self.notices],
            "failures": [{"booking": number, "reason": why} for number, why in self.failures],
            "skipped": dict(self.skipped),
            "would_leave": len(list(_leaving(self.texts))),
            "estimated_krw": plain_number(self.estimated_krw),
        }


def effects_of(
    plan: WindowPlan,
    catalog: Catalog,
    prices: Prices,
    *,
    now: datetime,
    day_totals: DayTotals = dict,
) -> Effects:
    """The effects of a plan at a business instant; a plan of the past is judged as of ``now``."""
    instant = max(now, plan.window.as_of)
    jobs = _built(plan, catalog, instant, day_totals)
    shown = [text for _, text in _built(_without_names(plan), catalog, instant, day_totals)]
    decided: list[Decision | Notice] = [*plan.decisions, *plan.notices]
    effects = [
        _effect(one, job, text, masked, catalog, prices, instant)
        for one, (job, text), masked in zip(decided, jobs, shown, strict=True)
    ]
    return Effects(
        window=plan.window.name,
        rule_set=plan.rule_set,
        texts=tuple(effects[: len(plan.decisions)]),
        notices=tuple(effects[len(plan.decisions) :]),
        failures=tuple((one.booking.booking_num, one.reason) for one in plan.failures),
        skipped=plan.not_matched,
    )


def masked_text(text: str) -> str:
    """A text as colleagues may read it: no phone number of a person in full."""
    return _PHONE.sub(r"\1-****-\2", text)


def masked_booking(booking: Booking) -> Booking:
    """The booking for a text that colleagues read: ``김*빛``."""
    return replace(booking, name=mask_name(booking.name))


def _leaving(effects: Iterable[Effect]) -> Iterator[Effect]:
    """Those that would go out: in full effect, not held, not dropped."""
    return (
        one
        for one in effects
        if one.stage == "live" and not one.held and one.timing.verdict != "dropped"
    )


def _built(
    plan: WindowPlan, catalog: Catalog, instant: datetime, day_totals: DayTotals
) -> tuple[tuple[SmsJob, str], ...]:
    """Jobs of all decisions, then of all notices, those of shadow rules too."""
    in_effect = replace(
        plan,
        decisions=tuple(replace(one, shadow=False) for one in plan.decisions),
        notices=tuple(replace(one, shadow=False) for one in plan.notices),
    )
    batch = build_jobs(
        in_effect,
        catalog,
        PlaceholderSecrets(),
        hmac_key=NOBODY,
        code_version="preview",
        now=instant,
        day_totals=day_totals,
    )
    return batch.jobs


def _without_names(plan: WindowPlan) -> WindowPlan:
    decisions = (replace(one, booking=masked_booking(one.booking)) for one in plan.decisions)
    return replace(plan, decisions=tuple(decisions))


def _effect(
    decided: Decision | Notice,
    job: SmsJob,
    text: str,
    masked: str,
    catalog: Catalog,
    prices: Prices,
    instant: datetime,
) -> Effect:
    is_sendable = job.is_text and bool(text)
    return Effect(
        rule=job.rule,
        kind=job.kind,
        channel=job.channel,
        store=alias_of(job.store_id, catalog.stores) if job.store_id else "",
        booking=job.booking_num,
        recipient=mask_phone(job.to) if job.is_text else job.channel,
        stage="shadow" if decided.shadow else "live",
        timing=_timing(job, instant),
        held=job.reason if job.state is JobState.HELD else "",
        text=masked_text(masked),
        message_class=job.message_class,
        message_type=job.message_type,
        bytes_used=sens_bytes(text) if is_sendable else None,
        estimated_krw=prices.of(job.message_type) if is_sendable else None,
    )


def _timing(job: SmsJob, instant: datetime) -> Timing:
    """The job's own verdict; what would come after its useful life never goes."""
    if job.state is JobState.SUPPRESSED or max(job.not_before, instant) >= job.not_after:
        return Timing(verdict="dropped")
    if job.not_before <= instant:
        return Timing(verdict="now")
    return Timing(verdict="deferred", at=job.not_before)
