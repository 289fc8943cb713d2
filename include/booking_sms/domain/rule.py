"""What an owner may write in a rule file, as frozen models that refuse what they do not know.

A rule set is data: it holds no code and reads no clock. What may stand below ``when`` is
``domain.condition_model``; ``domain.conditions`` evaluates it.
"""

from __future__ import annotations

import hashlib
import json
from enum import StrEnum
from functools import cached_property
from typing import Any, Literal

from pydantic import AwareDatetime, Field, ValidationInfo, field_validator, model_validator

from booking_sms.domain.condition_model import Condition
from booking_sms.domain.hours import AllowedHours
from booking_sms.domain.ledger import FLAG_OF_KIND
from booking_sms.domain.message import MessageClass
from booking_sms.domain.model import Model, Slug, Wall
from booking_sms.domain.rule_timing import (
    Active,
    LatePolicy,
    NotAfter,
    Occurrence,
    OutOfHours,
    ResendAt,
)

ADVERTISING_HOURS = AllowedHours.parse("08:10-20:50")
"""Network Act art. 50(3) allows 08:00-21:00; the margin is for the carriers' own queues."""


class Action(StrEnum):
    """What a rule does. Everything but a text is a notice: to colleagues, masked."""

    SEND_SMS = "send_sms"
    SEND_TELEGRAM = "send_telegram"
    SEND_SLACK = "send_slack"
    LOG_EVENT = "log_event"

    @property
    def channel(self) -> str:
        """Name of the way out, as jobs carry it: sms, telegram, slack or log."""
        return {"log_event": "log"}.get(self.value, self.value.removeprefix("send_"))


class Scope(StrEnum):
    """One message a booking, or one a run about all bookings that match (a digest)."""

    BOOKING = "booking"
    RUN = "run"


TEXT_ONLY = ("store_specific_sender", "flag", "doubt_policy")
"""Fields that mean something for texts to customers alone."""


class Rule(Model):
    """One rule: when it holds, one message of its ``kind`` goes to the booking's phone.

    ``priority`` orders sending to one recipient (low first); decisions come in file order.
    ``flag`` is the ledger flag that the accepted message sets; a kind that the predecessor did
    not know has none, and leaves no row in its ledger. ``scope: run`` makes one notice of all
    bookings that match.

    A kind is part of what makes two messages the same one. Who renames it lists the old names
    in ``formerly``; who changes ``occurrence`` gives ``effective_from``: messages of this kind
    that were decided before it count as sent, whatever their occurrence.
    """

    name: str = Field(min_length=1, max_length=60)
    enabled: bool = True
    description: str = Field("", max_length=500)
    notes: str = Field("", max_length=500)
    tags: tuple[str, ...] = ()
    action: Action = Action.SEND_SMS
    scope: Scope = Scope.BOOKING
    active: Active | None = Field(None, description="days on which the rule counts at all")
    kind: Slug
    formerly: tuple[Slug, ...] = Field((), description="earlier names of this kind")
    effective_from: AwareDatetime | None = None
    template: str = Field("", description="name of the text; log_event needs none")
    message_class: MessageClass = MessageClass.INFORMATION
    store_specific_sender: bool = False
    stores: tuple[str, ...] = Field((), description="only these stores; empty = every store")
    when: Condition
    occurrence: Occurrence = Occurrence.ONCE
    late_policy: LatePolicy = LatePolicy.SEND_NOW
    not_after: NotAfter
    allowed_hours: str | None = Field(None, description='Korean wall clock, "08:10-20:50"')
    deferred_to: Wall | None = Field(None, description="where a message out of hours is put off to")
    out_of_hours: OutOfHours = OutOfHours.DEFER
    doubt_policy: Literal["hold"] | ResendAt = "hold"
    rollout: str = Field("all", pattern=r"^(shadow|all|store:[0-9]+)$")
    flag: str = Field(
        "",
        validate_default=True,
        description="ledger flag of the predecessor; none for kinds of our own",
    )
    priority: int = Field(5, ge=0, le=9)

    @model_validator(mode="after")
    def _fits_its_action(self) -> Rule:
        if not self.template and self.action is not Action.LOG_EVENT:
            raise ValueError("give the template")
        if self.action is Action.SEND_SMS:
            self._check_text()
        else:
            self._check_notice()
        return self

    def _check_text(self) -> None:
        if self.scope is Scope.RUN:
            raise ValueError("a text goes to one customer: scope run is for notices")
        if "message_class" not in self.model_fields_set:
            raise ValueError("say message_class: information or advertising")

    def _check_notice(self) -> None:
        foreign = [name for name in TEXT_ONLY if getattr(self, name) != _default(name)]
        if self.message_class is MessageClass.ADVERTISING:
            foreign.append("message_class advertising")
        if foreign:
            raise ValueError(f"{', '.join(foreign)}: for send_sms only")
        if self.scope is Scope.RUN and self.not_after.visit_end is not None:
            raise ValueError("a digest belongs to no visit: not_after takes as_of only")
        if self.scope is Scope.RUN and self.occurrence is Occurrence.PER_START:
            raise ValueError("a digest belongs to no visit: occurrence is once or per_day")
        if self.scope is Scope.RUN and "occurrence" not in self.model_fields_set:
            raise ValueError("say occurrence: per_day or once")
        if self.scope is Scope.RUN and self.late_policy is not LatePolicy.SEND_NOW:
            raise ValueError("a digest is never late: leave late_policy out")

    @model_validator(mode="after")
    def _hours_are_lawful(self) -> Rule:
        hours = self.hours
        for name in ("deferred_to", "out_of_hours"):
            if name in self.model_fields_set and getattr(self, name) != _default(name):
                _require_hours(name, hours)
        if self.late_policy is LatePolicy.SHIFT:
            _require_hours("late_policy shift", hours)
        if self.deferred_to and self.out_of_hours is OutOfHours.DROP:
            raise ValueError("deferred_to and out_of_hours drop exclude each other")
        if self.message_class is MessageClass.ADVERTISING:
            if hours is None:
                raise ValueError("an advertising rule needs allowed_hours")
            if not hours.within(ADVERTISING_HOURS):
                raise ValueError(f"advertising may go out {ADVERTISING_HOURS} only")
        return self

    @field_validator("flag")
    @classmethod
    def _flag_fits_kind(cls, flag: str, info: ValidationInfo) -> str:
        if "kind" not in info.data:
            return flag
        kind = info.data["kind"]
        expected = FLAG_OF_KIND.get(kind, "")
        if flag != expected:
            why = "" if expected else ", the predecessor knew no such kind: leave flag out"
            raise ValueError(f"messages of kind {kind} set the flag {expected!r}{why}")
        return flag

    @cached_property
    def hours(self) -> AllowedHours | None:
        """Parsed allowed hours with where to defer to; None = any time."""
        if self.allowed_hours is None:
            return None
        return AllowedHours.parse(self.allowed_hours, deferred_to=self.deferred_to)

    @cached_property
    def digest(self) -> str:
        """Short hash of everything the rule says."""
        return content_digest(self.model_dump(mode="json"))

    @property
    def is_notice(self) -> bool:
        """Whether it tells colleagues, not a customer."""
        return self.action is not Action.SEND_SMS

    @property
    def doubt_resend_minutes(self) -> int | None:
        """Minutes before the visit at which a doubt is resent; None = a person decides."""
        return None if self.doubt_policy == "hold" else self.doubt_policy.resend_at


def _default(name: str) -> Any:
    return Rule.model_fields[name].default


def _require_hours(name: str, hours: AllowedHours | None) -> None:
    if hours is None:
        raise ValueError(f"{name} needs allowed_hours")


def _identity_of(rule: Rule) -> tuple[str, ...]:
    return (rule.action, rule.scope, rule.occurrence, rule.flag)


class RuleSet(Model):
    """Rules in the order in which they are looked at. Names are unique.

    ``inherit_rescheduled``: whether a booking that replaces another starts with the old one's
    history; the predecessor never knew of reschedules.
    """

    name: str = Field(min_length=1, max_length=100)
    description: str = ""
    inherit_rescheduled: bool = False
    rules: tuple[Rule, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _names_are_unique(self) -> RuleSet:
        names = [rule.name for rule in self.rules]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"rule names used twice: {', '.join(twice)}")
        return self

    @model_validator(mode="after")
    def _kinds_agree(self) -> RuleSet:
        """Identity is (booking, kind, phone, occurrence): rules of a kind must agree on it."""
        first: dict[str, Rule] = {}
        for rule in self.rules:
            other = first.setdefault(rule.kind, rule)
            if _identity_of(rule) != _identity_of(other):
                raise ValueError(
                    f"rules {other.name!r} and {rule.name!r} of kind {rule.kind} differ in "
                    "action, scope, occurrence or flag: both could send"
                )
        return self

    @cached_property
    def digest(self) -> str:
        """Short hash of the whole set."""
        return content_digest(self.model_dump(mode="json"))

    def rule(self, name: str) -> Rule:
        """The rule of this name; KeyError if there is none."""
        return next(rule for rule in self.rules if rule.name == name)


def content_digest(document: Any) -> str:
    """First 12 hex of the sha256 of a JSON document, independent of key order."""
    text = json.dumps(document, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:12]
