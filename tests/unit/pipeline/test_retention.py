"""Personal data goes by age, once, wherever it is cut off, and never what a window may ask for."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from booking_sms.domain.booking import KST, BookingStatus
from booking_sms.domain.errors import StoreUnavailable
from booking_sms.domain.fetch_plan import FetchPolicy, fetch_plan
from booking_sms.domain.retention import (
    ERASED,
    FRESH_DAYS,
    RetentionPolicy,
    is_blank,
    last_touched,
)
from booking_sms.domain.sms_job import FINAL, JobState
from booking_sms.domain.window import Window
from booking_sms.pipeline.extract import extract_store
from booking_sms.pipeline.retention import RetentionServices, erase_personal_data
from booking_sms.testing import (
    FakeBookingSource,
    InMemoryBodyStore,
    InMemoryLegacyLedger,
    InMemoryPayloadStage,
    InMemoryPersonalRecords,
    InMemoryPlanRepository,
    InMemorySmsJobRepository,
    make_booking,
    make_job,
    make_ledger_row,
)

STORE = "900101"
NOW = datetime(2026, 9, 1, 3, 30, tzinfo=KST)
POLICY = RetentionPolicy()
PHONE, NAME = "01000001234", "김시험"


@dataclass
class World:
    """A chain of one store whose last sweep lists ``listed``."""

    listed: tuple = ()
    swept: bool = True
    jobs: InMemorySmsJobRepository = field(default_factory=InMemorySmsJobRepository)
    ledger: InMemoryLegacyLedger = field(default_factory=InMemoryLegacyLedger)
    bodies: InMemoryBodyStore = field(default_factory=InMemoryBodyStore)
    plans: InMemoryPlanRepository = field(default_factory=InMemoryPlanRepository)
    stage: InMemoryPayloadStage = field(default_factory=InMemoryPayloadStage)
    records: Any = None

    def __post_init__(self):
        self.records = InMemoryPersonalRecords(self.jobs, self.ledger, self.bodies, self.plans)
        if self.swept:
            self.snapshot(NOW.replace(hour=4, minute=0) - timedelta(days=1), self.listed)

    def snapshot(self, as_of, bookings):
        source = FakeBookingSource(bookings)
        extract_store(source, self.stage, Window(as_of), STORE, 1)

    def put(self, days: float, state: JobState = JobState.DELIVERED, **fields):
        """A job whose visit was so many days ago."""
        visit = NOW - timedelta(days=days)
        known = {
            "state": state,
            "visit_at": visit,
            "due_at": visit,
            "not_before": visit,
            "not_after": visit + timedelta(hours=1),
            "window": Window(_floor(visit)).name,
            "body_sha": fields.get("body_sha") or self.bodies.put(f"{NAME}님, {days}"),
        }
        job = make_job(**{**known, **fields})
        self.records.written_at.setdefault(job.body_sha, visit)
        self.jobs.insert_if_absent(job)
        return job

    def erase(self, now=NOW, **fields):
        services = RetentionServices(
            jobs=self.jobs,
            records=self.records,
            stage=self.stage,
            now=now,
            real_now=now,
            **fields,
        )
        return erase_personal_data(services, [STORE])

    def everything(self):
        rows = [dict(row.item) for row in self.ledger._rows.values()]
        return str((
            [asdict(job) for job in self.jobs.jobs],
            rows,
            self.bodies.texts,
            self.plans._plans,
        ))


def ms(instant):
    return int(instant.timestamp() * 1000)


def _floor(instant):
    return instant.replace(minute=instant.minute // 20 * 20, second=0, microsecond=0)


@pytest.fixture
def world():
    return World()


def test_a_person_goes_after_forty_days_and_the_key_after_a_hundred_and_twenty(world):
    world.put(39)
    world.put(41, booking_num=f"{STORE}_2")
    world.put(121, booking_num=f"{STORE}_3")

    first, second = world.erase(), world.erase()

    assert first["jobs"] == {"blanked": 2, "young": 1}
    assert second["jobs"] == {"blank": 1, "erased": 1, "young": 1}
    blank, young = world.jobs.jobs
    assert not is_blank(young)
    assert (blank.to, blank.ledger.phone, blank.ledger.name, blank.body_sha) == (
        ERASED, "", "", ERASED,
    )  # fmt: skip
    assert blank.ledger.flag == young.ledger.flag


def test_erasing_again_changes_nothing(world):
    for n, days in enumerate((10, 41, 121, 400)):
        world.put(days, booking_num=f"{STORE}_{n}")
    world.erase()
    world.erase()
    before = world.everything()

    again = world.erase()

    assert world.everything() == before
    assert "blanked" not in again["jobs"]
    assert "erased" not in again["jobs"]


@pytest.mark.parametrize("state", sorted(set(JobState) - FINAL - {JobState.ACCEPTED}))
def test_what_is_not_settled_keeps_its_person(world, state):
    world.put(400, state, attempt=1, t0=ms(NOW - timedelta(days=400)))

    assert world.erase()["jobs"] == {"open": 1}
    assert PHONE in world.everything()


@pytest.mark.parametrize(("days", "became"), [(39, "open"), (41, "blanked")])
def test_a_text_whose_carrier_never_reports_is_settled_by_its_age(world, days, became):
    """SENS lists 30 days: nobody will ever say what became of it, and its person must go."""
    accepted_at = NOW - timedelta(days=days)
    world.put(400, JobState.ACCEPTED, attempt=1, t0=ms(accepted_at), request_id="r1")

    assert world.erase()["jobs"] == {became: 1}
    assert (PHONE in world.everything()) is (became == "open")


def test_a_text_whose_carrier_never_reports_takes_its_key_and_its_row_along(world):
    long_ago = NOW - timedelta(days=130)
    world.put(130, JobState.ACCEPTED, attempt=1, t0=ms(long_ago), request_id="r1")
    row = make_ledger_row(booking_time=f"{long_ago:%Y-%m-%d %H:%M:%S}")
    world.ledger.put(row)

    for _ in range(2):
        world.erase()

    assert (world.jobs.jobs, world.ledger.rows([row.booking_num])) == ((), ())


REMOVED = "900199"


@pytest.mark.parametrize(
    ("days", "became"),
    [(41, "listed_or_unproven"), (119, "listed_or_unproven"), (121, "blanked")],
)
def test_people_of_a_store_that_was_removed_go_at_the_age_of_keys(world, days, became):
    world.put(days, booking_num=f"{REMOVED}_1", store_id=REMOVED)

    found = world.erase()

    assert (found["jobs"], found["removed_stores"]) == ({became: 1}, [REMOVED])
    assert found["unproven_stores"] == []


def test_a_removed_store_ends_with_nobody_and_is_named_no_more(world):
    visit = NOW - timedelta(days=130)
    number = f"{REMOVED}_1"
    world.put(130, booking_num=number, store_id=REMOVED)
    world.ledger.put(make_ledger_row(booking_num=number, booking_time=f"{visit:%Y-%m-%d %H:%M:%S}"))

    assert world.erase()["removed_stores"] == [REMOVED]
    world.erase()

    assert world.erase()["removed_stores"] == []
    assert (world.jobs.jobs, world.ledger.rows([number])) == ((), ())


def test_a_preview_to_ones_own_phone_goes_as_the_texts_of_its_store(world):
    world.put(41, booking_num=f"preview_{STORE}")

    found = world.erase()

    assert (found["jobs"], found["removed_stores"]) == ({"blanked": 1}, [])


def test_a_number_that_names_no_store_is_named_without_it(world):
    world.ledger.put(make_ledger_row(booking_num=PHONE, booking_time="2025-01-01 10:00:00"))

    found = world.erase()

    assert found["removed_stores"] == ["unknown"]
    assert PHONE not in str(found)


def test_one_young_message_keeps_all_of_its_booking(world):
    world.put(400)
    world.put(1, kind="event")

    assert world.erase()["jobs"] == {"young": 2}


def test_a_visit_that_was_moved_ahead_keeps_its_keys():
    moved = make_booking(booking_id="7000000001", starts_at=NOW + timedelta(days=150))
    world = World(listed=(moved,))
    world.put(400, booking_num=moved.booking_num)

    assert world.erase()["jobs"] == {"listed_or_unproven": 1}
    assert PHONE in world.everything()


def test_the_booking_before_a_moved_one_keeps_its_keys():
    later = make_booking(
        booking_id="8000000001",
        previous_booking_id="7000000001",
        starts_at=NOW + timedelta(days=20),
    )
    world = World(listed=(later,))
    world.put(400)

    assert world.erase()["jobs"] == {"listed_or_unproven": 1}


def test_what_was_booked_since_the_sweep_counts(world):
    moved = make_booking(booking_id="7000000001", starts_at=NOW + timedelta(days=3))
    world.snapshot(NOW - timedelta(minutes=10), (moved,))
    world.put(400)

    assert world.erase()["jobs"] == {"listed_or_unproven": 1}


def test_a_store_without_a_sweep_proves_nothing_and_keeps_all():
    world = World(swept=False)
    world.put(400)

    found = world.erase()

    assert found["jobs"] == {"listed_or_unproven": 1}
    assert found["unproven_stores"] == [STORE]


def test_notices_go_by_age_alone():
    world = World(swept=False)
    world.put(41, channel="slack", booking_num="digest#rule")

    assert world.erase()["jobs"] == {"blanked": 1}


def test_a_row_of_the_ledger_goes_after_its_jobs(world):
    visit = NOW - timedelta(days=130)
    world.put(130)
    row = make_ledger_row(booking_time=f"{visit:%Y-%m-%d %H:%M:%S}")
    world.ledger.put(row)

    assert world.erase()["ledger"] == {"blanked": 1}
    assert world.erase()["ledger"] == {"erased": 1}
    assert world.ledger.rows([row.booking_num]) == ()


@pytest.mark.parametrize(
    ("days", "jobs_days", "became"),
    [(10, None, "young"), (41, None, "blanked"), (121, None, "erased"), (121, 5, "needed")],
)
def test_a_row_of_the_predecessor(world, days, jobs_days, became):
    visit = NOW - timedelta(days=days)
    world.ledger.put(make_ledger_row(booking_time=f"{visit:%Y-%m-%d %H:%M:%S}"))
    if jobs_days is not None:
        world.put(jobs_days)

    assert world.erase()["ledger"] == {became: 1}


def test_a_row_whose_visit_nobody_can_read_stays(world):
    world.ledger.put(make_ledger_row(booking_time="soon"))

    assert world.erase()["ledger"] == {"undated": 1}


def test_before_we_send_the_ledger_is_not_ours(world):
    world.ledger.put(make_ledger_row(booking_time="2025-01-01 10:00:00"))

    assert world.erase(owns_ledger=False)["ledger"] == {}
    assert NAME in world.everything()


def test_a_text_goes_when_no_job_names_it_and_a_shared_one_stays(world):
    shared = world.bodies.put("정적인 안내")
    world.records.written_at[shared] = NOW - timedelta(days=300)
    world.put(50)
    world.put(2, body_sha=shared, booking_num=f"{STORE}_2")

    assert world.erase()["texts"] == {"erased": 1, "taken_up": 0}
    assert list(world.bodies.texts.values()) == ["정적인 안내"]


def test_a_young_text_stays_though_nobody_names_it_yet(world):
    world.bodies.put("곧 쓰일 문자")

    assert world.erase()["texts"]["erased"] == 0


def test_a_text_that_is_put_again_meanwhile_stays_though_no_scan_sees_its_job(world):
    """The load stores all texts first and inserts the jobs later, maybe behind the cursor."""
    old, taken_up = (world.bodies.put(text) for text in ("오래된 안내", "곧 쓰일 안내"))
    for sha256 in (old, taken_up):
        world.records.written_at[sha256] = NOW - timedelta(days=300)
    texts = world.records.texts

    def put_after_the_scan():
        yield from list(texts())
        # As the table does: an old text that is put is dated anew. Its job is not there yet.
        world.records.written_at[taken_up] = NOW

    found = list(put_after_the_scan())
    world.records.texts = lambda: iter(found)

    assert world.erase()["texts"] == {"erased": 1, "taken_up": 1}
    assert world.bodies.get(taken_up) == "곧 쓰일 안내"


def test_no_text_goes_that_a_job_may_be_about_to_name(world):
    """However short the ages are set: what is put may be as old as a fortnight."""
    policy = RetentionPolicy(
        personal_days=1,
        key_days=1,
        oldest_window=timedelta(0),
        fetch=FetchPolicy(past_days=0, completed_days=0, registered_days=0),
    )
    kept, gone = (world.bodies.put(text) for text in ("14일 된 글", "오래된 글"))
    world.records.written_at[kept] = NOW - timedelta(days=FRESH_DAYS)
    world.records.written_at[gone] = NOW - timedelta(days=2 * FRESH_DAYS, seconds=1)

    assert world.erase(policy=policy)["texts"]["erased"] == 1
    assert list(world.bodies.texts) == [kept]


def test_a_scan_that_breaks_off_has_erased_no_text_that_a_job_needs(world):
    sha = world.put(2, JobState.AVAILABLE).body_sha
    world.records.written_at[sha] = NOW - timedelta(days=300)
    for n in range(3):
        world.records.written_at[world.bodies.put(f"{n}")] = NOW - timedelta(days=300)
    erase = world.records.erase_text

    def broken(*arguments):
        erase(*arguments)
        raise StoreUnavailable(table="sms_bodies")

    world.records.erase_text = broken
    with pytest.raises(StoreUnavailable):
        world.erase()

    assert world.bodies.get(sha)
    world.records.erase_text = erase
    assert world.erase()["texts"] == {"erased": 2, "taken_up": 0}


def test_repair_plans_and_staged_files_go_by_age(world):
    old, young = (NOW - timedelta(days=n) for n in (41, 39))
    world.plans.put("repair#old", {"created_at": old.isoformat()})
    world.plans.put("repair#new", {"created_at": young.isoformat()})
    world.plans.put("campaign#x", {"closed_at": old.isoformat()})
    world.plans.put("campaign#open", {"stores": []})
    for campaign in ("x", "open"):
        world.plans.put(f"shadow-row#{campaign}#900101_1", {"sealed": "y"})
    world.stage.write("plans/x/1", {})
    world.stage.written_at["plans/x/1"] = NOW - timedelta(days=7, seconds=1)

    found = world.erase()

    assert (found["plans"], found["staged"]) == ({"erased": 2, "young": 2}, 1)
    assert world.plans.get("campaign#x") is not None
    assert world.plans.get("repair#old") is None
    assert world.plans.get("shadow-row#x#900101_1") is None
    assert world.plans.get("shadow-row#open#900101_1") is not None


def test_the_counts_name_nobody(world):
    world.put(50)
    world.ledger.put(make_ledger_row(booking_time="2026-01-01 10:00:00"))

    said = str(world.erase())

    for canary in (PHONE, PHONE[-4:], NAME, "7000000001"):
        assert canary not in said


class Cut:
    """Records whose n-th write fails, before it happened or after."""

    def __init__(self, inner, number, applied):
        self._inner, self._left, self._applied = inner, number, applied

    def __getattr__(self, name):
        call = getattr(self._inner, name)
        if name in {"ledger_rows", "texts", "plans"}:
            return call

        def write(*arguments):
            self._left -= 1
            if self._left == 0 and not self._applied:
                raise StoreUnavailable(table="x")
            done = call(*arguments)
            if self._left == 0:
                raise StoreUnavailable(table="x")
            return done

        return write


def filled() -> World:
    world = World()
    for n, days in enumerate((5, 45, 60, 130, 200)):
        number = f"{STORE}_{n}"
        world.put(days, booking_num=number)
        world.put(days, booking_num=number, kind="confirm")
        visit = NOW - timedelta(days=days)
        world.ledger.put(
            make_ledger_row(booking_num=number, booking_time=f"{visit:%Y-%m-%d %H:%M:%S}")
        )
    return world


@pytest.mark.parametrize("applied", [False, True])
@pytest.mark.parametrize("number", range(1, 25))
def test_erasure_that_is_cut_off_anywhere_ends_where_it_would_have(number, applied):
    whole, cut = filled(), filled()
    for _ in range(3):
        whole.erase()

    real = cut.records
    cut.records = Cut(real, number, applied)
    with suppress(StoreUnavailable):
        cut.erase()
    cut.records = real
    for _ in range(3):
        cut.erase()

    assert cut.everything() == whole.everything()


instants = st.integers(0, 1200 * 86_400).map(
    lambda s: datetime(2024, 1, 1, tzinfo=UTC) + timedelta(seconds=s)
)


@settings(max_examples=300)
@given(
    now=instants,
    visit=instants,
    registered_before=st.timedeltas(timedelta(0), timedelta(days=200)),
    decided=instants,
    ahead=st.timedeltas(timedelta(0), timedelta(days=400)),
    reach=st.integers(1, 240),
    personal=st.integers(1, 60),
)
def test_no_window_asks_for_what_may_go(
    now, visit, registered_before, decided, ahead, reach, personal
):
    """Whatever window is still decided, or will be: its plan covers nothing that may be blanked."""
    policy = RetentionPolicy(
        personal_days=personal, key_days=personal, oldest_window=timedelta(hours=reach)
    )
    job = make_job(visit_at=visit, due_at=visit, not_before=visit, window=decided.isoformat())
    booking = make_booking(
        starts_at=visit,
        ends_at=visit + timedelta(hours=1),
        registered_at=decided - registered_before,
        status=BookingStatus.COMPLETED,
    )
    if last_touched([job]) >= policy.personal_before(now):
        return
    oldest = _floor((now - policy.oldest_window + timedelta(minutes=20)).astimezone(KST))
    for as_of in (
        oldest,
        _floor(oldest + ahead),
        oldest.replace(hour=20),
        oldest.replace(hour=4, minute=0),
    ):
        if as_of >= oldest:
            assert not fetch_plan(Window(as_of)).covers(booking)


def test_a_key_never_goes_before_its_person():
    with pytest.raises(ValueError, match="outlive"):
        RetentionPolicy(personal_days=40, key_days=39)
    assert POLICY.keys_before(NOW) < POLICY.personal_before(NOW) <= NOW - timedelta(days=35)
