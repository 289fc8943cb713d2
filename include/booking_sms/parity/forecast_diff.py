"""What changes for customers in the hours to come when one rule set takes another's place."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from booking_sms.domain.booking import KST
from booking_sms.pipeline.forecast import Foreseen

GAINED, LOST, MOVED, REWORDED = "gained", "lost", "moved", "reworded"
CHANGES = (GAINED, LOST, MOVED, REWORDED)
MessageName = tuple[str | int, ...]


@dataclass(frozen=True, kw_only=True)
class ForecastChange:
    """One message that differs. ``rule`` is the one that decides it; the recipient is masked.

    ``before`` and ``after`` are when it would go, None where it does not come.
    """

    change: str
    rule: str
    kind: str
    booking: str
    recipient: str
    stage: str
    before: datetime | None
    after: datetime | None

    def as_dict(self) -> dict[str, Any]:
        """JSON-able, masked."""
        return {
            "change": self.change,
            "rule": self.rule,
            "kind": self.kind,
            "booking": self.booking,
            "recipient": self.recipient,
            "stage": self.stage,
            "before": _text_of(self.before),
            "after": _text_of(self.after),
        }


def forecast_changes(
    before: Iterable[Foreseen], after: Iterable[Foreseen]
) -> tuple[ForecastChange, ...]:
    """Every message that is gained, lost, moved in time or worded differently."""
    left, right = dict(_named(before)), dict(_named(after))
    lost = [_change(LOST, one, None) for name, one in left.items() if name not in right]
    gained = [_change(GAINED, None, one) for name, one in right.items() if name not in left]
    both = [(left[name], one) for name, one in right.items() if name in left]
    moved = [_change(MOVED, was, one) for was, one in both if was.due_at != one.due_at]
    reworded = [_change(REWORDED, was, one) for was, one in both if _is_reworded(was, one)]
    return (*gained, *lost, *moved, *reworded)


def _named(messages: Iterable[Foreseen]) -> Iterator[tuple[MessageName, Foreseen]]:
    """By what a customer would call the same message; the second of a kind is another one."""
    counted: Counter[MessageName] = Counter()
    for message in messages:
        name = (message.booking, message.kind, message.recipient, message.stage)
        counted[name] += 1
        yield (*name, counted[name]), message


def _is_reworded(was: Foreseen, will_be: Foreseen) -> bool:
    return was.due_at == will_be.due_at and was.text_digest != will_be.text_digest


def _change(change: str, before: Foreseen | None, after: Foreseen | None) -> ForecastChange:
    message = after or before
    if message is None:
        raise ValueError("a change is of a message on one side at least")
    return ForecastChange(
        change=change,
        rule=message.rule,
        kind=message.kind,
        booking=message.booking,
        recipient=message.shown,
        stage=message.stage,
        before=before.due_at if before else None,
        after=after.due_at if after else None,
    )


def _text_of(instant: datetime | None) -> str | None:
    return instant.astimezone(KST).isoformat(timespec="minutes") if instant else None
