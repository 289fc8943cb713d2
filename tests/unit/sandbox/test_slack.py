"""The sandbox's Slack: webhooks, chat.postMessage, Block Kit limits, and the lies it can tell."""

import json
from typing import Any

import httpx
import pytest
from vendor_world import VendorWorld

from sandbox.sens.connection import ConnectionDropped
from sandbox.service import DeclaresFaults, ServiceState
from sandbox.slack.errors import WEB_API_ERRORS, WEBHOOK_STATUS
from sandbox.slack.models import FAULT_KINDS, SlackState
from sandbox.slack.urls import routes

HOOK = "T0SANDBOX/B0SANDBOX/sandbox-webhook"
CHANNEL = "C0SANDBOX"


class Poster:
    """Posts as an app does."""

    def __init__(self) -> None:
        self.world = VendorWorld()
        self.client = self.world.client(routes)

    def hook(self, payload: object = None, *, path: str = HOOK) -> httpx.Response:
        body = {"text": "알림"} if payload is None else payload
        return self.client.post(f"/services/{path}", json=body)

    def api(self, *, token: str = "sandbox-slack-bot-token", **fields: Any) -> httpx.Response:
        body = {"channel": CHANNEL, "text": "알림"} | fields
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        return self.client.post("/api/chat.postMessage", json=body, headers=headers)


@pytest.fixture
def slack() -> Poster:
    return Poster()


def mrkdwn(text: str) -> dict[str, Any]:
    return {"type": "mrkdwn", "text": text}


def plain(text: str) -> dict[str, Any]:
    return {"type": "plain_text", "text": text}


def section(text: str = "x", **more: Any) -> dict[str, Any]:
    return {"type": "section", "text": mrkdwn(text)} | more


def button(text: str = "열기", **more: Any) -> dict[str, Any]:
    return {"type": "button", "text": plain(text)} | more


# -- webhook -------------------------------------------------------------------------------------


def test_webhook_answers_a_plain_ok(slack):
    answer = slack.hook({"text": "예약 알림"})

    assert (answer.status_code, answer.text) == (200, "ok")
    assert answer.headers["content-type"].startswith("text/plain")
    (message,) = slack.world.slack.messages
    assert (message.channel, message.text) == ("#sms-alerts", "예약 알림")
    assert message.via == "webhook"


def test_webhook_takes_a_form_with_payload(slack):
    payload = json.dumps({"text": "폼"})

    answer = slack.client.post(f"/services/{HOOK}", data={"payload": payload})

    assert answer.text == "ok"


def test_webhook_cannot_choose_another_channel(slack):
    slack.hook({"text": "x", "channel": "#general", "username": "someone"})

    assert slack.world.slack.messages[0].channel == "#sms-alerts"


@pytest.mark.parametrize(
    ("path", "word", "status"),
    [
        ("T0OTHER/B0SANDBOX/sandbox-webhook", "no_team", 404),
        ("T0SANDBOX/B0OTHER/sandbox-webhook", "no_service", 404),
        ("T0SANDBOX/B0SANDBOX/other", "invalid_token", 403),
        ("T0SANDBOX", "no_service_id", 400),
    ],
)
def test_wrong_address_says_which_part_is_wrong(slack, path, word, status):
    answer = slack.hook(path=path)

    assert (answer.status_code, answer.text) == (status, word)


@pytest.mark.parametrize(
    ("content", "word"),
    [
        (b"", "invalid_payload"),
        (b"text", "invalid_payload"),
        (b"[]", "invalid_payload"),
        (b"{}", "no_text"),
        (b'{"text": "  "}', "no_text"),
        (b'{"blocks": []}', "no_text"),
    ],
)
def test_payload_without_sense_or_text_is_400(slack, content, word):
    answer = slack.client.post(f"/services/{HOOK}", content=content)

    assert (answer.status_code, answer.text) == (400, word)


def test_archived_channel_is_410(slack):
    slack.world.slack.configure({"archived": ["#sms-alerts"]})

    answer = slack.hook()

    assert (answer.status_code, answer.text) == (410, "channel_is_archived")


@pytest.mark.parametrize(("count", "word"), [(100, "ok"), (101, "too_many_attachments")])
def test_hundred_attachments_are_the_limit(slack, count, word):
    assert slack.hook({"attachments": [{"text": "x"}] * count}).text == word


def test_text_over_40000_characters_is_cut(slack):
    slack.hook({"text": "가" * 40_001})

    (message,) = slack.world.slack.messages
    assert (len(message.text), message.truncated) == (40_000, True)


def test_rate_limit_is_429_with_retry_after(slack):
    slack.world.slack.configure({"rate_limit_per_s": 1})
    slack.hook()

    refused = slack.hook()
    by_api = slack.api(channel="#sms-alerts")
    slack.world.now.advance(1)

    assert (refused.status_code, refused.headers["retry-after"]) == (429, "1")
    assert (by_api.status_code, by_api.json()["error"]) == (429, "ratelimited")
    assert slack.hook().text == "ok"


# -- Block Kit -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "block",
    [
        pytest.param(section("x" * 3000), id="section of 3000"),
        pytest.param({"type": "section", "fields": [mrkdwn("x" * 1000)] * 10}, id="10 fields"),
        pytest.param({"type": "section", "fields": [mrkdwn("x" * 2000)]}, id="field of 2000"),
        pytest.param({"type": "header", "text": plain("x" * 150)}, id="header of 150"),
        pytest.param({"type": "context", "elements": [mrkdwn("x")] * 10}, id="context of 10"),
        pytest.param({"type": "actions", "elements": [button()] * 25}, id="actions of 25"),
        pytest.param({"type": "actions", "elements": [button("x" * 75)]}, id="button of 75"),
        pytest.param(section(block_id="x" * 255), id="block_id of 255"),
        pytest.param(section(accessory=button(url="https://a.example/")), id="accessory"),
        pytest.param({"type": "divider"}, id="divider"),
        pytest.param(
            {"type": "image", "image_url": "https://a.example/a.png", "alt_text": "a"}, id="image"
        ),
        pytest.param(
            {"type": "context", "elements": [{"type": "image", "image_url": "u", "alt_text": "a"}]},
            id="image in context",
        ),
    ],
)
def test_block_at_its_limit_is_shown(slack, block):
    assert slack.hook({"text": "x", "blocks": [block]}).text == "ok"


@pytest.mark.parametrize(
    "block",
    [
        pytest.param(section("x" * 3001), id="section of 3001"),
        pytest.param(section(""), id="empty section text"),
        pytest.param({"type": "section"}, id="section of nothing"),
        pytest.param({"type": "section", "text": "x"}, id="text is no object"),
        pytest.param({"type": "section", "text": {"type": "html", "text": "x"}}, id="html"),
        pytest.param({"type": "section", "fields": [mrkdwn("x")] * 11}, id="11 fields"),
        pytest.param({"type": "section", "fields": [mrkdwn("x" * 2001)]}, id="field of 2001"),
        pytest.param({"type": "header", "text": plain("x" * 151)}, id="header of 151"),
        pytest.param({"type": "header", "text": mrkdwn("x")}, id="mrkdwn header"),
        pytest.param({"type": "context", "elements": [mrkdwn("x")] * 11}, id="context of 11"),
        pytest.param({"type": "context", "elements": []}, id="empty context"),
        pytest.param({"type": "actions", "elements": [button()] * 26}, id="actions of 26"),
        pytest.param({"type": "actions", "elements": [button("x" * 76)]}, id="button of 76"),
        pytest.param({"type": "actions", "elements": [button(url="x" * 3001)]}, id="button url"),
        pytest.param({"type": "actions", "elements": [button(value="x" * 2001)]}, id="value"),
        pytest.param({"type": "actions", "elements": [button(action_id="x" * 256)]}, id="action"),
        pytest.param({"type": "actions", "elements": ["x"]}, id="element is no object"),
        pytest.param({"type": "actions", "elements": [{"type": "image"}]}, id="bare element"),
        pytest.param(section(block_id="x" * 256), id="block_id of 256"),
        pytest.param(section(accessory=button("x" * 76)), id="accessory of 76"),
        pytest.param({"type": "image", "image_url": "https://a.example/"}, id="no alt_text"),
        pytest.param({"type": "image", "alt_text": "a"}, id="no image_url"),
        pytest.param({"type": "marquee"}, id="unknown type"),
        pytest.param({}, id="no type"),
    ],
)
def test_block_over_its_limit_loses_the_whole_message(slack, block):
    by_hook = slack.hook({"text": "x", "blocks": [block]})
    by_api = slack.api(blocks=[block])

    assert (by_hook.status_code, by_hook.text) == (400, "invalid_blocks")
    assert (by_api.status_code, by_api.json()["error"]) == (200, "invalid_blocks")
    assert not slack.world.slack.messages


@pytest.mark.parametrize(("count", "word"), [(50, "ok"), (51, "invalid_blocks")])
def test_fifty_blocks_are_the_limit(slack, count, word):
    assert slack.hook({"blocks": [{"type": "divider"}] * count, "text": "x"}).text == word


def test_block_id_may_not_be_used_twice(slack):
    blocks = [section(block_id="same"), section(block_id="same")]

    assert slack.hook({"blocks": blocks}).text == "invalid_blocks"


@pytest.mark.parametrize("blocks", ["text", {"type": "section"}, ["text"]])
def test_blocks_must_be_an_array_of_objects(slack, blocks):
    assert slack.hook({"text": "x", "blocks": blocks}).text == "invalid_blocks_format"


@pytest.mark.parametrize(("extra", "word"), [(0, "ok"), (1, "msg_blocks_too_long")])
def test_all_text_of_a_message_has_a_cap(slack, extra, word):
    blocks = [section("x" * 3000)] * 4 + [section("x" * (1200 + extra))]

    assert slack.hook({"blocks": blocks}).text == word


def test_blocks_inside_attachments_are_checked_too(slack):
    attachment = {"blocks": [section("x" * 3001)]}

    assert slack.hook({"attachments": [attachment]}).text == "invalid_blocks"


# -- chat.postMessage ----------------------------------------------------------------------------


def test_post_message_answers_with_a_ts(slack):
    answer = slack.api(thread_ts="1.2").json()

    assert answer["ok"] is True
    assert answer["ts"] == "1771066800.000001"
    assert slack.world.slack.messages[0].thread_ts == "1.2"


def test_post_message_takes_a_form_with_blocks_as_json(slack):
    fields = {
        "channel": CHANNEL,
        "token": "sandbox-slack-bot-token",
        "blocks": json.dumps([section("폼")]),
    }

    answer = slack.client.post("/api/chat.postMessage", data=fields)

    assert answer.json()["ok"] is True


@pytest.mark.parametrize(
    ("fields", "word"),
    [
        ({"token": ""}, "not_authed"),
        ({"token": "other"}, "invalid_auth"),
        ({"channel": ""}, "channel_not_found"),
        ({"channel": "C0UNKNOWN"}, "channel_not_found"),
        ({"channel": "C0QUIET"}, "not_in_channel"),
        ({"channel": "C0OLD"}, "is_archived"),
        ({"text": ""}, "no_text"),
        ({"attachments": [{}] * 101}, "too_many_attachments"),
        ({"blocks": "no json"}, "invalid_blocks_format"),
    ],
)
def test_post_message_refuses_with_http_200_and_ok_false(slack, fields, word):
    slack.world.slack.configure({"channels": [CHANNEL, "C0QUIET", "C0OLD"], "archived": ["C0OLD"]})

    answer = slack.api(**fields)

    assert answer.status_code == 200
    assert (answer.json()["ok"], answer.json()["error"]) == (False, word)


def test_post_message_without_a_json_object_has_no_token(slack):
    headers = {"Content-Type": "application/json"}

    answer = slack.client.post("/api/chat.postMessage", content=b"[", headers=headers)

    assert answer.json()["error"] == "not_authed"


def test_unknown_method_is_named_so(slack):
    assert slack.client.post("/api/chat.shout").json()["error"] == "unknown_method"


# -- faults --------------------------------------------------------------------------------------


@pytest.mark.parametrize(("word", "status"), sorted(WEBHOOK_STATUS.items()))
def test_every_webhook_word_can_be_scripted(slack, word, status):
    slack.world.fault("slack", "webhook", word)

    answer = slack.hook()

    assert (answer.status_code, answer.text) == (status, word)
    assert slack.hook().text == "ok"


@pytest.mark.parametrize("word", WEB_API_ERRORS)
def test_every_web_api_error_can_be_scripted(slack, word):
    slack.world.fault("slack", "chat.postMessage", word)

    assert slack.api().json() == {"ok": False, "error": word}
    assert slack.api().json()["ok"] is True


def test_any_word_and_status_can_be_scripted(slack):
    slack.world.fault("slack", "webhook", "refuse", word="new_word", status=418)

    answer = slack.hook()

    assert (answer.status_code, answer.text) == (418, "new_word")


@pytest.mark.parametrize(("hold", "second"), [(False, 200), (True, 429)])
def test_scripted_rate_limit(slack, hold, second):
    slack.world.fault("slack", "webhook", "rate_limited", retry_after=7, hold=hold)

    answer = slack.hook()

    assert (answer.status_code, answer.headers["retry-after"]) == (429, "7")
    assert slack.hook().status_code == second


@pytest.mark.parametrize(("kind", "status"), [("http_500", 500), ("http_503", 503)])
def test_server_trouble(slack, kind, status):
    slack.world.fault("slack", "webhook", kind)

    assert slack.hook().status_code == status
    assert not slack.world.slack.messages


@pytest.mark.parametrize(
    ("kind", "posted"),
    [
        ("hang_before_accept", 0),
        ("drop_before_accept", 0),
        ("hang_after_accept", 1),
        ("drop_after_accept", 1),
    ],
)
def test_lost_answer(slack, kind, posted):
    slack.world.fault("slack", "webhook", kind, seconds=0)

    with pytest.raises(ConnectionDropped):
        slack.hook()

    assert len(slack.world.slack.messages) == posted


@pytest.mark.parametrize(
    ("kind", "text"), [("accept_cut_body", "o"), ("accept_html_body", "<html>")]
)
def test_unreadable_answer(slack, kind, text):
    slack.world.fault("slack", "webhook", kind)

    answer = slack.hook()

    assert answer.text.startswith(text)
    assert answer.text != "ok"
    assert len(slack.world.slack.messages) == 1


def test_unknown_fault_is_loud(slack):
    slack.world.fault("slack", "webhook", "explode")

    with pytest.raises(ValueError, match="explode"):
        slack.hook()


def test_every_fault_kind_has_a_test():
    with open(__file__, encoding="utf-8") as source:
        text = source.read()

    words = {*WEBHOOK_STATUS, *WEB_API_ERRORS}
    assert [kind for kind in FAULT_KINDS if kind not in words and f'"{kind}"' not in text] == []


# -- state ---------------------------------------------------------------------------------------


def test_state_is_what_the_kernel_expects_and_survives_a_restart(slack):
    slack.hook({"text": "x", "blocks": [section("굵게")]})
    state = slack.world.slack

    copy = SlackState(slack.world.now)
    copy.restore(json.loads(json.dumps(state.dump())))

    assert isinstance(state, ServiceState)
    assert isinstance(state, DeclaresFaults)
    assert copy.dump() == state.dump()


def test_reset_forgets_everything(slack):
    slack.hook()
    slack.world.slack.configure({"archived": ["#sms-alerts"]})

    slack.world.slack.reset()

    assert slack.world.slack.dump() == SlackState(slack.world.now).dump()


def test_unfit_setting_is_refused_by_its_name(slack):
    with pytest.raises(ValueError, match=r"slack\.webhook: "):
        slack.world.slack.configure({"webhook": "x"})
