"""LEGACY's table stays LEGACY's: no row before acceptance, nothing of its own overwritten."""

import pytest

from booking_sms.domain.sms_job import LedgerEntry
from booking_sms.ports import RequestOwner
from booking_sms.testing import make_job, make_ledger_row

from .conftest import PREFIX

NUM = "900101_7000000001"


def test_a_booking_without_a_row_has_none(stores):
    assert stores.ledger.rows([NUM]) == ()
    assert stores.ledger.rows([]) == ()


def test_the_first_accepted_message_makes_a_whole_row(stores):
    stores.ledger.mark_accepted(make_job())

    [row] = stores.ledger.rows([NUM])
    assert row == make_ledger_row(confirm_sms=False, remind_sms=True)


def test_a_later_message_sets_its_flag_and_leaves_the_rest(stores):
    stores.ledger.mark_accepted(make_job(kind="confirm"))
    moved = LedgerEntry(
        phone="010-0000-1234",
        name="다른 이름",
        booking_time="2026-03-09 10:00:00",
        flag="remind_sms",
    )

    stores.ledger.mark_accepted(make_job(ledger=moved))

    assert stores.ledger.rows([NUM]) == (make_ledger_row(confirm_sms=True, remind_sms=True),)


def test_marking_twice_changes_nothing(stores):
    stores.ledger.mark_accepted(make_job())
    once = stores.ledger.rows([NUM])

    stores.ledger.mark_accepted(make_job())

    assert stores.ledger.rows([NUM]) == once


def test_a_kind_that_legacy_does_not_know_leaves_no_row(stores):
    stores.ledger.mark_accepted(make_job(kind="parking"))

    assert stores.ledger.rows([NUM]) == ()


def test_a_flag_that_is_none_is_a_bug(stores):
    entry = LedgerEntry(phone="010-0000-1234", name="김시험", flag="booking_time")

    with pytest.raises(ValueError, match="booking_time"):
        stores.ledger.mark_accepted(make_job(ledger=entry))


def test_rows_of_many_bookings_come_by_booking_then_phone(stores):
    jobs = [
        make_job(booking_num=f"900101_{number}", to=phone)
        for number in (7000000003, 7000000001, 7000000002)
        for phone in ("01000002222", "01000001111")
    ]
    for job in jobs:
        stores.ledger.mark_accepted(job)
    asked = ["900101_7000000002", "900101_7000000009", "900101_7000000001", "900101_7000000002"]

    rows = stores.ledger.rows(asked)

    assert [row.key for row in rows] == [
        ("900101_7000000002", "010-0000-1111"),
        ("900101_7000000002", "010-0000-2222"),
        ("900101_7000000001", "010-0000-1111"),
        ("900101_7000000001", "010-0000-2222"),
    ]


def test_a_request_id_settles_one_job_and_no_other(stores):
    job, other = make_job(), make_job(kind="confirm")

    assert stores.ledger.claim_request(job, "REQ-1") is True
    assert stores.ledger.claim_request(job, "REQ-1") is True
    assert stores.ledger.claim_request(other, "REQ-1") is False
    assert stores.ledger.claim_request(other, "REQ-2") is True


def test_a_claim_says_whose_it_is_and_may_be_taken_from_that_owner_alone(stores):
    mine, other = make_job(), make_job(kind="confirm")
    owner_of_mine = RequestOwner(mine.booking_num, mine.sort_key)
    owner_of_other = RequestOwner(other.booking_num, other.sort_key)
    stores.ledger.claim_request(mine, "REQ-1")

    assert stores.ledger.request_owners(["REQ-1", "REQ-2"]) == {"REQ-1": owner_of_mine}
    assert stores.ledger.request_owners([]) == {}
    assert not stores.ledger.claim_request(other, "REQ-1", instead_of=owner_of_other)
    assert stores.ledger.claim_request(other, "REQ-1", instead_of=owner_of_mine)
    assert not stores.ledger.claim_request(mine, "REQ-1")
    assert stores.ledger.request_owners(["REQ-1"]) == {"REQ-1": owner_of_other}


def test_a_claim_is_no_job(stores):
    stores.ledger.claim_request(make_job(), "REQ-1")

    assert stores.jobs.of_booking(NUM) == ()
    assert stores.jobs.count_by_state() == {}


@pytest.mark.integration
def test_rows_that_legacy_wrote_are_read_as_they_are(client, dynamodb):
    client.put_item(
        TableName=f"{PREFIX}sms",
        Item={
            "booking_num": {"S": NUM},
            "phone": {"S": "010-0000-1234"},
            "confirm_sms": {"BOOL": True},
            "edit_add_person_count": {"N": "2"},
            "coupon_name": {"NULL": True},
            "option_keywords": {"L": [{"M": {"name": {"S": "보정"}, "price": {"N": "1000.5"}}}]},
        },
    )

    [row] = dynamodb.ledger.rows([NUM])

    assert row.flag("confirm_sms") is True
    assert row.flag("remind_sms") is None
    assert row.item["edit_add_person_count"] == 2
    assert row.item["coupon_name"] is None
    assert row.item["option_keywords"] == [{"name": "보정", "price": 1000.5}]


@pytest.mark.integration
def test_hundreds_of_bookings_are_read(client, dynamodb):
    numbers = [f"900101_{7000000000 + n}" for n in range(300)]
    for number in numbers[::3]:
        dynamodb.ledger.mark_accepted(make_job(booking_num=number))

    assert [row.booking_num for row in dynamodb.ledger.rows(numbers)] == numbers[::3]
