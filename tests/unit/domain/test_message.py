import pytest
from hypothesis import given
from hypothesis import strategies as st

from booking_sms.domain.errors import (
    MessageTextMissing,
    TextNotEncodable,
    TextNotLawful,
    TextTooLong,
)
from booking_sms.domain.message import (
    MessageType,
    choose_type,
    is_encodable,
    outside_euc_kr,
    sens_bytes,
)
from booking_sms.domain.sms_job import attempt_reference
from booking_sms.domain.template import (
    OWN_SUBJECT_BYTES,
    REFERENCE_BYTES,
    MessageCatalog,
    MessageTemplate,
    check_advertising,
    check_subject,
)
from booking_sms.testing import make_job


@pytest.mark.parametrize(
    ("text", "size"),
    [("abc\n", 4), ("가", 2), ("뷁", 2), ("별빛 1", 6), ("■①℃", 6), ("", 0)],
)
def test_bytes_are_counted_as_the_gateway_counts(text: str, size: int) -> None:
    assert sens_bytes(text) == size


@pytest.mark.parametrize("character", ["😀", "•", "–", "₩", "é", "\u00a0", "\u200b"])
def test_characters_that_cannot_be_sent_are_named_by_code_point(character: str) -> None:
    assert not is_encodable(character)
    with pytest.raises(TextNotEncodable, match=rf"U\+{ord(character):04X}") as caught:
        sens_bytes(f"문의 {character}")
    assert "문의" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "flagged"),
    [
        pytest.param("별빛 ■①℃￦…", "", id="all of it is EUC-KR"),
        pytest.param("뷁", "U+BDC1", id="a syllable of cp949 alone"),
        pytest.param("힣똠펲뷁뷁", "U+B620 U+BDC1 U+D3B2 U+D7A3", id="each once"),
        pytest.param("😀", "", id="not sendable at all: refused elsewhere"),
        pytest.param("", "", id="nothing"),
    ],
)
def test_characters_outside_euc_kr_are_flagged(text: str, flagged: str) -> None:
    assert outside_euc_kr(text) == flagged


def test_every_syllable_is_either_euc_kr_or_flagged() -> None:
    syllables = [chr(code) for code in range(0xAC00, 0xD7A4)]

    assert sum(not outside_euc_kr(one) for one in syllables) == 2350
    assert {sens_bytes(one) for one in syllables} == {2}


@given(st.text(max_size=60))
def test_counting_never_fails_otherwise(text: str) -> None:
    try:
        assert len(text) <= sens_bytes(text) <= 2 * len(text)
    except TextNotEncodable:
        assert not all(map(is_encodable, text))


@pytest.mark.parametrize(
    ("characters", "expected"),
    [
        pytest.param(89, MessageType.SMS, id="89 bytes"),
        pytest.param(90, MessageType.SMS, id="90 bytes"),
        pytest.param(91, MessageType.LMS, id="91 bytes"),
        pytest.param(2000, MessageType.LMS, id="2000 bytes"),
    ],
)
def test_the_form_is_chosen_by_bytes(characters: int, expected: MessageType) -> None:
    assert choose_type("a" * characters, force_lms=False) is expected


def test_the_long_form_can_be_forced() -> None:
    assert choose_type("짧은 글", force_lms=True) is MessageType.LMS


def test_what_the_gateway_would_cut_is_refused() -> None:
    with pytest.raises(TextTooLong, match="bytes=2002"):
        choose_type("가" * 1001, force_lms=False)
    with pytest.raises(TextTooLong, match="bytes=2001"):
        choose_type("가" * 1000 + "a", force_lms=True)


def test_a_subject_leaves_room_for_the_attempt_reference() -> None:
    check_subject("가" * 16 + "a")
    with pytest.raises(TextTooLong, match="limit=33"):
        check_subject("가" * 17)


def test_the_reserved_bytes_are_those_of_a_reference() -> None:
    assert sens_bytes(" " + attempt_reference(make_job(), 1)) == REFERENCE_BYTES
    assert OWN_SUBJECT_BYTES == 33


LAWFUL = "(광고) 별빛스튜디오\n후기 부탁드려요\n무료수신거부 080-000-0100"


@pytest.mark.parametrize(
    ("text", "missing"),
    [
        pytest.param(LAWFUL.removeprefix("(광고) "), "begins with", id="no label"),
        pytest.param("[광고] " + LAWFUL.removeprefix("(광고) "), "begins with", id="variant label"),
        pytest.param("\n" + LAWFUL, "begins with", id="label not first"),
        pytest.param(LAWFUL.replace("별빛스튜디오", "사진관"), "names the sender", id="no sender"),
        pytest.param(LAWFUL + "\n감사합니다", "ends with", id="refusal not last"),
        pytest.param(LAWFUL.replace("080-000-0100", ""), "ends with", id="no free number"),
        pytest.param("", "begins with", id="empty"),
    ],
)
def test_an_advertising_text_says_what_it_is_and_how_to_refuse(text: str, missing: str) -> None:
    check_advertising(LAWFUL, "별빛스튜디오")
    with pytest.raises(TextNotLawful, match=missing):
        check_advertising(text, "별빛스튜디오")


def test_a_store_s_own_text_goes_before_the_common_one() -> None:
    template = MessageTemplate(name="guide", subject="s", text="common", store_texts={"1": "own"})

    assert (template.text_for("1"), template.text_for("2")) == ("own", "common")
    assert template.digest_for("1") != template.digest_for("2")
    assert dict(template.sources) == {"text": "common", "stores.1": "own"}


def test_a_missing_text_is_an_error_that_names_store_and_template() -> None:
    template = MessageTemplate(name="guide", subject="s", store_texts={"1": "own"})
    catalog = MessageCatalog(templates={"guide": template})

    with pytest.raises(MessageTextMissing, match="template=guide, store=2"):
        catalog.get("guide").text_for("2")
    with pytest.raises(MessageTextMissing, match="template=nobody"):
        catalog.get("nobody")
