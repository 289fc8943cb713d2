"""The inbox: each text as the phone has it, as a page and as JSON."""

import pytest
from starlette.testclient import TestClient
from vendor_world import OTHER_PHONE, PHONE, SensCaller, VendorWorld

from sandbox.inbox.models import readable
from sandbox.inbox.responses import dashed, emphasised
from sandbox.inbox.urls import routes
from sandbox.sens.urls import routes as sens_routes


class Neighbourhood:
    """A world whose SENS can be called and whose inbox can be read."""

    def __init__(self) -> None:
        self.world = VendorWorld()
        self.sens = SensCaller(self.world, self.world.client(sens_routes))
        self.inbox: TestClient = self.world.client(routes)

    def page(self, path: str = "/") -> str:
        answer = self.inbox.get(path)
        assert answer.status_code == 200
        return answer.text

    def texts(self, **query: str) -> list[dict[str, object]]:
        return self.inbox.get("/inbox.json", params=query).json()


@pytest.fixture
def near() -> Neighbourhood:
    return Neighbourhood()


def test_empty_inbox_is_a_page(near):
    assert "No text was sent yet" in near.page()
    assert near.texts() == []


def test_json_tells_what_the_phone_got(near):
    near.sens.send()
    near.world.now.advance(3)

    (text,) = near.texts()
    assert text.pop("message_id")
    assert text.pop("request_id")
    assert text == {
        "to": PHONE,
        "from": "15990100",
        "type": "LMS",
        "contentType": "COMM",
        "subject": "별빛 예약 안내 K7Q2",
        "content": "예약이 확정되었습니다.",
        "bytes": 22,
        "requested_bytes": 22,
        "truncated": False,
        "requested_at": "2026-02-14T20:00:00.000+09:00",
        "status": "COMPLETED",
        "status_code": "0",
        "status_name": "success",
        "status_message": "success",
        "state": "delivered",
    }


def test_text_on_its_way_has_no_result_yet(near):
    near.sens.send()

    (text,) = near.texts()

    assert (text["status"], text["status_code"], text["state"]) == ("READY", "", "on its way")


def test_failed_text_says_why(near):
    near.sens.send(content="이모지 😀")
    near.world.now.advance(3)

    (text,) = near.texts()
    page = near.page()

    assert (text["state"], text["status_code"]) == ("failed", "3022")
    assert "not delivered · 3022" in page


def test_cut_text_is_shown_as_it_arrived_with_a_warning(near):
    near.sens.send(type="SMS", subject=None, content="가" * 46)

    (text,) = near.texts()
    page = near.page()

    assert (text["content"], text["bytes"], text["requested_bytes"]) == ("가" * 45, 90, 92)
    assert "cut at 90 of 92 bytes" in page
    assert "가" * 46 not in page


def test_reserved_text_waits(near):
    near.sens.send(reserveTime="2026-02-14 21:00")

    assert near.texts()[0]["state"] == "reserved"


def test_texts_are_grouped_by_phone_newest_last(near):
    near.sens.send(content="첫째")
    near.sens.send(content="딴 전화", messages=[{"to": OTHER_PHONE}])
    near.world.now.advance(1)
    near.sens.send(content="둘째")

    page = near.page()

    assert page.index("첫째") < page.index("둘째") < page.index("딴 전화")
    assert page.count('class="phone"') == 2


def test_one_phone_can_be_looked_at_alone(near):
    near.sens.send(content="여기")
    near.sens.send(content="저기", messages=[{"to": OTHER_PHONE}])

    page = near.page(f"/inbox?to={OTHER_PHONE}")

    assert "저기" in page
    assert "여기" not in page
    assert [text["content"] for text in near.texts(to=PHONE)] == ["여기"]


def test_duplicate_rows_of_the_list_are_one_text_on_the_phone(near):
    near.world.fault("sens", "send", "duplicate_rows")
    near.sens.send()

    assert len(near.texts()) == 1


def test_everything_shown_is_escaped(near):
    near.sens.send(subject="<i>x</i>", content="<script>alert(1)</script>")
    near.world.telegram.say("-1", "<b>t</b>", "<b>t</b>", "", {})
    near.world.slack.post("#x", {"text": "&lt;img src=x&gt;"}, "webhook")

    page = near.page()

    assert "<script" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert "<b>t</b>" not in page
    assert "<img" not in page


def test_page_loads_nothing_from_anywhere(near):
    near.sens.send(content="길 안내 https://a.example/map")

    answer = near.inbox.get("/")

    assert answer.headers["content-security-policy"].startswith("default-src 'none'")
    assert 'src="' not in answer.text
    assert 'href="https' not in answer.text


def test_half_a_surrogate_pair_does_not_break_the_page(near):
    near.sens.send(content="깨진 \ud83d 글자")

    assert "깨진 ? 글자" in near.page()


def test_advertising_is_marked(near):
    near.sens.send(contentType="AD")

    assert 'class="tag ad"' in near.page()


def test_telegram_shows_what_a_person_reads(near):
    near.world.telegram.say("-100900000001", "<b>요약</b> 3건", "요약 3건", "HTML", {})

    page = near.page()
    notes = near.inbox.get("/inbox/notes.json").json()

    assert "요약 3건" in page
    assert notes["telegram"][0]["text"] == "요약 3건"
    assert notes["telegram"][0]["place"] == "-100900000001"


def test_slack_blocks_are_shown_in_order(near):
    blocks = [
        {"type": "header", "text": {"type": "plain_text", "text": "발송 실패"}},
        {"type": "divider"},
        {"type": "section", "text": {"type": "mrkdwn", "text": "*S1* <https://a.example|기록>"}},
        {"type": "section", "fields": [{"type": "mrkdwn", "text": "14:00"}]},
        {"type": "context", "elements": [{"type": "mrkdwn", "text": "runbook"}]},
        {
            "type": "actions",
            "elements": [{"type": "button", "text": {"type": "plain_text", "text": "열기"}}],
        },
    ]
    near.world.slack.post("#sms-alerts", {"text": "fallback", "blocks": blocks}, "webhook")

    (note,) = near.inbox.get("/inbox/notes.json").json()["slack"]

    assert note["text"] == "발송 실패\n\n*S1* 기록\n14:00\nrunbook\n열기"
    assert "fallback" not in near.page()


def test_slack_text_and_attachments_without_blocks(near):
    attachments = [{"title": "제목", "text": "본문", "blocks": [{"type": "divider"}]}, "odd"]
    near.world.slack.post("#sms-alerts", {"text": "알림", "attachments": attachments}, "webhook")

    (note,) = near.inbox.get("/inbox/notes.json").json()["slack"]

    assert note["text"] == "알림\n제목\n본문\n"


@pytest.mark.parametrize(
    ("number", "shown"),
    [
        ("01000000011", "010-0000-0011"),
        ("050700000011", "0507-0000-0011"),
        ("15990100", "1599-0100"),
        ("0100000011", "010-000-0011"),
        ("114", "114"),
    ],
)
def test_numbers_look_as_on_a_phone(number, shown):
    assert dashed(number) == shown


def test_slack_markup_is_readable():
    assert readable("<!here> <https://a.example|글> <https://b.example> &lt;3 &amp; more") == (
        "!here 글 https://b.example <3 & more"
    )


def test_slack_emphasis_is_bold_and_still_escaped():
    assert emphasised("*<b>S1</b>* 2*3*4") == "<b>&lt;b&gt;S1&lt;/b&gt;</b> 2*3*4"


def test_page_of_a_crowd_is_cut_and_says_so(near):
    crowd = [{"to": f"0100001{n:04d}"} for n in range(100)]
    near.sens.send(messages=crowd)
    near.sens.send()

    page = near.page()

    assert page.count('class="phone"') == 100
    assert "1 more phones" in page
    assert len(near.texts()) == 101
