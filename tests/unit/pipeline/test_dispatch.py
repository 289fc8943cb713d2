"""What dispatch does with due jobs: order, guards, races, and what SENS's answers teach it."""

from __future__ import annotations

import json
import threading
from datetime import datetime, timedelta

import pytest
from outbox_world import World

from booking_sms.domain.booking import KST
from booking_sms.domain.errors import (
    SendingForbidden,
    SettingsInvalid,
    SignatureRejected,
    StoreUnavailable,
)
from booking_sms.domain.sms_job import JobState, Move, attempt_reference
from booking_sms.pipeline.dispatch import by_recipient
from booking_sms.pipeline.outcomes import DispatchSummary, Outcome
from booking_sms.pipeline.send_gate import (
    PAUSE_NOTE,
    SendGate,
    active_pause,
    pause_begun,
    pause_sending,
    resume_sending,
)
from booking_sms.pipeline.services import DispatchPolicy
from booking_sms.testing import (
    NOW,
    NOW_MS,
    GatewayFault,
    InMemoryLegacyLedger,
    InMemorySmsGateway,
    make_job,
    make_outgoing_sms,
)

OTHER_PHONE = "01000005678"
EVENT = {
    "kind": "event",
    "message_class": "advertising",
    "allowed_hours": "08:10-20:50",
    "due_at": NOW - timedelta(hours=12),
    "not_before": NOW - timedelta(hours=12),
    "not_after": NOW + timedelta(days=7),
}


@pytest.fixture
def world():
    return World()


# --- the plain path ---------------------------------------------------------------------------


def test_a_due_text_goes_out_once_and_sets_its_flag(world):
    job = world.add()

    summary = world.dispatch()

    assert summary.counts == {"sent": 1}
    assert summary.accepted == ((job.booking_num, job.sort_key),)
    assert world.stored(job).state is JobState.ACCEPTED
    assert world.flag(job) is True
    assert world.dispatch().is_idle
    assert len(world.texts) == 1


def test_an_lms_subject_ends_in_the_attempts_reference(world):
    job = world.add(subject="이용 안내")

    world.dispatch()

    assert world.texts[0].subject == f"이용 안내 {attempt_reference(job, 1)}"


def test_a_long_subject_is_cut_and_keeps_its_reference(world):
    job = world.add(subject="가" * 30)

    world.dispatch()

    subject = world.texts[0].subject
    assert subject.endswith(f"가 {attempt_reference(job, 1)}")
    assert len(subject.encode("cp949")) <= 40


def test_an_sms_has_no_subject_and_claims_its_request(world):
    job = world.add(message_type="SMS")

    world.dispatch()

    assert world.texts[0].subject == ""
    assert world.ledger.claims == {world.texts[0].request_id: (job.booking_num, job.sort_key)}


def test_t0_is_the_signatures_timestamp_and_the_lease_counts_from_it(world):
    job = world.add()

    world.dispatch(lease_s=45)

    stored = world.stored(job)
    assert stored.t0 == world.transport_clock.now_ms()
    assert stored.lease_until == stored.t0 + 45_000


def test_a_recipient_gets_the_confirmation_before_the_guide(world):
    world.add(kind="guide", priority=5)
    world.add(kind="confirm", priority=1, text="예약이 확정되었습니다.")

    world.dispatch()

    assert world.texts[0].content == "예약이 확정되었습니다."


def test_a_guide_does_not_wait_for_a_confirmation_in_doubt(world):
    confirmation = world.add(kind="confirm", priority=1)
    guide = world.add(kind="guide", priority=5)
    world.gateway.faults.append(GatewayFault.TIMEOUT_BEFORE_ACCEPT)

    world.dispatch()

    assert world.stored(confirmation).state is JobState.OUTCOME_UNKNOWN
    assert world.stored(guide).state is JobState.ACCEPTED


def test_the_recipient_with_least_time_left_comes_first():
    relaxed = make_job(kind="confirm", not_after=NOW + timedelta(days=3), to=OTHER_PHONE)
    urgent = make_job(kind="guide", not_after=NOW + timedelta(minutes=30))
    done = make_job(kind="event", state=JobState.ACCEPTED)

    assert by_recipient([relaxed, urgent, done]) == [[urgent], [relaxed]]


def test_summaries_survive_xcom_and_add_up(world):
    world.add()
    summary = world.dispatch()

    copy = DispatchSummary.from_dict(json.loads(json.dumps(summary.as_dict())))

    assert copy == summary
    assert DispatchSummary.merged([copy, summary]).of(Outcome.SENT) == 2


def test_summaries_hold_no_person(world):
    job = world.add()

    shown = f"{world.dispatch()!r} {world.dispatch().as_dict()}"

    assert job.to not in shown
    assert job.to[-4:] not in shown


# --- not now ----------------------------------------------------------------------------------


@pytest.mark.parametrize("mode", ["off", "comparison"])
def test_nothing_is_touched_unless_the_mode_is_live(world, mode):
    job = world.add(not_after=NOW - timedelta(minutes=1), due_at=NOW - timedelta(hours=1))
    world.control.set_delivery_mode(mode, by="test", reason="test")

    summary = world.dispatch()

    assert summary.counts == {f"waiting:mode_{mode}": 1}
    assert world.stored(job) == job
    assert world.texts == []


def test_a_fresh_production_cannot_send():
    world = World()
    world.control._modes.clear()
    world.add()

    assert world.dispatch().counts == {"waiting:mode_off": 1}


@pytest.mark.parametrize(
    ("switch", "reason"),
    [("all", "kill_all"), ("store:900101", "kill_store"), ("rule:guide", "kill_rule")],
)
def test_kill_switches_stop_what_they_name(world, switch, reason):
    job = world.add()
    world.control.set_kill_switch(switch, True, by="test", reason="drill")

    assert world.dispatch().counts == {f"waiting:{reason}": 1}
    assert world.stored(job) == job

    world.control.set_kill_switch(switch, False, by="test", reason="over")
    assert world.dispatch().counts == {"sent": 1}


def test_a_kill_switch_of_another_store_stops_nothing(world):
    world.add()
    world.control.set_kill_switch("store:900102", True, by="test", reason="drill")

    assert world.dispatch().counts == {"sent": 1}


def test_a_kill_switch_thrown_in_the_middle_stops_the_next_text(world):
    first, second = world.add(booking=1), world.add(booking=2)
    world.gateway = GatewayWithHook(
        world, lambda: world.control.set_kill_switch("all", True, by="test", reason="now")
    )

    summary = world.dispatch()

    assert summary.counts == {"sent": 1, "waiting:kill_all": 1}
    assert {world.stored(first).state, world.stored(second).state} == {
        JobState.ACCEPTED,
        JobState.AVAILABLE,
    }


def test_a_switch_thrown_between_intent_and_post_is_certainly_not_sent(world):
    job = world.add()
    world.gateway = GatewayThatRaises(world, SendingForbidden(reason="kill_all"))

    summary = world.dispatch()

    assert summary.counts == {"not_sent:kill_all": 1}
    assert world.stored(job).state is JobState.RETRYABLE


def test_the_permit_of_the_gateway_reads_the_same_switches(world):
    gate = SendGate(world.control, world.transport_clock, max_age_ms=500)
    message = make_outgoing_sms(rule="guide")

    assert gate.permit(message) is None
    world.control.set_kill_switch("rule:guide", True, by="test", reason="drill")
    assert gate.permit(message) is None
    world.advance(seconds=0.5)
    assert gate.permit(message) == "kill_rule"
    world.control.set_kill_switch("rule:guide", False, by="test", reason="over")
    gate.forget()
    assert gate.permit(message) is None


class CountingControl:
    """Notes which stores each read of the switches was for."""

    def __init__(self, control):
        self._control = control
        self.asked = []

    def sending_state(self, store_ids, note):
        self.asked.append(set(store_ids))
        return self._control.sending_state(store_ids, note)

    def delivery_mode(self, store_id):
        self.asked.append(store_id)
        return self._control.delivery_mode(store_id)


def test_the_gate_reads_in_one_request_what_it_was_asked_about_before(world):
    control = CountingControl(world.control)
    gate = SendGate(control, world.transport_clock, max_age_ms=500)

    for store in ("1", "2", "2", "1"):
        assert gate.refusal(store) is None
    world.advance(seconds=0.5)
    for store in ("2", "1"):
        assert gate.refusal(store) is None
    world.advance(seconds=0.5)
    world.control.set_delivery_mode("off", by="test", reason="drill", store_id="1")

    assert gate.refusal("3") is None
    assert gate.refusal("1") == "mode_off"
    assert control.asked == [{"1"}, "2", {"1", "2"}, {"1", "2", "3"}]


def test_a_scheduled_text_is_released_when_its_time_has_come(world):
    job = world.add(state=JobState.SCHEDULED, not_before=NOW + timedelta(minutes=5))

    assert world.dispatch().counts == {"waiting:not_yet": 1}
    world.advance(minutes=5)
    assert world.dispatch().counts == {"sent": 1}
    assert world.stored(job).state is JobState.ACCEPTED


@pytest.mark.parametrize("state", [JobState.SCHEDULED, JobState.AVAILABLE, JobState.RETRYABLE])
def test_what_is_past_its_useful_life_expires_unsent(world, state):
    job = world.add(state=state, not_after=NOW + timedelta(minutes=1))
    world.advance(minutes=2)

    assert world.dispatch().counts == {"expired:not_after": 1}
    assert world.stored(job).state is JobState.EXPIRED
    assert world.texts == []


def test_a_text_superseded_while_in_doubt_is_cancelled_not_resent(world):
    job = world.add(state=JobState.RETRYABLE, no_resend=True)

    assert world.dispatch().counts == {"cancelled:no_resend": 1}
    assert world.stored(job).state is JobState.CANCELLED


def test_waiting_jobs_say_how_late_they_are(world):
    world.add()
    world.control.set_delivery_mode("off", by="test", reason="test")
    world.advance(minutes=7)

    assert world.dispatch().oldest_due_s == 420


def test_jobs_that_wait_for_people_are_left_alone(world):
    held = world.add(kind="confirm", state=JobState.HELD, reason="awaiting_approval")

    assert world.dispatch().is_idle
    assert world.stored(held) == held


# --- advertising ------------------------------------------------------------------------------


def test_advertising_to_one_who_opted_out_is_suppressed(world):
    event, guide = world.add(**EVENT), world.add(kind="guide")
    world.control.add_opt_outs([event.to])

    summary = world.dispatch()

    assert summary.counts == {"sent": 1, "suppressed:opted_out": 1}
    assert world.stored(event).state is JobState.SUPPRESSED
    assert world.stored(guide).state is JobState.ACCEPTED


@pytest.mark.parametrize(
    ("hour", "minute", "expected"),
    [
        pytest.param(8, 9, (2, 20), id="a minute too early: today 20:00"),
        pytest.param(20, 50, (3, 20), id="at closing: tomorrow 20:00"),
        pytest.param(23, 59, (3, 20), id="at night: tomorrow 20:00"),
    ],
)
def test_advertising_out_of_hours_is_deferred_to_the_next_evening(world, hour, minute, expected):
    job = world.add(**EVENT)
    world.clock.set(datetime(2026, 3, 2, hour, minute, tzinfo=KST))

    summary = world.dispatch()

    assert summary.counts == {"deferred:outside_hours": 1}
    stored = world.stored(job)
    assert stored.state is JobState.SCHEDULED
    assert (stored.not_before.day, stored.not_before.hour) == expected
    world.clock.set(stored.not_before)
    assert world.dispatch().counts == {"sent": 1}


@pytest.mark.parametrize("clock", ["08:10", "20:49"])
def test_advertising_goes_out_within_its_hours(world, clock):
    world.add(**EVENT)
    world.clock.set(datetime.fromisoformat(f"2026-03-02T{clock}:00+09:00"))

    assert world.dispatch().counts == {"sent": 1}


@pytest.mark.parametrize("own", ["", "00:00-23:59", "07:00-20:00"])
def test_no_rule_can_widen_the_hours_of_the_law(world, own):
    world.add(**{**EVENT, "allowed_hours": own})
    world.clock.set(datetime(2026, 3, 2, 21, 30, tzinfo=KST))

    assert world.dispatch().counts == {"deferred:outside_hours": 1}


def test_advertising_that_could_not_wait_is_suppressed(world):
    job = world.add(**{**EVENT, "not_after": NOW + timedelta(hours=10)})
    world.clock.set(datetime(2026, 3, 2, 21, 0, tzinfo=KST))

    assert world.dispatch().counts == {"suppressed:outside_hours": 1}
    assert world.stored(job).state is JobState.SUPPRESSED


def test_information_goes_out_at_night(world):
    world.add(not_after=NOW + timedelta(days=1))
    world.clock.set(datetime(2026, 3, 2, 23, 30, tzinfo=KST))

    assert world.dispatch().counts == {"sent": 1}


def test_a_class_that_nobody_knows_is_treated_as_advertising(world):
    world.add(**{**EVENT, "message_class": "gossip"})
    world.clock.set(datetime(2026, 3, 2, 23, 30, tzinfo=KST))

    assert world.dispatch().counts == {"deferred:outside_hours": 1}


def test_hours_that_cannot_be_read_hold_the_text(world):
    job = world.add(allowed_hours="always")

    assert world.dispatch().counts == {"held:allowed_hours_unreadable": 1}
    assert world.stored(job).state is JobState.HELD


# --- caps -------------------------------------------------------------------------------------


def texts_of_day(world, message_class="information"):
    day = world.clock.now().date()
    return world.control.texts_of_month(day).of_day(day, message_class)


def texts_of_month(world):
    return world.control.texts_of_month(NOW.date()).of_month(NOW.date())


def test_information_over_the_safety_cap_is_held(world):
    jobs = [world.add(booking=number) for number in range(1, 5)]

    summary = world.dispatch(daily_text_cap=3)

    assert summary.counts == {"held:daily_cap": 1, "sent": 3}
    assert sorted(world.stored(job).state for job in jobs).count(JobState.HELD) == 1
    assert texts_of_day(world) == 3


def test_advertising_over_its_cap_waits_for_tomorrow_evening(world):
    jobs = [world.add(booking=number, to=f"0100000000{number}", **EVENT) for number in (1, 2)]

    summary = world.dispatch(daily_advertising_cap=1)

    assert summary.counts == {"deferred:daily_cap": 1, "sent": 1}
    waiting = next(j for j in map(world.stored, jobs) if j.state is JobState.SCHEDULED)
    assert waiting.not_before == datetime(2026, 3, 3, 20, 0, tzinfo=KST)


def test_information_over_the_months_cap_is_held(world):
    for number in range(1, 5):
        world.add(booking=number)
    world.control.count_texts(NOW.date().replace(day=1), "advertising", lambda _: 7)

    summary = world.dispatch(monthly_text_cap=10)

    assert summary.counts == {"held:monthly_cap": 1, "sent": 3}
    assert texts_of_month(world) == 10


def test_advertising_over_the_months_share_waits_for_the_first_of_the_next(world):
    world.clock.set(datetime(2026, 3, 31, 20, 0, tzinfo=KST))
    late = {**EVENT, "not_after": datetime(2026, 4, 1, 20, 1, tzinfo=KST)}
    job = world.add(**late)
    world.control.count_texts(NOW.date(), "information", lambda _: 8)

    summary = world.dispatch(monthly_text_cap=10, monthly_reserve_percent=20)

    assert summary.counts == {"deferred:monthly_cap": 1}
    assert world.stored(job).not_before == datetime(2026, 4, 1, 20, 0, tzinfo=KST)
    world.clock.set(datetime(2026, 4, 1, 20, 0, tzinfo=KST))
    assert world.dispatch(monthly_text_cap=10).counts == {"sent": 1}


def test_advertising_that_the_next_month_is_too_late_for_is_dropped(world):
    job = world.add(**EVENT)  # of use for seven days from the second of March
    world.control.count_texts(NOW.date(), "information", lambda _: 8)

    summary = world.dispatch(monthly_text_cap=10, monthly_reserve_percent=20)

    assert summary.counts == {"suppressed:monthly_cap": 1}
    assert world.stored(job).state is JobState.SUPPRESSED


def test_door_codes_use_what_advertising_must_leave(world):
    world.add(booking=1, to=OTHER_PHONE, **EVENT)
    for number in (2, 3, 4):
        world.add(booking=number)
    world.control.count_texts(NOW.date(), "information", lambda _: 7)

    summary = world.dispatch(monthly_text_cap=10, monthly_reserve_percent=30)

    assert summary.counts == {"sent": 3, "suppressed:monthly_cap": 1}


def test_a_class_that_nobody_knows_has_advertisings_share(world):
    world.add(**{**EVENT, "message_class": "gossip"})

    assert world.dispatch(daily_advertising_cap=0).counts == {"deferred:daily_cap": 1}


def test_the_counter_holds_what_went_out_and_no_more(world):
    for number in range(1, 6):
        world.add(booking=number)
    world.gateway.faults.extend([GatewayFault.NOT_SENT, GatewayFault.TIMEOUT_BEFORE_ACCEPT])

    world.dispatch()

    assert texts_of_day(world) == 4  # 3 sent, 1 in doubt


# --- races ------------------------------------------------------------------------------------


def test_twenty_dispatchers_and_one_text(world):
    job = world.add()
    barrier = threading.Barrier(20)

    def go():
        barrier.wait()
        world.dispatch(shards=[job.open_shard])

    threads = [threading.Thread(target=go) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(world.texts) == 1
    assert world.stored(job).attempt == 1


def test_a_second_dispatcher_between_signature_and_intent_wins_alone(world):
    job = world.add()
    world.gateway = GatewayWithSignHook(world, world.dispatch)

    summary = world.dispatch()

    assert summary.counts == {"lost_race": 1}
    assert len(world.texts) == 1
    assert world.stored(job).attempt == 1


def test_a_cancellation_between_look_and_intent_wins(world):
    job = world.add()
    world.gateway = GatewayWithSignHook(world, lambda: world.jobs.move(job, Move.CANCEL))

    assert world.dispatch().counts == {"lost_race": 1}
    assert world.texts == []


def test_a_sender_that_thaws_after_its_lease_sends_nothing(world):
    job = world.add()
    world.gateway = FreezingGateway(world, seconds=70)

    summary = world.dispatch()
    world.settle()
    world.go_on()

    assert summary.counts == {"not_sent:SmsNotSent": 1}
    assert len(world.texts) == 1
    assert world.stored(job).state is JobState.DELIVERED


def test_a_sender_that_thaws_after_its_job_was_resent_sends_nothing(world):
    job = world.add()
    world.gateway = FreezingGateway(world, seconds=1200, meanwhile=world.go_on)

    summary = world.dispatch()

    assert summary.counts == {"lost_race:lease_lapsed": 1}
    assert len(world.texts) == 1
    assert world.stored(job).attempt == 2


def test_an_acceptance_after_the_doubt_was_settled_is_an_incident_and_held(world):
    """SENS's list lied: the text is out, and the job waits for its resend."""
    job = world.add()
    gateway = InMemorySmsGateway(world.transport_clock, list_delay=timedelta(hours=9))

    class Slow(type(gateway)):
        def send(self, signed):
            receipt = super().send(signed)
            for _ in range(3):
                world.advance(minutes=10)
                world.settle()
            return receipt

    world.gateway = Slow(world.transport_clock, list_delay=timedelta(hours=9))

    summary = world.dispatch()

    assert summary.counts == {"incident:accepted_after_settled": 1}
    stored = world.stored(job)
    assert (stored.state, stored.reason) == (JobState.HELD, "accepted_after_settled")
    note = world.control.get_note(f"incident#accepted_after_settled#{job.job_id}#1")
    assert note["request_id"] == world.texts[0].request_id
    assert world.dispatch().is_idle


def test_an_acceptance_that_reconcile_recorded_first_is_a_success(world):
    job = world.add()

    class Slow(InMemorySmsGateway):
        def send(self, signed):
            receipt = super().send(signed)
            world.advance(minutes=2)
            world.settle()
            return receipt

    world.gateway = Slow(world.transport_clock)

    assert world.dispatch().counts == {"sent": 1}
    assert world.stored(job).state is JobState.ACCEPTED
    assert world.flag(job) is True


def test_an_acceptance_of_a_lapsed_job_is_recorded(world):
    job = world.add()

    class Slow(InMemorySmsGateway):
        def send(self, signed):
            receipt = super().send(signed)
            world.advance(minutes=2)
            self.list_is_down = True
            world.settle()
            return receipt

    world.gateway = Slow(world.transport_clock)

    assert world.dispatch().counts == {"sent": 1}
    assert world.stored(job).state is JobState.ACCEPTED


# --- what SENS answers ------------------------------------------------------------------------


def test_what_was_certainly_not_sent_is_tried_later_and_later(world):
    job = world.add()
    delays = []
    for _ in range(3):
        world.gateway.faults.append(GatewayFault.NOT_SENT)
        world.dispatch()
        stored = world.stored(job)
        delays.append((stored.not_before - world.clock.now()).total_seconds())
        world.clock.set(stored.not_before)

    assert delays == [30, 60, 120]
    assert world.dispatch().counts == {"sent": 1}
    assert world.stored(job).attempt == 4
    assert [a.outcome for a in world.stored(job).attempts] == [*["not_sent"] * 3, "accepted"]


def test_a_refusal_is_final_and_has_a_reason(world):
    job = world.add()
    world.gateway.faults.append(GatewayFault.REFUSED)

    assert world.dispatch().counts == {"refused:SmsRefused": 1}
    assert world.stored(job).state is JobState.REJECTED
    assert world.flag(job) is None


def test_throttles_are_waited_for_then_the_shard_is_left(world):
    for number in range(1, 6):
        world.add(booking=number)
    world.gateway.faults.extend([GatewayFault.THROTTLED] * 5)

    summary = world.dispatch(throttle_pause_s=1.0)

    assert summary.of(Outcome.NOT_SENT) == 3
    assert summary.stopped == ("throttled",)
    backoffs = [slept for slept in world.slept if slept > 0.3]
    assert len(backoffs) == 2
    assert 0.5 <= backoffs[0] <= 1.0 <= backoffs[1] <= 2.0


def test_one_throttle_only_slows_the_shard_down(world):
    for number in range(1, 4):
        world.add(booking=number)
    world.gateway.faults.append(GatewayFault.THROTTLED)

    summary = world.dispatch()

    assert (summary.of(Outcome.NOT_SENT), summary.of(Outcome.SENT)) == (1, 2)
    assert summary.stopped == ()


def test_a_spent_quota_stops_all_sending_and_says_so(world):
    jobs = [world.add(booking=number, to=f"0100000{number:04}") for number in range(1, 6)]
    world.gateway.faults.extend([GatewayFault.QUOTA_SPENT] * 2)

    summary = world.dispatch()

    assert summary.counts == {"not_sent:SmsQuotaSpent": 1}
    assert summary.stopped == ("paused_quota",)
    assert world.control.get_note(PAUSE_NOTE)["reason"] == "quota"
    assert world.dispatch().counts == {"waiting:paused_quota": 5}
    assert not any(world.stored(job).state is JobState.REJECTED for job in jobs)


def test_a_pause_ends_by_itself_and_is_renewed_by_the_next_refusal(world):
    for number in range(1, 4):
        world.add(booking=number)
    world.gateway.faults.extend([GatewayFault.QUOTA_SPENT] * 2)
    world.dispatch()

    world.advance(seconds=900)
    assert world.dispatch().stopped == ("paused_quota",)
    world.advance(seconds=900)
    assert world.dispatch().counts == {"sent": 3}


def test_a_renewed_pause_is_the_same_one_until_a_text_went_out(world):
    for number in range(1, 4):
        world.add(booking=number)
    world.gateway.faults.extend([GatewayFault.QUOTA_SPENT] * 2)
    world.dispatch()
    began = pause_begun(world.control)
    world.advance(seconds=900)
    world.dispatch()
    assert pause_begun(world.control) == began

    world.advance(seconds=900)
    world.dispatch()
    world.add(booking=4)
    world.gateway.faults.append(GatewayFault.QUOTA_SPENT)
    world.dispatch()

    assert pause_begun(world.control) not in ("", began)


def test_a_pause_for_another_reason_is_another_pause(world):
    pause_sending(world.control, "quota", NOW_MS, 900)
    pause_sending(world.control, "credentials", NOW_MS + 1, 900)

    assert pause_begun(world.control) == f"credentials since {NOW_MS + 1}"


def test_a_text_on_its_way_does_not_end_the_pause_of_another_worker(world):
    world.add()
    pause_sending(world.control, "quota", world.transport_clock.now_ms() - 900_000, 900)
    late = world.transport_clock.now_ms()
    world.gateway = GatewayWithHook(world, lambda: pause_sending(world.control, "quota", late, 900))

    assert world.dispatch().counts == {"sent": 1}

    assert active_pause(world.control.get_note(PAUSE_NOTE), late) == "quota"


def test_an_operator_may_end_a_pause(world):
    world.add()
    world.gateway.faults.append(GatewayFault.QUOTA_SPENT)
    world.dispatch()
    world.advance(seconds=60)

    resume_sending(world.control)

    assert world.dispatch().counts == {"sent": 1}


def test_a_rejected_signature_burns_no_text(world):
    jobs = [world.add(booking=number) for number in range(1, 4)]
    world.gateway = GatewayThatRaises(world, SignatureRejected(reason="http_401_200"))

    summary = world.dispatch()

    assert summary.counts == {"not_sent:http_401_200": 1}
    assert summary.stopped == ("paused_credentials",)
    world.gateway = InMemorySmsGateway(world.transport_clock)
    world.advance(minutes=15)
    world.dispatch()
    assert [world.stored(job).state for job in jobs] == [JobState.ACCEPTED] * 3


def test_refusals_in_a_row_stop_all_sending(world):
    for number in range(1, 9):
        world.add(booking=number)
    world.gateway.faults.extend([GatewayFault.REFUSED] * 8)

    summary = world.dispatch(refusals_before_pause=3)

    assert summary.of(Outcome.REFUSED) == 3
    assert summary.stopped == ("paused_refusals",)


def test_a_missing_text_is_held_and_the_others_go_on(world):
    missing = world.add(booking=1, body_sha="0" * 64)
    good = world.add(booking=2)

    assert world.dispatch().counts == {"held:text_missing": 1, "sent": 1}
    assert world.stored(missing).reason == "text_missing"
    assert world.stored(good).state is JobState.ACCEPTED


def test_a_pause_that_cannot_be_written_still_stops_this_run(world):
    for number in range(1, 4):
        world.add(booking=number, to=f"0100000{number:04}")
    world.gateway.faults.append(GatewayFault.QUOTA_SPENT)
    world.control = NoteFailure(world.control)

    summary = world.dispatch()

    assert summary.counts == {"store_failed:StoreUnavailable": 1}
    assert summary.stopped == ("paused_quota", "store_failed")


def test_an_end_of_a_pause_that_cannot_be_written_loses_no_summary(world):
    world.add()
    pause_sending(world.control, "quota", world.transport_clock.now_ms() - 900_000, 900)
    world.control = NoteFailure(world.control)

    summary = world.dispatch()

    assert summary.counts == {"sent": 1}
    assert summary.stopped == ("pause_not_ended",)


def test_a_failing_counter_at_the_end_loses_no_summary(world):
    world.add()
    world.add(booking=2, state=JobState.SCHEDULED, not_before=NOW + timedelta(hours=1))
    world.control = CounterFailure(world.control)

    summary = world.dispatch()

    assert summary.of(Outcome.SENT) == 1
    assert summary.stopped == ("allowance_not_returned",)


def test_a_request_that_another_job_claimed_is_an_incident_and_still_accepted(world):
    other, job = make_job(kind="confirm"), world.add(message_type="SMS")
    world.ledger.claim_request(other, "REQ-000001")

    assert world.dispatch().counts == {"sent": 1}
    assert world.stored(job).state is JobState.ACCEPTED
    assert world.control.get_note(f"incident#request_of_another_job#{job.job_id}#1")


def test_a_flag_that_cannot_be_written_is_left_to_the_delivery_poll(world):
    job = world.add()
    world.ledger = LedgerFailure()

    assert world.dispatch().counts == {"sent:flag_late": 1}
    assert world.stored(job).state is JobState.ACCEPTED


# --- how fast, how long -----------------------------------------------------------------------


def test_the_rate_is_divided_over_the_workers(world):
    for number in range(1, 12):
        world.add(booking=number)

    world.dispatch(sends_per_second=10.0, shard_groups=4)

    assert sum(world.slept) == pytest.approx(4.0, abs=0.1)  # 10 texts after the first, 2.5 a second


def test_it_stops_between_two_texts_when_told_to(world):
    for number in range(1, 5):
        world.add(booking=number)

    summary = world.dispatch(should_stop=lambda: len(world.texts) >= 2)

    assert summary.of(Outcome.SENT) == 2
    assert summary.stopped == ("told_to_stop",)


def test_it_stops_when_its_drain_budget_is_spent(world):
    for number in range(1, 9):
        world.add(booking=number)

    summary = world.dispatch(sends_per_second=1.0, drain_budget_s=2.5)

    assert summary.of(Outcome.SENT) == 4
    assert summary.stopped == ("drain_budget",)


@pytest.mark.parametrize("wrong", [{"sends_per_second": 0}, {"shard_groups": 0}, {"lease_s": 0}])
def test_a_policy_that_makes_no_sense_is_refused(wrong):
    with pytest.raises(SettingsInvalid):
        DispatchPolicy(**wrong)


# --- stores that fail -------------------------------------------------------------------------


class NoteFailure:
    def __init__(self, control):
        self._control = control

    def __getattr__(self, name):
        return getattr(self._control, name)

    def put_note(self, name, value):
        raise StoreUnavailable


class CounterFailure(NoteFailure):
    def count_texts(self, day, message_class, amount_of):
        def failing(counts):
            amount = amount_of(counts)
            if amount < 0:
                raise StoreUnavailable
            return amount

        return self._control.count_texts(day, message_class, failing)


class LedgerFailure(InMemoryLegacyLedger):
    def mark_accepted(self, job):
        raise StoreUnavailable


# --- gateways ---------------------------------------------------------------------------------


class GatewayWithHook(InMemorySmsGateway):
    """Does something after its first send."""

    def __init__(self, world, hook):
        super().__init__(world.transport_clock)
        self.hook = hook

    def send(self, signed):
        receipt = super().send(signed)
        self.hook()
        return receipt


class GatewayWithSignHook(InMemorySmsGateway):
    """Does something else after its first signature."""

    def __init__(self, world, hook):
        super().__init__(world.transport_clock)
        self.hooks = [hook]

    def sign(self, message):
        signed = super().sign(message)
        if self.hooks:
            self.hooks.pop()()
        return signed


class GatewayThatRaises(InMemorySmsGateway):
    """Raises this at every send."""

    def __init__(self, world, error):
        super().__init__(world.transport_clock)
        self.error = error

    def send(self, signed):
        raise self.error


class FreezingGateway(InMemorySmsGateway):
    """The process is frozen just before its first POST; things happen meanwhile."""

    def __init__(self, world, *, seconds, meanwhile=lambda: None):
        super().__init__(world.transport_clock)
        self.world, self.seconds, self.meanwhile = world, seconds, meanwhile
        self.is_fresh = True

    def send(self, signed):
        if self.is_fresh:
            self.is_fresh = False
            self.world.advance(seconds=self.seconds)
            self.meanwhile()
        return super().send(signed)
