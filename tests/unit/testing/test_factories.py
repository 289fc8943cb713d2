"""Test data is valid by default and names nobody."""

from datetime import timedelta

import pytest

from booking_sms.domain.phone import PhoneKind, ledger_phone, parse_phone
from booking_sms.domain.sms_job import job_sort_key, recipient_digest
from booking_sms.testing import (
    NOW,
    make_booking,
    make_coverage,
    make_job,
    make_ledger_row,
    make_outgoing_sms,
    make_store_directory,
)
from booking_sms.testing.factories import HMAC_KEY


@pytest.mark.parametrize("number", [make_booking().phone, make_job().to, make_outgoing_sms().to])
def test_phones_are_mobile_numbers_of_nobody(number):
    assert parse_phone(number).kind is PhoneKind.MOBILE
    assert number.startswith("0100")


def test_senders_are_safe_numbers():
    directory = make_store_directory("900101", "900102")
    numbers = [directory.default_sender, *(store.sender for store in directory.stores.values())]

    assert all(parse_phone(number).kind is PhoneKind.SAFE for number in numbers)
    assert len(set(numbers)) == 3


def test_a_booking_starts_when_it_is_told():
    booking = make_booking(starts_in=timedelta(minutes=90), name="김다른")

    assert booking.starts_at == NOW + timedelta(minutes=90)
    assert booking.ends_at == booking.starts_at + timedelta(hours=1)
    assert booking.name == "김다른"


def test_a_jobs_key_and_ledger_follow_what_is_overridden():
    job = make_job(kind="confirm", to="01000009999", occurrence="manual:1", store_id="900102")

    digest = recipient_digest(HMAC_KEY, "01000009999")
    assert job.sort_key == job_sort_key("confirm", "manual:1", digest)
    assert job.booking_num == "900102_7000000001"
    assert job.ledger.phone == ledger_phone("01000009999")
    assert job.ledger.flag == "confirm_sms"


def test_a_ledger_row_is_of_the_same_booking_as_the_job():
    assert make_ledger_row().key == (make_job().booking_num, make_job().ledger.phone)
    assert make_ledger_row(remind_sms=True).flag("remind_sms") is True


def test_one_store_is_enough():
    assert list(make_store_directory().stores) == ["900101"] == [make_coverage().store_id]
