"""Who may speak to SENS at all: clock, key, signature over the received bytes, serviceId."""

from urllib.parse import quote

import pytest
from vendor_world import SensCaller, VendorWorld, lms

from sandbox.sens import signature
from sandbox.sens.urls import routes

KEYS = ("sandbox-access-key", "sandbox-signing-key")
TIME = "1700000000000"
RAW = b"/sms/v2/services/ncp:sms:kr:900000000001:byeolbit/messages"
ENCODED = (
    b"/sms/v2/services/ncp%3Asms%3Akr%3A900000000001%3Abyeolbit/messages"
    b"?requestStartTime=2026-02-14%2020%3A00%3A00&requestEndTime=2026-02-14%2021%3A00%3A00"
)


@pytest.fixture
def sens() -> SensCaller:
    world = VendorWorld()
    return SensCaller(world, world.client(routes))


@pytest.mark.parametrize(
    ("method", "target", "expected"),
    [
        pytest.param("POST", RAW, "DrqMZVs0OUSOshnVaRXUAIDGg0UEfhcwujkuzqnGFNk=", id="raw path"),
        pytest.param("GET", ENCODED, "N8TUPps2aLs52wHbuxqSsvrnFxKMukOnwKW6AxOlYpY=", id="query"),
    ],
)
def test_signature_equals_what_openssl_computes(method, target, expected):
    assert signature.sign(method, target, TIME, *KEYS) == expected


def test_well_signed_send_is_accepted(sens):
    assert sens.send().status_code == 202


def test_service_id_may_be_percent_encoded_if_signed_so(sens):
    encoded = "/sms/v2/services/" + quote(sens.world.sens.settings.service_id, safe="")

    answer = sens.call("POST", "/messages", body=lms(), base=encoded)

    assert "%3A" in encoded
    assert answer.status_code == 202


def test_signature_over_another_spelling_of_the_path_is_refused(sens):
    encoded = "/sms/v2/services/" + quote(sens.world.sens.settings.service_id, safe="")

    answer = sens.call(
        "POST", "/messages", body=lms(), base=encoded, signed_target=f"{sens.base}/messages"
    )

    assert answer.status_code == 401


def test_query_is_part_of_what_is_signed(sens):
    answer = sens.call(
        "GET", "/messages", query={"requestId": "x"}, signed_target=f"{sens.base}/messages"
    )

    assert answer.status_code == 401


def test_body_is_not_signed(sens):
    target = f"{sens.base}/messages"
    headers = sens.headers("POST", target)

    first = sens.client.post(target, headers=headers, json=lms())
    second = sens.client.post(target, headers=headers, json=lms(content="다른 글"))

    assert (first.status_code, second.status_code) == (202, 202)


@pytest.mark.parametrize(
    "spoiled",
    [
        pytest.param({"access_key": "someone-else"}, id="unknown access key"),
        pytest.param({"secret_key": "not-the-secret"}, id="wrong secret"),
        pytest.param({"timestamp": "yesterday"}, id="timestamp is no number"),
        pytest.param({"timestamp": ""}, id="no timestamp"),
    ],
)
def test_bad_authentication_is_401_code_200_in_the_gateways_shape(sens, spoiled):
    answer = sens.call("POST", "/messages", body=lms(), **spoiled)

    error = answer.json()["error"]
    assert (answer.status_code, error["errorCode"]) == (401, "200")
    assert error["message"] == "Authentication Failed"
    assert not sens.world.sens.messages


@pytest.mark.parametrize(
    ("late_s", "status"),
    [(299, 202), (300, 401), (301, 401), (-299, 202), (-300, 401)],
)
def test_clock_five_minutes_off_is_refused(sens, late_s, status):
    signed_at = sens.world.now() - late_s

    answer = sens.call("POST", "/messages", body=lms(), timestamp=str(int(signed_at * 1000)))

    assert answer.status_code == status


def test_skew_limit_can_be_set_for_tests(sens):
    sens.world.sens.configure({"skew_limit_s": 2})
    signed = sens.headers("POST", f"{sens.base}/messages")

    sens.world.now.advance(3)
    answer = sens.client.post(f"{sens.base}/messages", headers=signed, json=lms())

    assert answer.status_code == 401
    assert not sens.world.sens.messages


def test_shifted_server_clock_refuses_an_honest_client(sens):
    sens.world.sens.configure({"clock_shift_s": 400})

    assert sens.send().status_code == 401


def test_other_service_id_is_403_in_the_services_shape(sens):
    answer = sens.call("POST", "/messages", body=lms(), base="/sms/v2/services/ncp:sms:kr:1:x")

    assert answer.status_code == 403
    assert answer.json() == {
        "status": 403,
        "error": "Forbidden",
        "message": "Do not have access to this 'serviceId'",
    }


def test_unknown_path_is_a_404_with_a_body_unlike_an_empty_look_up(sens):
    answer = sens.call("GET", "/nothing")

    assert (answer.status_code, answer.json()["error"]["errorCode"]) == (404, "300")
