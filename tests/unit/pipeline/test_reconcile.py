"""Doubts are settled by SENS's list and by nothing else; what is too late ends with a reason."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from outbox_world import TEXT, World

from booking_sms.domain.errors import SettingsInvalid, SmsOutcomeUnknown, StoreUnavailable
from booking_sms.domain.sms_job import JobState, Move, attempt_reference
from booking_sms.pipeline import settle
from booking_sms.pipeline.reconcile import refresh_opt_outs
from booking_sms.pipeline.services import ReconcilePolicy
from booking_sms.testing import NOW, GatewayFault, InMemorySmsGateway, make_job

ACCEPTED_UNSEEN, LOST = GatewayFault.TIMEOUT_AFTER_ACCEPT, GatewayFault.TIMEOUT_BEFORE_ACCEPT


@pytest.fixture
def world():
    return World()


def in_doubt(world, fault=LOST, **overrides):
    job = world.add(**overrides)
    world.gateway.faults.append(fault)
    world.dispatch()
    assert world.stored(job).state is JobState.OUTCOME_UNKNOWN
    return job


def settle_after(world, *minutes):
    summaries = []
    for wait in minutes:
        world.advance(minutes=wait)
        summaries.append(world.settle())
    return summaries[-1]


# --- found ------------------------------------------------------------------------------------


@pytest.mark.parametrize("message_type", ["LMS", "SMS"])
def test_a_text_that_is_listed_is_accepted_and_not_resent(world, message_type):
    job = in_doubt(world, ACCEPTED_UNSEEN, message_type=message_type)

    summary = settle_after(world, 1)

    stored = world.stored(job)
    assert summary.found == 1
    assert (stored.state, stored.request_id) == (JobState.ACCEPTED, world.texts[0].request_id)
    assert stored.message_id == world.texts[0].message_id
    assert world.flag(job) is True
    assert world.dispatch().is_idle


def test_a_lapsed_lease_is_settled_in_the_same_run(world):
    job = world.add()
    sending = world.jobs.move(
        job, Move.INTENT, now=NOW, t0=world.transport_clock.now_ms(), lease_until=0
    )
    world.jobs.amend(sending, lease_until=world.transport_clock.now_ms() + 60_000)

    assert settle_after(world, 0.9).lapsed == 0
    summary = settle_after(world, 0.2)

    assert (summary.lapsed, summary.waiting) == (1, 1)
    assert world.stored(job).reason == "lease_lapsed"


def test_a_late_post_is_found_when_it_arrives(world):
    """A request that dawdled on the wire: SENS takes it 250 s after t0, still within 5 minutes."""
    job = world.add()
    world.gateway = DawdlingGateway(world, seconds=250)
    world.dispatch()

    settle_after(world, 4)
    assert world.stored(job).state is JobState.OUTCOME_UNKNOWN
    world.advance(seconds=30)
    world.gateway.arrive()
    settle_after(world, 10)

    assert world.stored(job).state is JobState.ACCEPTED
    assert len(world.texts) == 1


def test_a_text_that_shows_up_late_in_the_list_is_found(world):
    world.gateway.list_delay = timedelta(minutes=7)
    job = in_doubt(world, ACCEPTED_UNSEEN)

    assert settle_after(world, 6).waiting == 1
    assert settle_after(world, 6).found == 1
    assert world.stored(job).state is JobState.ACCEPTED


def test_an_earlier_attempt_that_shows_up_stops_the_resend(world):
    """The list lied beyond the settle time: what can still be saved is the third text."""
    world.gateway.list_delay = timedelta(minutes=25)
    job = in_doubt(world, ACCEPTED_UNSEEN)
    settle_after(world, 10, 10)
    world.gateway.faults.append(LOST)
    world.dispatch()
    assert world.stored(job).attempt == 2

    summary = settle_after(world, 10)

    stored = world.stored(job)
    assert (stored.state, stored.request_id) == (JobState.ACCEPTED, world.texts[0].request_id)
    assert summary.incidents == 1
    assert world.control.get_note(f"incident#earlier_attempt#{job.job_id}#2")


def test_an_sms_in_doubt_does_not_take_the_request_of_another_job(world):
    accepted = world.add(booking=1, message_type="SMS", priority=1)
    world.dispatch()
    lost = in_doubt(world, LOST, booking=2, message_type="SMS", priority=2)

    settle_after(world, 1)
    assert world.stored(lost).state is JobState.OUTCOME_UNKNOWN
    world.go_on()

    assert world.stored(accepted).request_id != world.stored(lost).request_id
    assert len(world.texts) == 2


def test_identical_twins_are_settled_by_count(world):
    twins = [world.add(booking=number, message_type="SMS") for number in (1, 2)]
    world.gateway.faults.extend([LOST, ACCEPTED_UNSEEN])
    world.dispatch()

    summary = settle_after(world, 1)

    assert (summary.found, summary.waiting) == (1, 1)
    world.go_on()
    assert len(world.texts) == 2
    assert {world.stored(job).state for job in twins} == {JobState.DELIVERED}
    assert len({world.stored(job).request_id for job in twins}) == 2


def twins_in_doubt(world):
    """Two identical SMS that SENS took without a word, oldest first, and their rows."""
    twins = [world.add(booking=number, message_type="SMS") for number in (1, 2)]
    world.gateway.faults.extend([ACCEPTED_UNSEEN, ACCEPTED_UNSEEN])
    world.dispatch()
    doubts = sorted(map(world.stored, twins), key=lambda job: job.t0)
    return doubts, [text.request_id for text in world.texts]


def test_a_sender_that_died_with_a_claim_in_hand_leaves_its_twin_its_own(world):
    (first, second), (row_of_first, row_of_second) = twins_in_doubt(world)
    # The second's sender saw its 202, claimed the request and died; now it is settled first.
    world.ledger.claim_request(second, row_of_second)

    settle_after(world, 1, 10, 10)

    assert world.stored(second).request_id == row_of_second
    assert world.stored(first).request_id == row_of_first
    assert world.dispatch().is_idle


def test_a_claim_of_a_twin_that_was_accepted_by_another_request_is_void(world):
    (first, second), (row_of_first, row_of_second) = twins_in_doubt(world)
    for row in (row_of_first, row_of_second):
        world.ledger.claim_request(second, row)
    world.jobs.move(second, Move.ACCEPT, request_id=row_of_first)

    settle_after(world, 1)

    assert world.stored(first).request_id == row_of_second
    assert len(world.texts) == 2


def test_rows_that_a_twin_in_doubt_has_claimed_prove_no_absence(world):
    (first, second), rows = twins_in_doubt(world)
    for row in rows:
        world.ledger.claim_request(second, row)
    settling = settle.claim_row(world.services, first, world.texts)

    assert (settling.row, settling.is_open) == (None, True)
    world.jobs.move(world.stored(second), Move.ACCEPT, request_id=rows[0])
    assert settle.claim_row(world.services, first, world.texts).row.request_id == rows[1]
    # And a row that is another's for certain is nobody's else.
    world.jobs.move(world.stored(first), Move.ACCEPT, request_id=rows[1])
    third = world.add(booking=3, message_type="SMS")
    taken = settle.claim_row(world.services, third, world.texts)
    assert (taken.row, taken.is_open) == (None, False)


def test_an_identical_sms_on_its_way_keeps_its_request(world):
    """Its row is in the list before its sender has claimed it."""
    lost = in_doubt(world, LOST, booking=1, message_type="SMS")
    sending = world.add(booking=2, message_type="SMS")
    seen = []

    class Gateway(type(world.gateway)):
        def send(self, signed):
            receipt = super().send(signed)
            seen.append(world.settle())
            return receipt

    world.gateway = Gateway(world.transport_clock)
    world.dispatch()

    assert (seen[0].found, seen[0].waiting) == (0, 1)
    assert world.stored(sending).state is JobState.ACCEPTED
    world.go_on()
    assert len(world.texts) == 2
    assert world.stored(lost).state is JobState.DELIVERED


# --- absent -----------------------------------------------------------------------------------


def test_absence_proves_nothing_before_the_settle_time(world):
    job = in_doubt(world)

    assert settle_after(world, 1, 1, 1, 1, 3).waiting == 1
    assert world.stored(job).state is JobState.OUTCOME_UNKNOWN
    assert settle_after(world, 2).resent == 1


def test_absence_proves_nothing_at_the_first_look(world):
    job = in_doubt(world)

    assert settle_after(world, 30).waiting == 1
    assert world.stored(job).looks == 1
    assert settle_after(world, 1).resent == 1
    assert world.stored(job).looks == 0


def test_a_provably_absent_text_is_resent_once_as_a_new_attempt(world):
    job = in_doubt(world)
    settle_after(world, 10, 10)

    assert world.dispatch().counts == {"sent": 1}
    assert world.stored(job).attempt == 2
    assert [row.subject[-6:] for row in world.texts] == [attempt_reference(job, 2)]


def test_an_absent_text_past_its_useful_life_expires(world):
    job = in_doubt(world, not_after=NOW + timedelta(minutes=15))

    assert settle_after(world, 10, 10).expired == 1
    stored = world.stored(job)
    assert (stored.state, stored.reason) == (JobState.EXPIRED, "absent_past_not_after")


def test_an_absent_text_that_nobody_wants_any_more_is_cancelled(world):
    job = in_doubt(world)
    world.jobs.amend(world.stored(job), no_resend=True)

    assert settle_after(world, 10, 10).cancelled == 1
    assert world.stored(job).state is JobState.CANCELLED
    assert world.dispatch().is_idle


def test_a_list_that_cannot_be_read_settles_nothing(world):
    job = in_doubt(world)
    world.gateway.list_is_down = True

    summary = settle_after(world, 10, 10, 10, 10)

    assert (summary.list_unavailable, summary.waiting) == (1, 1)
    assert summary.oldest_doubt_s == 2400
    assert world.stored(job).looks == 0


def test_many_looks_cost_no_more_than_the_writes_they_need(world):
    in_doubt(world)
    before = len(world.jobs.writes)

    settle_after(world, 1, 1, 1, 1)

    assert len(world.jobs.writes) - before == 2


# --- near the visit ---------------------------------------------------------------------------


def test_near_the_visit_the_owner_prefers_a_duplicate_to_a_locked_door(world):
    job = in_doubt(world, visit_at=NOW + timedelta(minutes=33), doubt_resend_minutes=30)

    assert settle_after(world, 2).waiting == 1
    summary = settle_after(world, 2)

    assert summary.possible_duplicates == 1
    stored = world.stored(job)
    assert (stored.state, stored.reason) == (JobState.RETRYABLE, "possible_duplicate")
    assert stored.attempts[-1].outcome == "resent_in_doubt"
    assert world.dispatch().counts == {"sent": 1}


def test_near_the_visit_a_silent_list_does_not_lock_the_customer_out(world):
    in_doubt(world, visit_at=NOW + timedelta(minutes=20), doubt_resend_minutes=30)
    world.gateway.list_is_down = True

    assert settle_after(world, 2).possible_duplicates == 1


def test_near_the_visit_what_is_listed_is_not_resent(world):
    in_doubt(
        world,
        ACCEPTED_UNSEEN,
        visit_at=NOW + timedelta(minutes=20),
        doubt_resend_minutes=30,
    )

    summary = settle_after(world, 2)

    assert (summary.found, summary.possible_duplicates) == (1, 0)


def test_a_possible_duplicate_is_made_once_only(world):
    job = in_doubt(world, visit_at=NOW + timedelta(minutes=20), doubt_resend_minutes=30)
    settle_after(world, 2)
    world.gateway.faults.append(LOST)
    world.dispatch()

    assert settle_after(world, 2).waiting == 1
    assert world.stored(job).state is JobState.OUTCOME_UNKNOWN


@pytest.mark.parametrize(
    "overrides",
    [
        pytest.param({"doubt_resend_minutes": None}, id="policy hold"),
        pytest.param({"visit_at": None}, id="no visit"),
        pytest.param({"no_resend": True}, id="superseded"),
        pytest.param({"not_after": NOW + timedelta(minutes=1)}, id="too late"),
    ],
)
def test_no_possible_duplicate_without_reason(world, overrides):
    fields = {"visit_at": NOW + timedelta(minutes=20), "doubt_resend_minutes": 30}
    no_resend = overrides.pop("no_resend", False)
    job = in_doubt(world, **{**fields, **overrides})
    world.jobs.amend(world.stored(job), no_resend=no_resend)

    assert settle_after(world, 2).possible_duplicates == 0


# --- ambiguous --------------------------------------------------------------------------------


def test_two_requests_with_one_reference_wait_for_a_person(world):
    job = in_doubt(world, ACCEPTED_UNSEEN)
    world.texts.append(replace(world.texts[0], request_id="REQ-OTHER", message_id="MSG-OTHER"))

    assert settle_after(world, 1).held == 1
    stored = world.stored(job)
    assert (stored.state, stored.reason) == (JobState.HELD, "two_requests_one_reference")


def test_rows_of_one_request_are_one(world):
    in_doubt(world, ACCEPTED_UNSEEN)
    world.texts.append(replace(world.texts[0], message_id="MSG-SECOND"))

    assert settle_after(world, 1).found == 1


def test_our_reference_on_another_text_waits_for_a_person(world):
    job = in_doubt(world, ACCEPTED_UNSEEN)
    world.texts[0] = replace(world.texts[0], content="다른 문자입니다.")

    assert settle_after(world, 1).held == 1
    assert world.stored(job).reason == "content_differs"


def test_a_list_that_hides_texts_is_enough_for_an_lms(world):
    in_doubt(world, ACCEPTED_UNSEEN)
    world.texts[0] = replace(world.texts[0], content=None)

    assert settle_after(world, 1).found == 1


def test_white_space_that_sens_trimmed_does_not_matter(world):
    in_doubt(world, ACCEPTED_UNSEEN, text=f"\n{TEXT}\n        ")
    world.texts[0] = replace(world.texts[0], content=TEXT)

    assert settle_after(world, 1).found == 1


def test_an_sms_that_cannot_be_told_apart_waits_for_a_person(world):
    job = in_doubt(world, ACCEPTED_UNSEEN, message_type="SMS")
    world.texts[0] = replace(world.texts[0], content=None)

    assert settle_after(world, 1).held == 1
    assert world.stored(job).reason == "cannot_tell_text_apart"


def test_an_sms_row_hours_off_may_be_ours_in_another_time_zone(world):
    """SENS does not document the zone of its times: nine hours off proves nothing."""
    job = in_doubt(world, ACCEPTED_UNSEEN, message_type="SMS")
    shifted = world.texts[0].requested_at - timedelta(hours=9)
    world.texts[0] = replace(world.texts[0], requested_at=shifted)

    assert settle_after(world, 1).held == 1
    assert world.stored(job).state is JobState.HELD


def test_an_earlier_identical_sms_that_was_claimed_is_not_confused_with_a_lost_one(world):
    world.add(booking=1, message_type="SMS")
    world.dispatch()
    world.advance(hours=1)
    lost = in_doubt(world, LOST, booking=2, message_type="SMS")

    assert settle_after(world, 10, 10).resent == 1
    assert world.stored(lost).state is JobState.RETRYABLE


def test_an_identical_sms_of_nobody_we_know_waits_for_a_person(world):
    """LEGACY's, or an operator's: nobody claimed it."""
    world.add(booking=1, message_type="SMS")
    world.dispatch()
    world.ledger.claims.clear()
    world.advance(hours=1)
    lost = in_doubt(world, LOST, booking=2, message_type="SMS")

    assert settle_after(world, 10).held == 1
    assert world.stored(lost).reason == "cannot_tell_text_apart"


def test_an_older_identical_doubt_goes_first(world):
    first = in_doubt(world, ACCEPTED_UNSEEN, booking=1, message_type="SMS")
    world.gateway.list_is_down = True
    world.advance(minutes=30)
    second = in_doubt(world, LOST, booking=2, message_type="SMS")
    world.gateway.list_is_down = False

    for _ in range(3):
        settle_after(world, 10)

    assert world.stored(first).state is JobState.ACCEPTED
    assert world.stored(second).state is JobState.RETRYABLE


def test_an_sms_never_takes_the_row_of_an_lms_with_the_same_text(world):
    world.add(booking=1, message_type="LMS")
    world.dispatch()
    lost = in_doubt(world, LOST, booking=2, message_type="SMS")

    settle_after(world, 10, 10)

    assert world.stored(lost).state is JobState.RETRYABLE


# --- one bad job, policies --------------------------------------------------------------------


def test_a_failing_write_leaves_the_other_doubts_settled(world):
    in_doubt(world, ACCEPTED_UNSEEN, booking=1, to="01000001111")
    in_doubt(world, ACCEPTED_UNSEEN, booking=2, to="01000002222")
    world.jobs.fail_next_write(StoreUnavailable(), applied=False)

    summary = settle_after(world, 1)

    assert (summary.store_failed, summary.found) == (1, 1)


def test_a_settle_time_that_proves_nothing_is_refused():
    with pytest.raises(SettingsInvalid):
        ReconcilePolicy(settle_s=329)
    with pytest.raises(SettingsInvalid):
        ReconcilePolicy(looks=0)
    assert ReconcilePolicy(settle_s=330).lag_alarm_s == 0
    assert ReconcilePolicy(settle_s=5, is_loopback=True).lag_alarm_s == 0
    assert ReconcilePolicy().lag_alarm_s == 75


def test_a_look_that_took_long_is_as_old_as_its_beginning(world):
    job = in_doubt(world)
    settle_after(world, 1)

    class SlowList(InMemorySmsGateway):
        def find(self, *query):
            rows = super().find(*query)
            world.advance(minutes=3)
            return rows

    world.gateway = SlowList(world.transport_clock)

    assert settle_after(world, 6.5).waiting == 1
    assert world.stored(job).state is JobState.OUTCOME_UNKNOWN


def test_a_doubt_that_somebody_else_settled_is_left_to_him(world):
    job = in_doubt(world)
    settle_after(world, 10)
    stale = world.stored(job)
    world.advance(minutes=10)

    class Rival(InMemorySmsGateway):
        def find(self, *query):
            world.jobs.move(stale, Move.HOLD, reason="a person")
            return super().find(*query)

    world.gateway = Rival(world.transport_clock)

    assert world.settle().lost_races == 1
    assert world.stored(job).reason == "a person"


def test_numbers_that_refused_advertising_are_copied(world):
    world.gateway.refused_advertising.extend(["01000001234", "01000005678", "01000001234"])

    assert refresh_opt_outs(world.services) == 2
    assert world.control.is_opted_out("0100-000-1234")


# --- expiry -----------------------------------------------------------------------------------


@pytest.mark.parametrize("state", [JobState.SCHEDULED, JobState.AVAILABLE, JobState.RETRYABLE])
def test_overdue_jobs_expire(world, state):
    job = world.add(state=state, not_after=NOW + timedelta(minutes=5))

    assert world.expire().expired == 0
    world.advance(minutes=6)
    assert world.expire().as_dict() == {
        "expired": 1,
        "texts": 1,
        "held": 0,
        "store_failed": 0,
        "kinds": {"guide": 1},
    }
    assert world.stored(job).reason == "not_after"


def test_a_held_job_expires_and_keeps_the_reason_it_was_held_for(world):
    job = world.add(
        state=JobState.HELD, reason="awaiting_approval", not_after=NOW + timedelta(minutes=5)
    )
    world.advance(minutes=6)

    assert world.expire().held == 1
    stored = world.stored(job)
    assert (stored.state, stored.reason) == (JobState.EXPIRED, "awaiting_approval")


@pytest.mark.parametrize("state", [JobState.SENDING, JobState.OUTCOME_UNKNOWN, JobState.ACCEPTED])
def test_what_may_have_gone_out_never_expires_by_itself(world, state):
    job = world.add(state=state, not_after=NOW + timedelta(minutes=5))
    world.advance(minutes=6)

    assert world.expire().expired == 0
    assert world.stored(job) == job


def test_expiry_goes_on_after_a_failing_write(world):
    for number in (1, 2):
        world.jobs.insert_if_absent(
            make_job(booking_num=f"900101_{number}", not_after=NOW + timedelta(minutes=5))
        )
    world.advance(minutes=6)
    world.jobs.fail_next_write(StoreUnavailable(), applied=False)

    summary = world.expire()

    assert (summary.store_failed, summary.expired) == (1, 1)


class DawdlingGateway(InMemorySmsGateway):
    """The first POST times out here and arrives there later."""

    def __init__(self, world, *, seconds):
        super().__init__(world.transport_clock)
        self.world, self.seconds = world, seconds
        self.on_the_wire = []

    def send(self, signed):
        if self.on_the_wire:
            return super().send(signed)
        self.on_the_wire.append(signed)
        raise SmsOutcomeUnknown(reason="read_timeout")

    def arrive(self):
        self._accept(self.on_the_wire[0])
