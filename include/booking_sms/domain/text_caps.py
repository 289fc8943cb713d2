"""How many texts may go out on a Korean day and in a Korean month.

Each class has a cap of its own a day. The month's cap is SENS's quota, which knows no classes:
all texts count. Advertising stops before it, so that the month's last texts are door codes.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from booking_sms.domain.message import MessageClass
from booking_sms.domain.text_counts import TextCounts, next_month


class CapReached(StrEnum):
    """Which cap forbids a text; the value is the reason on the job."""

    DAY = "daily_cap"
    MONTH = "monthly_cap"

    def ends_on(self, day: date) -> date:
        """First day on which the cap counts anew."""
        return next_month(day) if self is CapReached.MONTH else day + timedelta(days=1)


@dataclass(frozen=True, kw_only=True)
class TextCaps:
    """Caps in texts; ``monthly_text`` 0 means that months have none.

    ``reserve_percent`` of the month's texts are for information only.
    """

    daily_text: int
    daily_advertising: int
    monthly_text: int = 0
    reserve_percent: int = 0

    def of_day(self, message_class: str) -> int:
        """Most texts of a class on one day."""
        is_information = message_class == MessageClass.INFORMATION
        return self.daily_text if is_information else self.daily_advertising

    def of_month(self, message_class: str) -> int | None:
        """How many texts of all classes a month may have for this class to go on; None: any."""
        if not self.monthly_text:
            return None
        is_information = message_class == MessageClass.INFORMATION
        return self.monthly_text - (0 if is_information else self.reserve)

    @property
    def reserve(self) -> int:
        """Texts of a month that advertising never takes, rounded up."""
        return -(-self.monthly_text * self.reserve_percent // 100)

    def room(self, counts: TextCounts, day: date, message_class: str) -> int:
        """Texts of a class that may still go out on a day, 0 or more."""
        return max(0, min(room for _, room in self._rooms(counts, day, message_class)))

    def reached(self, counts: TextCounts, day: date, message_class: str) -> CapReached | None:
        """The cap that leaves no room; of both, the month's: it lasts longer."""
        for cap, room in self._rooms(counts, day, message_class):
            if room <= 0:
                return cap
        return None

    def _rooms(
        self, counts: TextCounts, day: date, message_class: str
    ) -> Iterator[tuple[CapReached, int]]:
        of_month = self.of_month(message_class)
        if of_month is not None:
            yield CapReached.MONTH, of_month - counts.of_month(day)
        yield CapReached.DAY, self.of_day(message_class) - counts.of_day(day, message_class)
