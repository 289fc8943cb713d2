"""The seeded world: deterministic, as of its clock, and full of the cases that matter."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import pytest
from naver_world import kst

from sandbox.world.life import Booking
from sandbox.world.models import WorldState, booking_as_json
from sandbox.world.payload.booking import render_booking
from sandbox.world.query import BookingQuery
from sandbox.world.recipe import Recipe
from sandbox.world.scenes import SCENES, moment

WINDOWS = ("13:40", "14:00", "14:20", "20:00", "20:20", "20:40")
KEYWORDS = ("네이버", "인스타", "원본")
TWO_HOURS = timedelta(hours=2)


def _dump(recipe: Recipe) -> list[dict[str, Any]]:
    return [booking_as_json(booking) for booking in WorldState(recipe).all()]


def _scene(world: WorldState, slug: str) -> Booking:
    return next(booking for booking in world.all() if booking.scenario == slug)


@dataclass
class Predecessor:
    """What the predecessor would text, read off its description: flags by booking and phone."""

    reminded: dict[tuple[str, int, str], bool] = field(default_factory=dict)
    evented: set[tuple[str, int, str]] = field(default_factory=set)

    def run(self, world: WorldState, now: datetime) -> list[tuple[str, str]]:
        sent: list[tuple[str, str]] = []
        for status, decide in (("RC03", self._confirmed), ("RC08", self._completed)):
            for store in world.recipe.store_ids:
                for booking in world.select(BookingQuery(store, frozenset({status})), now):
                    key = (*booking.key, booking.phone_at(now))
                    sent += [(kind, booking.scenario) for kind in decide(booking, key, now)]
        return sent

    def _confirmed(self, booking: Booking, key: tuple[str, int, str], now: datetime) -> list[str]:
        ahead = booking.start - now
        if key not in self.reminded:
            self.reminded[key] = timedelta() < ahead <= TWO_HOURS
            return ["confirm", "guide"] if self.reminded[key] else ["confirm"]
        if self.reminded[key] or not timedelta() < ahead < TWO_HOURS:
            return []
        self.reminded[key] = True
        return ["guide"]

    def _completed(self, booking: Booking, key: tuple[str, int, str], now: datetime) -> list[str]:
        names = [option.name for option in booking.options or []]
        wanted = any(keyword in name for name in names for keyword in KEYWORDS)
        if now.hour != 20 or key not in self.reminded or key in self.evented or not wanted:
            return []
        self.evented.add(key)
        return ["event"]


@pytest.fixture(scope="module")
def texts() -> dict[str, list[tuple[str, str]]]:
    world, predecessor = WorldState(Recipe()), Predecessor()
    return {window: predecessor.run(world, kst(window)) for window in WINDOWS}


def test_same_recipe_is_the_same_world_and_another_seed_is_not() -> None:
    assert _dump(Recipe()) == _dump(Recipe())
    assert _dump(Recipe()) != _dump(Recipe(seed=2))


def test_size_is_what_was_asked_for() -> None:
    for bookings in (0, 10, 60, 500):
        assert len(_dump(Recipe(bookings=bookings))) == bookings
    assert {entry["store"] for entry in _dump(Recipe(stores=20, bookings=500))} == {
        str(900101 + number) for number in range(20)
    }


def test_first_sights_follow_the_two_hour_rule(texts: dict[str, list[tuple[str, str]]]) -> None:
    first, second, third = (texts[window] for window in WINDOWS[:3])

    for slug in ("inside_two_hours", "exactly_two_hours_new"):
        assert {("confirm", slug), ("guide", slug)} <= set(first)
    for slug in ("far_away", "two_hours_one_minute_new", "at_start", "already_past"):
        assert ("confirm", slug) in first
        assert ("guide", slug) not in first
    assert ("guide", "reminder_due_1400") in second
    assert ("guide", "new_1400_exactly_two_hours") in second
    assert ("guide", "exactly_two_hours_known") not in second
    assert ("guide", "exactly_two_hours_known") in third
    assert {("confirm", "confirmed_late"), ("guide", "confirmed_late")} <= set(third)
    assert ("guide", "new_1420_at_start") not in third


def test_moved_cancelled_and_changed_bookings(texts: dict[str, list[tuple[str, str]]]) -> None:
    said = [text for window in WINDOWS for text in texts[window]]

    assert ("confirm", "cancelled_before_reminder") in said
    assert ("guide", "cancelled_before_reminder") not in said
    for slug in ("cancelled_never_seen", "requested_only", "no_show", "unknown_status"):
        assert not [kind for kind, scene in said if scene == slug]
    assert said.count(("confirm", "phone_changed")) == 2
    assert ("confirm", "moved_away_new") in texts["14:00"]
    assert {("confirm", "moved_nearer_new"), ("guide", "moved_nearer_new")} <= set(texts["14:20"])


def test_evening_brings_events_in_each_of_its_windows(
    texts: dict[str, list[tuple[str, str]]],
) -> None:
    events = {w: [s for kind, s in texts[w] if kind == "event"] for w in WINDOWS}

    assert len(events["20:00"]) >= 8
    assert events["20:20"] == ["event_completed_2012"]
    assert events["20:40"] == ["event_completed_2032"]
    assert not any(events[window] for window in WINDOWS[:3])
    silent = {"no_keyword", "event_never_seen_before", "event_yesterday", "no_show_with_keyword"}
    assert not silent & {scene for window in WINDOWS for scene in events[window]}


def test_every_window_has_texts_and_together_there_are_many(
    texts: dict[str, list[tuple[str, str]]],
) -> None:
    assert all(texts[window] for window in WINDOWS)
    assert sum(map(len, texts.values())) >= 70


def test_odd_shapes_are_all_there() -> None:
    world = WorldState(Recipe())

    assert len(_scene(world, "phone_ten_digits").phone) == 10
    assert _scene(world, "phone_safe").phone.startswith("050")
    assert _scene(world, "phone_landline").phone.startswith("02")
    assert _scene(world, "phone_foreign").phone.startswith("1")
    assert _scene(world, "phone_missing").phone == ""
    assert "\u00a0" in _scene(world, "name_nbsp").name
    assert not _scene(world, "name_emoji").name.isalnum()
    assert _scene(world, "options_empty").options == []
    assert render_booking(_scene(world, "options_null"), kst("14:00"))["bookingOptionJson"] is None
    twins = [_scene(world, slug) for slug in ("same_id_first_store", "same_id_other_store")]
    assert twins[0].booking_id == twins[1].booking_id
    assert twins[0].store != twins[1].store


def test_moved_booking_names_the_one_before() -> None:
    world = WorldState(Recipe())
    old, new = _scene(world, "moved_away"), _scene(world, "moved_away_new")

    payload = render_booking(new, kst("14:00"))

    assert payload["previousBookingId"] == old.booking_id
    assert old.status_at(kst("14:00")) == "RC04"
    assert (old.store, old.phone) == (new.store, new.phone)


def test_life_is_shown_as_of_the_clock() -> None:
    booking = _scene(WorldState(Recipe()), "confirmed_late")

    seen = [booking.status_at(kst(at)) for at in ("13:29", "13:30", "14:10", "17:16", "17:17")]

    assert seen == [None, "RC02", "RC03", "RC03", "RC08"]


def test_instants_of_a_status_appear_with_it() -> None:
    world = WorldState(Recipe())
    event = _scene(world, "event_naver_1")

    before, after = (render_booking(event, kst(at)) for at in ("14:00", "20:00"))

    assert (before["completedDateTime"], before["isCompleted"]) == (None, False)
    assert (after["completedDateTime"], after["isCompleted"]) == ("2026-03-02T14:17:00+09:00", True)
    assert before["confirmedDateTime"].endswith("+09:00")


def test_phone_changes_in_the_booking_but_not_in_its_snapshot() -> None:
    booking = _scene(WorldState(Recipe()), "phone_changed")

    before, after = (render_booking(booking, kst(at)) for at in ("13:40", "14:00"))

    assert before["phone"] == before["snapshotJson"]["phone"] == after["snapshotJson"]["phone"]
    assert after["phone"] != before["phone"]


def test_payload_holds_what_a_reader_must_drop() -> None:
    booking = _scene(WorldState(Recipe()), "event_original_1")

    payload = render_booking(booking, kst("13:40"))

    assert payload["snapshotJson"]["userAgentJson"].keys() == {"raw", "nClientIp", "NNB"}
    assert payload["payments"][0]["statusHistories"][-1]["status"] == "PAID"
    assert payload["nPayOrderJson"][0]["regDateTime"].endswith("Z")
    assert (
        payload["bookingCoupons"][0]["couponName"]
        == (payload["snapshotJson"]["couponJson"][0]["couponName"])
    )
    assert payload["snapshotJson"]["startDateTime"] == "2026-03-02T05:30:00Z"
    assert len(_leaves(payload)) > 325


def _leaves(value: Any, path: str = "") -> set[str]:
    if isinstance(value, dict) and value:
        return {leaf for key, each in value.items() for leaf in _leaves(each, f"{path}.{key}")}
    if isinstance(value, list) and value:
        return {leaf for each in value for leaf in _leaves(each, f"{path}[]")}
    return {path}


def test_canaries_cover_every_person_of_the_world() -> None:
    world = WorldState(Recipe())
    canaries = world.canaries()

    for booking in world.all():
        payload = render_booking(booking, kst("20:00"))
        if not booking.masked:
            assert payload["name"] in canaries["names"]
            assert payload["phone"] in [*canaries["phones"], ""]
            assert payload["email"] in canaries["emails"]
        assert payload["snapshotJson"]["userAgentJson"]["NNB"] in canaries["devices"]
    assert len(canaries["door_codes"]) == 8


def test_mobile_numbers_cannot_belong_to_anybody() -> None:
    for booking in WorldState(Recipe(bookings=500)).all():
        shaped = booking.scenario.startswith("phone_") and booking.scenario != "phone_changed"
        assert shaped or booking.phone.startswith("0100")


def test_changes_survive_a_dump_and_a_reset_drops_them() -> None:
    world, other = WorldState(Recipe()), WorldState(Recipe(seed=9, bookings=3))
    booking = _scene(world, "far_away")
    booking.hidden = True
    world.put(booking)

    other.restore(world.dump())

    assert [booking_as_json(b) for b in other.all()] == [booking_as_json(b) for b in world.all()]
    assert len(world.dump()["changed"]) == 1
    world.reset()
    assert not _scene(world, "far_away").hidden


def test_moments_are_written_around_a_day() -> None:
    day = Recipe().day

    assert moment(day, "13:40") == kst("13:40")
    assert moment(day, "-1d 09:30") == kst("09:30") - timedelta(days=1)
    assert len({scene.slug for scene in SCENES}) == len(SCENES) == 60
