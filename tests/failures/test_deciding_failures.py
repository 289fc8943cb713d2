"""What went wrong elsewhere in deciding who is texted, and what ours does then."""

from __future__ import annotations

import itertools
import random
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from outbox_world import World
from planned_world import HOUR, LEGACY, MINUTE, RECOMMENDED, PlannedWorld
from rule_world import EVENING, with_catalog, with_rules

from booking_sms.adapters.naver.parsing import parse_booking
from booking_sms.domain.booking import KST, Booking, BookingOption, BookingStatus
from booking_sms.domain.errors import PhoneInvalid, TextNotEncodable
from booking_sms.domain.message import choose_type, encode_for_sens, sens_bytes
from booking_sms.domain.phone import textable_digits
from booking_sms.domain.rule_review import review
from booking_sms.domain.sms_job import JobState, Move
from booking_sms.domain.template import MessageCatalog, MessageTemplate
from booking_sms.pipeline.job_batch import AWAITING_APPROVAL
from booking_sms.testing import NOW, make_booking, make_ledger_row

REVIEW = (BookingOption(name="무료 인화지 (네이버 포토리뷰 약속 시)"),)
MIDNIGHT = NOW.replace(hour=0) + timedelta(days=1)


@pytest.fixture
def world() -> PlannedWorld:
    return PlannedWorld()


def finished(**overrides: object) -> Booking:
    """A visit that is over and whose guest promised a review."""
    return make_booking(
        status=BookingStatus.COMPLETED, options=REVIEW, **{"starts_in": -HOUR, **overrides}
    )


# --- cancelled, moved, too early, too late ----------------------------------------------------


def test_reminder_went_out_after_the_booking_was_cancelled(world):
    """calcom/cal.diy#7225, PR #7232: nothing is scheduled at booking time that somebody would
    have to call back; a reminder is decided when it is due, and then the booking is cancelled."""
    booking = make_booking(starts_in=3 * HOUR)
    assert world.run(booking) == ["confirm"]

    world.advance(minutes=100)
    cancelled = make_booking(starts_in=3 * HOUR, status=BookingStatus.CANCELLED)

    assert world.run(cancelled) == []
    assert world.got(booking.phone) == 1


def test_cancellation_between_enqueue_and_send_failed_silently(world):
    """calcom/cal.diy#7225, PR #7232: a text that is called off while it is being signed does not
    go out, and dispatch says that it lost the race."""
    job = world.add()
    sign = world.gateway.sign

    def cancel_then_sign(message):
        world.jobs.move(job, Move.CANCEL, reason="cancelled")
        return sign(message)

    world.gateway.sign = cancel_then_sign
    summary = world.dispatch()

    assert world.stored(job).state is JobState.CANCELLED
    assert (summary.counts, world.gateway.sends) == ({"lost_race": 1}, 0)


@pytest.mark.parametrize("seed", range(8))
def test_rescheduled_booking_kept_its_old_reminder_alive(seed):
    """calcom/cal.diy#6905, onehashai/Cal-ID#1020: after any history of moves, each start that
    stood within its last two hours has one guide, and no abandoned start has any."""
    rng, world = random.Random(seed), PlannedWorld(RECOMMENDED)
    start = NOW + timedelta(hours=rng.randint(3, 5))
    due: set[datetime] = set()

    for _ in range(24):
        if rng.random() < 0.2:
            start = world.clock.now() + timedelta(minutes=20 * rng.randint(1, 12))
        if timedelta() <= start - world.clock.now() <= 2 * HOUR:
            due.add(start)
        world.run(make_booking(starts_at=start, registered_at=NOW))
        world.advance(minutes=20)

    guides = [job for job in world.jobs.jobs if job.kind == "guide"]
    assert sorted(job.visit_at for job in guides) == sorted(due)
    assert {job.state for job in guides} <= {JobState.ACCEPTED}


@pytest.mark.parametrize(
    ("minutes", "kinds"),
    [(1, ["confirm", "guide"]), (59, ["confirm", "guide"]), (119, ["confirm", "guide"]),
     (120, ["confirm", "guide"]), (121, ["confirm"])],
)  # fmt: skip
def test_booking_made_inside_the_window_got_nothing_or_everything(world, minutes, kinds):
    """calcom/cal.diy#7418, #10749, onehashai/Cal-ID#1442: a late booking gets what is still of
    use, at once, and each once."""
    booking = make_booking(starts_in=minutes * MINUTE)

    assert world.run(booking) == kinds
    world.advance(minutes=20)
    late = world.run(booking)

    assert world.got(booking.phone) == len(kinds) + len(late)
    assert late == (["guide"] if minutes == 121 else [])


def test_cron_missed_the_evening_and_never_came_back_to_it(world):
    """invoiceninja/invoiceninja#2183: a window that nobody ran is decided afterwards as of its
    own instant, waits for approval, and respects the hours in which it may go out."""
    world.clock.set(EVENING + timedelta(minutes=70))

    (held,) = world.load(finished(), rows=[make_ledger_row()], as_of=EVENING)
    assert (held.state, held.reason) == (JobState.HELD, AWAITING_APPROVAL)
    assert held.kind == "event"
    world.dispatch()
    assert world.texts == []
    world.jobs.move(held, Move.APPROVE, reason="")
    world.dispatch()
    assert world.texts == []

    world.clock.set(EVENING + timedelta(days=1))
    world.dispatch()
    assert world.stored(held).state is JobState.ACCEPTED


@pytest.mark.parametrize(("minutes", "found"), [(10, 1), (19, 1), (20, 0), (60, 0)])
def test_ten_minute_window_fell_between_two_hourly_runs(minutes, found):
    """AI-Shipping-Labs/website#1001: a rule whose window is narrower than the runs are apart is
    refused when it is checked."""
    window = {"type": "before_visit", "within_minutes": 60, "at_least_minutes": 60 - minutes}
    confirmed = {"type": "booking_status", "status": "confirmed"}
    rules = with_rules({"when": {"all": [confirmed, window]}})

    findings = [one for one in review(rules) if "can fall between two runs" in one.message]

    assert len(findings) == found


def test_condition_was_false_at_midnight_and_skipped_for_ever(world):
    """frappe/frappe#33197: every window looks again, so what becomes true at 00:05 is decided at
    00:20."""
    world.clock.set(MIDNIGHT)
    start = MIDNIGHT + 9 * HOUR
    requested = make_booking(starts_at=start, status=BookingStatus.REQUESTED)
    assert world.run(requested) == []

    world.advance(minutes=20)
    assert world.run(make_booking(starts_at=start)) == ["confirm"]


# --- too many ---------------------------------------------------------------------------------


@pytest.mark.parametrize(("rules", "bookings"), list(itertools.product([1, 2, 3], [1, 2])))
def test_two_alarms_and_two_events_made_four_texts(rules, bookings):
    """odoo/odoo PR #195782, masslight/ottehr#3980: rules of one kind share one message for each
    booking, whatever their number and however often they run."""
    guests = [make_booking(starts_in=HOUR, booking_id=f"700000000{n}") for n in range(bookings)]
    confirmed = {"type": "booking_status", "status": "confirmed"}
    alike = ({"name": f"guide-{n}", "when": confirmed} for n in range(rules))
    world = PlannedWorld(with_catalog(rules=with_rules(*alike)))

    for _ in range(3):
        world.run(*guests)

    assert world.got(guests[0].phone) == bookings


def test_two_advertising_texts_reached_one_guest_in_a_minute(world):
    """masslight/ottehr#3980: between two advertising texts to one number lies a day."""
    world.clock.set(EVENING)
    visits = [finished(booking_id=f"700000000{n}") for n in (1, 2, 3)]
    rows = [make_ledger_row(booking_num=visit.booking_num) for visit in visits]

    world.run(*visits, rows=rows)

    assert world.got(visits[0].phone) == 1
    waiting = [job for job in world.jobs.jobs if job.reason == "advertising_gap"]
    assert len(waiting) == 2


def test_recurring_event_texted_every_past_date():
    """odoo/odoo PR #62701, civicrm/civicrm-core PR #10255: what is long over is never texted,
    neither by a plan nor out of a table that was restored."""
    world = PlannedWorld(RECOMMENDED)
    ancient = finished(starts_at=NOW - timedelta(days=20 * 365))
    assert world.run(ancient, rows=[make_ledger_row()], as_of=EVENING) == []

    for number in range(1, 51):
        world.add(booking=number, not_after=NOW - timedelta(days=number))
    summary = world.dispatch()

    assert summary.counts == {"expired:not_after": 50}
    assert world.texts == []


def test_first_run_after_a_pause_sent_everything_at_once(world):
    """coldfront/coldfront#464: a plan that is older than two windows is held as one, under its
    hash, until a person approves it."""
    guests = [make_booking(starts_in=HOUR, booking_id=f"70000000{n:02}") for n in range(30)]
    world.clock.set(NOW + timedelta(minutes=41))

    jobs = world.load(*guests, as_of=NOW)
    world.dispatch()

    assert {(job.state, job.reason) for job in jobs} == {(JobState.HELD, AWAITING_APPROVAL)}
    assert len({job.plan_hash for job in jobs}) == 1
    assert world.texts == []


def test_storm_of_texts_had_no_ceiling():
    """coldfront/coldfront#464: above the day's cap texts are held for a person, not sent."""
    world = World()
    for number in range(1, 9):
        world.add(booking=number, to=f"0100000{number:04}")

    summary = world.dispatch(daily_text_cap=5)

    assert (summary.counts["sent"], summary.counts["held:daily_cap"]) == (5, 3)


# --- wrong words, wrong numbers ---------------------------------------------------------------


@pytest.mark.parametrize("missing", ["door_code", "wifi_password"])
def test_placeholder_was_sent_to_a_customer(world, missing):
    """calcom/cal.diy#9859, PR #8028, onehashai/Cal-ID#1409,
    NHSDigital/manage-vaccinations-in-schools PR #2823: a text that
    lacks one of its facts is held with the reason; the others go on."""
    stores = {"900101": "01000001111", "900102": "01000002222"}
    guests = [make_booking(starts_in=HOUR, store_id=s, phone=phone) for s, phone in stores.items()]
    del world.secrets.values[f"booking-sms/stores/900101#{missing}"]

    world.run(*guests)

    assert [world.got(guest.phone) for guest in guests] == [1, 2]
    (held,) = [job for job in world.jobs.jobs if job.state is JobState.HELD]
    assert held.reason.startswith("SecretMissing")
    assert not any("{{" in text.content or "None" in text.content for text in world.texts)


@pytest.mark.parametrize("variable", ["booking.nickname", "store.lift_code", "nobody", "booking"])
def test_object_was_printed_into_a_text(world, variable):
    """calcom/cal.diy#9859: "[object Object]" and an empty value are no text; it is held."""
    template = MessageTemplate(name="guide", subject="안내", text=f"문 번호 {{{{ {variable} }}}}")
    messages = MessageCatalog(templates={**LEGACY.messages.templates, "guide": template})
    world.catalog = with_catalog(messages=messages)

    world.run(make_booking(starts_in=HOUR))

    states = {job.kind: job.state for job in world.jobs.jobs}
    assert states == {"confirm": JobState.ACCEPTED, "guide": JobState.HELD}


ODD_PHONES = ["", "-", "1588-0000", "+12025550100", "010-0000", "02-000-0000", "010****1234"]


@pytest.mark.parametrize("phone", ODD_PHONES)
def test_bad_number_was_retried_for_ever(world, phone):
    """calcom/cal.diy PR #14943: a number that gets no text is held with its reason and is never
    tried, whatever the schedule does."""
    world.run(make_booking(starts_in=HOUR, phone=phone))
    world.go_on()

    assert world.gateway.sends == 0
    assert {job.reason.split()[0] for job in world.jobs.jobs} == {"PhoneInvalid"}
    assert {job.attempt for job in world.jobs.jobs} == {0}


@settings(max_examples=150, deadline=None)
@given(st.text(alphabet="+0123456789-() ", max_size=18))
def test_plus_sign_made_it_another_country(raw):
    """ONE-F-M/one_fm PR #6523: whatever stands there, what is dialled is a Korean number or
    nothing."""
    try:
        digits = textable_digits(raw)
    except PhoneInvalid:
        return
    assert digits.isdigit()
    assert digits.startswith("0")
    plain = "".join(c for c in raw if c.isdigit())
    assert not raw.strip().startswith("+") or plain.startswith("82")


@pytest.mark.parametrize(
    ("text", "size", "kind"),
    [
        pytest.param("가" * 44 + "a", 89, "SMS", id="89 bytes"),
        pytest.param("가" * 45, 90, "SMS", id="90 bytes"),
        pytest.param("가" * 45 + "a", 91, "LMS", id="91 bytes"),
    ],
)
def test_ninety_byte_text_was_cut_at_44_characters(text, size, kind):
    """opencloset/opencloset#392: bytes are counted as SENS counts, when the text is made."""
    assert sens_bytes(text) == len(encode_for_sens(text)) == size
    assert choose_type(text, force_lms=False) == kind


def test_emoji_was_cut_out_or_broke_the_text():
    """opencloset/opencloset#392: a text that cannot be sent whole is not sent at all."""
    with pytest.raises(TextNotEncodable):
        encode_for_sens("예약이 확정되었습니다 😀")


def test_edit_that_changed_nothing_texted_that_something_had_changed():
    """opencloset/opencloset#1261: an edit of what no message speaks of is no news, and the
    booking's version stays."""
    before = read(memo="")
    after, moved = read(memo="창가 자리"), read(startDateTime="2026-03-02T06:30:00Z")
    world = PlannedWorld(RECOMMENDED)

    first, again = world.run(before), world.run(after)

    assert (first, again) == (["confirm", "guide"], [])
    assert before.version == after.version != moved.version


def read(memo: str = "", **snapshot: str) -> Booking:
    """A booking as Naver sends it; ``memo`` is a field that we do not know."""
    times = {"startDateTime": "2026-03-02T06:00:00Z", "endDateTime": "2026-03-02T07:00:00Z"}
    payload = {
        "bookingId": 7000000001,
        "businessId": 900101,
        "bookingStatusCode": "RC03",
        "name": "김시험",
        "phone": "01000001234",
        "snapshotJson": {**times, **snapshot},
        "memoOfTheShop": memo,
    }
    return parse_booking("900101", payload)


@pytest.mark.parametrize("zone", ["UTC", "America/Los_Angeles", "Asia/Seoul"])
def test_stale_time_zone_data_moved_the_hour(zone):
    """calcom/cal.diy#30104: Korea has one offset in every year that a booking can be in, also in
    the data that came with this installation, and an instant is the same in any zone."""
    for year, month in itertools.product(range(2026, 2037), (1, 5, 7, 10)):
        noon = datetime(year, month, 8, 12, tzinfo=KST)
        assert noon.utcoffset() == 9 * HOUR
        assert noon.astimezone(UTC).hour == 3

    world = PlannedWorld()
    start = (NOW + 2 * HOUR).astimezone(ZoneInfo(zone))
    kinds = world.run(make_booking(starts_at=start), as_of=NOW.astimezone(ZoneInfo(zone)))
    assert kinds == ["confirm", "guide"]
    assert {job.ledger.booking_time for job in world.jobs.jobs} == {"2026-03-02 16:00:00"}


def test_error_in_a_condition_was_a_silent_no(world):
    """LEGACY answered "no" when a condition failed: a row that cannot be read is a failure that
    is counted, and the others are decided."""
    row = make_ledger_row()
    broken = type(row)(
        booking_num=row.booking_num,
        phone=row.phone,
        item={name: value for name, value in row.item.items() if name != "remind_sms"},
    )
    other = make_booking(starts_in=HOUR, booking_id="7000000002")

    batch = world.plan(make_booking(starts_in=HOUR), other, rows=[broken])

    assert batch.outcomes["failed"] == 1
    assert [job.kind for job, _ in batch.jobs] == ["confirm", "guide"]
