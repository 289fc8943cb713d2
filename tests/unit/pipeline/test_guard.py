"""Each confirmed visit of the next hour has its guide, or somebody is paged, once."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from outbox_world import World

from booking_sms.domain.booking import Booking, BookingStatus
from booking_sms.domain.errors import BookingApiUnavailable, CaptchaRequired
from booking_sms.domain.job_change import start_occurrence
from booking_sms.domain.sms_job import JobState, Move
from booking_sms.pipeline.guard import WORDS, GuardReport, GuardServices, guard_visits
from booking_sms.testing import NOW, make_booking, make_job, make_store_directory

SOON, LATER = timedelta(minutes=60), timedelta(minutes=61)


class Door:
    """The guard's surroundings: what Naver shows, and what people were told."""

    def __init__(self, *stores: str) -> None:
        self.world = World()
        self.stores = make_store_directory(*(stores or ("900101",)))
        self.bookings: dict[str, list[Booking]] = {store: [] for store in self.stores.stores}
        self.failures: dict[str, Exception] = {}
        self.reads: list[str] = []
        self.pages: list[str] = []
        self.is_reached = True

    def read(self, store_id: str) -> list[Booking]:
        self.reads.append(store_id)
        if store_id in self.failures:
            raise self.failures[store_id]
        return self.bookings[store_id]

    def page(self, text: str) -> bool:
        self.pages.append(text)
        return self.is_reached

    def visit(self, starts_in: timedelta = SOON, **facts: Any) -> Booking:
        booking = make_booking(starts_in=starts_in, **facts)
        self.bookings[booking.store_id].append(booking)
        return booking

    def guide(self, booking: Booking, state: JobState, **facts: Any) -> Any:
        job = make_job(
            booking_num=booking.booking_num,
            store_id=booking.store_id,
            state=state,
            visit_at=booking.starts_at,
            body_sha=self.world.bodies.put("guide"),
            **facts,
        )
        assert self.world.jobs.insert_if_absent(job)
        return job

    def round(self) -> GuardReport:
        return guard_visits(
            GuardServices(
                jobs=self.world.jobs,
                ledger=self.world.ledger,
                control=self.world.control,
                clock=self.world.clock,
                stores=self.stores,
                read_store=self.read,
                page=self.page,
            )
        )


@pytest.fixture
def door() -> Door:
    return Door()


def test_every_problem_has_words():
    states = set(JobState) - {JobState.ACCEPTED, JobState.DELIVERED}
    assert {state.value for state in states if state in WORDS} >= {"held", "undelivered", "expired"}


@pytest.mark.parametrize("state", [JobState.ACCEPTED, JobState.DELIVERED])
def test_a_visit_with_its_guide_is_quiet(door, state):
    door.guide(door.visit(), state)

    report = door.round()

    assert report.is_quiet
    assert report.visits == 1
    assert door.pages == []


@pytest.mark.parametrize(
    ("state", "problem"),
    [
        (JobState.SCHEDULED, "not_sent"),
        (JobState.AVAILABLE, "not_sent"),
        (JobState.RETRYABLE, "not_sent"),
        (JobState.SENDING, "not_sent"),
        (JobState.OUTCOME_UNKNOWN, "in_doubt"),
        (JobState.HELD, "held"),
        (JobState.UNDELIVERED, "undelivered"),
        (JobState.REJECTED, "rejected"),
        (JobState.CANCELLED, "cancelled"),
        (JobState.SUPERSEDED, "superseded"),
        (JobState.SUPPRESSED, "suppressed"),
        (JobState.EXPIRED, "expired"),
    ],
)
def test_a_visit_of_the_next_hour_without_its_guide_is_paged(door, state, problem):
    booking = door.visit()
    door.guide(booking, state)

    report = door.round()

    assert report.open[booking.booking_num].problem == problem
    (told,) = door.pages
    assert "s01 03-02 15:00 1234" in told
    assert WORDS[problem] in told
    assert booking.phone not in told


def test_no_guide_at_all_is_paged(door):
    booking = door.visit()

    assert door.round().open[booking.booking_num].problem == "no_guide"


@pytest.mark.parametrize(
    ("state", "is_paged"),
    [
        (JobState.HELD, True),
        (JobState.UNDELIVERED, True),
        (JobState.REJECTED, True),
        (JobState.AVAILABLE, False),
        (JobState.OUTCOME_UNKNOWN, False),
    ],
)
def test_a_guide_that_failed_is_paged_at_once_and_one_on_its_way_in_the_last_hour(
    door, state, is_paged
):
    door.guide(door.visit(LATER), state)

    assert door.round().is_quiet is not is_paged


@pytest.mark.parametrize("status", [s for s in BookingStatus if s is not BookingStatus.CONFIRMED])
def test_only_confirmed_visits_count(door, status):
    door.visit(status=status)

    assert door.round().is_quiet


def test_a_visit_that_has_begun_is_nobodys_page_any_more(door):
    door.visit(timedelta(minutes=-1))

    assert door.round().is_quiet


def test_a_guide_to_another_number_is_none(door):
    booking = door.visit(phone="01000005678")
    door.guide(booking, JobState.DELIVERED)

    assert door.round().open[booking.booking_num].problem == "no_guide"


def test_a_guide_that_legacy_sent_counts(door):
    booking = door.visit()
    door.world.ledger.mark_accepted(make_job(booking_num=booking.booking_num))

    assert door.round().is_quiet


def test_a_second_guide_that_arrived_makes_up_for_the_first(door):
    booking = door.visit()
    door.guide(booking, JobState.UNDELIVERED)
    door.guide(booking, JobState.DELIVERED, occurrence="manual:1")

    assert door.round().is_quiet


def test_a_problem_is_told_once_another_one_again_and_its_end(door):
    job = door.guide(door.visit(), JobState.AVAILABLE)
    door.round()
    door.round()
    assert len(door.pages) == 1

    held = door.world.jobs.move(job, Move.HOLD, reason="text_missing")
    door.round()
    assert WORDS["held"] in door.pages[1]

    door.world.jobs.move(held, Move.APPROVE)
    door.world.dispatch()
    report = door.round()
    door.round()

    assert report.recovered == [job.booking_num]
    assert "해결" in door.pages[2]
    assert len(door.pages) == 3
    assert door.world.control.get_note("visit_guard")["open"] == {}


def test_a_page_that_reached_nobody_is_tried_again(door):
    door.visit()
    door.is_reached = False
    assert door.round().paged == []
    door.is_reached = True

    assert len(door.round().paged) == 1
    assert len(door.pages) == 2


def test_an_end_that_nobody_heard_of_is_told_again(door):
    job = door.guide(door.visit(), JobState.AVAILABLE)
    door.round()
    door.world.dispatch()
    door.is_reached = False
    door.round()
    door.is_reached = True

    assert door.round().recovered == [job.booking_num]


def test_an_old_problem_ends_in_silence_when_its_visit_has_begun(door):
    door.visit()
    door.round()
    door.world.advance(minutes=61)

    report = door.round()

    assert (report.is_quiet, report.recovered, len(door.pages)) == (True, [], 1)


def test_a_store_that_cannot_be_read_is_paged_and_judged_by_what_is_known():
    door = Door("900101", "900102")
    door.failures["900101"] = BookingApiUnavailable()
    door.guide(make_booking(starts_in=SOON), JobState.HELD)
    other = door.visit(store_id="900102")

    report = door.round()

    assert report.blind == ["900101"]
    assert {key: p.problem for key, p in report.open.items()} == {
        "blind#900101": "blind",
        "900101_7000000001": "held",
        other.booking_num: "no_guide",
    }
    assert len(door.pages) == 1
    del door.failures["900101"]
    assert "blind#900101" in door.round().recovered


def test_nothing_is_called_solved_while_nobody_sees_it(door):
    door.visit()
    door.round()
    door.failures["900101"] = BookingApiUnavailable()

    report = door.round()

    assert report.recovered == []
    del door.failures["900101"]
    door.round()
    assert "no_guide" not in door.pages[-1]
    assert WORDS["no_guide"] not in door.pages[-1]


def test_a_login_that_needs_a_person_is_not_tried_for_each_store():
    door = Door("900101", "900102", "900103")
    door.failures["900101"] = CaptchaRequired()

    report = door.round()

    assert report.blind == ["900101", "900102", "900103"]
    assert door.reads == ["900101"]
    assert len(door.pages) == 1


def test_the_guard_writes_one_note_and_moves_nothing(door):
    door.guide(door.visit(), JobState.AVAILABLE)
    door.world.jobs.writes.clear()

    door.round()

    assert door.world.jobs.writes == []
    assert door.world.gateway.sends == 0
    note = door.world.control.get_note("visit_guard")
    assert (note["at"], note["visits"]) == (NOW.isoformat(timespec="seconds"), 1)


@pytest.mark.parametrize("state", [JobState.DELIVERED, JobState.HELD])
def test_the_guide_of_a_start_that_was_moved_away_from_is_no_guide(state: JobState) -> None:
    door = Door()
    booking = door.visit()
    before = start_occurrence(make_booking(starts_in=LATER))
    old = door.guide(booking, state, occurrence=before)
    if state is JobState.DELIVERED:
        door.world.ledger.mark_accepted(old)

    report = door.round()

    assert report.open[booking.booking_num].problem == "no_guide"


def test_the_guide_of_the_start_that_a_visit_moved_to_is_enough() -> None:
    door = Door()
    booking = door.visit()
    before = start_occurrence(make_booking(starts_in=LATER))
    door.guide(booking, JobState.HELD, occurrence=before)
    door.guide(booking, JobState.ACCEPTED, occurrence=start_occurrence(booking))

    assert not door.round().open
