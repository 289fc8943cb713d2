from dataclasses import replace
from typing import Any

import pytest
from rule_world import CATALOG, EVENING, decide, shop_secrets

from booking_sms.domain.booking import BookingOption, BookingStatus
from booking_sms.domain.decision import Decision
from booking_sms.domain.errors import (
    MessageTextMissing,
    SecretMissing,
    TextNotEncodable,
    TextNotLawful,
    TextTooLong,
    TextUnresolved,
    UnknownStore,
)
from booking_sms.domain.korean_text import korean_date
from booking_sms.domain.message import MessageType, sens_bytes
from booking_sms.domain.payload_fields import PayloadFields
from booking_sms.domain.template import MessageCatalog, MessageTemplate
from booking_sms.pipeline.render import render
from booking_sms.testing import NOW, InMemorySecretSource, make_booking, make_ledger_row


def guide(**booking: Any) -> Decision:
    rows = (make_ledger_row(booking_num=f"{booking.get('store_id', '900101')}_7000000001"),)
    from datetime import timedelta

    return decide(make_booking(starts_in=timedelta(hours=1), **booking), rows=rows).decisions[0]


def event() -> Decision:
    done = make_booking(status=BookingStatus.COMPLETED, options=(BookingOption(name="인스타"),))
    return decide(done, rows=(make_ledger_row(),), as_of=EVENING).decisions[0]


def saying(text: str, **template: Any) -> MessageCatalog:
    fields = {"name": "guide", "subject": "안내", "text": text, **template}
    return MessageCatalog(
        templates={"guide": MessageTemplate(**fields), "event": MessageTemplate(**fields)},
        replacements=CATALOG.messages.replacements,
    )


def rendered(text: str, decision: Decision | None = None, **template: Any) -> str:
    catalog = saying(text, **template)
    return render(decision or guide(), CATALOG.stores, catalog, shop_secrets()).content


def test_a_guide_carries_door_code_and_wifi_of_its_store() -> None:
    message = render(guide(store_id="900103"), CATALOG.stores, CATALOG.messages, shop_secrets())

    assert "0103#" in message.content
    assert "byeolbit-3 / wifi-0000" in message.content
    assert message.sender == "15990103"
    assert message.subject == "[별빛스튜디오] 이용 안내"
    assert (message.message_type, message.message_class) == ("LMS", "information")
    assert message.bytes_used == sens_bytes(message.content)


@pytest.mark.parametrize("store_id", sorted(CATALOG.stores.stores))
def test_every_store_has_a_guide_of_its_own(store_id: str) -> None:
    contents = {
        render(guide(store_id=store), CATALOG.stores, CATALOG.messages, shop_secrets()).content
        for store in CATALOG.stores.stores
    }

    assert len(contents) == len(CATALOG.stores.stores)
    assert (
        "{"
        not in render(
            guide(store_id=store_id), CATALOG.stores, CATALOG.messages, shop_secrets()
        ).content
    )


def test_confirmation_and_event_come_from_the_default_sender() -> None:
    confirm = decide(make_booking(store_id="900103")).decisions[0]

    for decision in (confirm, event()):
        message = render(decision, CATALOG.stores, CATALOG.messages, shop_secrets())
        assert message.sender == "15990100"


def test_the_event_says_that_it_is_advertising() -> None:
    message = render(event(), CATALOG.stores, CATALOG.messages, shop_secrets())

    assert message.content.startswith("(광고) 별빛스튜디오\n")
    assert message.content.endswith("\n무료수신거부 080-000-0100")
    assert message.subject.startswith("(광고)")
    assert message.message_class == "advertising"


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("{{ booking.nickname }}", id="unknown field"),
        pytest.param("{{ store.lift_code }}", id="fact that the store lacks"),
        pytest.param("{{ nobody }}", id="unknown variable"),
        pytest.param("{{ booking.name.__class__ }}", id="out of the sandbox"),
        pytest.param("{{ booking.name + 1 }}", id="arithmetic on a text"),
        pytest.param("{{ 1 // 0 }}", id="division by zero"),
        pytest.param("{{ booking.coupon_name }}", id="a coupon that there is not"),
        pytest.param("{{ booking.options }}", id="a list"),
        pytest.param("{{ booking.starts_at }}", id="an instant without a filter"),
        pytest.param("{{ booking.fields.request }}", id="null"),
        pytest.param("{{ booking.fields.request.strip() }}", id="a method of null"),
        pytest.param("{{ booking.fields.totalPrice | korean_date }}", id="a number as a date"),
        pytest.param("{{ booking.fields.fee | won }}", id="words as an amount"),
        pytest.param("{{ booking.name | particle('을/은') }}", id="no pair of particles"),
        pytest.param("{{ '%(a)s' | format(b=1) }}", id="a key that is not there"),
    ],
)
def test_what_cannot_be_filled_in_is_never_sent(text: str) -> None:
    odd = PayloadFields({"request": None, "totalPrice": 30000, "fee": "무료"})

    with pytest.raises(TextUnresolved, match="template=guide") as caught:
        rendered(text, guide(fields=odd))

    assert "김시험" not in str(caught.value)


@pytest.mark.parametrize("name", ["김시험", "O'Neil", 'a "b"'])
def test_the_reason_names_the_variable_and_never_the_person(name: str) -> None:
    with pytest.raises(TextUnresolved, match="has no attribute 'nickname'"):
        rendered("{{ booking.nickname }}", guide(name=name))
    with pytest.raises(TextUnresolved) as caught:
        rendered("{{ booking[booking.name] }}", guide(name=name))
    assert name not in str(caught.value)


def test_a_missing_secret_holds_only_texts_that_use_it() -> None:
    nothing = InMemorySecretSource()

    assert render(guide(), CATALOG.stores, saying("문의"), nothing).content == "문의"
    with pytest.raises(SecretMissing, match=r"900101#door_code"):
        render(guide(), CATALOG.stores, CATALOG.messages, nothing)


def test_texts_may_speak_of_the_booking() -> None:
    text = "{{ booking.name }} {{ booking.date }} {{ booking.time }} {{ booking.phone_masked }}"

    assert rendered(text) == "김시험 3월 2일(월) 15:00 010-****-1234"
    assert korean_date(NOW) == "3월 2일(월)"


FULL = {
    "options": (
        BookingOption(name="전문가 보정 A", quantity=2),
        BookingOption(name="전문가 보정 B"),
        BookingOption(name="사진 보정 추가", quantity=3),
        BookingOption(name="사진 보정 추가"),
    ),
    "fields": PayloadFields({
        "totalPrice": 30000,
        "snapshotJson": {"bizItemName": "흑백 촬영", "couponJson": [{"couponName": "평일 1시간"}]},
    }),
}


@pytest.mark.parametrize(
    ("variable", "text"),
    [
        ("booking_num", "900101_7000000001"),
        ("book_id", "7000000001"),
        ("biz_id", "900101"),
        ("name", "김시험"),
        ("phone", "01000001234"),
        ("phone | phone", "010-0000-1234"),
        ("phone_masked", "010-****-1234"),
        ("phone_last4", "1234"),
        ("booking_time", "2026-03-02 15:00:00"),
        ("reserve_at | korean_date", "3월 2일(월)"),
        ("starts_at | korean_time", "오후 3시"),
        ("ends_at | korean_time", "오후 4시"),
        ("status", "confirmed"),
        ("option", "전문가 보정 A, 전문가 보정 B, 사진 보정 추가"),
        ("option_keywords | join('/')", "전문가 보정 A/전문가 보정 B/사진 보정 추가"),
        ("options | length", "4"),
        ("coupon_name", "평일 1시간"),
        ("has_pro_edit_option | lower", "true"),
        ("pro_edit_count", "3"),
        ("has_edit_add_person_option | lower", "true"),
        ("edit_add_person_count", "4"),
        ("fields.totalPrice | won", "30,000원"),
        ("fields.snapshotJson.bizItemName", "흑백 촬영"),
        ("fields['snapshotJson.couponJson.0.couponName']", "평일 1시간"),
    ],
)
def test_every_variable_says_what_the_manual_says(variable: str, text: str) -> None:
    assert rendered(f"{{{{ booking.{variable} }}}}", guide(**FULL)) == text


def test_a_booking_without_options_says_so_in_each_of_its_words() -> None:
    text = (
        "{{ booking.has_pro_edit_option or booking.has_edit_add_person_option or booking.option"
        " or 'none' }}{{ booking.pro_edit_count + booking.edit_add_person_count }}"
        "{% if booking.coupon_name is defined %}coupon{% endif %}"
    )

    assert rendered(text) == "none0"


def test_declared_characters_are_replaced_and_others_refused() -> None:
    assert rendered("• 문의 – 1\u00a0층\u200b") == "· 문의 - 1 층"
    with pytest.raises(TextNotEncodable, match="U\\+1F600"):
        rendered("안내 😀")


def test_a_name_with_an_emoji_is_refused_too() -> None:
    with pytest.raises(TextNotEncodable):
        rendered("{{ booking.name }}님", guide(name="별😀"))


def test_blank_lines_and_endings_are_kept_as_written() -> None:
    assert rendered("\n안내\n\n  끝\n        ") == "\n안내\n\n  끝\n        "


def test_block_tags_leave_no_empty_lines() -> None:
    text = "첫째\n{% if booking.name %}\n둘째\n{% endif %}\n셋째"

    assert rendered(text) == "첫째\n둘째\n셋째"


def test_oversize_is_refused_before_the_gateway_cuts_it() -> None:
    with pytest.raises(TextTooLong, match="bytes=2002"):
        rendered("가" * 1001)


def test_a_subject_that_grows_with_the_booking_is_measured_at_render() -> None:
    with pytest.raises(TextTooLong, match="limit=33"):
        rendered("안내", guide(name="가" * 20), subject="{{ booking.name }}")


def test_short_texts_become_sms_only_where_the_template_leaves_it_open() -> None:
    for form, expected in (("auto", MessageType.SMS), ("LMS", MessageType.LMS)):
        message = render(guide(), CATALOG.stores, saying("안내", form=form), shop_secrets())
        assert message.message_type is expected


def test_an_advertising_text_without_its_lines_is_refused_at_render_too() -> None:
    with pytest.raises(TextNotLawful):
        rendered("후기를 남겨 주세요", event())


def test_unknown_store_and_missing_text_are_errors() -> None:
    with pytest.raises(UnknownStore, match="999999"):
        render(guide(store_id="999999"), CATALOG.stores, CATALOG.messages, shop_secrets())
    with pytest.raises(MessageTextMissing, match="store=900101"):
        rendered(None, store_texts={"900102": "안내"})  # type: ignore[arg-type]


def test_the_template_digest_follows_the_source_and_not_the_booking() -> None:
    def digest(text: str, name: str) -> str:
        decision = guide(name=name)
        return render(decision, CATALOG.stores, saying(text), shop_secrets()).template_digest

    assert digest("{{ booking.name }}", "김") == digest("{{ booking.name }}", "이")
    assert digest("가", "김") != digest("나", "김")


def test_a_store_without_its_own_text_gets_the_common_guide() -> None:
    stores = {
        **CATALOG.stores.stores,
        "900109": replace(CATALOG.stores.get("900101"), store_id="900109"),
    }
    directory = replace(CATALOG.stores, stores=stores)

    message = render(guide(store_id="900109"), directory, CATALOG.messages, shop_secrets())

    assert "■ 출입문 비밀번호\n" in message.content


def test_content_does_not_show_in_a_repr() -> None:
    message = render(guide(), CATALOG.stores, CATALOG.messages, shop_secrets())

    assert "0101#" not in repr(message)
