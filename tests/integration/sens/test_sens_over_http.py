"""The gateway against a SENS that checks what the vendor checks, over real HTTP."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta

import pytest

from booking_sms.adapters.clock import SystemTransportClock
from booking_sms.adapters.sens.client import SensConfig, SensGateway
from booking_sms.adapters.sens.signature import ApiKey
from booking_sms.adapters.sens.wire import Timeouts
from booking_sms.domain.errors import (
    GatewayListUnavailable,
    SignatureRejected,
    SmsNotSent,
    SmsOutcomeUnknown,
    SmsQuotaSpent,
    SmsRefused,
    SmsThrottled,
)
from booking_sms.testing import make_outgoing_sms

pytestmark = pytest.mark.integration

SENDER, PHONE = "15990100", "01000000021"
QUICK = Timeouts(connect=1.0, write=1.0, read=0.5, pool=1.0)


class ShiftedClock(SystemTransportClock):
    """A machine whose clock is wrong."""

    def __init__(self, shift_s):
        self.shift_ms = int(shift_s * 1000)

    def now_ms(self):
        return super().now_ms() + self.shift_ms


@pytest.fixture
def make_gateway(sandbox):
    made = []

    def make(clock=None, *, base_url=None, secret="sandbox-signing-key", service=None):
        config = SensConfig(
            service_id=service or "ncp:sms:kr:900000000001:byeolbit",
            key=ApiKey("sandbox-access-key", secret),
            base_url=base_url or sandbox.urls["sens"],
            loopback_only=True,
            timeouts=QUICK,
        )
        made.append(SensGateway(config, clock or SystemTransportClock(), lambda message: None))
        return made[-1]

    yield make
    for gateway in made:
        gateway.close()


@pytest.fixture
def gateway(make_gateway):
    return make_gateway()


def outgoing(**overrides):
    return make_outgoing_sms(**{"to": PHONE, "sender": SENDER, **overrides})


def send(gateway, **overrides):
    return gateway.send(gateway.sign(outgoing(**overrides)))


def find(gateway, to=PHONE):
    now = datetime.now(UTC)
    return gateway.find(to, SENDER, now - timedelta(minutes=1), now + timedelta(minutes=1))


def eventually(look, wanted):
    deadline = time.monotonic() + 10
    while not (found := wanted(look())) and time.monotonic() < deadline:
        time.sleep(0.1)
    return found


# --- sending ----------------------------------------------------------------------------------


def test_a_signature_is_accepted_and_the_text_arrives_whole(gateway, sandbox):
    receipt = send(gateway, subject="이용 안내 ABC234", content="문 번호: 준비됨 (테스트) &<>")

    message = sandbox.messages("sens")[0]
    assert message["request_id"] == receipt.request_id
    assert (message["to"], message["from"]) == (PHONE, SENDER)
    assert message["content"] == "문 번호: 준비됨 (테스트) &<>"
    assert message["subject"] == "이용 안내 ABC234"
    assert (message["type"], message["content_type"]) == ("LMS", "COMM")


def test_a_service_id_with_encoded_colons_is_accepted(make_gateway):
    assert send(make_gateway(service="ncp%3Asms%3Akr%3A900000000001%3Abyeolbit")).request_id


def test_a_connection_is_kept_for_many_texts(gateway, sandbox):
    for number in range(20):
        send(gateway, to=f"010000000{number:02}")

    assert len(sandbox.messages("sens")) == 20


@pytest.mark.parametrize("shift_s", [-400, 400])
def test_a_wrong_clock_is_refused_and_nothing_is_sent(make_gateway, sandbox, shift_s):
    with pytest.raises(SignatureRejected):
        send(make_gateway(ShiftedClock(shift_s)))

    assert sandbox.messages("sens") == []


def test_a_wrong_secret_is_refused(make_gateway):
    with pytest.raises(SignatureRejected, match="http_401_200"):
        send(make_gateway(secret="another"))


def test_a_wrong_service_is_our_mistake_not_the_messages(make_gateway):
    with pytest.raises(SignatureRejected, match="http_403"):
        send(make_gateway(service="ncp:sms:kr:1:nobody"))


def test_an_unregistered_sender_is_refused_for_good(gateway):
    with pytest.raises(SmsRefused, match="http_400"):
        send(gateway, sender="15999999")


@pytest.mark.parametrize(
    ("kind", "error"),
    [("quota", SmsQuotaSpent), ("throttle", SmsThrottled), ("rate", SmsThrottled)],
)
def test_the_three_429s_are_told_apart(gateway, sandbox, kind, error):
    sandbox.fault("sens", "send", kind)

    with pytest.raises(error) as caught:
        send(gateway)

    assert type(caught.value) is error
    assert sandbox.messages("sens") == []
    assert send(gateway).request_id


@pytest.mark.parametrize(
    ("kind", "params", "arrived"),
    [
        pytest.param("hang_after_accept", {"seconds": 3}, 1, id="hang after accept"),
        pytest.param("drop_after_accept", {}, 1, id="drop after accept"),
        pytest.param("accept_cut_body", {}, 1, id="cut body"),
        pytest.param("accept_html_body", {}, 1, id="html body"),
        pytest.param("accept_empty_body", {}, 1, id="empty body"),
        pytest.param("http_500", {"accept": True}, 1, id="500 after accept"),
        pytest.param("http_504", {"accept": True}, 1, id="504 after accept"),
        pytest.param("http_500", {}, 0, id="500"),
        pytest.param("http_503", {}, 0, id="503"),
        pytest.param("http_504", {}, 0, id="504"),
        pytest.param("hang_before_accept", {"seconds": 3}, 0, id="hang before accept"),
        pytest.param("drop_before_accept", {}, 0, id="drop before accept"),
    ],
)
def test_what_may_have_arrived_is_a_doubt(gateway, sandbox, kind, params, arrived):
    """The client cannot know: each pair of faults looks the same from here."""
    sandbox.fault("sens", "send", kind, **params)

    with pytest.raises(SmsOutcomeUnknown):
        send(gateway)

    assert len(sandbox.messages("sens")) == arrived
    assert len(find(gateway)) == arrived


def test_nobody_listening_is_certainly_not_sent(make_gateway):
    with pytest.raises(SmsNotSent, match="connect_failed"):
        send(make_gateway(base_url="http://127.0.0.1:9"))


@pytest.mark.parametrize("shape", ["gateway", "service"])
def test_both_shapes_of_an_error_body_are_read(gateway, sandbox, shape):
    sandbox.fault("sens", "send", "refuse", status=403, code="210", shape=shape)

    with pytest.raises(SignatureRejected):
        send(gateway)


# --- looking up -------------------------------------------------------------------------------


def test_nothing_found_is_an_empty_404(gateway):
    assert find(gateway) == ()
    assert gateway.by_request("RSSA-nobody") == ()
    assert list(gateway.opted_out()) == []


def test_a_text_is_listed_with_its_subject_and_delivered_in_the_end(gateway):
    receipt = send(gateway, subject="이용 안내 ABC234")

    rows = find(gateway)
    assert [row.request_id for row in rows] == [receipt.request_id]
    assert rows[0].subject == "이용 안내 ABC234"
    assert abs(rows[0].requested_at - datetime.now(UTC)) < timedelta(seconds=10)
    final = eventually(
        lambda: gateway.by_request(receipt.request_id)[0],
        lambda row: row if row.state == "delivered" else None,
    )
    assert (final.code, final.message_id != "") == ("0", True)


def test_a_text_that_cannot_be_delivered_says_why(gateway):
    receipt = send(gateway, to="01000099902")

    final = eventually(
        lambda: gateway.by_request(receipt.request_id)[0],
        lambda row: row if row.state == "undelivered" else None,
    )
    assert final.code == "2003"


def test_more_than_a_page_is_read_to_the_end(gateway):
    for _ in range(105):
        send(gateway)

    assert len(find(gateway)) == 105


def test_a_list_that_lags_shows_nothing_at_first(gateway, sandbox):
    sandbox.fault("sens", "send", "list_delay", seconds=1)
    send(gateway)

    assert find(gateway) == ()
    assert eventually(lambda: find(gateway), bool)


@pytest.mark.parametrize(
    ("kind", "params"),
    [
        ("list_500", {}),
        ("http_503", {}),
        ("cut_body", {}),
        ("html_body", {}),
        ("rate", {}),
        ("hang_before_accept", {"seconds": 3}),
        ("drop_before_accept", {}),
    ],
)
def test_a_list_that_cannot_be_read_is_no_answer(gateway, sandbox, kind, params):
    send(gateway)
    sandbox.fault("sens", "list", kind, **params)

    with pytest.raises(GatewayListUnavailable):
        find(gateway)

    assert len(find(gateway)) == 1
