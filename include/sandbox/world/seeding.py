"""Turns a recipe into bookings: the named scenes first, then as many plain ones as asked for."""

import random
from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import islice

from sandbox.world.catalogue import KEYWORD_SETS, OPTION_SETS
from sandbox.world.life import Booking, PhoneChange
from sandbox.world.people import NAME_SHAPES, PHONE_SHAPES, Person, people
from sandbox.world.recipe import Recipe
from sandbox.world.scenes import AT_ONCE, EARLIER, SCENES, Scene, moment

_FIRST_BOOKING_ID = 1_100_000_000
_IDS_PER_SEED = 1_000_000


def first_booking_id(seed: int) -> int:
    """Booking ids of a world count up from here."""
    return _FIRST_BOOKING_ID + seed % 1_000 * _IDS_PER_SEED


def make_bookings(recipe: Recipe) -> list[Booking]:
    """All bookings of the world, the same for the same recipe."""
    crowd = people(recipe.seed)
    director = _Director(recipe, crowd)
    bookings = [director.play(scene) for scene in director.playable(SCENES[: recipe.bookings])]
    filler = islice(_plain_bookings(recipe, crowd), recipe.bookings - len(bookings))
    return bookings + list(filler)


class _Director:
    """Gives each scene a store, a booking id and a customer, and remembers them."""

    def __init__(self, recipe: Recipe, crowd: Iterator[Person]) -> None:
        self._recipe = recipe
        self._crowd = crowd
        self._rng = random.Random(f"scenes:{recipe.seed}")
        self._played: dict[str, Booking] = {}
        self._cast: dict[str, Person] = {}

    def playable(self, scenes: tuple[Scene, ...]) -> list[Scene]:
        """A single store cannot hold the same booking id twice."""
        return [s for s in scenes if s.same_id_as is None or self._recipe.stores > 1]

    def play(self, scene: Scene) -> Booking:
        """Make the scene's booking."""
        number = len(self._played)
        relative = scene.moved_from or scene.same_person_as
        person = self._cast[relative] if relative else next(self._crowd)
        booking = _booking(self._recipe, scene, person, self._registered(scene))
        booking.store, booking.booking_id = self._place(scene, number)
        if scene.moved_from:
            booking.previous_booking_id = self._played[scene.moved_from].booking_id
        self._cast[scene.slug] = person
        self._played[scene.slug] = booking
        return booking

    def _place(self, scene: Scene, number: int) -> tuple[str, int]:
        stores = self._recipe.store_ids
        booking_id = first_booking_id(self._recipe.seed) + number
        if scene.moved_from:
            return self._played[scene.moved_from].store, booking_id
        if scene.same_id_as:
            twin = self._played[scene.same_id_as]
            return stores[(stores.index(twin.store) + 1) % len(stores)], twin.booking_id
        return stores[number % len(stores)], booking_id

    def _registered(self, scene: Scene) -> datetime:
        if scene.registered != EARLIER:
            return moment(self._recipe.day, scene.registered)
        start = min(moment(self._recipe.day, scene.start), moment(self._recipe.day, "08:00"))
        return start - timedelta(hours=self._rng.randrange(4, 120), seconds=self._rng.randrange(60))


def _booking(recipe: Recipe, scene: Scene, person: Person, registered: datetime) -> Booking:
    day = recipe.day
    options = OPTION_SETS[scene.options]
    return Booking(
        store="",
        booking_id=0,
        name=NAME_SHAPES[scene.name](person.name),
        phone=PHONE_SHAPES[scene.phone](person.phone),
        email=person.email,
        user_id=person.user_id,
        start=moment(day, scene.start),
        registered_at=registered,
        confirmed_at=_confirmed(day_text=scene.confirmed, registered=registered, recipe=recipe),
        cancelled_at=_optional(recipe, scene.cancelled),
        no_show_at=_optional(recipe, scene.no_show),
        completed_at=_optional(recipe, scene.completed),
        options=None if options is None else list(options),
        status=scene.status,
        phone_changes=_phone_changes(recipe, scene, person),
        coupon=scene.coupon,
        masked=scene.masked,
        scenario=scene.slug,
    )


def _optional(recipe: Recipe, text: str | None) -> datetime | None:
    return moment(recipe.day, text) if text else None


def _confirmed(day_text: str | None, registered: datetime, recipe: Recipe) -> datetime | None:
    if day_text == AT_ONCE:
        return registered + timedelta(seconds=35)
    return _optional(recipe, day_text)


def _phone_changes(recipe: Recipe, scene: Scene, person: Person) -> list[PhoneChange]:
    if not scene.phone_changed:
        return []
    other = f"0100{(int(person.phone[4:]) + 1) % 10_000_000:07d}"
    return [PhoneChange(moment(recipe.day, scene.phone_changed), other)]


def _plain_bookings(recipe: Recipe, crowd: Iterator[Person]) -> Iterator[Booking]:
    rng = random.Random(f"plain:{recipe.seed}")
    booking_id = first_booking_id(recipe.seed) + len(SCENES)
    while True:
        yield _plain_booking(recipe, rng, next(crowd), booking_id)
        booking_id += 1


def _plain_booking(recipe: Recipe, rng: random.Random, person: Person, number: int) -> Booking:
    day = f"{rng.randrange(-2, 31):+d}d {rng.randrange(8, 22):02d}:{rng.choice(('00', '30'))}"
    start = moment(recipe.day, day)
    # most are there when the world begins, some come in while it lives
    known_by = min(start, moment(recipe.day, "08:00")) if rng.random() < 0.9 else start
    registered = known_by - timedelta(minutes=rng.randrange(60, 14 * 24 * 60))
    booking = Booking(
        store=rng.choice(recipe.store_ids),
        booking_id=number,
        name=person.name,
        phone=person.phone,
        email=person.email,
        user_id=person.user_id,
        start=start,
        registered_at=registered,
        options=list(OPTION_SETS[rng.choice(("plain", "plain", *KEYWORD_SETS))] or []),
        scenario="plain",
    )
    _give_fate(booking, rng)
    return booking


def _give_fate(booking: Booking, rng: random.Random) -> None:
    """Most are confirmed at once; some wait, some are cancelled, a few never come."""
    draw = rng.random()
    if draw < 0.03:
        return
    booking.confirmed_at = booking.registered_at + timedelta(seconds=rng.randrange(5, 90))
    if draw < 0.13:
        whole = (booking.start - booking.confirmed_at).total_seconds()
        booking.cancelled_at = booking.confirmed_at + timedelta(seconds=whole * rng.random())
    elif draw < 0.15:
        booking.no_show_at = booking.start + timedelta(minutes=40)
