"""The day's caps, taken in blocks: one counter write for many texts, and never over the cap.

A block is taken before the first text of it is sent, so a crash can only leave texts unused. The
counters are shared by all workers; what a worker did not use it gives back at its end.
"""

from __future__ import annotations

from datetime import date

from booking_sms.ports import ControlRepository

BLOCK = 100
"""Most texts taken at once; also how close to a cap one busy worker can starve the others."""


class DailyAllowance:
    """How many texts of one message class may still go out on a Korean business day."""

    def __init__(self, control: ControlRepository, message_class: str, cap: int) -> None:
        self._control = control
        self._name = f"texts#{message_class}"
        self._cap = cap
        self._day: date | None = None
        self._left = 0

    def take(self, day: date, wanted: int) -> bool:
        """Take one text of the day; False when the cap is reached.

        ``wanted`` is how many the worker expects to send in all; it bounds the block.
        """
        if day != self._day:
            self.give_back()
            self._day = day
        if self._left < 1:
            self._left = self._reserve(day, max(1, min(BLOCK, wanted)))
        if self._left < 1:
            return False
        self._left -= 1
        return True

    def put_back(self) -> None:
        """Return the last text: it was certainly not sent."""
        self._left += 1

    def give_back(self) -> None:
        """Return what was taken and not used."""
        if self._day is not None and self._left:
            self._control.add_to_counter(self._name, self._day, -self._left)
        self._left = 0

    def _reserve(self, day: date, amount: int) -> int:
        """Count the block first, then return what of it lies above the cap."""
        total = self._control.add_to_counter(self._name, day, amount)
        excess = min(amount, max(0, total - self._cap))
        if excess:
            self._control.add_to_counter(self._name, day, -excess)
        return amount - excess
