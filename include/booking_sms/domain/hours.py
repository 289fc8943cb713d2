"""Hours of the day in which a message may go out, on the Korean wall clock."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, time, timedelta

from booking_sms.domain.booking import KST

_FORM = re.compile(r"^(\d\d:\d\d)-(\d\d:\d\d)$")


@dataclass(frozen=True)
class AllowedHours:
    """From ``opens`` to ``closes`` of one day, ``closes`` excluded; never over midnight.

    A message that comes outside is put off to the next ``resumes``.
    """

    opens: time
    closes: time
    resumes: time

    @classmethod
    def parse(cls, text: str, *, deferred_to: str | None = None) -> AllowedHours:
        """Parse ``08:10-20:50``; ValueError for anything else, or a resumption outside."""
        match = _FORM.match(text)
        if not match:
            raise ValueError(f"hours look like 08:10-20:50, not {text!r}")
        opens, closes = (time.fromisoformat(part) for part in match.groups())
        if opens >= closes:
            raise ValueError(f"hours {text!r} are empty or run over midnight")
        hours = cls(opens, closes, time.fromisoformat(deferred_to) if deferred_to else opens)
        if not opens <= hours.resumes < closes:
            raise ValueError(f"deferred_to {deferred_to} lies outside {text}")
        return hours

    def contains(self, instant: datetime) -> bool:
        """Whether a message may go out at this instant."""
        return self.opens <= instant.astimezone(KST).time() < self.closes

    def within(self, other: AllowedHours) -> bool:
        """Whether these hours lie inside others."""
        return other.opens <= self.opens and self.closes <= other.closes

    def earliest(self, instant: datetime) -> datetime:
        """The instant itself if allowed, else the next ``resumes`` after it."""
        return instant if self.contains(instant) else self.next_opening(instant)

    def next_opening(self, instant: datetime) -> datetime:
        """The next ``resumes`` after an instant, also if that instant is allowed."""
        local = instant.astimezone(KST)
        candidate = local.replace(
            hour=self.resumes.hour, minute=self.resumes.minute, second=0, microsecond=0
        )
        return candidate if candidate > local else candidate + timedelta(days=1)

    def __str__(self) -> str:
        return f"{self.opens:%H:%M}-{self.closes:%H:%M}"
