"""The list call: what must be asked, what comes back, and how pages go on."""

import pytest
from vendor_world import OTHER_PHONE, PHONE, SensCaller, VendorWorld

from sandbox.sens.urls import routes

WINDOW = {"requestStartTime": "2026-02-14 19:00:00", "requestEndTime": "2026-02-14 21:00:00"}


@pytest.fixture
def sens() -> SensCaller:
    world = VendorWorld()
    return SensCaller(world, world.client(routes))


def test_row_holds_what_the_vendor_documents(sens):
    request_id = sens.send().json()["requestId"]
    sens.world.now.advance(3)

    answer = sens.search(requestId=request_id).json()

    (row,) = answer["messages"]
    assert (answer["statusCode"], answer["statusName"]) == ("200", "success")
    assert row.pop("messageId")
    assert row == {
        "requestId": request_id,
        "requestTime": "2026-02-14 20:00:00",
        "contentType": "COMM",
        "type": "LMS",
        "countryCode": "82",
        "from": "15990100",
        "to": PHONE,
        "subject": "별빛 예약 안내 K7Q2",
        "content": "예약이 확정되었습니다.",
        "status": "COMPLETED",
        "statusCode": "0",
        "statusName": "success",
        "statusMessage": "success",
        "completeTime": "2026-02-14 20:00:02",
        "telcoCode": "ETC",
    }


@pytest.mark.parametrize(
    "query",
    [
        pytest.param({}, id="nothing asked"),
        pytest.param({"to": PHONE}, id="only a filter"),
        pytest.param({"requestStartTime": "2026-02-14 19:00:00"}, id="no end"),
        pytest.param({"completeEndTime": "2026-02-14 19:00:00"}, id="no start"),
        pytest.param(
            {"requestStartTime": "2026-02-14T19:00:00", "requestEndTime": "2026-02-14 21:00:00"},
            id="time format",
        ),
        pytest.param(
            {"requestStartTime": "2026-02-14 21:00:00", "requestEndTime": "2026-02-14 19:00:00"},
            id="backwards",
        ),
        pytest.param(
            {"requestStartTime": "2026-01-15 00:00:00", "requestEndTime": "2026-02-14 00:00:01"},
            id="over 30 days",
        ),
        pytest.param(
            {"completeStartTime": "2026-02-13 00:00:00", "completeEndTime": "2026-02-14 00:00:01"},
            id="over 24 hours",
        ),
        pytest.param(WINDOW | {"pageSize": "0"}, id="page size 0"),
        pytest.param(WINDOW | {"pageSize": "101"}, id="page size 101"),
        pytest.param(WINDOW | {"nextToken": "bm90LW91cnM="}, id="foreign token"),
        pytest.param(WINDOW | {"nextToken": "%"}, id="broken token"),
        pytest.param(WINDOW | {"status": "DONE"}, id="unknown status"),
        pytest.param(WINDOW | {"statusName": "ok"}, id="unknown result"),
        pytest.param(WINDOW | {"type": "FAX"}, id="unknown type"),
    ],
)
def test_unfit_query_is_400(sens, query):
    sens.send()

    assert sens.search(**query).status_code == 400


@pytest.mark.parametrize(
    "query",
    [
        pytest.param(
            {"requestStartTime": "2026-01-15 21:00:00", "requestEndTime": "2026-02-14 21:00:00"},
            id="30 days",
        ),
        pytest.param(
            {"completeStartTime": "2026-02-13 20:30:00", "completeEndTime": "2026-02-14 20:30:00"},
            id="24 hours",
        ),
    ],
)
def test_widest_windows_are_allowed(sens, query):
    sens.send()
    sens.world.now.advance(3)

    assert len(sens.rows(**query)) == 1


@pytest.mark.parametrize(
    "query",
    [
        pytest.param(WINDOW, id="nothing sent"),
        pytest.param({"requestId": "RSLA-unknown"}, id="unknown request"),
    ],
)
def test_no_match_is_an_empty_404(sens, query):
    answer = sens.search(**query)

    assert (answer.status_code, answer.content) == (404, b"")


def test_window_ends_are_whole_korean_seconds_and_included(sens):
    sens.world.now.advance(0.7)
    sens.send()

    at = {"requestStartTime": "2026-02-14 20:00:00", "requestEndTime": "2026-02-14 20:00:00"}
    after = {"requestStartTime": "2026-02-14 20:00:01", "requestEndTime": "2026-02-14 20:00:01"}
    assert len(sens.rows(**at)) == 1
    assert sens.rows(**after) == []


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ({"to": OTHER_PHONE}, 1),
        ({"from": "15990103"}, 1),
        ({"from": "15990100"}, 2),
        ({"type": "SMS"}, 1),
        ({"contentType": "AD"}, 1),
        ({"countryCode": "81"}, 0),
        ({"status": "COMPLETED"}, 3),
        ({"status": "READY"}, 0),
        ({"statusName": "success"}, 3),
        ({"statusName": "fail"}, 0),
        ({"messageId": "unknown"}, 0),
        ({"to": PHONE, "type": "LMS"}, 1),
    ],
)
def test_filters_narrow_the_window(sens, query, count):
    sens.send()
    sens.send(type="SMS", subject=None, contentType="AD")
    sens.send(from_="15990103", messages=[{"to": OTHER_PHONE}])
    sens.world.now.advance(3)

    assert len(sens.recent(**query)) == count


def test_result_filter_finds_nothing_that_is_not_completed(sens):
    sens.send()

    assert sens.recent(statusName="success") == []


def test_pages_are_newest_first_and_followed_by_token(sens):
    for number in range(5):
        sens.send(content=str(number))

    first = sens.search(**WINDOW, pageSize="2").json()
    second = sens.search(**WINDOW, pageSize="2", nextToken=first["nextToken"]).json()
    third = sens.search(**WINDOW, pageSize="2", nextToken=second["nextToken"]).json()

    pages = [[row["content"] for row in page["messages"]] for page in (first, second, third)]
    assert pages == [["4", "3"], ["2", "1"], ["0"]]
    assert "nextToken" not in third


def test_new_messages_do_not_move_the_next_page(sens):
    for number in range(3):
        sens.send(content=str(number))
    first = sens.search(**WINDOW, pageSize="2").json()

    sens.send(content="late")
    second = sens.search(**WINDOW, pageSize="2", nextToken=first["nextToken"]).json()

    assert [row["content"] for row in second["messages"]] == ["0"]


def test_page_has_20_rows_by_default_also_for_one_request(sens):
    request_id = sens.send(messages=[{"to": PHONE}] * 21).json()["requestId"]

    assert len(sens.recent()) == 20
    assert len(sens.rows(requestId=request_id)) == 20


def test_larger_page_for_one_request_can_be_set(sens):
    sens.world.sens.configure({"request_id_page_size": 1000})
    request_id = sens.send(messages=[{"to": PHONE}] * 21).json()["requestId"]

    assert len(sens.rows(requestId=request_id)) == 21


def test_row_appears_only_after_the_list_delay(sens):
    sens.world.sens.configure({"list_delay_s": 60})
    sens.send()

    before = sens.recent()
    sens.world.now.advance(60)

    assert before == []
    assert len(sens.recent()) == 1


def test_rows_older_than_90_days_cannot_be_found(sens):
    request_id = sens.send().json()["requestId"]

    sens.world.now.advance(90 * 86_400 + 1)

    assert sens.rows(requestId=request_id) == []


def test_list_may_be_told_to_leave_subject_and_content_out(sens):
    sens.world.sens.configure({"list_shows_text": False})
    sens.send()

    row = sens.only_row()
    detail = sens.call("GET", f"/messages/{row['messageId']}").json()["messages"][0]
    assert "subject" not in row
    assert "content" not in row
    assert detail["subject"] == "별빛 예약 안내 K7Q2"
