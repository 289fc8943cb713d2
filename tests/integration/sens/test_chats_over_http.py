"""Telegram and Slack against services that refuse what the real ones refuse."""

from __future__ import annotations

import pytest

from booking_sms.adapters.alerts import SlackChannel, TelegramChannel
from booking_sms.domain.errors import AlertFailed

pytestmark = pytest.mark.integration

LONG = "\n".join(f"{number:04} 매장 문자 발송 완료 <&> 😀" * 3 for number in range(400))
CHAT_ID = "-100900000001"


@pytest.fixture
def telegram(sandbox):
    return TelegramChannel(
        "100000001:sandbox-bot",
        CHAT_ID,
        base_url=sandbox.urls["telegram"],
        timeout_s=1.0,
        sleep=lambda seconds: None,
    )


@pytest.fixture
def slack(sandbox):
    url = f"{sandbox.urls['slack']}/services/T0SANDBOX/B0SANDBOX/sandbox-webhook"
    return SlackChannel(url, timeout_s=1.0, sleep=lambda seconds: None)


def test_telegram_shows_the_whole_text(telegram, sandbox):
    telegram.send(LONG)

    messages = sandbox.messages("telegram")
    assert "\n".join(message["shown"] for message in messages) == LONG
    assert {message["chat_id"] for message in messages} == {CHAT_ID}


@pytest.mark.parametrize(
    ("kind", "params"),
    [("too_many_requests", {"retry_after": 1, "hold": False}), ("http_500", {}), ("http_502", {})],
)
def test_telegram_recovers(telegram, sandbox, kind, params):
    sandbox.fault("telegram", "sendMessage", kind, **params)

    telegram.send("알림")

    assert len(sandbox.messages("telegram")) == 1


@pytest.mark.parametrize("kind", ["unauthorized", "blocked", "chat_not_found", "migrated"])
def test_telegram_refusals_are_permanent(telegram, sandbox, kind):
    sandbox.fault("telegram", "sendMessage", kind, times=9)

    with pytest.raises(AlertFailed) as caught:
        telegram.send("알림")

    assert not caught.value.retry_safe
    assert sandbox.state("telegram")["counters"]["sendMessage"] == 1


def test_telegram_that_hangs_is_left_to_the_caller(telegram, sandbox):
    sandbox.fault("telegram", "sendMessage", "hang_before_accept", seconds=3)

    with pytest.raises(AlertFailed) as caught:
        telegram.send("알림")

    assert caught.value.retry_safe


def test_slack_takes_every_block(slack, sandbox):
    slack.send(LONG)

    messages = sandbox.messages("slack")
    assert len(messages) > 1
    assert "0399" in str(messages[-1])


@pytest.mark.parametrize("kind", ["rate_limited", "http_500", "http_503"])
def test_slack_recovers(slack, sandbox, kind):
    sandbox.fault("slack", "webhook", kind)

    slack.send("alert")

    assert len(sandbox.messages("slack")) == 1


@pytest.mark.parametrize("kind", ["no_service", "invalid_token", "channel_is_archived"])
def test_slack_refusals_are_permanent(slack, sandbox, kind):
    sandbox.fault("slack", "webhook", kind, times=9)

    with pytest.raises(AlertFailed) as caught:
        slack.send("alert")

    assert caught.value.context["reason"] == kind
    assert sandbox.state("slack")["counters"]["webhook"] == 1
