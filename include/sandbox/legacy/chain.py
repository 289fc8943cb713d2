"""The chain of a rehearsal: the sandbox's world, lived through quickly, with more that happens.

Beside the world's own bookings: visits moved under the same id, phones that change, visits
entered after they had begun, a start with seconds, visits without a phone, and visits that are
first seen exactly two hours before.
"""

import random
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from sandbox.legacy.bugs import Bug
from sandbox.legacy.reading import Span
from sandbox.world.catalogue import OPTION_SETS
from sandbox.world.life import Booking, PhoneChange, Status
from sandbox.world.models import WorldState
from sandbox.world.payload.booking import render_booking
from sandbox.world.query import BookingQuery
from sandbox.world.recipe import Recipe

EXTRA_A_DAY = 8
Payload = dict[str, Any]


class Chain:
    """All bookings of a rehearsal, as the booking API would show them at an instant."""

    def __init__(self, recipe: Recipe, days: int, bugs: frozenset[Bug] = frozenset()) -> None:
        self.stores = recipe.store_ids
        self._world = WorldState(recipe)
        self._moves: list[tuple[datetime, Booking, datetime]] = []
        self._shown: dict[tuple[str, int], tuple[object, ...]] = {}
        self._rendered: dict[tuple[object, ...], Payload] = {}
        rng = random.Random(f"chain:{recipe.seed}")
        for day in range(days):
            for number in range(EXTRA_A_DAY):
                self._add_extra(recipe, rng, day, number)
        if Bug.L7 in bugs:
            self._close_a_store()

    def _add_extra(self, recipe: Recipe, rng: random.Random, day: int, number: int) -> None:
        """Moved, phone changed, late, with seconds, two events, no phone, seen two hours before."""
        midnight = recipe.at.replace(hour=0, minute=0, second=0) + timedelta(days=day)
        model = next(iter(self._world.all()))
        start = midnight + timedelta(hours=10 + number, minutes=30)
        registered = start - timedelta(hours=20 + number, minutes=7)
        booking = replace(
            model,
            store=rng.choice(self.stores),
            booking_id=self._world.new_booking_id(),
            name=f"시험{day:02d}{number}",
            phone=f"0100{rng.randrange(10_000_000):07d}",
            start=start,
            registered_at=registered,
            confirmed_at=registered + timedelta(seconds=20),
            cancelled_at=None,
            no_show_at=None,
            completed_at=None,
            phone_changes=[],
            edits={},
            options=list(OPTION_SETS["naver" if number >= 4 else "plain"] or []),
            scenario="extra",
        )
        if number == 0:
            self._moves.append((start - timedelta(hours=6), booking, start + timedelta(hours=5)))
        elif number == 1:
            changed = f"0100{rng.randrange(10_000_000):07d}"
            booking.phone_changes.append(
                PhoneChange(start - timedelta(hours=5, minutes=7), changed)
            )
        elif number == 2:
            booking.registered_at = start + timedelta(minutes=7)
            booking.confirmed_at = start + timedelta(minutes=8)
        elif number == 3:
            booking.start = start + timedelta(seconds=30)
        elif number == 6:
            booking.phone = ""
        elif number == 7:
            booking.start = start.replace(hour=19, minute=0)
            booking.registered_at = booking.start - timedelta(hours=2, minutes=7)
            booking.confirmed_at = booking.registered_at + timedelta(seconds=20)
        self._world.put(booking)

    def _close_a_store(self) -> None:
        """A branch that opens soon: it has no booking yet, and no row."""
        for booking in list(self._world.all()):
            if booking.store == self.stores[len(self.stores) // 2]:
                booking.hidden = True

    def live_until(self, now: datetime) -> None:
        """Let what was planned by then happen: visits move under their own id."""
        for entry in [one for one in self._moves if one[0] <= now]:
            self._moves.remove(entry)
            self._world.put(replace(entry[1], start=entry[2]))

    def listed(self, store: str, status: str, span: Span | None, now: datetime) -> list[Payload]:
        """What a list call of the API answers at ``now``."""
        found = self._world.select(BookingQuery(store, frozenset({status})), now)
        wanted = [one for one in found if span is None or span.holds(one.start)]
        return [self._render(booking, now) for booking in wanted]

    def changed(self, now: datetime) -> list[Payload]:
        """Every booking that looks other than when this was last asked, in any status."""
        found = []
        for booking in self._world.all():
            look = _look(booking, now)
            if booking.hidden or look is None or self._shown.get(booking.key) == look:
                continue
            self._shown[booking.key] = look
            found.append(self._render(booking, now))
        return found

    def _render(self, booking: Booking, now: datetime) -> Payload:
        look = (*booking.key, *(_look(booking, now) or ()))
        if look not in self._rendered:
            self._rendered[look] = render_booking(booking, now)
        return self._rendered[look]


def _look(booking: Booking, now: datetime) -> tuple[object, ...] | None:
    status = booking.status_at(now)
    if status is None:
        return None
    return (
        Status(status) if status in set(Status) else status,
        booking.phone_at(now),
        booking.start,
    )
