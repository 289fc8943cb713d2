"""What an owner may write in a rule file, as frozen models that refuse what they do not know.

A rule set is data: it holds no code and reads no clock. What may stand below ``when`` is
``domain.condition_model``; ``domain.conditions`` evaluates it.

``formerly`` names and actions other than ``send_sms`` belong to the full language that this
model is shaped for; a file that uses them today is refused, never half obeyed.
"""

from __future__ import annotations

import hashlib
import json
from datetime import datetime, timedelta
from enum import StrEnum
from functools import cached_property, lru_cache
from typing import Any, Literal

from pydantic import Field, ValidationInfo, field_validator, model_validator

from booking_sms.domain.condition_model import Condition
from booking_sms.domain.hours import AllowedHours
from booking_sms.domain.ledger import FLAG_OF_KIND
from booking_sms.domain.message import MessageClass
from booking_sms.domain.model import Duration, Model, Slug, Wall

ADVERTISING_HOURS = AllowedHours.parse("08:10-20:50")
"""Network Act art. 50(3) allows 08:00-21:00; the margin is for the carriers' own queues."""

_UNITS = {"m": "minutes", "h": "hours", "d": "days"}


class Occurrence(StrEnum):
    """How often one booking and phone may get this kind of message."""

    ONCE = "once"
    PER_START = "per_start"
    PER_DAY = "per_day"


class LatePolicy(StrEnum):
    """What an approved repair does with a message that is late. Old plans wait in any case."""

    SEND_NOW = "send_now"
    SKIP = "skip"
    SHIFT = "shift"


@lru_cache
def duration(text: str) -> timedelta:
    """``30m``, ``2h`` or ``7d`` as a timedelta."""
    return timedelta(**{_UNITS[text[-1]]: int(text[:-1])})


class NotAfter(Model):
    """When the message has lost its use: the later of the instants that are given."""

    visit_end: Duration | None = Field(None, description="this long after the visit ends")
    as_of: Duration | None = Field(None, description="this long after the deciding window")

    @model_validator(mode="after")
    def _says_something(self) -> NotAfter:
        if self.visit_end is None and self.as_of is None:
            raise ValueError("give visit_end, as_of or both")
        return self

    def deadline(self, visit_end: datetime, as_of: datetime) -> datetime:
        """The instant after which this message must not be sent any more."""
        anchors = ((visit_end, self.visit_end), (as_of, self.as_of))
        return max(anchor + duration(text) for anchor, text in anchors if text is not None)


class ResendAt(Model):
    """Resend what is still in doubt this many minutes before the visit starts."""

    resend_at: int = Field(ge=5, le=24 * 60)


class Rule(Model):
    """One rule: when it holds, one message of its ``kind`` goes to the booking's phone.

    ``priority`` orders sending to one recipient (low first); decisions come in file order.
    ``flag`` is the ledger flag that the accepted message sets; a kind that the predecessor did
    not know has none, and leaves no row in its ledger.
    """

    name: str = Field(min_length=1, max_length=60)
    enabled: bool = True
    description: str = Field("", max_length=500)
    notes: str = Field("", max_length=500)
    tags: tuple[str, ...] = ()
    action: Literal["send_sms"] = "send_sms"
    kind: Slug
    template: str = Field(min_length=1)
    message_class: MessageClass
    store_specific_sender: bool = False
    stores: tuple[str, ...] = Field((), description="only these stores; empty = every store")
    when: Condition
    occurrence: Occurrence = Occurrence.ONCE
    late_policy: LatePolicy = LatePolicy.SEND_NOW
    not_after: NotAfter
    allowed_hours: str | None = Field(None, description='Korean wall clock, "08:10-20:50"')
    deferred_to: Wall | None = Field(None, description="where a message out of hours is put off to")
    doubt_policy: Literal["hold"] | ResendAt = "hold"
    rollout: str = Field("all", pattern=r"^(shadow|all|store:[0-9]+)$")
    flag: str = Field(
        "",
        validate_default=True,
        description="ledger flag of the predecessor; none for kinds of our own",
    )
    priority: int = Field(5, ge=0, le=9)

    @model_validator(mode="after")
    def _hours_are_lawful(self) -> Rule:
        hours = self.hours
        if self.deferred_to and hours is None:
            raise ValueError("deferred_to needs allowed_hours")
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
    def doubt_resend_minutes(self) -> int | None:
        """Minutes before the visit at which a doubt is resent; None = a person decides."""
        return None if self.doubt_policy == "hold" else self.doubt_policy.resend_at


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
            if (rule.occurrence, rule.flag) != (other.occurrence, other.flag):
                raise ValueError(
                    f"rules {other.name!r} and {rule.name!r} of kind {rule.kind} differ in "
                    "occurrence or flag: both could send"
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
