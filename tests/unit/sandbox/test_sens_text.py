"""Bytes and characters: what is cut, what cannot be sent, and who says so."""

import pytest
from vendor_world import SensCaller, VendorWorld

from sandbox.sens.charset import byte_length, cut, unencodable
from sandbox.sens.urls import routes

RARE = "뷁"  # in CP949, not among the 2,350 syllables of EUC-KR


@pytest.fixture
def sens() -> SensCaller:
    world = VendorWorld()
    return SensCaller(world, world.client(routes))


@pytest.mark.parametrize(
    ("text", "length"),
    [("a\n", 2), ("가", 2), ("가나a", 5), ("…·’“￦€★①㎡→", 20), (RARE, 2), ("", 0)],
)
def test_bytes_are_those_of_the_korean_charset(text, length):
    assert byte_length(text, "cp949") == length


@pytest.mark.parametrize("char", ["😀", "•", "–", "₩", "✓", "é", "\u00a0", "\u200b", "\ud83d"])
def test_some_characters_cannot_be_written(char):
    assert unencodable(f"가{char}나", "cp949") == char


def test_rare_syllable_counts_as_two_bytes_in_either_charset():
    assert byte_length(RARE + "가a", "euc-kr") == byte_length(RARE + "가a", "cp949") == 5


def test_strict_euc_kr_refuses_the_rare_syllables():
    assert unencodable(RARE, "cp949") == ""
    assert unencodable(RARE, "euc-kr") == RARE


@pytest.mark.parametrize(
    ("text", "limit", "kept"),
    [("가나", 4, "가나"), ("가나", 3, "가"), ("가나", 1, ""), ("ab가", 3, "ab")],
)
def test_cut_never_leaves_half_a_character(text, limit, kept):
    assert cut(text, limit, "cp949") == kept


@pytest.mark.parametrize(
    ("content", "sent_bytes"),
    [
        pytest.param("가" * 44 + "a", 89, id="89"),
        pytest.param("가" * 45, 90, id="90"),
        pytest.param("가" * 45 + "a", 90, id="91"),
    ],
)
def test_sms_is_cut_at_90_bytes_and_still_sent(sens, content, sent_bytes):
    answer = sens.send(type="SMS", subject=None, content=content)

    (message,) = sens.world.sens.messages.values()
    assert answer.status_code == 202
    assert (message.original_bytes, message.sent_bytes) == (
        byte_length(content, "cp949"),
        sent_bytes,
    )
    assert message.truncated == (message.original_bytes > 90)


@pytest.mark.parametrize(("extra", "truncated"), [("", False), ("a", True)])
def test_lms_is_cut_at_2000_bytes(sens, extra, truncated):
    sens.send(content="가" * 1000 + extra)

    (message,) = sens.world.sens.messages.values()
    assert message.sent_bytes == 2000
    assert message.truncated is truncated


def test_look_ups_return_the_content_as_requested_not_as_sent(sens):
    long = "가" * 46
    sens.send(type="SMS", subject=None, content=long)

    (message,) = sens.world.sens.messages.values()
    assert sens.only_row()["content"] == long
    assert message.sent_content == "가" * 45


def test_subject_over_40_bytes_is_cut_by_default(sens):
    sens.send(subject="가" * 19 + " K7Q2")

    (message,) = sens.world.sens.messages.values()
    assert message.sent_subject == "가" * 19 + " K"


def test_subject_over_40_bytes_can_be_refused(sens):
    sens.world.sens.configure({"oversize_subject": "refuse"})

    assert sens.send(subject="가" * 20).status_code == 202
    assert sens.send(subject="가" * 20 + "a").status_code == 400


def test_unsupported_emoji_makes_an_accepted_message_fail_with_3022(sens):
    answer = sens.send(content="어서오세요 😀")

    sens.world.now.advance(3)
    row = sens.only_row()
    assert answer.status_code == 202
    assert (row["status"], row["statusName"], row["statusCode"]) == ("COMPLETED", "fail", "3022")


def test_unsupported_emoji_can_be_refused_at_once(sens):
    sens.world.sens.configure({"unencodable": "refuse"})

    assert sens.send(subject="안내 😀").status_code == 400


@pytest.mark.parametrize(("charset", "code"), [("cp949", "0"), ("euc-kr", "3022")])
def test_charset_decides_about_rare_syllables(sens, charset, code):
    sens.world.sens.configure({"charset": charset})
    sens.send(content=RARE)

    sens.world.now.advance(3)
    assert sens.only_row()["statusCode"] == code
