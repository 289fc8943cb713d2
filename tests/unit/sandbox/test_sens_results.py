"""What becomes of an accepted message: progression, outcomes, opt-outs, duplicates."""

import pytest
from vendor_world import OTHER_PHONE, PHONE, SensCaller, VendorWorld

from sandbox.sens.settings import DEFAULT_ENDINGS
from sandbox.sens.urls import routes


@pytest.fixture
def sens() -> SensCaller:
    world = VendorWorld()
    return SensCaller(world, world.client(routes))


def final_code(sens: SensCaller) -> tuple[str, str]:
    """Status name and code of the newest row once it is completed."""
    sens.world.now.advance(3)
    row = sens.recent()[0]
    assert row["status"] == "COMPLETED"
    return row["statusName"], row["statusCode"]


def test_message_moves_from_ready_to_completed_by_seconds(sens):
    sens.send()

    seen = []
    for seconds in (0.0, 1.0, 1.0):
        sens.world.now.advance(seconds)
        seen.append(sens.only_row()["status"])

    assert seen == ["READY", "PROCESSING", "COMPLETED"]


def test_message_moves_on_by_reads_when_told_so(sens):
    sens.world.sens.configure({"progression": {"by": "reads", "processing": 2, "completed": 4}})
    sens.send()

    seen = [sens.only_row()["status"] for _ in range(5)]

    assert seen == ["READY", "PROCESSING", "PROCESSING", "COMPLETED", "COMPLETED"]


def test_no_result_before_completion(sens):
    sens.send()

    assert not {"statusCode", "statusName", "completeTime"} & set(sens.only_row())


def test_result_call_returns_one_message_with_its_text(sens):
    sens.send()
    row = sens.only_row()

    answer = sens.call("GET", f"/messages/{row['messageId']}")

    assert answer.status_code == 200
    assert answer.json()["messages"] == [row]


def test_result_of_an_unknown_message_is_an_empty_404(sens):
    answer = sens.call("GET", "/messages/unknown")

    assert (answer.status_code, answer.content) == (404, b"")


def test_completed_stays_completed_when_the_rule_changes(sens):
    sens.send()
    final_code(sens)

    sens.world.sens.configure({"progression": {"completed": 3600}})

    assert sens.only_row()["status"] == "COMPLETED"


@pytest.mark.parametrize("ending", sorted(DEFAULT_ENDINGS))
def test_numbers_with_certain_endings_fail(sens, ending):
    sens.send(messages=[{"to": f"010000{ending}"}])

    assert final_code(sens) == ("fail", DEFAULT_ENDINGS[ending].statusCode)


def test_outcome_can_be_set_for_one_number(sens):
    outcome = {"statusCode": "2003", "statusName": "fail"}
    sens.world.sens.configure({"numbers": {PHONE: outcome}})
    sens.send(messages=[{"to": PHONE}, {"to": OTHER_PHONE}])
    sens.world.now.advance(3)

    codes = {row["to"]: row["statusCode"] for row in sens.recent()}
    assert codes == {PHONE: "2003", OTHER_PHONE: "0"}


def test_bad_number_fails_alone_and_the_rest_go_out(sens):
    answer = sens.send(messages=[{"to": "15990199"}, {"to": PHONE}])
    sens.world.now.advance(3)

    codes = {row["to"]: row["statusCode"] for row in sens.recent()}
    assert answer.status_code == 202
    assert codes == {"15990199": "3003", PHONE: "0"}


def test_bad_number_can_refuse_the_whole_request(sens):
    sens.world.sens.configure({"bad_number": "refuse"})

    answer = sens.send(messages=[{"to": "15990199"}, {"to": PHONE}])

    assert answer.status_code == 400
    assert not sens.world.sens.messages


@pytest.mark.parametrize("number", ["0200000011", "01000000011", "0100000011", "050700000011"])
def test_korean_numbers_of_all_shapes_are_taken(sens, number):
    sens.send(messages=[{"to": number}])

    assert final_code(sens) == ("success", "0")


def test_empty_text_fails_with_e904(sens):
    sens.send(content="")

    assert final_code(sens) == ("fail", "E904")


def test_unregistered_sender_can_fail_late_with_3023(sens):
    sens.world.sens.configure({"unregistered_sender": "fail"})

    answer = sens.send(from_="15990199")

    assert answer.status_code == 202
    assert final_code(sens) == ("fail", "3023")


# -- duplicates ----------------------------------------------------------------------------------


def test_same_text_twice_is_fine_by_default(sens):
    sens.send()
    sens.send()

    assert final_code(sens) == ("success", "0")


def test_same_text_within_the_duplicate_window_ends_with_e915_at_once(sens):
    sens.world.sens.configure({"duplicate_window_s": 60})
    sens.send()
    sens.world.now.advance(59)

    sens.send()

    row = sens.recent()[0]
    assert (row["status"], row["statusName"], row["statusCode"]) == ("COMPLETED", "fail", "E915")


@pytest.mark.parametrize(
    ("seconds", "fields"),
    [
        pytest.param(60, {}, id="window over"),
        pytest.param(1, {"subject": "별빛 예약 안내 M3RT"}, id="other subject"),
        pytest.param(1, {"content": "다른 글"}, id="other content"),
        pytest.param(1, {"from_": "15990103"}, id="other sender"),
        pytest.param(1, {"messages": [{"to": OTHER_PHONE}]}, id="other phone"),
    ],
)
def test_what_is_not_alike_is_no_duplicate(sens, seconds, fields):
    sens.world.sens.configure({"duplicate_window_s": 60})
    sens.send()
    sens.world.now.advance(seconds)

    sens.send(**fields)

    assert final_code(sens) == ("success", "0")


# -- advertising and opt-outs --------------------------------------------------------------------


def test_advertising_needs_a_registered_opt_out_service(sens):
    sens.world.sens.configure({"ad_opt_out_service": False})

    assert sens.send(contentType="AD").status_code == 400
    assert sens.send(contentType="COMM").status_code == 202


@pytest.mark.parametrize(("content_type", "code"), [("AD", "E917"), ("COMM", "0")])
def test_opted_out_number_gets_information_but_no_advertising(sens, content_type, code):
    sens.call("POST", "/unsubscribes", body=[{"clientTelNo": PHONE}])

    sens.send(contentType=content_type)

    assert final_code(sens)[1] == code


def test_opt_out_list_is_added_to_read_and_removed_from(sens):
    added = sens.call("POST", "/unsubscribes", body=[{"clientTelNo": PHONE}])
    listed = sens.call("GET", "/unsubscribes")
    removed = sens.call("DELETE", "/unsubscribes", body=[{"clientTelNo": PHONE}])
    empty = sens.call("GET", "/unsubscribes")

    row = {
        "clientTelNo": PHONE,
        "registerTime": "2026-02-14T20:00:00.000",
        "registerType": "M",
    }
    assert added.json() == listed.json() == [row]
    assert (removed.status_code, removed.content) == (204, b"")
    assert (empty.status_code, empty.content) == (404, b"")


def test_calling_the_080_line_puts_a_number_on_the_list_with_type_c(sens):
    sens.world.sens.configure({"opt_out_by_ars": [PHONE]})

    (row,) = sens.call("GET", "/unsubscribes", query={"clientTelNo": PHONE}).json()

    assert row["registerType"] == "C"


def test_opt_out_list_is_paged_and_filtered_by_time(sens):
    numbers = [{"clientTelNo": f"010000{n:05d}"} for n in range(3)]
    sens.call("POST", "/unsubscribes", body=numbers)
    millis = int(sens.world.now() * 1000)

    second = sens.call("GET", "/unsubscribes", query={"pageSize": "2", "pageIndex": "1"})
    later = sens.call("GET", "/unsubscribes", query={"startTime": str(millis + 1)})
    earlier = sens.call("GET", "/unsubscribes", query={"endTime": str(millis - 1)})

    assert [row["clientTelNo"] for row in second.json()] == [numbers[2]["clientTelNo"]]
    assert (later.status_code, earlier.status_code) == (404, 404)


@pytest.mark.parametrize(
    "body",
    [
        pytest.param([], id="empty"),
        pytest.param({}, id="no array"),
        pytest.param([{"clientTelNo": "010-0000"}], id="hyphen"),
        pytest.param(["01000000011"], id="bare number"),
        pytest.param([{"clientTelNo": PHONE}] * 1001, id="1001 numbers"),
    ],
)
def test_unfit_opt_out_body_is_400(sens, body):
    assert sens.call("POST", "/unsubscribes", body=body).status_code == 400


@pytest.mark.parametrize("query", [{"pageSize": "101"}, {"pageSize": "x"}, {"startTime": "now"}])
def test_unfit_opt_out_query_is_400(sens, query):
    assert sens.call("GET", "/unsubscribes", query=query).status_code == 400


# -- reservations --------------------------------------------------------------------------------


def reserve(sens: SensCaller, **fields: str) -> str:
    return sens.send(reserveTime="2026-02-14 20:30", **fields).json()["requestId"]


def test_reserved_message_waits_for_its_time(sens):
    reserve_id = reserve(sens)

    early = sens.call("GET", f"/reservations/{reserve_id}/reserve-status").json()
    waiting = sens.search(requestId=reserve_id).json()
    sens.world.now.advance(31 * 60)
    late = sens.call("GET", f"/reservations/{reserve_id}/reserve-status").json()

    assert early == {
        "reserveId": reserve_id,
        "reserveTimeZone": "Asia/Seoul",
        "reserveTime": "2026-02-14T20:30:00+09:00",
        "reserveStatus": "READY",
    }
    assert (waiting["statusName"], waiting["messages"][0]["status"]) == ("reserved", "READY")
    assert late["reserveStatus"] == "DONE"


def test_reserve_time_zone_is_read(sens):
    reserve_id = sens.send(reserveTime="2026-02-14 11:30", reserveTimeZone="Etc/UTC").json()[
        "requestId"
    ]

    status = sens.call("GET", f"/reservations/{reserve_id}/reserve-status").json()

    assert status["reserveTime"] == "2026-02-14T11:30:00+00:00"


def test_waiting_reservation_can_be_cancelled_and_never_goes_out(sens):
    reserve_id = reserve(sens)

    answer = sens.call("DELETE", f"/reservations/{reserve_id}")
    sens.world.now.advance(3600)

    status = sens.call("GET", f"/reservations/{reserve_id}/reserve-status").json()
    assert answer.status_code == 204
    assert status["reserveStatus"] == "CANCELED"
    assert sens.only_row()["status"] == "READY"


def test_cancelling_too_late_is_400(sens):
    reserve_id = reserve(sens)

    sens.world.now.advance(1800)

    assert sens.call("DELETE", f"/reservations/{reserve_id}").status_code == 400


def test_unknown_reservation_is_404(sens):
    request_id = sens.send().json()["requestId"]

    status = sens.call("GET", f"/reservations/{request_id}/reserve-status")

    assert (status.status_code, status.content) == (404, b"")
    assert sens.call("DELETE", "/reservations/unknown").status_code == 404
