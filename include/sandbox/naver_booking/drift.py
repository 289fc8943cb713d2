"""The list that moves while someone pages through it."""

from dataclasses import replace
from datetime import datetime, timedelta

from sandbox.faults import Fault
from sandbox.world.life import Booking
from sandbox.world.models import WorldState
from sandbox.world.query import BookingQuery


def drift(world: WorldState, query: BookingQuery, now: datetime, fault: Fault) -> None:
    """Change the world before the next page: ``insert`` (default), ``remove`` or ``cancel``.

    The change hits the front of the list, so that everything behind it moves by one row.
    """
    rows = world.select(query, now)
    if not rows:
        return
    change = fault.params.get("change", "insert")
    if change == "remove":
        world.put(replace(rows[0], hidden=True))
    elif change == "cancel":
        world.put(replace(rows[0], cancelled_at=now))
    else:
        world.put(_newcomer(world, query, rows[0], now))


def _newcomer(world: WorldState, query: BookingQuery, first: Booking, now: datetime) -> Booking:
    start = first.start - timedelta(minutes=1)
    outside = query.start is not None and start < query.start
    return replace(
        first,
        booking_id=world.new_booking_id(),
        start=first.start if outside else start,
        registered_at=now,
        confirmed_at=now if first.confirmed_at else None,
        previous_booking_id=None,
        scenario="page_drift",
    )
