from __future__ import annotations

import json
import pickle
from datetime import timedelta

import pytest

from booking_sms.domain.booking import BookingOption, BookingStatus
from booking_sms.domain.booking_document import (
    booking_from_document,
    booking_to_document,
    booking_version,
)
from booking_sms.domain.payload_fields import PayloadFields
from booking_sms.testing.factories import NOW, make_booking


@pytest.mark.parametrize(
    "booking",
    [
        pytest.param(make_booking(), id="plain"),
        pytest.param(make_booking(registered_at=None, confirmed_at=None), id="few instants"),
        pytest.param(
            make_booking(
                status=BookingStatus.CANCELLED,
                cancelled_at=NOW,
                completed_at=NOW,
                previous_booking_id="6",
                options=(BookingOption(name="무료 인화", quantity=2, price=0, option_id="1"),),
                fields=PayloadFields({"snapshotJson": {"a": [1, None, {"b": "다"}]}}),
                version="v",
            ),
            id="full",
        ),
    ],
)
def test_a_booking_survives_its_document(booking):
    document = json.loads(json.dumps(booking_to_document(booking)))

    assert booking_from_document(document) == booking


def test_version_does_not_depend_on_the_zone_an_instant_is_written_in():
    booking = make_booking()
    document = booking_to_document(booking)
    document["starts_at"] = "2026-03-02T07:00:00+00:00"

    assert booking_version(booking_from_document(document)) == booking_version(booking)


def test_version_is_short_and_says_nothing():
    version = booking_version(make_booking())

    assert len(version) == 16
    assert int(version, 16) >= 0


def test_version_follows_the_visit():
    booking = make_booking()
    moved = make_booking(starts_in=timedelta(hours=3))

    assert booking_version(moved) != booking_version(booking)


def test_fields_are_found_by_path_and_hide_their_values():
    fields = PayloadFields({"a": {"b": [{"c": 1}]}, "d.e": 2})

    assert fields["a.b.0.c"] == 1
    assert fields["d.e"] == 2
    assert "a.b.1" not in fields
    assert "a.b.c" not in fields
    assert "a.b.0.c.d" not in fields
    assert (len(fields), list(fields)) == (2, ["a", "d.e"])
    assert repr(PayloadFields({"phone": "01000001234"})) == "PayloadFields(['phone'])"


def test_fields_travel_between_processes():
    fields = PayloadFields({"a": {"b": 1}})

    assert pickle.loads(pickle.dumps(fields)) == fields  # noqa: S301 (our own bytes)
