"""The sandbox's Bot API: chats, texts, markup, floods, and the lies it can tell."""

import json

import httpx
import pytest
from vendor_world import VendorWorld

from sandbox.faults import Fault
from sandbox.sens.connection import ConnectionDropped
from sandbox.service import DeclaresFaults, ServiceState
from sandbox.telegram.entities import plain_text
from sandbox.telegram.errors import CannotParse
from sandbox.telegram.models import FAULT_KINDS, TelegramState
from sandbox.telegram.urls import routes

CHAT = "-100900000001"
TOKEN = "100000001:sandbox-bot"


class Bot:
    """Calls the API as a bot does."""

    def __init__(self) -> None:
        self.world = VendorWorld()
        self.client = self.world.client(routes)

    def call(self, method: str, *, token: str = TOKEN, **fields: object) -> httpx.Response:
        return self.client.post(f"/bot{token}/{method}", json=fields)

    def say(self, text: object = "안녕", **fields: object) -> httpx.Response:
        return self.call("sendMessage", **({"chat_id": CHAT, "text": text} | fields))


@pytest.fixture
def bot() -> Bot:
    return Bot()


def error(answer: httpx.Response) -> tuple[int, str]:
    body = answer.json()
    assert body["ok"] is False
    assert body["error_code"] == answer.status_code
    return body["error_code"], body["description"]


def test_message_comes_back_with_id_chat_and_text(bot):
    answer = bot.say("오늘 요약").json()

    result = answer["result"]
    assert answer["ok"] is True
    assert (result["message_id"], result["text"], result["date"]) == (1, "오늘 요약", 1771066800)
    assert result["chat"] == {"id": -100900000001, "type": "supergroup"}
    assert result["from"]["is_bot"] is True


def test_form_json_and_query_are_all_taken(bot):
    path = f"/bot{TOKEN}/sendMessage"
    bot.client.post(path, data={"chat_id": CHAT, "text": "폼"})
    bot.client.post(path, json={"chat_id": int(CHAT), "text": "JSON"})
    bot.client.get(path, params={"chat_id": CHAT, "text": "주소"})

    assert [one.shown for one in bot.world.telegram.messages] == ["폼", "JSON", "주소"]


def test_get_me_names_the_bot_and_method_names_ignore_case(bot):
    assert bot.call("getme").json()["result"]["id"] == 100000001


def test_wrong_token_is_401(bot):
    assert error(bot.call("getMe", token="1:other")) == (401, "Unauthorized")


def test_unknown_method_is_404(bot):
    assert error(bot.call("sendSticker")) == (404, "Not Found")


@pytest.mark.parametrize(
    ("chat_id", "code", "description"),
    [
        ("", 400, "Bad Request: chat_id is empty"),
        ("-100999", 400, "Bad Request: chat not found"),
        ("7", 403, "Forbidden: bot was blocked by the user"),
    ],
)
def test_chats_the_bot_cannot_write_to(bot, chat_id, code, description):
    bot.world.telegram.configure({"blocked_chats": ["7"]})

    assert error(bot.say(chat_id=chat_id)) == (code, description)
    assert not bot.world.telegram.messages


def test_migrated_group_tells_its_new_id(bot):
    bot.world.telegram.configure({"migrated_chats": {"-5": -100900000005}})

    answer = bot.say(chat_id="-5").json()

    assert answer["error_code"] == 400
    assert answer["parameters"] == {"migrate_to_chat_id": -100900000005}


def test_more_chats_can_be_known(bot):
    bot.world.telegram.configure({"chats": ["42", "@byeolbit", "-7"]})

    kinds = [
        bot.say(chat_id=chat).json()["result"]["chat"]["type"] for chat in ("42", "@byeolbit", "-7")
    ]

    assert kinds == ["private", "channel", "group"]


@pytest.mark.parametrize("text", ["", "  \n"])
def test_empty_text_is_refused(bot, text):
    assert error(bot.say(text)) == (400, "Bad Request: message text is empty")


@pytest.mark.parametrize(("length", "status"), [(4096, 200), (4097, 400)])
def test_text_of_more_than_4096_characters_is_refused(bot, length, status):
    assert bot.say("가" * length).status_code == status


def test_length_is_counted_after_the_markup_is_taken_out(bot):
    assert bot.say("<b>" + "가" * 4096 + "</b>", parse_mode="HTML").status_code == 200


def test_unknown_parse_mode_is_refused(bot):
    assert error(bot.say(parse_mode="RTF"))[1] == "Bad Request: unsupported parse_mode"


@pytest.mark.parametrize(
    ("mode", "text", "shown"),
    [
        ("", "1 < 2 & *3*", "1 < 2 & *3*"),
        ("HTML", "<b>굵게</b> &lt;3 &amp; 5 > 4 & x", "굵게 <3 & 5 > 4 & x"),
        ("HTML", '<a href="https://a.example/">여기</a>\n<pre><code>x</code></pre>', "여기\nx"),
        ("html", "<i>a</>", "a"),
        ("Markdown", "*굵게* _기울임_ `a_b` [여기](https://a.example/x_y)", "굵게 기울임 a_b 여기"),
        ("Markdown", "S1\\_예약 2.14 (토) 010-0000", "S1_예약 2.14 (토) 010-0000"),
        (
            "MarkdownV2",
            "*굵게* _기울임_ __밑줄__ ~선~ ||숨김|| `a.b`",
            "굵게 기울임 밑줄 선 숨김 a.b",
        ),
        (
            "MarkdownV2",
            "2026\\-02\\-14 20:00 \\(토\\) 5,000원\\!",
            "2026-02-14 20:00 (토) 5,000원!",
        ),
        ("MarkdownV2", "[여기](https://a.example/\\)) ```\n1.5\n```", "여기 \n1.5\n"),
        ("MarkdownV2", ">인용\n*안 _둘_*", "인용\n안 둘"),
    ],
)
def test_markup_that_is_right_is_taken_out(mode, text, shown):
    assert plain_text(text, mode) == shown


@pytest.mark.parametrize(
    ("mode", "text", "reason"),
    [
        ("HTML", "1 < 2", 'Unsupported start tag "" at byte offset 2'),
        ("HTML", "가<div>", 'Unsupported start tag "div" at byte offset 3'),
        ("HTML", "<b>굵게", 'Can\'t find end tag corresponding to start tag "b"'),
        ("HTML", "</b>", "Unexpected end tag at byte offset 0"),
        ("HTML", "<b><i>x</b></i>", 'expected "</i>", found "</b>"'),
        ("HTML", "<b", "Unclosed start tag"),
        ("Markdown", "a_b", "Can't find end of the entity starting at byte offset 1"),
        ("Markdown", "[여기", "Can't find end of the entity"),
        ("MarkdownV2", "2026-02-14", "Character '-' is reserved"),
        ("MarkdownV2", "010-0000", "must be escaped with the preceding '\\'"),
        ("MarkdownV2", "끝.", "Character '.' is reserved"),
        ("MarkdownV2", "(토)", "Character '(' is reserved"),
        ("MarkdownV2", "a > b", "Character '>' is reserved"),
        ("MarkdownV2", "wow!", "Character '!' is reserved"),
        ("MarkdownV2", "a]", "Character ']' is reserved"),
        ("MarkdownV2", "*굵게", "Can't find end of Bold entity at byte offset 0"),
        ("MarkdownV2", "가_나", "Can't find end of Italic entity at byte offset 3"),
        ("MarkdownV2", "[여기", "Can't find end of Link entity"),
        ("MarkdownV2", "```x", "Can't find end of Pre entity"),
    ],
)
def test_markup_that_is_wrong_says_where(mode, text, reason):
    with pytest.raises(CannotParse) as refused:
        plain_text(text, mode)

    assert reason in refused.value.description


def test_broken_markup_drops_the_message(bot):
    code, description = error(bot.say("3 < 4", parse_mode="HTML"))

    assert code == 400
    assert description.startswith("Bad Request: can't parse entities: ")
    assert not bot.world.telegram.messages


def test_too_many_messages_close_every_chat_for_a_while(bot):
    bot.world.telegram.configure({"per_chat_interval_s": 1, "chats": ["42"]})
    bot.say()
    bot.world.now.advance(0.5)

    refused = bot.say()
    elsewhere = bot.say(chat_id="42")
    bot.world.now.advance(1)

    assert refused.json()["parameters"] == {"retry_after": 1}
    assert error(refused) == (429, "Too Many Requests: retry after 1")
    assert elsewhere.status_code == 429
    assert bot.say().status_code == 200


# -- updates -------------------------------------------------------------------------------------


def test_updates_are_given_until_confirmed_by_a_higher_offset(bot):
    bot.world.telegram.configure({
        "incoming": [{"text": "ack"}, {"text": "stop", "chat_id": "42", "from": "operator"}]
    })

    both = bot.call("getUpdates").json()["result"]
    limited = bot.call("getUpdates", limit=1).json()["result"]
    rest = bot.call("getUpdates", offset=both[1]["update_id"]).json()["result"]
    none = bot.call("getUpdates", offset=both[1]["update_id"] + 1).json()["result"]

    assert [one["message"]["text"] for one in both] == ["ack", "stop"]
    assert limited == both[:1]
    assert rest == both[1:]
    assert rest[0]["message"]["from"]["first_name"] == "operator"
    assert none == []


def test_negative_offset_counts_from_the_end(bot):
    for text in ("a", "b", "c"):
        bot.world.telegram.hear(text)

    kept = bot.call("getUpdates", offset=-1).json()["result"]

    assert [one["message"]["text"] for one in kept] == ["c"]


# -- faults --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "params", "code"),
    [
        ("refuse", {"error_code": 418, "description": "no"}, 418),
        ("unauthorized", {}, 401),
        ("chat_not_found", {}, 400),
        ("text_empty", {}, 400),
        ("too_long", {}, 400),
        ("cannot_parse", {}, 400),
        ("blocked", {}, 403),
        ("migrated", {"to": -100900000007}, 400),
        ("too_many_requests", {"retry_after": 5, "hold": False}, 429),
        ("http_500", {}, 500),
    ],
)
def test_every_documented_error_can_be_scripted(bot, kind, params, code):
    bot.world.fault("telegram", "sendMessage", kind, **params)

    assert error(bot.say())[0] == code
    assert not bot.world.telegram.messages
    assert bot.say().status_code == 200


def test_scripted_flood_lasts_as_long_as_it_says(bot):
    bot.world.fault("telegram", "sendMessage", "too_many_requests", retry_after=5)

    first = bot.say().json()
    bot.world.now.advance(3)
    second = bot.say().json()
    bot.world.now.advance(3)

    assert first["parameters"] == {"retry_after": 5}
    assert second["parameters"] == {"retry_after": 2}
    assert bot.say().status_code == 200


def test_front_server_answers_html(bot):
    bot.world.fault("telegram", "sendMessage", "http_502")

    answer = bot.say()

    assert (answer.status_code, answer.headers["content-type"][:9]) == (502, "text/html")


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        ("hang_before_accept", 0),
        ("drop_before_accept", 0),
        ("hang_after_accept", 1),
        ("drop_after_accept", 1),
    ],
)
def test_lost_answer(bot, kind, said):
    bot.world.fault("telegram", "sendMessage", kind, seconds=0)

    with pytest.raises(ConnectionDropped):
        bot.say()

    assert len(bot.world.telegram.messages) == said


@pytest.mark.parametrize("kind", ["accept_cut_body", "accept_html_body"])
def test_unreadable_answer(bot, kind):
    bot.world.fault("telegram", "sendMessage", kind)

    answer = bot.say()

    assert answer.status_code == 200
    with pytest.raises(json.JSONDecodeError):
        answer.json()
    assert len(bot.world.telegram.messages) == 1


def test_fault_can_be_narrowed_to_a_chat(bot):
    bot.world.telegram.configure({"chats": ["42"]})
    fault = Fault("telegram", "sendMessage", "blocked", match={"chat_id": "42"})
    bot.world.context.faults.add(fault)

    assert bot.say().status_code == 200
    assert bot.say(chat_id="42").status_code == 403


def test_unknown_fault_is_loud(bot):
    bot.world.fault("telegram", "sendMessage", "explode")

    with pytest.raises(ValueError, match="explode"):
        bot.say()


def test_every_fault_kind_has_a_test():
    with open(__file__, encoding="utf-8") as source:
        text = source.read()

    assert [kind for kind in FAULT_KINDS if f'"{kind}"' not in text] == []


# -- state ---------------------------------------------------------------------------------------


def test_state_is_what_the_kernel_expects_and_survives_a_restart(bot):
    bot.say("<b>요약</b>", parse_mode="HTML", disable_notification=True)
    bot.world.telegram.hear("ack")
    state = bot.world.telegram

    copy = TelegramState(bot.world.now)
    copy.restore(json.loads(json.dumps(state.dump())))

    assert isinstance(state, ServiceState)
    assert isinstance(state, DeclaresFaults)
    assert copy.dump() == state.dump()
    assert copy.hear("next").update_id == 2
    assert copy.messages[0].options == {"disable_notification": True}


def test_reset_forgets_everything(bot):
    bot.say()
    bot.world.telegram.configure({"chat_id": "42"})

    bot.world.telegram.reset()

    assert bot.world.telegram.dump() == TelegramState(bot.world.now).dump()


@pytest.mark.parametrize(
    ("values", "named"),
    [
        ({"token": "x"}, "telegram.token"),
        ({"per_chat_interval_s": -1}, "telegram.per_chat_interval_s"),
        ({"incoming": ["ack"]}, "telegram.incoming"),
    ],
)
def test_unfit_setting_is_refused_by_its_name(bot, values, named):
    with pytest.raises(ValueError, match=named.replace(".", r"\.")):
        bot.world.telegram.configure(values)
