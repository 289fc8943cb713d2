"""Phones: each odd number has a defined outcome, and nothing is ever sliced blindly."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from booking_sms.domain.errors import PhoneInvalid
from booking_sms.domain.phone import (
    PhoneKind,
    ledger_phone,
    mask_phone,
    parse_phone,
    recipient_of,
    textable_digits,
    written_phone,
)

OLD_MOBILE = "011" + "0001234"  # ten digits, from before 010


@pytest.mark.parametrize(
    ("raw", "kind", "digits"),
    [
        pytest.param("01000001234", PhoneKind.MOBILE, "01000001234", id="mobile"),
        pytest.param("010-0000-1234", PhoneKind.MOBILE, "01000001234", id="hyphens"),
        pytest.param(" 010 0000 1234 ", PhoneKind.MOBILE, "01000001234", id="blanks"),
        pytest.param("+82 10-0000-1234", PhoneKind.MOBILE, "01000001234", id="country code"),
        pytest.param(OLD_MOBILE, PhoneKind.MOBILE, OLD_MOBILE, id="ten digits"),
        pytest.param("1000001234", PhoneKind.MOBILE, "01000001234", id="ten digits, lost zero"),
        pytest.param("050000001234", PhoneKind.SAFE, "050000001234", id="safe, twelve digits"),
        pytest.param("05000001234", PhoneKind.SAFE, "05000001234", id="safe, eleven digits"),
        pytest.param("02-000-0000", PhoneKind.LANDLINE, "020000000", id="landline"),
        pytest.param("070-0000-0000", PhoneKind.LANDLINE, "07000000000", id="internet phone"),
        pytest.param("+1 202 555 0100", PhoneKind.FOREIGN, "", id="foreign"),
        pytest.param("010-****-1234", PhoneKind.MASKED, "", id="masked by stars"),
        pytest.param("010XXXX1234", PhoneKind.MASKED, "", id="masked by letters"),
        pytest.param("", PhoneKind.EMPTY, "", id="empty"),
        pytest.param("   ", PhoneKind.EMPTY, "", id="blank"),
        pytest.param(None, PhoneKind.EMPTY, "", id="none"),
        pytest.param("번호 없음", PhoneKind.INVALID, "", id="words"),
        pytest.param("12", PhoneKind.INVALID, "012", id="too short"),
        pytest.param("15990100", PhoneKind.INVALID, "015990100", id="representative"),
        pytest.param("０１０00001234", PhoneKind.INVALID, "", id="full-width digits"),
    ],
)
def test_every_number_has_a_defined_outcome(raw: str | None, kind: PhoneKind, digits: str) -> None:
    number = parse_phone(raw)

    assert (number.kind, number.digits) == (kind, digits)


@pytest.mark.parametrize("raw", ["01000001234", OLD_MOBILE, "050000001234"])
def test_mobile_and_safe_numbers_receive_texts(raw: str) -> None:
    assert textable_digits(raw) == raw


@pytest.mark.parametrize("raw", ["02-000-0000", "+1 202 555 0100", "010-****-1234", "", "12"])
def test_other_numbers_are_refused_without_being_shown(raw: str) -> None:
    with pytest.raises(PhoneInvalid) as caught:
        textable_digits(raw)

    assert str(caught.value).endswith(f"(kind={parse_phone(raw).kind.value})")


@given(st.text(max_size=40))
def test_no_text_makes_the_parser_fail(raw: str) -> None:
    number = parse_phone(raw)

    assert number.is_textable is (number.kind in {PhoneKind.MOBILE, PhoneKind.SAFE})
    assert not number.is_textable or number.digits.isdigit()


@given(st.from_regex(r"0100[0-9]{7}", fullmatch=True), st.sampled_from(["", "-", " "]))
def test_separators_do_not_change_the_number(digits: str, separator: str) -> None:
    written = separator.join((digits[:3], digits[3:7], digits[7:]))

    assert textable_digits(written) == digits


@given(st.text(alphabet="0123456789-+ ", max_size=20))
def test_a_parsed_number_parses_to_itself(raw: str) -> None:
    number = parse_phone(raw)

    assert not number.is_textable or parse_phone(number.digits) == number


@given(st.from_regex(r"0100[0-9]{7}", fullmatch=True))
def test_masks_show_three_and_four_digits(digits: str) -> None:
    assert mask_phone(digits) == f"{digits[:3]}-****-{digits[-4:]}"


@given(st.from_regex(r"050[0-9]{8,9}", fullmatch=True))
def test_every_safe_number_receives_texts_as_it_is(digits: str) -> None:
    assert textable_digits(digits) == digits


@given(
    st.one_of(
        st.from_regex(r"0(2|3[1-3]|4[1-4]|5[1-5]|6[1-4]|70)[0-9]{7,8}", fullmatch=True),
        st.from_regex(r"\+(1|81|86|49)[0-9]{9,10}", fullmatch=True),
        st.from_regex(r"010-[*]{4}-[0-9]{4}", fullmatch=True),
    )
)
def test_no_other_number_does_and_its_digits_are_not_told(raw: str) -> None:
    with pytest.raises(PhoneInvalid) as caught:
        textable_digits(raw)

    assert not any(ch.isdigit() for ch in str(caught.value))


@given(st.from_regex(r"1000[0-9]{6}", fullmatch=True))
def test_a_mobile_that_lost_its_first_zero_is_understood(raw: str) -> None:
    assert textable_digits(raw) == f"0{raw}"


def test_short_numbers_are_masked_whole() -> None:
    assert mask_phone("0100") == "****"


@pytest.mark.parametrize(
    ("raw", "key"),
    [
        ("01000001234", "010-0000-1234"),
        (OLD_MOBILE, "011-0001-234"),
        ("050000001234", "050-0000-01234"),
        ("", "--"),
    ],
)
def test_ledger_keys_are_sliced_as_the_predecessor_sliced(raw: str, key: str) -> None:
    assert ledger_phone(raw) == key


def test_a_recipient_that_cannot_be_texted_keeps_what_was_given() -> None:
    assert recipient_of("02-000-0000") == "020000000"
    assert recipient_of("+82 10-0000-1234") == "01000001234"


@pytest.mark.parametrize(
    ("raw", "written"),
    [
        pytest.param("01000001234", "010-0000-1234", id="mobile"),
        pytest.param("010 0000-1234", "010-0000-1234", id="oddly parted"),
        pytest.param(OLD_MOBILE, "011-000-1234", id="ten digits"),
        pytest.param("020000000", "02-000-0000", id="Seoul, nine digits"),
        pytest.param("0200000000", "02-0000-0000", id="Seoul, ten digits"),
        pytest.param("0310000000", "031-000-0000", id="province"),
        pytest.param("07000000000", "070-0000-0000", id="internet phone"),
        pytest.param("050400001234", "0504-0000-1234", id="safe, twelve digits"),
        pytest.param("05040001234", "0504-000-1234", id="safe, eleven digits"),
        pytest.param("0800000100", "080-000-0100", id="free of charge"),
        pytest.param("15990100", "1599-0100", id="representative"),
        pytest.param("010-****-1234", "010-****-1234", id="masked"),
        pytest.param("+1 202 555 0100", "+1 202 555 0100", id="foreign"),
        pytest.param("12", "12", id="too short"),
        pytest.param("", "", id="empty"),
    ],
)
def test_numbers_are_written_as_people_write_them(raw: str, written: str) -> None:
    assert written_phone(raw) == written


@given(st.text(alphabet="0123456789- ", max_size=16))
def test_writing_a_number_keeps_its_digits_and_is_done_once(raw: str) -> None:
    written = written_phone(raw)

    assert [ch for ch in written if ch.isdigit()] == [ch for ch in raw if ch.isdigit()]
    assert written_phone(written) == written


def test_numbers_do_not_show_in_a_repr() -> None:
    assert "1234" not in repr(parse_phone("01000001234"))
