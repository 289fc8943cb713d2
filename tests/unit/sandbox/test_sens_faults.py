"""Every lie SENS can be told to tell, and what it leaves behind."""

import pytest
from vendor_world import PHONE, SensCaller, VendorWorld

from sandbox.faults import Fault
from sandbox.sens.connection import ConnectionDropped
from sandbox.sens.fault_kinds import OPERATIONS_OF
from sandbox.sens.urls import routes


@pytest.fixture
def sens() -> SensCaller:
    world = VendorWorld()
    return SensCaller(world, world.client(routes))


@pytest.mark.parametrize(
    ("kind", "params", "status", "code"),
    [
        ("refuse", {}, 400, "100"),
        ("refuse", {"status": 401, "code": "210", "message": "Permission Denied"}, 401, "210"),
        ("refuse", {"status": 413, "code": "430"}, 413, "430"),
        ("quota", {}, 429, "400"),
        ("throttle", {}, 429, "410"),
        ("rate", {}, 429, "420"),
        ("http_500", {}, 500, "900"),
        ("http_503", {}, 503, "500"),
        ("http_504", {}, 504, "510"),
        ("skew", {}, 401, "200"),
    ],
)
def test_refusal_before_acceptance_leaves_nothing(sens, kind, params, status, code):
    sens.world.fault("sens", "send", kind, **params)

    answer = sens.send()

    assert (answer.status_code, answer.json()["error"]["errorCode"]) == (status, code)
    assert not sens.world.sens.messages
    assert sens.send().status_code == 202, "a fault hits one call only"


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (403, {"status": 403, "error": "Forbidden", "message": "no channel"}),
        (400, {"status": 400, "errors": ["no channel"]}),
    ],
)
def test_refusal_in_the_services_shape(sens, status, body):
    sens.world.fault("sens", "send", "refuse", shape="service", status=status, details="no channel")

    answer = sens.send()

    assert (answer.status_code, answer.json()) == (status, body)


@pytest.mark.parametrize(("params", "header"), [({}, None), ({"retry_after": 2}, "2")])
def test_retry_after_is_only_sent_when_told(sens, params, header):
    sens.world.fault("sens", "send", "rate", **params)

    assert sens.send().headers.get("retry-after") == header


@pytest.mark.parametrize("kind", ["http_500", "http_503", "http_504", "refuse", "rate"])
def test_server_error_may_hide_an_accepted_message(sens, kind):
    sens.world.fault("sens", "send", kind, accept=True)

    answer = sens.send()

    assert answer.status_code >= 400
    assert len(sens.recent()) == 1


@pytest.mark.parametrize(
    ("kind", "accepted"),
    [
        ("hang_before_accept", 0),
        ("drop_before_accept", 0),
        ("hang_after_accept", 1),
        ("drop_after_accept", 1),
    ],
)
def test_lost_answer(sens, kind, accepted):
    sens.world.fault("sens", "send", kind, seconds=0)

    with pytest.raises(ConnectionDropped):
        sens.send()

    assert len(sens.recent()) == accepted


@pytest.mark.parametrize("kind", ["accept_cut_body", "accept_html_body", "accept_empty_body"])
def test_unreadable_202_of_an_accepted_message(sens, kind):
    sens.world.fault("sens", "send", kind)

    answer = sens.send()

    assert answer.status_code == 202
    with pytest.raises(ValueError, match=r"Expecting|Unterminated"):
        answer.json()
    assert len(sens.recent()) == 1


def test_duplicate_rows_are_two_rows_of_one_text(sens):
    sens.world.fault("sens", "send", "duplicate_rows")
    request_id = sens.send().json()["requestId"]

    first, second = sens.rows(requestId=request_id)
    assert first["messageId"] != second["messageId"]
    assert {**first, "messageId": ""} == {**second, "messageId": ""}
    assert sum(not one.twin_of for one in sens.world.sens.messages.values()) == 1


def test_list_delay_of_one_message(sens):
    sens.world.fault("sens", "send", "list_delay", seconds=120)
    sens.send(content="hidden")
    sens.send(content="seen")

    early = [row["content"] for row in sens.recent()]
    sens.world.now.advance(120)

    assert early == ["seen"]
    assert len(sens.recent()) == 2


def test_list_delay_of_one_list_call(sens):
    sens.send()
    sens.world.fault("sens", "list", "list_delay", seconds=10)

    assert sens.recent() == []
    assert len(sens.recent()) == 1


def test_list_that_lies_about_having_nothing(sens):
    sens.send()
    sens.world.fault("sens", "list", "list_empty_lie")

    lie = sens.search(requestId=sens.world.sens.messages.copy().popitem()[1].request_id)

    assert (lie.status_code, lie.content) == (404, b"")
    assert len(sens.recent()) == 1


def test_list_that_fails(sens):
    sens.send()
    sens.world.fault("sens", "list", "list_500")

    assert sens.search(requestId="any").status_code == 500


@pytest.mark.parametrize("kind", ["cut_body", "html_body"])
@pytest.mark.parametrize("operation", ["list", "result"])
def test_unreadable_look_up(sens, kind, operation):
    sens.send()
    message_id = sens.only_row()["messageId"]
    sens.world.fault("sens", operation, kind)

    path = "/messages" if operation == "list" else f"/messages/{message_id}"
    query = {"requestId": sens.world.sens.messages[message_id].request_id}
    answer = sens.call("GET", path, query=query if operation == "list" else None)

    assert answer.status_code == 200
    with pytest.raises(ValueError, match=r"Expecting|Unterminated"):
        answer.json()


@pytest.mark.parametrize("operation", ["list", "result", "unsubscribes"])
@pytest.mark.parametrize("kind", ["rate", "http_503", "skew", "refuse"])
def test_look_ups_can_be_refused_too(sens, operation, kind):
    sens.send()
    sens.world.sens.opt_out([PHONE])
    sens.world.fault("sens", operation, kind)
    (message_id,) = sens.world.sens.messages

    paths = {
        "list": "/messages",
        "result": f"/messages/{message_id}",
        "unsubscribes": "/unsubscribes",
    }
    assert sens.call("GET", paths[operation]).status_code >= 400


def test_sender_that_is_suddenly_unregistered_is_refused(sens):
    sens.world.fault("sens", "send", "sender_unregistered")

    assert sens.send().status_code == 400
    assert sens.send().status_code == 202


def test_sender_that_is_suddenly_unregistered_may_fail_late(sens):
    sens.world.fault("sens", "send", "sender_unregistered", mode="fail")

    answer = sens.send()
    sens.world.now.advance(3)

    assert answer.status_code == 202
    assert sens.only_row()["statusCode"] == "3023"


def test_undelivered_and_late_messages(sens):
    sens.world.fault("sens", "send", "undelivered", statusCode="2004")
    sens.world.fault("sens", "send", "deliver_late", seconds=300)
    sens.send(content="never")
    sens.send(content="late")

    sens.world.now.advance(3)
    seen = {row["content"]: row["status"] for row in sens.recent()}
    sens.world.now.advance(300)
    codes = {row["content"]: row["statusCode"] for row in sens.recent()}

    assert seen == {"never": "COMPLETED", "late": "PROCESSING"}
    assert codes == {"never": "2004", "late": "0"}


def test_fault_can_be_narrowed_to_one_phone(sens):
    fault = Fault("sens", "send", "http_500", match={"to": "01000000099"})
    sens.world.context.faults.add(fault)

    assert sens.send().status_code == 202
    assert sens.send(messages=[{"to": "01000000099"}]).status_code == 500


def test_unknown_fault_is_loud(sens):
    sens.world.fault("sens", "send", "explode")

    with pytest.raises(ValueError, match="explode"):
        sens.send()


def test_every_fault_kind_has_a_test():
    """Read with the source of this file: a new kind must be named here."""
    with open(__file__, encoding="utf-8") as source:
        text = source.read()

    assert [kind for kind in OPERATIONS_OF if f'"{kind}"' not in text] == []
