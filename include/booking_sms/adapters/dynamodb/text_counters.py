"""Texts counted by day and class: one item a month, one conditional write a block.

So a day and its month can never disagree, and one read shows all days. A plain ADD would not do:
the client repeats a request whose answer is lost, and what is given back twice breaks the cap.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable
from datetime import date
from random import SystemRandom
from typing import Any, NamedTuple

from booking_sms.adapters.dynamodb.expressions import Expression
from booking_sms.adapters.dynamodb.table import Table
from booking_sms.domain.errors import StoreThrottled
from booking_sms.domain.text_counts import TextCounts

ROUNDS = 24
"""Lost races after which counting gives up; a few workers lose one now and then."""
PAUSE_S = 0.02
REMEMBERED = 16
"""Last writers that the item names: how many may write before a lost answer is looked for."""
_jitter = SystemRandom().uniform


class _Month(NamedTuple):
    """What an item says. ``version`` is 0 when there is none yet."""

    version: int
    writers: tuple[str, ...]
    counts: TextCounts


class TextCounters:
    """The items ``texts#2026-03`` of a table that is keyed by ``name``."""

    def __init__(self, table: Table, *, sleep: Callable[[float], None] = time.sleep) -> None:
        self._table = table
        self._sleep = sleep

    def of_month(self, day: date) -> TextCounts:
        """Texts of the month that ``day`` lies in."""
        return self._read(day).counts

    def count(self, day: date, message_class: str, amount_of: Callable[[TextCounts], int]) -> int:
        """Add ``amount_of(the month's counts)``; return what was added.

        Raises StoreThrottled when others always write first.
        """
        writer, amount = secrets.token_hex(4), 0
        for lost_races in range(ROUNDS):
            known = self._read(day)
            if writer in known.writers:
                return amount  # our own write: only its answer was lost
            amount = amount_of(known.counts)
            if not amount or self._write(known, day, writer, message_class, amount):
                return amount
            self._sleep(_jitter(0, PAUSE_S * (lost_races + 1)))
        raise StoreThrottled(table=self._table.name, item=_name(day))

    def _read(self, day: date) -> _Month:
        row = self._table.get({"name": _name(day)}) or {}
        texts = {_key_of(key, day): int(number) for key, number in row.get("texts", {}).items()}
        return _Month(int(row.get("version", 0)), tuple(row.get("writers", ())), TextCounts(texts))

    def _write(
        self, known: _Month, day: date, writer: str, message_class: str, amount: int
    ) -> bool:
        """Replace the item if nobody wrote since it was read."""
        counts = known.counts.added(day, message_class, amount)
        terms = Expression()
        unchanged = terms.equals("version", known.version) if known.version else None
        item: dict[str, Any] = {
            "name": _name(day),
            "version": known.version + 1,
            "writers": [*known.writers, writer][-REMEMBERED:],
            "texts": {f"{at:%d}#{name}": number for (at, name), number in counts.by_day.items()},
        }
        return self._table.put_if(item, unchanged or terms.is_absent("version"), terms)


def _name(day: date) -> str:
    return f"texts#{day:%Y-%m}"


def _key_of(key: str, day: date) -> tuple[date, str]:
    """Read ``02#information`` of the month that ``day`` lies in."""
    number, _, message_class = key.partition("#")
    return day.replace(day=int(number)), message_class
