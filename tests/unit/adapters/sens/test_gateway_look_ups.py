"""The list settles doubts: every page or nothing, and an empty 404 is the only "none found"."""

from __future__ import annotations

from datetime import datetime, timedelta

import httpx
import pytest
from gateway_world import Sens, cut, page, row

from booking_sms.adapters.sens.signature import ApiKey, sign_v2
from booking_sms.domain.booking import KST
from booking_sms.domain.errors import GatewayListUnavailable
from booking_sms.testing import NOW, NOW_MS

TO, SENDER = "01000001234", "0500000000001"


def find(sens, **config):
    return sens.gateway(**config).find(TO, SENDER, NOW, NOW + timedelta(minutes=5))


def test_rows_are_asked_by_recipient_sender_and_korean_request_time():
    sens = Sens(page(row()))

    rows = find(sens)

    assert sens.queries == [
        {
            "requestStartTime": "2026-03-02 14:00:00",
            "requestEndTime": "2026-03-02 14:05:00",
            "to": TO,
            "from": SENDER,
            "pageSize": "100",
        }
    ]
    assert len(rows) == 1


def test_a_whole_span_is_listed_for_all_senders_and_recipients_over_all_pages():
    sens = Sens(page(row(1), nextToken="second"), page(row(2)))

    rows = sens.gateway().list_between(NOW, NOW + timedelta(days=1))

    assert [found.request_id for found in rows] == ["REQ-1", "REQ-2"]
    assert sens.queries == [
        {
            "requestStartTime": "2026-03-02 14:00:00",
            "requestEndTime": "2026-03-03 14:00:00",
            "pageSize": "100",
            **token,
        }
        for token in ({}, {"nextToken": "second"})
    ]


def test_the_query_is_encoded_once_and_signed_as_it_is_sent():
    sens = Sens(page(row()))

    find(sens)

    request = sens.requests[0]
    assert b"requestStartTime=2026-03-02%2014%3A00%3A00&" in request.url.raw_path
    key = ApiKey("TESTACCESSKEY0000001", "test-secret-key-of-nobody")
    expected = sign_v2(key, "GET", request.url.raw_path, NOW_MS)
    assert request.headers["x-ncp-apigw-signature-v2"] == expected


def test_the_window_is_widened_to_whole_seconds():
    sens = Sens(page(row()))

    sens.gateway().find(
        TO, SENDER, NOW + timedelta(milliseconds=900), NOW + timedelta(milliseconds=1100)
    )

    query = sens.queries[0]
    assert query["requestStartTime"] == "2026-03-02 14:00:00"
    assert query["requestEndTime"] == "2026-03-02 14:00:02"


def test_a_row_in_our_words():
    found = find(Sens(page(row())))[0]

    assert (found.request_id, found.message_id) == ("REQ-1", "MSG-1")
    assert found.requested_at == datetime(2026, 3, 2, 14, 0, tzinfo=KST)
    assert found.completed_at == datetime(2026, 3, 2, 14, 0, 5, tzinfo=KST)
    assert (found.to, found.sender) == (TO, SENDER)
    assert (found.subject, found.content) == ("이용 안내 ABC234", "시험 안내 문자입니다.")
    assert (found.state, found.code) == ("delivered", "0")
    assert TO not in repr(found)


@pytest.mark.parametrize(
    ("fields", "state"),
    [
        ({"status": "READY", "statusCode": None, "statusName": None}, "ready"),
        ({"status": "PROCESSING", "statusName": "success", "statusCode": "0"}, "processing"),
        ({"status": "COMPLETED"}, "delivered"),
        ({"status": "COMPLETED", "statusCode": 0}, "delivered"),
        ({"status": "COMPLETED", "statusCode": "3001"}, "undelivered"),
        ({"status": "COMPLETED", "statusName": "fail", "statusCode": "0"}, "undelivered"),
        ({"status": "COMPLETED", "statusName": None, "statusCode": None}, "undelivered"),
        ({"status": "SOMETHING_NEW"}, "processing"),
        ({"status": None}, "processing"),
    ],
)
def test_delivered_needs_completed_success_and_code_zero(fields, state):
    assert find(Sens(page(row(**fields))))[0].state == state


def test_rows_may_hide_their_text():
    hidden = row()
    del hidden["content"], hidden["subject"], hidden["completeTime"]

    found = find(Sens(page(hidden)))[0]

    assert (found.content, found.subject, found.completed_at) == (None, "", None)


def test_times_with_an_offset_are_believed():
    found = find(Sens(page(row(requestTime="2026-03-02T05:00:00.250+00:00"))))[0]

    assert found.requested_at == NOW + timedelta(milliseconds=250)


def test_every_page_is_read():
    sens = Sens(page(row(1), nextToken="second"), page(row(2), nextToken="third"), page(row(3)))

    rows = find(sens)

    assert [found.request_id for found in rows] == ["REQ-1", "REQ-2", "REQ-3"]
    assert [query.get("nextToken") for query in sens.queries] == [None, "second", "third"]


def test_rows_that_come_twice_are_kept_once():
    sens = Sens(page(row(1), row(1), nextToken="second"), page(row(1), row(2)))

    assert len(find(sens)) == 2


def test_pages_that_never_end_are_no_answer():
    sens = Sens(*[page(row(1), nextToken="again")] * 3)

    with pytest.raises(GatewayListUnavailable, match="endless"):
        find(sens)


def test_a_page_that_says_there_is_more_and_not_where_is_no_answer():
    with pytest.raises(GatewayListUnavailable, match="incomplete"):
        find(Sens(page(row(1), hasMore=True)))


def test_the_empty_404_means_none_found():
    assert find(Sens(httpx.Response(404))) == ()
    assert find(Sens(httpx.Response(404, content=b" \n"))) == ()


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(httpx.Response(404, json={"error": {"errorCode": "300"}}), id="404 of a path"),
        pytest.param(httpx.Response(500), id="500"),
        pytest.param(httpx.Response(503, html="<h1>503</h1>"), id="503"),
        pytest.param(httpx.Response(401, json={"error": {"errorCode": "200"}}), id="401"),
        pytest.param(httpx.Response(429, json={"error": {"errorCode": "420"}}), id="429"),
        pytest.param(httpx.Response(202, json=page()), id="a status of something else"),
        pytest.param(httpx.Response(200), id="empty 200"),
        pytest.param(httpx.Response(200, html="<h1>login</h1>"), id="html"),
        pytest.param(cut(page(row())), id="cut"),
        pytest.param(httpx.Response(200, json=[]), id="array"),
        pytest.param(httpx.Response(200, json=1), id="number"),
        pytest.param(httpx.Response(200, json={}), id="no messages"),
        pytest.param(httpx.Response(200, json={"messages": None}), id="messages is null"),
        pytest.param(httpx.Response(200, json={"messages": ["x"]}), id="a row that is text"),
        pytest.param(httpx.Response(200, json=page({"requestId": "R"})), id="a row that lacks"),
        pytest.param(httpx.Response(200, json=page(row(requestTime="soon"))), id="a bad time"),
        pytest.param(httpx.ReadTimeout("slow"), id="timeout"),
        pytest.param(httpx.ConnectError("down"), id="down"),
    ],
)
def test_what_is_not_wholly_readable_is_no_answer(answer):
    with pytest.raises(GatewayListUnavailable) as caught:
        find(Sens(answer))

    assert caught.value.context["reason"]
    assert "0100" not in str(caught.value)


def test_a_second_page_that_fails_spoils_the_first():
    with pytest.raises(GatewayListUnavailable):
        find(Sens(page(row(1), nextToken="second"), httpx.Response(500)))


def test_look_ups_keep_to_loopback_too():
    sens = Sens(page(row()))

    with pytest.raises(GatewayListUnavailable, match="host_not_loopback"):
        find(sens, loopback_only=True)

    assert sens.requests == []


def test_rows_of_one_request():
    sens = Sens(page(row(7)))

    rows = sens.gateway().by_request("REQ-7")

    assert sens.queries == [{"requestId": "REQ-7", "pageSize": "100"}]
    assert rows[0].request_id == "REQ-7"


# --- opt-outs ---------------------------------------------------------------------------------


def numbers(count, first=0):
    rows = [{"clientTelNo": f"0100{first + n:07}", "registerType": "C"} for n in range(count)]
    return httpx.Response(200, json=rows)


def test_opt_outs_are_read_page_by_page():
    sens = Sens(numbers(100), numbers(100, 100), numbers(3, 200))

    found = list(sens.gateway().opted_out())

    assert len(found) == len(set(found)) == 203
    assert [query["pageIndex"] for query in sens.queries] == ["0", "1", "2"]
    assert sens.requests[0].url.path.endswith("/unsubscribes")


@pytest.mark.parametrize(
    ("answer", "count"),
    [
        pytest.param(httpx.Response(404), 0, id="empty 404"),
        pytest.param(httpx.Response(200, json=[]), 0, id="empty array"),
        pytest.param(
            httpx.Response(200, json={"unsubscribes": [{"clientTelNo": TO}]}), 1, id="object"
        ),
    ],
)
def test_opt_out_lists_come_in_several_shapes(answer, count):
    assert len(list(Sens(answer).gateway().opted_out())) == count


@pytest.mark.parametrize(
    "answer",
    [
        httpx.Response(500),
        httpx.Response(200, html="x"),
        httpx.Response(200, json={"a": 1}),
        httpx.Response(200, json={"a": [], "b": []}),
        httpx.Response(200, json=[{"number": TO}]),
        httpx.Response(200, json=["x"]),
    ],
    ids=["500", "html", "no list", "two lists", "no number", "text"],
)
def test_an_opt_out_list_that_cannot_be_read_is_an_error(answer):
    with pytest.raises(GatewayListUnavailable):
        list(Sens(answer).gateway().opted_out())
