"""Texts as a customer would get them, for a made-up booking: before any rule sends one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from booking_sms.domain.booking import KST, Booking, BookingStatus
from booking_sms.domain.catalog import Catalog
from booking_sms.domain.decision import Decision
from booking_sms.domain.errors import BookingSmsError
from booking_sms.domain.message import RenderedMessage
from booking_sms.domain.rule import Rule
from booking_sms.pipeline.render import render

SAMPLE_START = datetime(2026, 3, 2, 15, 0, tzinfo=KST)


class PlaceholderSecrets:
    """Shows where a secret would stand, without reading one."""

    def get(self, name: str) -> str:
        """The key of the reference in brackets."""
        return f"[{name.rpartition('#')[2]}]"


def sample_booking(store_id: str) -> Booking:
    """An invented confirmed booking of one hour."""
    return Booking(
        store_id=store_id,
        booking_id="7000000001",
        status=BookingStatus.CONFIRMED,
        name="김별빛",
        phone="01000001234",
        starts_at=SAMPLE_START,
        ends_at=SAMPLE_START + timedelta(hours=1),
    )


def preview(catalog: Catalog, rule: Rule, store_id: str) -> RenderedMessage:
    """The rule's message for a sample booking at a store; raises what ``render`` raises."""
    decision = sample_decision(rule, sample_booking(store_id))
    return render(decision, catalog.stores, catalog.messages, PlaceholderSecrets())


def sample_decision(rule: Rule, booking: Booking) -> Decision:
    """A decision that is good for rendering only: its instants are the visit's start."""
    return Decision(
        booking=booking,
        rule=rule,
        kind=rule.kind,
        phone=booking.phone,
        occurrence="preview",
        flag=rule.flag,
        first_sight=True,
        not_before=booking.starts_at,
        not_after=booking.starts_at,
    )


@dataclass(frozen=True)
class TextProblem:
    """One text that could not go out as it stands."""

    rule: str
    store_id: str
    problem: str


def text_problems(catalog: Catalog) -> Iterator[TextProblem]:
    """Every rule's text at every store that cannot be rendered: what loading cannot see."""
    for rule in (one for one in catalog.rules.rules if not one.is_notice):
        for store_id in rule.stores or catalog.stores.stores:
            try:
                preview(catalog, rule, store_id)
            except BookingSmsError as error:
                yield TextProblem(rule.name, store_id, f"{error.code}: {error}")
