"""The caps' texts, taken in blocks: one counter write for many texts, and never over a cap.

Day and month are counted by the same write. A block is taken before the first text of it is
sent, so a crash can only leave texts unused. The counters are shared by all workers; what a
worker did not use it gives back at its end.
"""

from __future__ import annotations

from datetime import date

from booking_sms.domain.text_caps import CapReached, TextCaps
from booking_sms.domain.text_counts import TextCounts
from booking_sms.ports import ControlRepository

BLOCK = 100
"""Most texts taken at once."""
WORKERS = 4
"""Near a cap a block is this part of what is left, so that one worker does not starve the rest."""


class TextAllowance:
    """How many texts of one message class may still go out on a Korean business day."""

    def __init__(self, control: ControlRepository, message_class: str, caps: TextCaps) -> None:
        self._control = control
        self._class = message_class
        self._caps = caps
        self._day: date | None = None
        self._left = 0
        self._reached: CapReached | None = None

    def take(self, day: date, wanted: int) -> CapReached | None:
        """Take one text of the day and its month; None, or the cap that forbids it.

        ``wanted`` is how many the worker expects to send in all; it bounds the block.
        """
        if day != self._day:
            self.give_back()
            self._day = day
        if self._left < 1:
            self._left = self._reserve(day, max(1, min(BLOCK, wanted)))
        if self._left < 1:
            return self._reached
        self._left -= 1
        return None

    def put_back(self) -> None:
        """Return the last text: it was certainly not sent."""
        self._left += 1

    def give_back(self) -> None:
        """Return what was taken and not used."""
        # Forgotten before the write: one whose answer is lost must not be repeated.
        left, self._left = self._left, 0
        if self._day is not None and left:
            self._control.count_texts(self._day, self._class, lambda _: -left)

    def _reserve(self, day: date, wanted: int) -> int:
        def block(counts: TextCounts) -> int:
            self._reached = self._caps.reached(counts, day, self._class)
            room = self._caps.room(counts, day, self._class)
            return min(wanted, room, max(1, room // WORKERS))

        return self._control.count_texts(day, self._class, block)
