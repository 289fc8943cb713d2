"""Invented customers whose names, numbers and addresses are easy to find in a log.

Numbers start with 0100, which no carrier hands out; every other shape is put together here from
ranges that nobody can own. Mail addresses live in a reserved domain.
"""

import random
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

SURNAMES = "김이박최정강조윤장임한오서신권황안송류홍"
GIVEN_NAMES = re.findall(
    "..",
    "별온솔람새론미르아람가람라온누리도담보람슬온예담해솔찬솔은솔단비이든하람다원새솔"
    "한울늘솔바론시온초롱여울해찬다올나래모란온유별솔소담아론하랑채운루다마루세온노을",
)
MAIL_DOMAIN = "canary.example"
_NUMBERS = 10_000_000
_STEP = 7_919  # no common factor with _NUMBERS: every number is met once


@dataclass(frozen=True)
class Person:
    """A customer."""

    name: str
    phone: str
    email: str
    user_id: int


def people(seed: int) -> Iterator[Person]:
    """Endless customers; names repeat after 800, numbers after ten million."""
    names = [surname + given for surname in SURNAMES for given in GIVEN_NAMES]
    rng = random.Random(f"people:{seed}")
    rng.shuffle(names)
    offset = rng.randrange(_NUMBERS)
    number = 0
    while True:
        digits = (offset + number * _STEP) % _NUMBERS
        yield Person(
            name=names[number % len(names)],
            phone=f"0100{digits:07d}",
            email=f"guest{number}.{seed}@{MAIL_DOMAIN}",
            user_id=4_200_000 + number,
        )
        number += 1


def ten_digits(phone: str) -> str:
    """An old ten-digit mobile number."""
    return phone[:10]


def safe_number(phone: str) -> str:
    """A safe number, as the platform hands out in the place of the real one."""
    return f"0507{phone[-8:]}"


def landline(phone: str) -> str:
    """A Seoul landline of an exchange that does not exist (000)."""
    return "02" + "000" + phone[-4:]


def foreign(phone: str) -> str:
    """A number of the North American range kept for fiction."""
    return "1" + "202" + "555" + f"{100 + int(phone[-2:]):04d}"


def masked_phone(phone: str) -> str:
    """What the API shows where privacy masking is forced."""
    return f"{phone[:4]}***{phone[-4:]}"


def masked_name(name: str) -> str:
    """The first character and stars."""
    return name[:1] + "*" * (len(name) - 1)


Shape = Callable[[str], str]
PHONE_SHAPES: dict[str, Shape] = {
    "mobile": str,
    "ten_digits": ten_digits,
    "safe": safe_number,
    "landline": landline,
    "foreign": foreign,
    "missing": lambda phone: "",
}
NAME_SHAPES: dict[str, Shape] = {
    "plain": str,
    "nbsp": lambda name: f"{name[:1]}\u00a0{name[1:]}",
    "emoji": lambda name: f"{name}\U0001f98a",
}
