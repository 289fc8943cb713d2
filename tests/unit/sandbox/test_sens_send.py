"""The send call: its fields, its limits, its 202."""

import re

import pytest
from vendor_world import OTHER_PHONE, PHONE, SensCaller, VendorWorld

from sandbox.sens.urls import routes


@pytest.fixture
def sens() -> SensCaller:
    world = VendorWorld()
    return SensCaller(world, world.client(routes))


def test_202_tells_request_and_time_and_no_message_id(sens):
    answer = sens.send().json()

    assert set(answer) == {"requestId", "requestTime", "statusCode", "statusName"}
    assert (answer["statusCode"], answer["statusName"]) == ("202", "success")
    assert answer["requestTime"] == "2026-02-14T20:00:00.000"
    assert re.fullmatch(r"RSLA-\d{13}-\d{4}-\d{8}-\w{8}", answer["requestId"])


def test_each_recipient_becomes_a_row_with_its_own_text(sens):
    sens.send(messages=[{"to": PHONE}, {"to": OTHER_PHONE, "subject": "따로", "content": "너만"}])

    rows = {row["to"]: row for row in sens.recent()}
    assert rows[PHONE]["content"] == "예약이 확정되었습니다."
    assert (rows[OTHER_PHONE]["subject"], rows[OTHER_PHONE]["content"]) == ("따로", "너만")


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        pytest.param({"type": None}, "type", id="no type"),
        pytest.param({"type": "FAX"}, "type", id="unknown type"),
        pytest.param({"contentType": "PROMO"}, "contentType", id="unknown class"),
        pytest.param({"countryCode": "+82"}, "countryCode", id="plus in country code"),
        pytest.param({"from_": None}, "from", id="no sender"),
        pytest.param({"from_": "1599-0100"}, "from", id="hyphen in sender"),
        pytest.param({"from_": "15990199"}, "from", id="sender not registered"),
        pytest.param({"content": None}, "content", id="no content"),
        pytest.param({"content": 7}, "content", id="content is no text"),
        pytest.param({"type": "SMS"}, "subject", id="subject on SMS"),
        pytest.param({"messages": None}, "messages", id="no messages"),
        pytest.param({"messages": []}, "messages", id="empty messages"),
        pytest.param({"messages": [{"to": PHONE}] * 101}, "messages", id="101 messages"),
        pytest.param({"messages": [{}]}, "messages[0].to", id="no recipient"),
        pytest.param({"messages": [{"to": "010-0000-0011"}]}, "messages[0].to", id="hyphens"),
        pytest.param({"messages": [{"to": "+821000000011"}]}, "messages[0].to", id="plus"),
        pytest.param({"messages": [{"to": 1000000011}]}, "messages[0].to", id="number, not text"),
        pytest.param({"files": [{"fileId": "x"}]}, "files", id="file on LMS"),
        pytest.param({"reserveTime": "tomorrow"}, "reserveTime", id="reserve time format"),
        pytest.param({"reserveTime": "2026-02-14 20:09"}, "reserveTime", id="9 minutes ahead"),
    ],
)
def test_unfit_field_is_400_in_the_services_shape_and_nothing_is_kept(sens, fields, named):
    answer = sens.send(**fields)

    assert answer.status_code == 400
    assert answer.json()["status"] == 400
    assert any(problem.startswith(named) for problem in answer.json()["errors"])
    assert not sens.world.sens.messages


def test_hundred_messages_are_accepted(sens):
    assert sens.send(messages=[{"to": PHONE}] * 100).status_code == 202
    assert len(sens.world.sens.messages) == 100


def test_all_problems_are_named_at_once(sens):
    answer = sens.send(type="FAX", from_=None, content=None)

    assert len(answer.json()["errors"]) == 3


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'"text"'])
def test_body_that_is_no_json_object_is_400(sens, body):
    target = f"{sens.base}/messages"

    answer = sens.client.post(target, headers=sens.headers("POST", target), content=body)

    assert answer.status_code == 400


def test_content_type_must_be_json(sens):
    target = f"{sens.base}/messages"
    headers = sens.headers("POST", target) | {"Content-Type": "text/plain"}

    answer = sens.client.post(target, headers=headers, content=b"{}")

    assert (answer.status_code, answer.json()["error"]["errorCode"]) == (400, "100")


def test_lower_case_type_is_accepted_and_kept_upper(sens):
    sens.send(type="lms")

    assert sens.only_row()["type"] == "LMS"


def test_mms_without_a_file_goes_out_as_lms(sens):
    sens.send(type="MMS")

    assert sens.only_row()["type"] == "LMS"


def test_defaults_are_comm_and_82(sens):
    sens.send(contentType=None, countryCode=None)

    assert (sens.only_row()["contentType"], sens.only_row()["countryCode"]) == ("COMM", "82")


@pytest.mark.parametrize("sender", ["15990100", "15990103", "15990107"])
def test_the_brands_senders_are_registered(sens, sender):
    assert sens.send(from_=sender).status_code == 202


def test_senders_can_be_set(sens):
    sens.world.sens.configure({"senders": ["15990199"]})

    assert sens.send(from_="15990199").status_code == 202
    assert sens.send(from_="15990100").status_code == 400


def test_rate_limit_answers_429_code_420_within_the_second(sens):
    sens.world.sens.configure({"rate_limit_per_s": 2})

    first, second, third = (sens.send() for _ in range(3))
    sens.world.now.advance(1.1)
    later = sens.send()

    assert [first.status_code, second.status_code, later.status_code] == [202, 202, 202]
    assert (third.status_code, third.json()["error"]["errorCode"]) == (429, "420")


def test_monthly_cap_answers_429_code_400(sens):
    sens.world.sens.configure({"monthly_cap": 1})

    sens.send()
    answer = sens.send()

    assert (answer.status_code, answer.json()["error"]["errorCode"]) == (429, "400")
    assert len(sens.world.sens.messages) == 1
