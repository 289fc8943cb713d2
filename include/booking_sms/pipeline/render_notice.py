"""What colleagues read: a line about one booking, or a digest of all that a rule found.

A roster is masked, always: names and phones are masked before the template sees them, and the
raw fields of a booking are not there at all. No text of an owner can undo that.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from booking_sms.domain.booking import Booking
from booking_sms.domain.decision import Notice
from booking_sms.domain.errors import TextUnresolved
from booking_sms.domain.korean_text import korean_date
from booking_sms.domain.masking import mask_name
from booking_sms.domain.rule import Action, Scope
from booking_sms.domain.store import StoreDirectory
from booking_sms.domain.template import MessageCatalog
from booking_sms.domain.window import Window
from booking_sms.pipeline.render import fill
from booking_sms.pipeline.text_values import booking_values

DayTotals = Callable[[], Mapping[str, Any]]
"""Counts of the day's messages so far; asked for only by a text that names them."""


def render_notice(
    notice: Notice,
    window: Window,
    stores: StoreDirectory,
    catalog: MessageCatalog,
    day_totals: DayTotals,
) -> str:
    """The text of a notice; raises MessageTextMissing or TextUnresolved, which holds the job."""
    if notice.rule.action is Action.LOG_EVENT:
        return json.dumps(event_fields(notice), ensure_ascii=False)
    template = catalog.get(notice.rule.template)
    values = notice_values(notice, window, stores, day_totals)
    text = fill(template.text_for(notice.store_id), values, catalog, template).strip()
    if not text:
        raise TextUnresolved(template=template.name, why="the text is empty")
    return text


def event_fields(notice: Notice) -> dict[str, Any]:
    """What a log_event writes: ids and counts, never a person."""
    fields: dict[str, Any] = {"rule": notice.rule.name, "bookings": len(notice.bookings)}
    if notice.rule.scope is Scope.BOOKING:
        fields |= {"booking_num": notice.number, "store_id": notice.store_id}
    return fields


def notice_values(
    notice: Notice, window: Window, stores: StoreDirectory, day_totals: DayTotals
) -> dict[str, Any]:
    """Everything that a notice may name."""
    roster = [masked_values(booking, stores) for booking in notice.bookings]
    values: dict[str, Any] = {
        "brand": stores.brand,
        "rule": notice.rule.name,
        "window": {"date": korean_date(window.as_of), "time": f"{window.as_of:%H:%M}"},
        "day": LazyTotals(day_totals),
    }
    if notice.rule.scope is Scope.RUN:
        return {**values, "bookings": roster, "count": len(roster)}
    return {**values, "booking": roster[0], "store": roster[0]["store"]}


def masked_values(booking: Booking, stores: StoreDirectory) -> dict[str, Any]:
    """One line of a roster: ``김*빛``, ``010-****-1234``, the store, the options."""
    store = stores.stores.get(booking.store_id)
    return {
        **booking_values(booking),
        "name": mask_name(booking.name),
        "quantity": lambda *keywords: booking.option_quantity(keywords),
        "store": {
            "id": booking.store_id,
            "name": store.name if store else booking.store_id,
            "alias": store.alias if store else booking.store_id,
        },
    }


class LazyTotals:
    """``day.*``: the day's counts, worked out when the text first names one."""

    def __init__(self, load: DayTotals) -> None:
        self._load = load
        self._totals: Mapping[str, Any] | None = None

    def __getitem__(self, name: str) -> Any:
        if self._totals is None:
            self._totals = self._load()
        return self._totals[name]
