"""What went wrong elsewhere between an outbox and a phone, and what ours does then."""

from __future__ import annotations

import contextlib
import itertools
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

import pytest
from outbox_world import TEXT, Crash, Tripwire, World

from booking_sms.domain.errors import (
    AlertFailed,
    DispatchError,
    StoreUnavailable,
)
from booking_sms.domain.send_meaning import MEANING_OF_ERROR, SendMeaning
from booking_sms.domain.sms_job import JobState, Move, attempt_reference
from booking_sms.pipeline.accounting import accounting
from booking_sms.testing import NOW, GatewayFault

ACCEPTED_UNSEEN, LOST = GatewayFault.TIMEOUT_AFTER_ACCEPT, GatewayFault.TIMEOUT_BEFORE_ACCEPT


@pytest.fixture
def world() -> World:
    return World()


def die_after(world: World, call: str, failure: BaseException | None = None) -> Tripwire:
    """Dispatch everything due until the first call of this name has taken effect."""
    rehearsal = Tripwire(None, "after", Crash())
    copy = World()
    for job in world.jobs.jobs:
        copy.add(booking=int(job.booking_num[-2:]), message_type=job.message_type)
    copy.dispatch(copy.services_through(rehearsal.wrap))
    wire = Tripwire(rehearsal.calls.index(call), "after", failure or Crash())
    with contextlib.suppress(Crash):
        world.dispatch(world.services_through(wire.wrap))
    return wire


# --- one text becomes two ---------------------------------------------------------------------


@pytest.mark.parametrize("message_type", ["LMS", "SMS"])
def test_client_timed_out_but_the_provider_had_accepted(world, message_type):
    """alexjustesen/speedtest-tracker#2653, michaelkourlas/voipms-sms-client#105, odoo/odoo
    PR #55717: in doubt, settled by the list, never sent again on suspicion."""
    job = world.add(message_type=message_type)
    world.gateway.faults.append(ACCEPTED_UNSEEN)

    for _ in range(5):
        world.dispatch()
        world.advance(seconds=30)

    assert world.stored(job).state is JobState.OUTCOME_UNKNOWN
    world.go_on()
    assert (len(world.texts), world.gateway.sends) == (1, 1)
    assert world.stored(job).state is JobState.DELIVERED


def test_delivery_report_raced_the_senders_own_write(world):
    """odoo/odoo PR #264736: the intent is durable before the POST, so a report that comes before
    our acceptance is written finds a job that is under way, and undoes nothing."""
    job = world.add()
    die_after(world, "send")
    world.gateway.deliver_all()

    assert world.poll().polled == 0
    assert world.stored(job).state is JobState.SENDING
    world.go_on()

    assert world.stored(job).state is JobState.DELIVERED
    assert (len(world.texts), world.flag(job)) == (1, True)


def test_fifty_workers_took_the_same_row(world):
    """odoo/odoo PR #275696: the intent is one conditional write, and one of them wins."""
    job = world.add()
    all_have_signed, sign = Barrier(50, timeout=30), world.gateway.sign

    def sign_together(message):
        all_have_signed.wait()
        return sign(message)

    world.gateway.sign = sign_together
    with ThreadPoolExecutor(50) as pool:
        shards = [job.open_shard]
        summaries = list(pool.map(lambda _: world.dispatch(shards=shards), range(50)))

    assert sum(summary.counts.get("sent", 0) for summary in summaries) == 1
    assert (len(world.texts), world.stored(job).attempt) == (1, 1)


def test_queue_delivered_the_task_twice_and_a_restart_ran_it_again(world):
    """alphagov/notifications-api#747, #474: the second run reads the state and stops."""
    jobs = [world.add(booking=number) for number in range(1, 6)]
    die_after(world, "send")

    first, second = world.dispatch(), world.dispatch()

    assert (first.counts["sent"], second.is_idle) == (4, True)
    world.go_on()
    assert len(world.texts) == len(jobs) == world.gateway.sends


def test_rescuer_overwrote_a_finished_job_from_a_stale_read(world):
    """riverqueue/river#1302: every write carries state and token, so a frozen worker's late
    writes and a rescuer's stale copy change nothing."""
    job = world.add()
    die_after(world, "send")
    frozen = world.stored(job)
    world.go_on()
    finished = world.stored(job)

    late = [
        world.jobs.move(frozen, Move.NOT_SENT, reason="frozen"),
        world.jobs.move(frozen, Move.DOUBT, reason="frozen"),
        world.jobs.move(frozen, Move.LAPSE, now_ms=frozen.lease_until + 1),
        world.jobs.amend(frozen, looks=7),
    ]

    assert late == [None, None, None, None]
    assert world.stored(job) == finished
    assert finished.state is JobState.DELIVERED


def test_timeout_freed_the_lock_and_the_side_effect_ran_again(world):
    """aws-powertools/powertools-lambda-python#8049: a lapsed lease leads to doubt, never back
    to the queue."""
    job = world.add()
    die_after(world, "send")
    world.advance(minutes=3)

    world.dispatch()
    assert (world.stored(job).state, world.gateway.sends) == (JobState.SENDING, 1)
    world.settle()

    assert world.stored(job).state is JobState.ACCEPTED
    assert "lapsed" in [attempt.outcome for attempt in world.stored(job).attempts]
    assert world.gateway.sends == 1


@pytest.mark.parametrize("call", ["move:intent", "move:accept"])
def test_write_was_applied_but_its_answer_was_lost(world, call):
    """aws/aws-sdk-java#2667: nobody believes that an error means "not written". The adapter
    reads back and recognises its own token; where even that fails, reconcile finds it."""
    job = world.add()

    die_after(world, call, StoreUnavailable())
    world.go_on()

    assert len(world.texts) == 1
    assert world.stored(job).state is JobState.DELIVERED


@pytest.mark.parametrize("error", sorted(MEANING_OF_ERROR, key=lambda kind: kind.__name__))
def test_ambiguous_failure_was_replayed(world, error: type[DispatchError]):
    """elizaOS/eliza#22382: what is not certainly unsent is not replayed without the list."""
    job = world.add()
    real = world.gateway.send

    def fail_once(signed):
        world.gateway.sends += 1
        world.gateway.send = real
        raise error(reason="scripted")

    world.gateway.send = fail_once
    for _ in range(3):
        world.dispatch()
        world.advance(minutes=20)

    replays = world.gateway.sends - 1
    assert replays == (1 if MEANING_OF_ERROR[error] is SendMeaning.NOT_SENT else 0)
    assert world.stored(job).attempt == 1 + replays


@pytest.mark.parametrize("at", range(40))
def test_task_was_killed_after_it_had_succeeded_and_run_again(at):
    """apache/airflow#63183, #65708, #60858: a task's colour says nothing of a text. Killed at
    any call and forced to run again, it sends what is missing and nothing twice."""
    world = World()
    jobs = [world.add(booking=number) for number in (1, 2)]
    wire = Tripwire(at, "after", Crash())
    with contextlib.suppress(Crash):
        world.dispatch(world.services_through(wire.wrap))

    world.dispatch()
    world.go_on()

    assert len(world.texts) == 2
    assert {world.stored(job).state for job in jobs} == {JobState.DELIVERED}


# --- one text is lost -------------------------------------------------------------------------


def test_every_send_failed_and_the_run_called_itself_done(world):
    """isuru89/moodle-local_reminders#33, openstreetmap/operations#196: each text has an outcome,
    the outcomes add up to the plan, and none of them says sent."""
    for number in range(1, 11):
        world.add(booking=number)
    world.gateway.faults.extend([LOST] * 10)

    summary = world.dispatch()

    assert summary.counts == {"in_doubt:SmsOutcomeUnknown": 10}
    assert (summary.is_idle, summary.accepted) == (False, ())
    identity = accounting(world.jobs.count_by_state())
    assert (identity.planned, identity.groups["in_flight"]) == (10, 10)
    assert identity.groups["sent"] == 0
    world.go_on()
    assert len(world.texts) == 10


@pytest.mark.parametrize("poisoned", [0, 2, 4], ids=["first", "middle", "last"])
@pytest.mark.parametrize("poison", ["text is gone", "text cannot be opened"])
def test_one_bad_row_stopped_the_whole_job(world, poison, poisoned):
    """MantaRayMedia/bgs#314: the bad one waits with a reason, the others go out."""
    jobs = [world.add(f"{TEXT} {n}", booking=n + 1, priority=n) for n in range(5)]
    bad = jobs[poisoned]
    if poison == "text is gone":
        del world.bodies.texts[bad.body_sha]
    else:
        world.bodies.sealed.add(bad.body_sha)

    summary = world.dispatch()

    assert len(world.texts) == summary.counts["sent"] == 4
    waits = {"held:text_missing", "waiting:text_unreadable"} & summary.counts.keys()
    assert [summary.counts[name] for name in waits] == [1]
    assert world.stored(bad).attempt == 0


def test_text_that_could_not_be_opened_goes_out_once_the_key_is_back(world):
    """MantaRayMedia/bgs#314: a missing key is our mistake and burns no text."""
    doubt = world.add(booking=2)
    world.gateway.faults.append(ACCEPTED_UNSEEN)
    world.dispatch()
    text, notice = world.add(), world.add_notice()
    world.bodies.sealed.update(world.bodies.texts)
    world.advance(minutes=1)
    assert world.dispatch().counts["waiting:text_unreadable"] == 2
    world.settle()

    world.bodies.sealed.clear()
    world.settle()
    world.dispatch()

    assert {world.stored(job).state for job in (text, doubt)} == {JobState.ACCEPTED}
    assert world.stored(notice).state is JobState.DELIVERED


def test_digest_without_a_text_stopped_the_others(world):
    """MantaRayMedia/bgs#314: a notice whose text is gone waits for a person."""
    lost, good = world.add_notice("명단"), world.add_notice("요약", booking_num="digest#summary")
    del world.bodies.texts[lost.body_sha]

    world.dispatch()

    stored = world.stored(lost)
    assert (stored.state, stored.reason) == (JobState.HELD, "text_missing")
    assert world.stored(good).state is JobState.DELIVERED


@pytest.mark.parametrize(
    "fault", [LOST, GatewayFault.NOT_SENT, GatewayFault.REFUSED, GatewayFault.QUOTA_SPENT]
)
def test_failed_send_was_marked_as_sent(world, fault):
    """LEGACY set the flag whatever came of the send: the flag follows the acceptance only."""
    job = world.add()
    world.gateway.faults.append(fault)

    world.dispatch()

    assert world.ledger.rows([job.booking_num]) == ()
    assert world.stored(job).state not in {JobState.ACCEPTED, JobState.DELIVERED}


def test_record_could_not_be_written_and_every_run_texted_again(world):
    """LEGACY sent again each run while its table failed: the intent comes before the POST, and
    the flag's failure does not undo the acceptance."""
    job = world.add()
    die_after(world, "mark_accepted", StoreUnavailable())

    for _ in range(5):
        world.dispatch()
        world.advance(minutes=1)

    assert (len(world.texts), world.gateway.sends) == (1, 1)
    assert world.stored(job).state is JobState.ACCEPTED


def test_kill_switch_burned_the_reminders_it_held_back(world):
    """LEGACY marked texts as sent while sending was switched off: a switch consumes nothing."""
    job = world.add()
    world.control.set_kill_switch("all", True, by="test", reason="drill")
    for _ in range(3):
        assert world.dispatch().counts == {"waiting:kill_all": 1}
    assert (world.stored(job), world.flag(job)) == (job, None)

    world.control.set_kill_switch("all", False, by="test", reason="over")
    world.advance(seconds=5)
    world.dispatch()

    assert world.stored(job).state is JobState.ACCEPTED


def test_failing_provider_was_replaced_by_another_without_a_word(world):
    """fluent-smtp#380: there is one way to a customer's phone. What SENS does not take waits,
    with its reason, and no chat gets the customer's text."""
    job = world.add()
    world.gateway.faults.extend([GatewayFault.NOT_SENT] * 3)

    for _ in range(3):
        world.dispatch()
        world.advance(minutes=15)

    assert world.texts == []
    assert [channel.texts for channel in world.channels.values()] == [[], []]
    stored = world.stored(job)
    assert (stored.state, stored.reason) == (JobState.RETRYABLE, "SmsNotSent")
    assert [attempt.outcome for attempt in stored.attempts] == ["not_sent"] * 3


def test_retry_succeeded_after_the_text_had_lost_its_use(world):
    """woowacourse-teams/2025-bom-bom PR #646: past its useful life it expires, with a reason."""
    job = world.add(not_after=NOW + timedelta(minutes=30))
    world.gateway.faults.append(GatewayFault.NOT_SENT)
    world.dispatch()

    world.advance(minutes=31)
    world.dispatch()

    stored = world.stored(job)
    assert (stored.state, stored.reason) == (JobState.EXPIRED, "not_after")
    assert (world.texts, world.gateway.sends) == ([], 1)


# --- which message is which -------------------------------------------------------------------


def test_digest_merged_into_itself_and_its_batch_vanished(world):
    """novuhq/novu#12373: a digest that is tried again is the same job with the same text, and
    tomorrow's is another."""
    days = [
        world.add_notice(f"명단 {day}", sort_key=f"roster#day:{day}#slack") for day in ("02", "03")
    ]
    world.channels["slack"].failure = AlertFailed(channel="slack", reason="slow", retry_safe=True)
    world.dispatch()

    world.channels["slack"].failure = None
    for _ in range(4):
        world.advance(minutes=15)
        world.dispatch()

    assert sorted(world.channels["slack"].texts) == ["명단 02", "명단 03"]
    assert {world.stored(job).state for job in days} == {JobState.DELIVERED}


@pytest.mark.parametrize("faults", list(itertools.product([None, ACCEPTED_UNSEEN, LOST], repeat=2)))
def test_dedupe_window_ate_two_distinct_reminders(world, faults):
    """EverMind-AI/Raven#161: two visits of one guest with word for word the same text are two
    messages, whatever happens to either."""
    twins = [world.add(booking=number, message_type="SMS") for number in (1, 2)]
    script = iter(faults)
    real = world.gateway.send

    def send(signed):
        fault = next(script, None)
        if fault:
            world.gateway.faults.append(fault)
        return real(signed)

    world.gateway.send = send
    world.dispatch()
    world.go_on(rounds=6)

    assert len(world.texts) == 2
    assert len({world.stored(job).request_id for job in twins}) == 2


def test_delivery_id_changed_with_each_attempt(world):
    """OpenWA#1641: the job keeps its id over attempts; the reference that SENS lists names
    job and attempt, so each try can be told apart and all belong to one message."""
    job = world.add()
    world.gateway.faults.extend([GatewayFault.NOT_SENT, LOST])
    world.dispatch()
    world.go_on(rounds=6)

    stored = world.stored(job)
    assert (stored.job_id, stored.sort_key) == (job.job_id, job.sort_key)
    assert (stored.state, stored.attempt) == (JobState.DELIVERED, 3)
    references = [attempt_reference(job, number) for number in (1, 2, 3)]
    assert len(set(references)) == 3
    assert world.texts[0].subject.endswith(references[2])
