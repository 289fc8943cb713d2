"""Korean as texts need it: dates, times, amounts and particles. Filters of ``text_language``.

A value that is not what a filter is for raises TypeError or ValueError, which holds the text:
a customer never reads a half-filled sentence.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from enum import Enum

from booking_sms.domain.booking import KST, require_aware

WEEKDAYS = "월화수목금토일"

PARTICLES: Mapping[str, tuple[str, str]] = {
    f"{first}/{second}": (after_consonant, after_vowel)
    for after_consonant, after_vowel in (
        ("을", "를"), ("이", "가"), ("은", "는"), ("과", "와"), ("으로", "로"), ("아", "야"),
        ("이나", "나"), ("이랑", "랑"), ("이라", "라"), ("이에요", "예요"), ("이여", "여"),
    )
    for first, second in ((after_consonant, after_vowel), (after_vowel, after_consonant))
}  # fmt: skip
"""Pair as written in a text, in either order: form after a consonant, form after a vowel."""

_BRACKETED = re.compile(r"[(\[{<〈《「『【（][^)\]}>〉》」』】）]*[)\]}>〉》」』】）]\s*$")
_FIRST_SYLLABLE, _LAST_SYLLABLE, _FINALS = 0xAC00, 0xD7A3, 28
_FINAL_RIEUL = 8
_DIGIT_FINALS = {"1": "ㄹ", "3": "ㅁ", "6": "ㄱ", "7": "ㄹ", "8": "ㄹ", "0": "ㅇ"}
"""How a number that ends in this digit ends when read aloud; 2, 4, 5 and 9 end in a vowel.

Ten, hundred, thousand and ten thousand end in consonants too, and none of them in ㄹ.
"""


class Ending(Enum):
    """How a word ends for the particle that follows it."""

    VOWEL = "vowel"
    RIEUL = "rieul"
    CONSONANT = "consonant"
    UNKNOWN = "unknown"


def korean_date(instant: datetime) -> str:
    """``3월 2일(월)``, by the Korean calendar; TypeError for what is no instant."""
    day = _in_korea(instant)
    return f"{day.month}월 {day.day}일({WEEKDAYS[day.weekday()]})"


def korean_time(instant: datetime) -> str:
    """``오후 3시 30분``, whole hours without minutes; midnight is 오전 12시, noon 오후 12시."""
    at = _in_korea(instant)
    half = "오전" if at.hour < 12 else "오후"
    hour = f"{half} {at.hour % 12 or 12}시"
    return f"{hour} {at.minute}분" if at.minute else hour


def won(amount: int | str) -> str:
    """``1,234원`` of a whole number or of its digits; anything else is refused."""
    if isinstance(amount, bool) or not isinstance(amount, int | str):
        raise TypeError(f"won is for whole numbers, not for {type(amount).__name__}")
    return f"{int(amount):,}원"


def with_particle(word: str | int, pair: str) -> str:
    """The word with the particle that fits its sound: ``별빛`` and ``을/를`` make ``별빛을``.

    Who cannot say how a word ends (``?``, ``é``) writes both: ``é을(를)``. ValueError for a pair
    that is no pair of particles.
    """
    if pair not in PARTICLES:
        raise ValueError(f"unknown pair of particles {pair!r}; known: {', '.join(PARTICLES)}")
    if isinstance(word, bool) or not isinstance(word, str | int):
        raise TypeError(f"a particle follows a word, not {type(word).__name__}")
    return f"{word}{_particle(ending_of(str(word)), *PARTICLES[pair])}"


def ending_of(word: str) -> Ending:
    """How a word ends when read aloud; what stands in brackets at its end is not read."""
    last = _last_read(word)
    if len(last) != 1:
        return _latin_ending(last) if last else Ending.UNKNOWN
    if _FIRST_SYLLABLE <= ord(last) <= _LAST_SYLLABLE:
        return _syllable_ending((ord(last) - _FIRST_SYLLABLE) % _FINALS)
    if last in "0123456789":
        return _final_ending(_DIGIT_FINALS.get(last, ""))
    return _latin_ending(last)


def _particle(ending: Ending, after_consonant: str, after_vowel: str) -> str:
    if ending is Ending.UNKNOWN:
        return f"{after_consonant}({after_vowel})"
    is_open = ending is Ending.VOWEL or (ending is Ending.RIEUL and after_vowel == "로")
    return after_vowel if is_open else after_consonant


def _last_read(word: str) -> str:
    """The last syllable or digit that is read aloud, or the whole last word in Latin letters."""
    plain = word.rstrip()
    while (shorter := _BRACKETED.sub("", plain).rstrip()) not in ("", plain):
        plain = shorter
    read = re.findall(r"[A-Za-z]+|[가-힣0-9]|\w", plain)
    return read[-1] if read else ""


def _syllable_ending(final: int) -> Ending:
    if final == 0:
        return Ending.VOWEL
    return Ending.RIEUL if final == _FINAL_RIEUL else Ending.CONSONANT


def _final_ending(final: str) -> Ending:
    if not final:
        return Ending.VOWEL
    return Ending.RIEUL if final == "ㄹ" else Ending.CONSONANT


def _latin_ending(word: str) -> Ending:
    """Abbreviations are read letter by letter (LMS: 엘엠에스), other words as they sound."""
    if not (word.isascii() and word.isalpha()):
        return Ending.UNKNOWN
    last = word[-1].lower()
    if last == "l" or (last == "r" and word.isupper()):
        return Ending.RIEUL
    is_closed = last in "mn" or word.lower().endswith("ng")
    return Ending.CONSONANT if is_closed else Ending.VOWEL


def _in_korea(instant: datetime) -> datetime:
    if not isinstance(instant, datetime):
        raise TypeError(f"this filter is for instants, not for {type(instant).__name__}")
    require_aware("instant", instant)
    return instant.astimezone(KST)
