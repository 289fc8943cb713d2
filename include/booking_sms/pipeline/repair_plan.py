"""A repair as it is stored: what would be done to whom, who allowed it, what was done.

Recipients and texts are sealed; everything else of the document names no customer. The hash is
over the plan's own items, so an approval of it is an approval of exactly these messages.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Any

from pydantic import TypeAdapter

from booking_sms.domain.errors import ActionRefused, SettingsInvalid
from booking_sms.domain.sms_job import SmsJob
from booking_sms.domain.window import StoreCoverage
from booking_sms.pipeline.plan_document import Seals
from booking_sms.ports import PlanRepository

VALID_FOR = timedelta(minutes=30)
"""From preview to approval, and from approval to the beginning of the execution."""
_PREFIX = "repair#"


class Action(StrEnum):
    """``send`` makes a new job, ``release`` lets go of one that is held for approval."""

    SEND = "send"
    RELEASE = "release"


class Outcome(StrEnum):
    """What would become of one message, or became of it."""

    WOULD_SEND = "would_send"
    WOULD_DEFER = "would_defer"
    QUEUED = "queued"
    DEFERRED = "deferred"
    EXPIRED = "expired"
    SUPPRESSED = "suppressed"
    CANCELLED = "cancelled"
    HELD = "held"
    NOT_SENT = "not_sent"
    ALREADY_THERE = "already_there"
    PENDING = "pending"


LEAVING = frozenset({Outcome.WOULD_SEND, Outcome.WOULD_DEFER})
DONE_AS = {Outcome.WOULD_SEND: Outcome.QUEUED, Outcome.WOULD_DEFER: Outcome.DEFERRED}


@dataclass(frozen=True, kw_only=True)
class RepairCaps:
    """Above one of these a plan can be read but not approved."""

    max_texts: int
    max_krw: Decimal
    max_age_hours: int


@dataclass(frozen=True, kw_only=True)
class RepairRequest:
    """Windows by their ends (oldest first), and what of them; empty means all.

    ``held``: whatever waits for approval, of any window.
    """

    windows: tuple[datetime, ...] = ()
    stores: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()
    held: bool = False


@dataclass(frozen=True, kw_only=True)
class RepairItem:
    """One message: the job that would be made or let go, and what would become of it.

    ``text`` is empty where only the outbox has it; ``shown`` is the text as colleagues read it.
    """

    action: Action
    job: SmsJob = field(repr=False)
    text: str = field(default="", repr=False)
    shown: str = field(default="", repr=False)
    bytes_used: int | None = None
    estimated_krw: Decimal = Decimal()
    rule_digest: str = ""
    outcome: Outcome
    reason: str = ""
    deferred_to: datetime | None = None

    @property
    def leaves(self) -> bool:
        """Whether it would be texted to somebody."""
        return self.outcome in LEAVING


@dataclass(frozen=True, kw_only=True)
class UndecidedBooking:
    """A booking of a window that no rule could decide, and why."""

    window: str
    booking_num: str
    reason: str


@dataclass(frozen=True, kw_only=True)
class Approval:
    """Who allowed which hash, why and when."""

    plan_hash: str
    by: str
    reason: str
    at: datetime


@dataclass(frozen=True, kw_only=True)
class ItemResult:
    """What became of one item; ``planned`` is what was approved."""

    job_id: str
    booking_num: str
    kind: str
    store_id: str
    window: str
    planned: Outcome
    outcome: Outcome
    reason: str = ""

    @property
    def differs(self) -> bool:
        """Whether something else was done than what was approved."""
        return self.outcome is not DONE_AS.get(self.planned, self.planned)


@dataclass(frozen=True, kw_only=True)
class Execution:
    """Begun once, done once; between them a crash may lie."""

    begun_at: datetime
    done_at: datetime | None = None
    results: tuple[ItemResult, ...] = ()


@dataclass(frozen=True, kw_only=True)
class RepairPlan:
    """Everything about one repair."""

    plan_id: str
    created_at: datetime
    by: str
    request: RepairRequest
    caps: RepairCaps
    code_version: str
    rule_set: str
    plan_hash: str
    over_caps: tuple[str, ...] = ()
    items: tuple[RepairItem, ...] = ()
    undecided: tuple[UndecidedBooking, ...] = ()
    not_matched: Mapping[str, int] = field(default_factory=dict)
    coverage: tuple[StoreCoverage, ...] = ()
    failed_stores: Mapping[str, str] = field(default_factory=dict)
    approval: Approval | None = None
    execution: Execution | None = None

    @property
    def texts(self) -> tuple[RepairItem, ...]:
        """What would be texted to customers."""
        return tuple(item for item in self.items if item.leaves and item.job.is_text)

    @property
    def estimated_krw(self) -> Decimal:
        """What these texts are thought to cost together."""
        return sum((item.estimated_krw for item in self.texts), Decimal())

    def require_hash(self, plan_hash: str) -> None:
        """Refuse any hash but the plan's own, worked out again from its items."""
        if plan_hash != self.plan_hash:
            self.refuse("the hash is not this plan's: preview it again", offered=plan_hash)
        if hash_of_items(self.items) != self.plan_hash:
            self.refuse("its items are not those of its hash: preview it again")

    def refuse(self, why: str, **context: Any) -> None:
        """Raise ActionRefused, naming the plan."""
        raise ActionRefused(why, plan=self.plan_id, **context)


_PLAN = TypeAdapter(RepairPlan)
_ITEMS = TypeAdapter(tuple[RepairItem, ...])


def hash_of_items(items: Iterable[RepairItem]) -> str:
    """Short hash over who would get what until when, by which rule and act; any order."""
    lines = (
        f"{item.action}|{item.job.booking_num}|{item.job.sort_key}|{item.job.payload_hash}"
        f"|{item.job.not_after.isoformat()}|{item.rule_digest}|{item.outcome}|{item.reason}"
        for item in items
    )
    return hashlib.sha256("\n".join(sorted(lines)).encode()).hexdigest()[:16]


def store_plan(plans: PlanRepository, sealer: Seals, plan: RepairPlan) -> None:
    """Write the plan, or write it again with what was decided about it."""
    document = _PLAN.dump_python(replace(plan, items=()), mode="json")
    document["sealed"] = sealer.seal(_ITEMS.dump_json(plan.items).decode())
    plans.put(_PREFIX + plan.plan_id, document)


def read_repair(plans: PlanRepository, sealer: Seals, plan_id: str) -> RepairPlan:
    """The plan; ActionRefused for an unknown one, SettingsInvalid if no key opens it."""
    stored = plans.get(_PREFIX + plan_id)
    if stored is None:
        raise ActionRefused("there is no such repair plan", plan=plan_id)
    document = dict(stored)
    items = sealer.open(document.pop("sealed"))
    if items is None:
        raise SettingsInvalid("no key of booking_sms_default opens the plan", plan=plan_id)
    plan = _PLAN.validate_json(json.dumps(document))
    return replace(plan, items=_ITEMS.validate_json(items))


def caps_exceeded(
    items: Iterable[RepairItem], oldest: datetime | None, caps: RepairCaps, now: datetime
) -> tuple[str, ...]:
    """Each cap that these items are over, with both numbers."""
    texts = [item for item in items if item.leaves and item.job.is_text]
    cost = sum((item.estimated_krw for item in texts), Decimal())
    age = (now - oldest) / timedelta(hours=1) if oldest else 0.0
    measures = (
        ("BOOKING_SMS_REPAIR_MAX_TEXTS", len(texts), caps.max_texts),
        ("BOOKING_SMS_REPAIR_MAX_KRW", cost, caps.max_krw),
        ("BOOKING_SMS_REPAIR_MAX_AGE_HOURS", round(age, 1), caps.max_age_hours),
    )
    return tuple(f"{name}: {found} of {most}" for name, found, most in measures if found > most)
