"""Message classes, byte counting as SENS counts, and the rendered text of one message."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from booking_sms.domain.errors import TextNotEncodable, TextTooLong

SMS_LIMIT_BYTES = 90
LMS_LIMIT_BYTES = 2000
SUBJECT_LIMIT_BYTES = 40
MOST_FLAGGED = 5
"""Code points that a job carries; enough to find the rest."""


class MessageClass(StrEnum):
    """Legal class; mixed texts are advertising (Network Act art. 50)."""

    INFORMATION = "information"
    ADVERTISING = "advertising"


class MessageType(StrEnum):
    """SENS wire type, chosen by bytes."""

    SMS = "SMS"
    LMS = "LMS"


@dataclass(frozen=True, kw_only=True)
class RenderedMessage:
    """One text, ready to send. ``content`` is personal where it names the customer.

    ``outside_euc_kr`` are code points that SENS may refuse; see the function of that name.
    """

    content: str = field(repr=False)
    subject: str
    message_type: MessageType
    message_class: MessageClass
    sender: str
    template: str
    template_digest: str
    bytes_used: int
    outside_euc_kr: str = ""


def sens_bytes(text: str) -> int:
    """Bytes as SENS counts: cp949, one for ASCII, two for Hangul; raises TextNotEncodable."""
    return len(encode_for_sens(text))


def encode_for_sens(text: str) -> bytes:
    """Encode as SENS does; raise TextNotEncodable naming the code points, not the text."""
    try:
        return text.encode("cp949")
    except UnicodeEncodeError:
        bad = sorted({f"U+{ord(ch):04X}" for ch in text if not is_encodable(ch)})
        raise TextNotEncodable(characters=" ".join(bad)) from None


def is_encodable(character: str) -> bool:
    """Whether one character exists in cp949."""
    try:
        character.encode("cp949")
    except UnicodeEncodeError:
        return False
    return True


def outside_euc_kr(text: str) -> str:
    """Code points of characters that cp949 has and EUC-KR has not (뷁: ``U+BDC1``).

    SENS says that texts go out in EUC-KR; whether its converter takes the 8,822 syllables that
    only cp949 has is not documented. They are counted as two bytes, sent, and flagged.
    """
    odd = sorted({ch for ch in text if is_encodable(ch) and not _is_euc_kr(ch)})
    return " ".join(f"U+{ord(ch):04X}" for ch in odd[:MOST_FLAGGED])


def _is_euc_kr(character: str) -> bool:
    """Python's euc_kr spells a foreign syllable with eight bytes, which no phone can read."""
    try:
        return len(character.encode("euc_kr")) <= 2
    except UnicodeEncodeError:
        return False


def choose_type(text: str, *, force_lms: bool) -> MessageType:
    """SMS up to 90 bytes unless LMS is forced, LMS up to 2000, TextTooLong beyond."""
    size = sens_bytes(text)
    if size > LMS_LIMIT_BYTES:
        raise TextTooLong(bytes=size, limit=LMS_LIMIT_BYTES)
    return MessageType.LMS if force_lms or size > SMS_LIMIT_BYTES else MessageType.SMS
