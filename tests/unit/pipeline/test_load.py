import json
from datetime import datetime, timedelta
from typing import Any

import pytest
from boto3.dynamodb.types import TypeSerializer
from rule_world import CATALOG, EVENING, decide, shop_secrets, with_catalog

from booking_sms.adapters.dynamodb.billing import item_bytes
from booking_sms.adapters.dynamodb.job_item import item_of
from booking_sms.domain.booking import Booking, BookingOption, BookingStatus
from booking_sms.domain.errors import StoreUnavailable
from booking_sms.domain.sms_job import JobState, SmsJob
from booking_sms.domain.template import MessageCatalog, MessageTemplate
from booking_sms.domain.window import Window
from booking_sms.pipeline.build import build_jobs
from booking_sms.pipeline.comparison import store_comparison
from booking_sms.pipeline.gather import gather_ledger
from booking_sms.pipeline.job_batch import JobBatch, plan_hash
from booking_sms.pipeline.load import load_jobs
from booking_sms.testing import (
    NOW,
    InMemoryBodyStore,
    InMemoryLegacyLedger,
    InMemoryPlanRepository,
    InMemorySecretSource,
    InMemorySmsJobRepository,
    make_booking,
    make_job,
    make_ledger_row,
)

HOUR = timedelta(hours=1)


def batch_of(
    *bookings: Booking, now: datetime = NOW, as_of: datetime = NOW, **changes: Any
) -> JobBatch:
    rows = changes.pop("rows", ())
    return build_jobs(
        decide(*bookings, rows=rows, as_of=as_of, rollout=changes.pop("rollout", None)),
        changes.pop("catalog", CATALOG),
        changes.pop("secrets", shop_secrets()),
        hmac_key=b"test-key",
        code_version="0.1.0",
        now=now,
        **changes,
    )


def soon(**overrides: Any) -> Booking:
    return make_booking(starts_in=HOUR, **overrides)


def evening_batch(now: datetime, as_of: datetime = EVENING) -> JobBatch:
    done = make_booking(status=BookingStatus.COMPLETED, options=(BookingOption(name="원본"),))
    return batch_of(done, rows=(make_ledger_row(),), as_of=as_of, now=now)


def test_a_job_knows_everything_that_sending_needs() -> None:
    ((confirm, _), (guide, text)) = batch_of(soon(version="v1")).jobs

    assert (confirm.state, guide.state) == (JobState.AVAILABLE, JobState.AVAILABLE)
    assert (confirm.priority, guide.priority) == (0, 1)
    assert guide.sort_key.startswith("guide#once#")
    assert (guide.to, guide.sender, guide.message_type) == ("01000001234", "15990100", "LMS")
    assert (guide.not_before, guide.due_at, guide.not_after) == (NOW, NOW, NOW + 2 * HOUR)
    assert (guide.visit_at, guide.window) == (NOW + HOUR, "2026-03-02T14:00:00+09:00")
    assert (guide.rule, guide.template) == ("guide-first-sight", "guide")
    assert guide.rule_digest == CATALOG.rules.rule("guide-first-sight").digest
    assert (guide.booking_version, guide.code_version) == ("v1", "0.1.0")
    assert (guide.doubt_resend_minutes, confirm.doubt_resend_minutes) == (30, None)
    assert guide.ledger.phone == "010-0000-1234"
    assert (guide.ledger.flag, guide.ledger.booking_time) == ("remind_sms", "2026-03-02 15:00:00")
    assert "0101#" in text


def test_a_job_stays_under_one_kilobyte() -> None:
    booking = make_booking(
        status=BookingStatus.COMPLETED,
        name="가" * 20,
        booking_id="9" * 18,
        options=(BookingOption(name="원본"),),
        version="f" * 16,
    )
    row = make_ledger_row(booking_num=booking.booking_num)
    ((job, _),) = batch_of(booking, rows=(row,), as_of=EVENING, now=EVENING).jobs
    held = job.evolve(plan_hash="f" * 16, reason="awaiting_approval", request_id="r" * 40)
    serializer = TypeSerializer()
    item = {name: serializer.serialize(value) for name, value in item_of(held, "t" * 32).items()}

    assert item_bytes(item) < 1024


def test_keys_carry_no_phone_and_no_rule() -> None:
    for job, _ in batch_of(soon()).jobs:
        assert "1234" not in job.sort_key
        assert job.rule not in job.sort_key


def test_the_same_decisions_make_the_same_jobs() -> None:
    first, again = batch_of(soon()), batch_of(soon(), now=NOW + timedelta(minutes=5))

    assert [job.payload_hash for job, _ in first.jobs] == [
        job.payload_hash for job, _ in again.jobs
    ]
    assert first.plan_hash == again.plan_hash


@pytest.mark.parametrize(
    ("phone", "reason"),
    [
        pytest.param("020000000", "PhoneInvalid kind=landline", id="landline"),
        pytest.param("010****1234", "PhoneInvalid kind=masked", id="masked"),
        pytest.param("", "PhoneInvalid kind=empty", id="empty"),
        pytest.param("+12025550100", "PhoneInvalid kind=foreign", id="foreign"),
    ],
)
def test_a_phone_that_gets_no_text_holds_the_job_with_its_text(phone: str, reason: str) -> None:
    for job, text in batch_of(soon(phone=phone)).jobs:
        assert (job.state, job.reason) == (JobState.HELD, reason)
        assert text
        assert job.body_sha


@pytest.mark.parametrize(
    ("changes", "booking", "reason"),
    [
        pytest.param({"secrets": InMemorySecretSource()}, {}, "SecretMissing", id="secret"),
        pytest.param({}, {"store_id": "999999"}, "UnknownStore", id="store"),
        pytest.param({"text": None}, {}, "MessageTextMissing", id="text"),
        pytest.param({"text": "{{ store.lift }}"}, {}, "TextUnresolved", id="variable"),
        pytest.param({"text": "😀"}, {}, "TextNotEncodable", id="character"),
        pytest.param({"text": "가" * 1001}, {}, "TextTooLong", id="size"),
    ],
)
def test_what_cannot_be_rendered_is_held_without_a_text(
    changes: dict[str, Any], booking: dict[str, Any], reason: str
) -> None:
    if "text" in changes:
        text = changes.pop("text")
        guide = MessageTemplate(name="guide", subject="안내", text=text)
        templates = {**CATALOG.messages.templates, "guide": guide}
        changes["catalog"] = with_catalog(messages=MessageCatalog(templates=templates))

    jobs = {job.kind: (job, text) for job, text in batch_of(soon(**booking), **changes).jobs}

    guide_job, content = jobs["guide"]
    assert (guide_job.state, guide_job.reason.split(" ")[0]) == (JobState.HELD, reason)
    assert (content, guide_job.body_sha) == ("", "")
    held_alone = reason != "UnknownStore"
    assert (jobs["confirm"][0].state is JobState.AVAILABLE) is held_alone


def test_a_passing_fault_of_the_secret_store_holds_nobody() -> None:
    class Failing(InMemorySecretSource):
        def get(self, name: str) -> str:
            raise StoreUnavailable(service="secrets")

    with pytest.raises(StoreUnavailable):
        batch_of(soon(), secrets=Failing())


def test_an_old_plan_waits_for_approval_whatever_ran_it() -> None:
    fresh = batch_of(soon(), now=NOW + timedelta(minutes=40))
    old = batch_of(soon(), now=NOW + timedelta(minutes=40, seconds=1))

    assert {job.state for job, _ in fresh.jobs} == {JobState.AVAILABLE}
    assert {(job.state, job.reason) for job, _ in old.jobs} == {
        (JobState.HELD, "awaiting_approval")
    }
    assert {job.plan_hash for job, _ in old.jobs} == {old.plan_hash}


def test_an_old_plan_is_held_under_the_hash_that_it_is_given() -> None:
    batch = batch_of(soon(phone="020000000"), now=NOW + 2 * HOUR, held_plan_hash="approved")

    assert {job.plan_hash for job, _ in batch.jobs} == {"approved"}
    assert {job.reason for job, _ in batch.jobs} == {"PhoneInvalid kind=landline"}


def test_plan_hash_follows_what_would_be_sent_and_not_the_order() -> None:
    jobs = [job for job, _ in batch_of(soon()).jobs]

    assert plan_hash(jobs) == plan_hash(reversed(jobs))
    assert plan_hash(jobs) != plan_hash(jobs[:1])
    changed = [job.evolve(to="01000009999") for job in jobs]
    assert plan_hash(changed) != plan_hash(jobs)


@pytest.mark.parametrize(
    ("now", "state", "not_before"),
    [
        pytest.param(EVENING, JobState.AVAILABLE, EVENING, id="on time"),
        pytest.param(
            EVENING.replace(minute=30), JobState.AVAILABLE, EVENING, id="half an hour late"
        ),
    ],
)
def test_advertising_within_hours_goes_at_once(
    now: datetime, state: JobState, not_before: datetime
) -> None:
    ((job, _),) = evening_batch(now).jobs

    assert (job.state, job.not_before, job.due_at) == (state, not_before, not_before)
    assert (job.message_class, job.allowed_hours) == ("advertising", "08:10-20:50")


def test_advertising_out_of_hours_is_scheduled_for_the_next_evening() -> None:
    tomorrow = EVENING + timedelta(days=1)

    for as_of, now in (
        (EVENING.replace(minute=40), EVENING.replace(minute=51)),
        (EVENING.replace(minute=52), EVENING.replace(minute=55)),
    ):
        ((job, _),) = evening_batch(now, as_of).jobs
        assert (job.state, job.not_before, job.due_at) == (JobState.SCHEDULED, tomorrow, tomorrow)


def test_shadow_decisions_are_counted_and_never_loaded() -> None:
    done = make_booking(status=BookingStatus.COMPLETED, options=(BookingOption(name="원본"),))

    batch = batch_of(done, rows=(make_ledger_row(),), as_of=EVENING, now=EVENING, rollout={})

    assert (batch.jobs, batch.outcomes) == ((), {"shadow": 1})


def test_counts_name_every_outcome() -> None:
    broken = make_ledger_row(booking_num="900101_2")
    item = {key: value for key, value in broken.item.items() if key != "remind_sms"}
    broken = broken.__class__(booking_num=broken.booking_num, phone=broken.phone, item=item)

    counts = batch_of(
        soon(), soon(booking_id="2"), soon(booking_id="3", phone=""), rows=(broken,)
    ).counts()

    assert counts["planned"] == 4
    assert counts["outcomes"] == {"available": 2, "held: PhoneInvalid": 2, "failed": 1}
    json.dumps(counts)


def test_loading_writes_texts_and_jobs_once() -> None:
    jobs, bodies = InMemorySmsJobRepository(), InMemoryBodyStore()

    first = load_jobs(batch_of(soon()), jobs, bodies)
    again = load_jobs(batch_of(soon()), jobs, bodies)

    assert (first.planned, first.loaded, first.already_there) == (2, 2, 0)
    assert (again.planned, again.loaded, again.already_there) == (2, 0, 2)
    assert bodies.writes == 2
    for job in jobs.jobs:
        assert bodies.get(job.body_sha)


def test_one_text_for_many_is_stored_once() -> None:
    bookings = [make_booking(booking_id=str(n), phone=f"0100000{n:04d}") for n in range(30)]
    bodies = InMemoryBodyStore()

    summary = load_jobs(batch_of(*bookings), InMemorySmsJobRepository(), bodies)

    assert (summary.loaded, bodies.writes) == (60, 2)


def test_a_text_is_there_before_its_job() -> None:
    bodies = InMemoryBodyStore()

    class Watching(InMemorySmsJobRepository):
        def insert_if_absent(self, job: SmsJob) -> bool:
            assert bodies.get(job.body_sha)
            return super().insert_if_absent(job)

    assert load_jobs(batch_of(soon()), Watching(), bodies).loaded == 2


def test_a_held_job_without_a_text_is_loaded_too() -> None:
    jobs, bodies = InMemorySmsJobRepository(), InMemoryBodyStore()

    summary = load_jobs(batch_of(soon(store_id="999999")), jobs, bodies)

    assert (summary.loaded, summary.held, bodies.writes) == (2, 2, 0)


def test_a_conflict_is_an_incident_and_the_rest_goes_on() -> None:
    jobs, bodies = InMemorySmsJobRepository(), InMemoryBodyStore()
    batch = batch_of(soon())
    other = batch.jobs[0][0].evolve(body_sha="another text")
    jobs.insert_if_absent(other)

    summary = load_jobs(batch, jobs, bodies)

    assert (summary.loaded, summary.conflicts) == (1, 1)
    assert summary.incidents == (other.job_id,)
    assert summary.planned == summary.loaded + summary.already_there + summary.conflicts
    assert summary.as_dict()["counts"]["conflicts"] == 1


def test_jobs_that_could_not_be_written_fail_the_batch_after_the_others() -> None:
    jobs, bodies = InMemorySmsJobRepository(), InMemoryBodyStore()
    jobs.fail_next_write(StoreUnavailable(), applied=False)

    with pytest.raises(StoreUnavailable, match="jobs=1"):
        load_jobs(batch_of(soon()), jobs, bodies)

    assert len(jobs.jobs) == 1
    assert load_jobs(batch_of(soon()), jobs, bodies).loaded == 1


def test_comparison_mode_keeps_the_plan_and_loads_nothing() -> None:
    plans, batch = InMemoryPlanRepository(), batch_of(soon())

    summary = store_comparison(batch, Window(NOW), plans)

    stored = plans.get("comparison#2026-03-02T14:00:00+09:00")
    assert stored is not None
    assert (summary.planned, summary.loaded) == (2, 0)
    assert [item["flag"] for item in stored["items"]] == ["confirm_sms", "remind_sms"]
    assert "01000001234" not in json.dumps(stored)
    assert stored["hash"] == batch.plan_hash


def test_the_ledger_of_bookings_is_rows_overlaid_with_jobs() -> None:
    jobs = InMemorySmsJobRepository()
    jobs.insert_if_absent(make_job(kind="guide"))
    jobs.insert_if_absent(
        make_job(kind="confirm", booking_num="900101_9", state=JobState.CANCELLED)
    )
    legacy = InMemoryLegacyLedger([make_ledger_row(), make_ledger_row(booking_num="900101_77")])

    ledger = gather_ledger(
        legacy, jobs, [make_booking(), make_booking(booking_id="9")], CATALOG.rules
    )

    (row,) = ledger.rows.values()
    assert (row.flag("confirm_sms"), row.flag("remind_sms")) == (True, True)


def test_the_ledger_reaches_back_to_the_booking_that_was_replaced() -> None:
    legacy = InMemoryLegacyLedger([make_ledger_row()])
    moved = make_booking(booking_id="8", previous_booking_id="7000000001")

    ledger = gather_ledger(legacy, InMemorySmsJobRepository(), [moved], CATALOG.rules)

    assert list(ledger.rows) == [("900101_7000000001", "010-0000-1234")]


def test_what_was_loaded_is_not_planned_again() -> None:
    jobs, legacy = InMemorySmsJobRepository(), InMemoryLegacyLedger()
    load_jobs(batch_of(soon()), jobs, InMemoryBodyStore())

    ledger = gather_ledger(legacy, jobs, [soon()], CATALOG.rules)

    assert not decide(soon(), rows=tuple(ledger.rows.values())).decisions
