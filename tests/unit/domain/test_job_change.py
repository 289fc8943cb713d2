"""When a changed booking withdraws a message, and when it does not."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from booking_sms.domain.booking import BookingOption, BookingStatus
from booking_sms.domain.booking_document import booking_version
from booking_sms.domain.job_change import replacements, start_occurrence, withdrawal
from booking_sms.domain.payload_fields import PayloadFields
from booking_sms.domain.sms_job import Withdrawal
from booking_sms.testing import NOW, make_booking, make_job

HOUR = timedelta(hours=1)
MOVED = make_booking(starts_in=5 * HOUR)
GUIDE = make_job(occurrence=start_occurrence(make_booking()))


def booking_as(status: BookingStatus, **facts):
    return make_booking(status=status, **facts)


@pytest.mark.parametrize(
    ("booking", "is_replaced", "why"),
    [
        pytest.param(make_booking(), False, None, id="as it was"),
        pytest.param(booking_as(BookingStatus.CANCELLED), False, "booking_cancelled", id="gone"),
        pytest.param(booking_as(BookingStatus.CANCELLED), True, "booking_replaced", id="replaced"),
        pytest.param(None, True, "booking_replaced", id="replaced and not seen"),
        pytest.param(None, False, None, id="not seen"),
        pytest.param(make_booking(), True, None, id="Naver still shows it as confirmed"),
        pytest.param(booking_as(BookingStatus.UNKNOWN, phone="1"), True, None, id="unknown"),
        pytest.param(booking_as(BookingStatus.COMPLETED), False, None, id="completed"),
        pytest.param(booking_as(BookingStatus.NO_SHOW), False, None, id="no show, door code"),
        pytest.param(MOVED, False, "booking_moved", id="moved"),
        pytest.param(make_booking(phone="01000009999"), False, "phone_changed", id="phone"),
        pytest.param(make_booking(phone="010-0000-1234"), False, None, id="phone in other form"),
        pytest.param(make_booking(phone="010****1234"), False, None, id="phone hidden"),
        pytest.param(make_booking(phone=""), False, None, id="phone gone"),
        pytest.param(make_booking(name="박시험"), False, None, id="name"),
    ],
)
def test_a_message_is_withdrawn_by_what_makes_it_wrong(booking, is_replaced, why):
    assert withdrawal(GUIDE, booking, is_replaced=is_replaced) == why


def test_a_message_of_once_stays_when_the_start_moves():
    assert withdrawal(make_job(occurrence="once"), MOVED, is_replaced=False) is None


def test_who_did_not_come_is_not_asked_for_a_review():
    job = make_job(kind="event", message_class="advertising")

    why = withdrawal(job, booking_as(BookingStatus.NO_SHOW), is_replaced=False)

    assert why is Withdrawal.NO_SHOW


def test_a_persons_resend_follows_neither_phone_nor_start_but_ends_with_the_booking():
    job = make_job(occurrence="manual:1")
    cancelled = booking_as(BookingStatus.CANCELLED)

    assert withdrawal(job, replace(MOVED, phone="01000009999"), is_replaced=False) is None
    assert withdrawal(job, cancelled, is_replaced=False) is Withdrawal.BOOKING_CANCELLED


def test_a_message_that_a_rule_writes_to_who_cancelled_is_wanted():
    cancelled = booking_as(BookingStatus.CANCELLED, version="v2")

    assert withdrawal(make_job(booking_version="v2"), cancelled, is_replaced=False) is None
    assert withdrawal(make_job(booking_version="v1"), cancelled, is_replaced=False) is not None


@pytest.mark.parametrize(
    ("status", "replaces"),
    [
        (BookingStatus.CONFIRMED, True),
        (BookingStatus.COMPLETED, True),
        (BookingStatus.CANCELLED, True),
        (BookingStatus.REQUESTED, False),
        (BookingStatus.UNKNOWN, False),
    ],
)
def test_a_mere_request_replaces_nothing(status, replaces):
    new = booking_as(status, booking_id="7000000002", previous_booking_id="7000000001")

    found = replacements([new, make_booking()])

    assert found == ({make_booking().booking_num: (new.booking_num,)} if replaces else {})


# --- versions of a booking ----------------------------------------------------------------------

INSTANTS = st.none() | st.datetimes().map(lambda at: at.replace(tzinfo=NOW.tzinfo))
NOISE = st.fixed_dictionaries({
    "registered_at": INSTANTS,
    "confirmed_at": INSTANTS,
    "cancelled_at": INSTANTS,
    "completed_at": INSTANTS,
    "previous_booking_id": st.none() | st.text(max_size=5),
    "version": st.text(max_size=5),
    "fields": st.dictionaries(st.text(max_size=5), st.integers()).map(PayloadFields),
})
MEANING = st.fixed_dictionaries({
    "status": st.sampled_from(BookingStatus),
    "name": st.text(max_size=4),
    "phone": st.sampled_from(["01000001234", "01000009999", ""]),
    "starts_at": st.sampled_from([NOW, NOW + HOUR]),
    "ends_at": st.sampled_from([NOW + 2 * HOUR, NOW + 3 * HOUR]),
    "options": st.lists(
        st.builds(BookingOption, name=st.sampled_from("가나"), quantity=st.integers(1, 3)),
        max_size=2,
    ).map(tuple),
    "store_id": st.sampled_from(["900101", "900102"]),
    "booking_id": st.sampled_from(["7000000001", "7000000002"]),
})


@given(meaning=MEANING, noise=NOISE, prices=st.lists(st.none() | st.integers(), max_size=2))
def test_noise_does_not_change_a_bookings_version(meaning, noise, prices):
    booking = make_booking(**meaning)
    options = tuple(
        replace(option, price=price) for option, price in zip(booking.options, prices, strict=False)
    )
    noisy = replace(booking, **noise, options=options + booking.options[len(options) :])

    assert booking_version(noisy) == booking_version(booking)


@given(one=MEANING, other=MEANING)
def test_every_meaningful_fact_changes_a_bookings_version(one, other):
    is_same = booking_version(make_booking(**one)) == booking_version(make_booking(**other))

    assert is_same is (one == other)
