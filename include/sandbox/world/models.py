"""State of the business world: every booking, kept in order of its start."""

from bisect import bisect_left, bisect_right, insort
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from pydantic import TypeAdapter

from sandbox.service import Dump
from sandbox.world.life import Booking
from sandbox.world.payload.snapshot import device_marks
from sandbox.world.query import BookingQuery
from sandbox.world.recipe import Recipe
from sandbox.world.seeding import first_booking_id, make_bookings
from sandbox.world.store_secrets import store_secret

_BOOKING = TypeAdapter(Booking)
_RECIPE = TypeAdapter(Recipe)
_IDS_FOR_CHANGES = 900_000  # bookings made by hand get ids far from the seeded ones


def _order(booking: Booking) -> tuple[datetime, int]:
    return booking.start, booking.booking_id


class WorldState:
    """All bookings, made from a recipe and then changed by hand."""

    name = "world"

    def __init__(self, recipe: Recipe) -> None:
        self.seed(recipe)

    def seed(self, recipe: Recipe) -> None:
        """Throw the world away and make it anew."""
        self.recipe = recipe
        self._changed: set[tuple[str, int]] = set()
        self._bookings: dict[tuple[str, int], Booking] = {}
        self._ordered: dict[str, list[Booking]] = {store: [] for store in recipe.store_ids}
        for booking in make_bookings(recipe):
            self._bookings[booking.key] = booking
            self._ordered[booking.store].append(booking)
        for bookings in self._ordered.values():
            bookings.sort(key=_order)

    def reset(self) -> None:
        """Back to the recipe: every change by hand is dropped."""
        self.seed(self.recipe)

    def dump(self) -> Dump:
        """The recipe and what was changed since."""
        changed = [self._bookings[key] for key in sorted(self._changed)]
        return {
            "recipe": _RECIPE.dump_python(self.recipe, mode="json"),
            "changed": [booking_as_json(booking) for booking in changed],
        }

    def restore(self, dump: Dump) -> None:
        """Make the recipe's world and apply the changes."""
        recipe = _RECIPE.validate_python(dump["recipe"])
        if self._changed or recipe != self.recipe:
            self.seed(recipe)
        for entry in dump["changed"]:
            self.put(booking_from_json(entry))

    def has_store(self, store: str) -> bool:
        """Whether the chain has this store."""
        return store in self._ordered

    def get(self, store: str, booking_id: int) -> Booking | None:
        """One booking, whether it is visible yet or not."""
        return self._bookings.get((store, booking_id))

    def all(self) -> Iterable[Booking]:
        """Every booking, store by store, ordered by start."""
        for store in sorted(self._ordered):
            yield from self._ordered[store]

    def put(self, booking: Booking) -> None:
        """Add a booking, or replace the one with its id."""
        ordered = self._ordered.setdefault(booking.store, [])
        old = self._bookings.get(booking.key)
        if old is not None:
            # by identity: the caller may already have changed the booking's start
            ordered[:] = [other for other in ordered if other is not old]
        insort(ordered, booking, key=_order)
        self._bookings[booking.key] = booking
        self._changed.add(booking.key)

    def new_booking_id(self) -> int:
        """An id that no booking of any store has."""
        floor = first_booking_id(self.recipe.seed) + _IDS_FOR_CHANGES
        return max([floor, *(number + 1 for _, number in self._changed)])

    def select(self, query: BookingQuery, now: datetime) -> list[Booking]:
        """The bookings that the API shows at ``now`` for a question, in its order."""
        found = [
            booking
            for booking in self._in_range(query)
            if not booking.hidden
            and (status := booking.status_at(now)) is not None
            and (not query.statuses or status in query.statuses)
        ]
        return found[::-1] if query.descending else found

    def _in_range(self, query: BookingQuery) -> list[Booking]:
        ordered = self._ordered.get(query.store, [])
        start, end = query.start, query.end
        if start is None or end is None:
            return ordered
        if query.date_filter == "REGDATE":
            return [booking for booking in ordered if start <= booking.registered_at <= end]
        first = bisect_left(ordered, start, key=lambda booking: booking.start)
        return ordered[first : bisect_right(ordered, end, key=lambda booking: booking.start)]

    def canaries(self) -> dict[str, list[str]]:
        """Every value that must never turn up in a log, a metric or a report."""
        bookings = list(self._bookings.values())
        phones = {phone for booking in bookings for phone in _phones(booking)}
        secrets = [store_secret(self.recipe.seed, store) for store in sorted(self._ordered)]
        return {
            "names": sorted({booking.name for booking in bookings}),
            "phones": sorted(phones),
            "phones_hyphenated": sorted({hyphenated(phone) for phone in phones}),
            "emails": sorted({booking.email for booking in bookings}),
            "devices": sorted({mark for booking in bookings for mark in device_marks(booking)}),
            "door_codes": [secret["door_code"] for secret in secrets],
            "wifi_passwords": [secret["wifi_password"] for secret in secrets],
        }


def booking_as_json(booking: Booking) -> dict[str, Any]:
    """A booking of the world (not the vendor's payload) as JSON-able data."""
    return dict(_BOOKING.dump_python(booking, mode="json"))


def booking_from_json(entry: dict[str, Any]) -> Booking:
    """Read :func:`booking_as_json` back."""
    return _BOOKING.validate_python(entry)


def hyphenated(phone: str) -> str:
    """The spelling that people use: 3-4-4, or 3-3-4 for ten digits."""
    return f"{phone[:3]}-{phone[3:-4]}-{phone[-4:]}"


def _phones(booking: Booking) -> list[str]:
    return [p for p in (booking.phone, *(c.phone for c in booking.phone_changes)) if p]
