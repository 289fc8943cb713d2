"""Slack: escaped, inside Block Kit's limits, and the webhook's address nowhere."""

from __future__ import annotations

import logging
import traceback

import httpx
import pytest
from channels import Chat

from booking_sms.adapters.alerts import SlackChannel
from booking_sms.adapters.alerts.slack import build_messages
from booking_sms.domain.errors import AlertFailed

WEBHOOK = "https://hooks.slack.com/services/T000/B000/test-secret-of-nobody"
FINE = httpx.Response(200, text="ok")


def channel(*answers, url=WEBHOOK):
    chat = Chat(*answers, fine=FINE)
    return chat, SlackChannel(url, sleep=chat.sleep, transport=chat.transport)


def failure_of(*answers, **options):
    chat, slack = channel(*answers, **options)
    with pytest.raises(AlertFailed) as caught:
        slack.send("alert")
    return chat, caught.value


def test_a_notice_is_one_section_and_a_fallback():
    chat, slack = channel()

    slack.send("stores not read: 1호점\nwindow 14:00 <&>")

    assert chat.documents == [
        {
            "text": "stores not read: 1호점",
            "blocks": [
                {
                    "type": "section",
                    "text": {
                        "type": "mrkdwn",
                        "text": "stores not read: 1호점\nwindow 14:00 &lt;&amp;&gt;",
                        "verbatim": True,
                    },
                }
            ],
        }
    ]
    assert chat.urls == [WEBHOOK]


def test_nobody_can_be_mentioned_or_linked():
    text = build_messages("<!channel> <https://example.com|x>")[0]["blocks"][0]["text"]["text"]

    assert text == "&lt;!channel&gt; &lt;https://example.com|x&gt;"


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("&" * 5000, id="escapes grow"),
        pytest.param("가" * 20_000, id="one long line"),
        pytest.param("\n".join(["line " * 20] * 500), id="many lines"),
    ],
)
def test_long_notices_stay_inside_the_limits(text):
    messages = build_messages(text)

    assert len(messages) > 1 or len(messages[0]["blocks"]) > 1
    for message in messages:
        sections = [block["text"]["text"] for block in message["blocks"]]
        assert 0 < len(message["text"]) <= 150 * 5
        assert all(0 < len(section) <= 3000 for section in sections)
        assert sum(map(len, sections)) <= 12_000


def test_nothing_is_sent_for_an_empty_text():
    chat, slack = channel()

    slack.send("\n")

    assert chat.documents == []


@pytest.mark.parametrize(
    ("answer", "slept"),
    [
        (httpx.Response(429, headers={"Retry-After": "5"}), 5.0),
        (httpx.Response(429), 1.0),
        (httpx.Response(429, headers={"Retry-After": "soon"}), 1.0),
        (httpx.Response(500), 1.0),
        (httpx.Response(503, headers={"Retry-After": "2"}), 2.0),
        (httpx.ConnectError("down"), 1.0),
    ],
)
def test_passing_troubles_are_tried_again(answer, slept):
    chat, slack = channel(answer)

    slack.send("alert")

    assert len(chat.documents) == 2
    assert chat.slept == [slept]


def test_a_wait_longer_than_the_cap_is_given_up():
    chat, failure = failure_of(httpx.Response(429, headers={"Retry-After": "120"}))

    assert failure.retry_safe
    assert len(chat.documents) == 1


@pytest.mark.parametrize(
    ("status", "body", "reason"),
    [
        (400, "invalid_payload", "invalid_payload"),
        (400, "no_text", "no_text"),
        (403, "invalid_token", "invalid_token"),
        (404, "no_service", "no_service"),
        (410, "channel_is_archived", "channel_is_archived"),
        (400, "<html>to 01000001234</html>", "refused"),
    ],
)
def test_permanent_errors_are_not_tried_again(status, body, reason):
    chat, failure = failure_of(httpx.Response(status, text=body))

    assert not failure.retry_safe
    assert (failure.context["reason"], failure.context["status"]) == (reason, status)
    assert len(chat.documents) == 1


@pytest.mark.parametrize(
    "answer",
    [
        httpx.Response(403, text="invalid_token"),
        httpx.Response(500),
        httpx.ConnectError("down"),
        httpx.ReadTimeout("slow"),
    ],
)
def test_the_webhook_is_in_no_log_and_no_error(answer, caplog):
    caplog.set_level(logging.DEBUG)

    _, failure = failure_of(answer, answer, answer)

    shown = "".join(traceback.format_exception(failure)) + repr(failure) + caplog.text
    assert "test-secret" not in shown
    assert "T000" not in shown


def test_an_address_that_is_none_is_told_without_it():
    _, failure = failure_of(url="https://example.com:secret/")

    assert "secret" not in "".join(traceback.format_exception(failure))
