"""Tells people of a standing problem once a Korean day, not at every tick that sees it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from booking_sms.domain.booking import KST
from booking_sms.ports import ControlRepository


def tell_once_a_day(
    control: ControlRepository,
    name: str,
    now: datetime,
    tell: Callable[[], bool],
    *,
    about: str = "",
) -> bool:
    """Call ``tell`` unless the note ``name`` says that it was told today; whether it was now.

    Another ``about`` is another problem and told of anew. What could not be delivered (``tell``
    gives False) is not remembered, so the next look tries again.
    """
    today = {"day": now.astimezone(KST).date().isoformat(), "about": about}
    if control.get_note(name) == today or not tell():
        return False
    control.put_note(name, today)
    return True
