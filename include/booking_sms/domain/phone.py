"""Korean-first phone numbers: one parser, defined outcomes, nothing sliced blindly."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

import phonenumbers

from booking_sms.domain.errors import PhoneInvalid


class PhoneKind(StrEnum):
    """What a number is; only mobile and safe (050x) numbers receive our texts."""

    MOBILE = "mobile"
    SAFE = "safe"
    LANDLINE = "landline"
    FOREIGN = "foreign"
    MASKED = "masked"
    EMPTY = "empty"
    INVALID = "invalid"


TEXTABLE = frozenset({PhoneKind.MOBILE, PhoneKind.SAFE})


@dataclass(frozen=True, kw_only=True)
class PhoneNumber:
    """A parsed number. ``digits`` is the national form SENS wants (digits only)."""

    kind: PhoneKind
    digits: str = field(default="", repr=False)

    @property
    def is_textable(self) -> bool:
        """Whether a Korean text message can reach it."""
        return self.kind in TEXTABLE


def parse_phone(raw: str | None) -> PhoneNumber:
    """Parse what Naver gave. Never raises: odd numbers have a kind of their own."""
    text = (raw or "").strip()
    if not text:
        return PhoneNumber(kind=PhoneKind.EMPTY)
    if "*" in text or "X" in text.upper():
        return PhoneNumber(kind=PhoneKind.MASKED)
    if not text.isascii():
        return PhoneNumber(kind=PhoneKind.INVALID)
    try:
        number = phonenumbers.parse(text, "KR")
    except phonenumbers.NumberParseException:
        return PhoneNumber(kind=PhoneKind.INVALID)
    if number.country_code != 82:
        return PhoneNumber(kind=PhoneKind.FOREIGN)
    digits = "0" + str(number.national_number)
    return PhoneNumber(kind=_korean_kind(digits), digits=digits)


def _korean_kind(digits: str) -> PhoneKind:
    """Kind by numbering plan: 01x mobile, 050x safe, 02..06x landline.

    The plan's prefixes decide, not the carrier's blocks: 010-0xxx numbers are well-formed.
    """
    if digits.startswith("01") and len(digits) in (10, 11):
        return PhoneKind.MOBILE
    if digits.startswith("050") and len(digits) in (11, 12):
        return PhoneKind.SAFE
    if digits[:2] in {"02", "03", "04", "05", "06", "07"} and 9 <= len(digits) <= 11:
        return PhoneKind.LANDLINE
    return PhoneKind.INVALID


def textable_digits(raw: str | None) -> str:
    """Digits to send to; raise PhoneInvalid (with the kind only) when no text can arrive."""
    number = parse_phone(raw)
    if not number.is_textable:
        raise PhoneInvalid(kind=number.kind.value)
    return number.digits


def recipient_of(raw: str) -> str:
    """Digits to send to where a text can arrive, else what Naver gave without hyphens.

    Names the recipient of a decision before guards judge it; use textable_digits to send.
    """
    number = parse_phone(raw)
    return number.digits if number.is_textable else raw.replace("-", "")


def written_phone(raw: str) -> str:
    """As people write it: ``010-0000-1234``, ``02-000-0000``, ``0504-0000-1234``, ``1599-0100``.

    A number of no known form, a masked one for instance, is left as it is.
    """
    digits = "".join(ch for ch in raw if ch.isascii() and ch.isdigit())
    if not set(raw.strip()) <= set("0123456789- "):
        return raw
    if len(digits) == 8 and digits[0] == "1":
        return f"{digits[:4]}-{digits[4:]}"
    area = _area_digits(digits)
    middle = len(digits) - area - 4
    if area == 0 or middle not in (3, 4):
        return raw
    return f"{digits[:area]}-{digits[area:-4]}-{digits[-4:]}"


def _area_digits(digits: str) -> int:
    """Length of the part before the first hyphen; 0 for no Korean number."""
    if not digits.startswith("0"):
        return 0
    if digits.startswith("02"):
        return 2
    return 4 if digits.startswith("050") else 3


def mask_phone(digits: str) -> str:
    """``010-****-1234`` style mask: first three, last four; short ones become ``****``."""
    plain = "".join(ch for ch in digits if ch.isdigit())
    return f"{plain[:3]}-****-{plain[-4:]}" if len(plain) >= 8 else "****"


def ledger_phone(raw: str) -> str:
    """LEGACY's ledger key: hyphens after three and seven digits, whatever the number is.

    Used for keys of the legacy table only; recipients are always parsed.
    """
    return f"{raw[:3]}-{raw[3:7]}-{raw[7:]}"
