"""Telegram: plain text in parts, slow enough, and the token nowhere."""

from __future__ import annotations

import logging
import traceback

import httpx
import pytest
from channels import Chat

from booking_sms.adapters.alerts import TelegramChannel
from booking_sms.domain.errors import AlertFailed

TOKEN = "900001:test-token-of-nobody"
FINE = httpx.Response(200, json={"ok": True, "result": {"message_id": 1}})


def refusal(status, **parameters):
    document = {"ok": False, "error_code": status, "description": "Bad Request: details"}
    return httpx.Response(status, json=document | {"parameters": parameters})


def channel(*answers, **options):
    chat = Chat(*answers, fine=FINE)
    ticks = {"monotonic": lambda: 0.0, "sleep": chat.sleep, **options}
    return chat, TelegramChannel(TOKEN, "-100900000001", transport=chat.transport, **ticks)


def failure_of(*answers, **options):
    chat, telegram = channel(*answers, **options)
    with pytest.raises(AlertFailed) as caught:
        telegram.send("알림")
    return chat, caught.value


def test_a_text_goes_out_plain():
    chat, telegram = channel()

    telegram.send("1호점 1234 안내 문자 발송 완료 (₩5,000 - *할인*)")

    assert chat.documents == [
        {
            "chat_id": "-100900000001",
            "text": "1호점 1234 안내 문자 발송 완료 (₩5,000 - *할인*)",
            "disable_web_page_preview": True,
        }
    ]
    assert chat.urls == [f"https://api.telegram.org/bot{TOKEN}/sendMessage"]


def test_a_long_text_goes_out_in_parts_one_a_second():
    chat, telegram = channel()
    lines = [f"{number:04} " + "가" * 95 for number in range(100)]

    telegram.send("\n".join(lines))

    parts = [document["text"] for document in chat.documents]
    assert len(parts) == 3
    assert all(len(part) <= 4096 for part in parts)
    assert "\n".join(parts).split("\n") == lines
    assert chat.slept == [1.0, 2.0]


def test_nothing_is_sent_for_an_empty_text():
    chat, telegram = channel()

    telegram.send(" \n")

    assert chat.documents == []


def test_a_throttle_is_waited_for_as_long_as_telegram_says():
    chat, telegram = channel(refusal(429, retry_after=7))

    telegram.send("알림")

    assert len(chat.documents) == 2
    assert 7.0 in chat.slept


def test_a_throttle_longer_than_the_cap_is_given_up():
    chat, failure = failure_of(refusal(429, retry_after=3600))

    assert failure.retry_safe
    assert failure.context["reason"] == "throttled"
    assert len(chat.documents) == 1


def test_throttles_without_end_are_given_up():
    chat, failure = failure_of(*[refusal(429, retry_after=1)] * 9)

    assert failure.retry_safe
    assert len(chat.documents) == 3


@pytest.mark.parametrize(
    "answer",
    [
        httpx.Response(502, html="<h1>502</h1>"),
        refusal(500),
        httpx.ConnectError("down"),
        httpx.ConnectTimeout("slow"),
        httpx.Response(429),
    ],
)
def test_passing_troubles_are_tried_again(answer):
    chat, telegram = channel(answer)

    telegram.send("알림")

    assert len(chat.documents) == 2


@pytest.mark.parametrize("failure", [httpx.ReadTimeout("slow"), httpx.ReadError("reset")])
def test_what_may_have_arrived_is_left_to_the_caller(failure):
    chat, error = failure_of(failure)

    assert error.retry_safe
    assert len(chat.documents) == 1


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (refusal(400), "refused"),
        (refusal(401), "refused"),
        (refusal(403), "refused"),
        (refusal(400, migrate_to_chat_id=-100900000002), "chat_migrated"),
        (httpx.Response(200, json={"ok": False}), "refused"),
        (httpx.Response(200, text="fine"), "refused"),
    ],
)
def test_permanent_errors_are_not_tried_again(answer, reason):
    chat, failure = failure_of(answer)

    assert not failure.retry_safe
    assert failure.context["reason"] == reason
    assert len(chat.documents) == 1


@pytest.mark.parametrize(
    "answer",
    [
        refusal(401),
        refusal(429, retry_after=3600),
        httpx.ConnectError("down"),
        httpx.ReadTimeout("slow"),
        httpx.RemoteProtocolError("cut"),
    ],
)
def test_the_token_is_in_no_log_and_no_error(answer, caplog):
    caplog.set_level(logging.DEBUG)

    _, failure = failure_of(answer, answer, answer)

    shown = "".join(traceback.format_exception(failure)) + repr(failure) + caplog.text
    assert "test-token" not in shown


def test_a_base_url_that_is_none_is_told_without_the_token():
    _, failure = failure_of(base_url="http://example.com:broken")

    assert failure.context["reason"] == "invalid_url"
    assert "test-token" not in "".join(traceback.format_exception(failure))
