"""Whatever a notice says, Slack would show it: the simulated Slack checks the limits itself."""

from __future__ import annotations

import json

import httpx
from hypothesis import given
from hypothesis import strategies as st

from booking_sms.adapters.alerts import SlackChannel
from booking_sms.notify import block_kit
from booking_sms.notify.ways import SlackWay, TextWay, subject_of
from booking_sms.testing import RecordingAlertChannel
from sandbox.slack.blocks import check_blocks

LINKS = {"Dashboard": "http://127.0.0.1/d", "Logs": "http://127.0.0.1/l", "Runbook": "http://x"}
texts = st.text(alphabet=st.sampled_from("a&<> 가😀\n"), max_size=400).map(lambda text: text * 20)


@given(st.text(min_size=1, max_size=300), st.lists(texts, max_size=60), st.booleans())
def test_every_message_is_inside_the_limits(heading, lines, linked):
    message = block_kit.message(heading, lines, LINKS if linked else {})

    blocks = check_blocks(message["blocks"], text_cap=13_200)
    assert len(blocks) <= 50
    assert blocks[0]["type"] == "header"
    assert message["text"]


def test_a_notice_is_a_header_a_section_and_its_buttons():
    message = block_kit.message("[HIGH] x <y>", ["a & b", "since: now"], LINKS)

    assert message == {
        "text": "[HIGH] x &lt;y&gt;",
        "blocks": [
            {"type": "header", "text": {"type": "plain_text", "text": "[HIGH] x <y>"}},
            {
                "type": "section",
                "text": {"type": "mrkdwn", "text": "a &amp; b\nsince: now", "verbatim": True},
            },
            {
                "type": "actions",
                "elements": [
                    {"type": "button", "text": {"type": "plain_text", "text": label}, "url": url}
                    for label, url in LINKS.items()
                ],
            },
        ],
    }


def test_never_more_than_five_buttons_and_none_without_an_address():
    many = {f"b{n}": f"http://127.0.0.1/{n}" for n in range(9)} | {"none": ""}

    assert len(block_kit.message("x", [], many)["blocks"][-1]["elements"]) == 5
    assert [b["type"] for b in block_kit.message("x", [], {"none": ""})["blocks"]] == ["header"]


def test_the_evidence_is_the_status_and_the_hash_of_what_was_posted():
    import hashlib

    bodies = []

    def answer(request):
        bodies.append(request.content)
        return httpx.Response(200, text="ok")

    slack = SlackChannel("https://hooks.slack.com/x", transport=httpx.MockTransport(answer))
    receipt = SlackWay(slack).deliver("[INFO] test", ["line"], LINKS)

    assert receipt.status == 200
    assert receipt.reference == hashlib.sha256(bodies[0]).hexdigest()
    assert json.loads(bodies[0])["blocks"][0]["text"]["text"] == "[INFO] test"


def test_the_owner_reads_plain_text_with_addresses():
    channel = RecordingAlertChannel("telegram")
    TextWay(channel).deliver("[CRITICAL] x", ["where: y"], {"Runbook": "http://127.0.0.1/r"})

    assert channel.texts == ["[CRITICAL] x\nwhere: y\nRunbook: http://127.0.0.1/r"]


def test_a_subject_is_what_sns_takes():
    assert subject_of("[HIGH] 시험점 failed\n now") == "HIGH failed now"
    assert len(subject_of("x" * 300)) < 100
    assert subject_of("한글") == "booking_sms"
