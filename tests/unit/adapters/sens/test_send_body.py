"""The body of a send: one recipient, the fields that SENS documents, digits only."""

from __future__ import annotations

import json

import pytest

from booking_sms.adapters.sens.payload import build_send_body
from booking_sms.domain.errors import PhoneInvalid
from booking_sms.testing import make_outgoing_sms


def fields_of(**overrides):
    message = make_outgoing_sms(**{"sender": "050000000001", **overrides})
    return json.loads(build_send_body(message))


def test_a_long_text():
    assert fields_of() == {
        "type": "LMS",
        "contentType": "COMM",
        "countryCode": "82",
        "from": "050000000001",
        "subject": "이용 안내 ABC234",
        "content": "시험 안내 문자입니다.",
        "messages": [{"to": "01000001234"}],
    }


def test_a_short_text_has_no_subject():
    assert "subject" not in fields_of(message_type="SMS", subject="")
    assert "subject" not in fields_of(message_type="SMS", subject="이용 안내")


def test_advertising_is_declared():
    assert fields_of(advertising=True)["contentType"] == "AD"


def test_numbers_are_digits_only():
    fields = fields_of(to="0100-000-1234", sender="(0500) 000.0000-01")

    assert (fields["messages"], fields["from"]) == ([{"to": "01000001234"}], "0500000000001")


@pytest.mark.parametrize("number", ["", "+82100001234", "0100a001234", "０１０００００１２３４"])
def test_what_is_not_a_number_is_refused_without_showing_it(number):
    with pytest.raises(PhoneInvalid) as caught:
        build_send_body(make_outgoing_sms(to=number))

    assert "1234" not in str(caught.value)


def test_other_scripts_are_escaped_as_the_predecessor_did():
    body = build_send_body(make_outgoing_sms())

    assert body.isascii()
    assert b"\\uc2dc\\ud5d8" in body
