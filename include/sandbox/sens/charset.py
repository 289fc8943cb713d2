"""Bytes as the phone network counts them: EUC-KR, never UTF-8.

sens-sms-send: subject and content go out in EUC-KR; what is too long is cut and still sent; an
unsupported emoji makes the send fail. Only 2,350 of the 11,172 Hangul syllables are true EUC-KR;
whether SENS takes the other 8,822 (as CP949 does) is not documented, so both readings exist here.
"""

from __future__ import annotations

from typing import Literal

Charset = Literal["cp949", "euc-kr"]

_CODEC: dict[str, str] = {"cp949": "cp949", "euc-kr": "euc_kr"}
_WIDEST = 2  # Python's euc_kr spells a foreign syllable with 8 bytes; a phone cannot read that.
_FILLER = b"\xa4\xd4"  # how those 8 bytes begin


def char_bytes(char: str, charset: Charset) -> int | None:
    """How many bytes the character takes, or None when it cannot be written at all."""
    try:
        size = len(char.encode(_CODEC[charset]))
    except UnicodeEncodeError:
        return None
    return size if size <= _WIDEST else None


def byte_length(text: str, charset: Charset) -> int:
    """Bytes of the whole text; a character that cannot be written counts as two."""
    if (size := _plain_length(text, charset)) is not None:
        return size
    return sum(char_bytes(char, charset) or _WIDEST for char in text)


def unencodable(text: str, charset: Charset) -> str:
    """The characters that cannot be written, in order of appearance."""
    if _plain_length(text, charset) is not None:
        return ""
    return "".join(char for char in text if char_bytes(char, charset) is None)


def cut(text: str, limit: int, charset: Charset) -> str:
    """The longest beginning of the text that fits, never half a character."""
    if byte_length(text, charset) <= limit:
        return text
    used = 0
    for position, char in enumerate(text):
        used += char_bytes(char, charset) or _WIDEST
        if used > limit:
            return text[:position]
    return text


def _plain_length(text: str, charset: Charset) -> int | None:
    """The length of an ordinary text in one go; None when its characters must be looked at."""
    try:
        encoded = text.encode(_CODEC[charset])
    except UnicodeEncodeError:
        return None
    return None if charset == "euc-kr" and _FILLER in encoded else len(encoded)
