"""docs/messages.md says what the code does: variables, filters, characters, phones, settings."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from booking_sms.config.catalog_loader import load_catalog
from booking_sms.config.settings import Settings
from booking_sms.domain.errors import TextNotEncodable
from booking_sms.domain.korean_text import PARTICLES, with_particle
from booking_sms.domain.message import (
    LMS_LIMIT_BYTES,
    SMS_LIMIT_BYTES,
    outside_euc_kr,
    sens_bytes,
)
from booking_sms.domain.payload_fields import PayloadFields
from booking_sms.domain.phone import parse_phone
from booking_sms.domain.rule import ADVERTISING_HOURS
from booking_sms.domain.template import OWN_SUBJECT_BYTES
from booking_sms.domain.text_language import FILTERS
from booking_sms.pipeline.services import DispatchPolicy
from booking_sms.pipeline.text_values import booking_values, personal_values
from booking_sms.testing import make_booking

PAGE = Path(__file__).resolve().parents[2] / "docs" / "messages.md"
TEXT = PAGE.read_text(encoding="utf-8")
CODE = re.compile(r"`([^`]+)`")


def rows(header: str) -> Iterator[list[str]]:
    """Cells of the table below this header line."""
    _, _, rest = TEXT.partition(f"| {header} |")
    assert rest, f"no table {header}"
    for line in rest.splitlines()[2:]:
        if not line.startswith("|"):
            return
        yield [cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]]


def test_every_variable_is_in_the_table_and_nothing_else() -> None:
    coupon = PayloadFields({"snapshotJson": {"couponJson": [{"couponName": "평일"}]}})
    booking = make_booking(fields=coupon)
    named = {name for row in rows("`booking.` | value") for name in CODE.findall(row[0])}

    assert named == {*booking_values(booking), *personal_values(booking)}


def test_every_filter_is_in_the_table_with_every_pair_of_particles() -> None:
    found = {CODE.findall(row[0])[0].partition("(")[0]: row for row in rows("filter | of | gives")}

    assert set(found) == set(FILTERS)
    pairs = set(re.findall(r"[가-힣]+/[가-힣]+", found["particle"][2]))
    assert {PARTICLES[pair] for pair in pairs} == set(PARTICLES.values())


@pytest.mark.parametrize(
    ("word", "pair"),
    [
        ("서울", "으로/로"),
        ("강남점", "으로/로"),
        ("별빛(본점)", "을/를"),
        ("LMS", "을/를"),
        ("é", "을/를"),
    ],
)
def test_the_particles_that_are_shown_are_those_that_are_written(word: str, pair: str) -> None:
    assert with_particle(word, pair) in TEXT.replace("**", "")


def test_limits_are_those_of_the_code() -> None:
    said = " ".join(row[0] for row in rows("the text | outcome"))

    for limit in (SMS_LIMIT_BYTES, SMS_LIMIT_BYTES + 1, LMS_LIMIT_BYTES, LMS_LIMIT_BYTES + 1):
        assert f"{limit:,}" in said
    assert f"over {OWN_SUBJECT_BYTES} bytes" in said


def test_replacements_are_those_of_the_table() -> None:
    replaced = load_catalog(PAGE.parents[1] / "include", "legacy").messages.replacements

    (row,) = [one for one in rows("the text | outcome") if one[0].startswith("•")]
    visible = [char for char in row[0].split(",")[0] if char != " "]
    assert [replaced[char] for char in visible] == row[1].split(",")[0].split()
    assert (replaced["\u00a0"], replaced["₩"], replaced["\u200b"]) == (" ", "￦", "")
    assert outside_euc_kr("뷁") == "U+BDC1"
    for char in "é😀":
        with pytest.raises(TextNotEncodable):
            sens_bytes(char)


def test_every_phone_that_is_shown_has_the_kind_that_is_said() -> None:
    seen = set()
    for numbers, kind, outcome in rows("Naver gave | kind | outcome"):
        shown = [number for number in CODE.findall(numbers) if "..." not in number]
        for number in shown:
            parsed = parse_phone(number)
            assert parsed.kind == kind, number
            assert parsed.is_textable == (outcome == "sent")
        seen.add(kind)
        assert outcome == "sent" or f"PhoneInvalid kind={kind}" in outcome
    assert seen == {"mobile", "safe", "landline", "foreign", "masked", "empty", "invalid"}


def test_hours_gap_and_cap_are_those_of_the_code() -> None:
    said = {what: how for what, how in rows("what | how")}

    opens, closes = str(ADVERTISING_HOURS).split("-")
    assert said["hours"].startswith(f"{opens} to {closes} ")
    assert f"({Settings().advertising_gap_days}; 0 = none)" in said["gap"]
    assert said["cap"].startswith(f"{DispatchPolicy().daily_advertising_cap} a day")
    assert f"({Settings().monthly_reserve_percent}) percent" in said["cap"]
