"""Signature v2 against fixed vectors, each computed with openssl, not with our code."""

from __future__ import annotations

import pytest

from booking_sms.adapters.sens.signature import ApiKey, sign_v2, signed_headers

KEY = ApiKey("TESTACCESSKEY0000001", "test-secret-key-of-nobody")
PATH = b"/sms/v2/services/ncp:sms:kr:100000000001:studio/messages"
QUERY = b"?requestStartTime=2026-03-02%2014%3A00%3A00&to=01000001234"


@pytest.mark.parametrize(
    ("key", "method", "target", "timestamp_ms", "expected"),
    [
        pytest.param(
            KEY,
            "POST",
            PATH,
            1772427600000,
            "ZAVcrJZ8bTlp8TqEwwnPzVC9bTss+y84JpkHWGQUJSw=",
            id="send, colons raw",
        ),
        pytest.param(
            KEY,
            "GET",
            PATH + QUERY,
            1772427600123,
            "j1X6E1oeTfNO4QlKUr0yFi/vqok5q1i9sdsJG6DlzWQ=",
            id="list, query as it is sent",
        ),
        pytest.param(
            ApiKey("k", ""),
            "GET",
            b"/sms/v2/services/ncp%3Asms/unsubscribes?pageSize=100&pageIndex=0",
            1,
            "XNtfybxLZGNa+geGN5OdRhyAuGLENB5Cy+NcNCdimbU=",
            id="colons encoded, empty secret",
        ),
    ],
)
def test_signature_equals_what_openssl_computes(key, method, target, timestamp_ms, expected):
    assert sign_v2(key, method, target, timestamp_ms) == expected


def test_the_timestamp_header_is_the_value_that_was_signed():
    assert signed_headers(KEY, "POST", PATH, 1772427600000) == {
        "x-ncp-apigw-timestamp": "1772427600000",
        "x-ncp-iam-access-key": "TESTACCESSKEY0000001",
        "x-ncp-apigw-signature-v2": "ZAVcrJZ8bTlp8TqEwwnPzVC9bTss+y84JpkHWGQUJSw=",
    }


def test_the_secret_is_not_shown():
    assert "nobody" not in repr(KEY)
