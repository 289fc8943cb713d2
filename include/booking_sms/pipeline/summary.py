"""The owner's run summary: one builder of lines, shown in full (parity) or masked (live).

The words are the predecessor's; people compare the two by eye.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from booking_sms.domain.booking import BookingStatus
from booking_sms.domain.decision import BookingFailure, Decision, WindowPlan
from booking_sms.domain.phone import ledger_phone

WORD_OF_KIND = {"confirm": "예약확정", "guide": "안내", "event": "옵션"}
DONE, FAILED = "발송 완료", "발송 실패"
IDLE = "문자 발송 대상 없음"


@dataclass(frozen=True)
class SummaryLine:
    """One message or one failure; ``phone`` as the ledger writes it."""

    phone: str = field(repr=False)
    kind: str
    done: bool

    def text(self, show_phone: Callable[[str], str]) -> str:
        """The line as it is read."""
        word = WORD_OF_KIND.get(self.kind, self.kind)
        return f"{show_phone(self.phone)} {word} 문자 {DONE if self.done else FAILED}"


def lines_of_plan(plan: WindowPlan) -> list[SummaryLine]:
    """The lines that LEGACY would have sent for this plan, as if every message went out.

    A failed booking is reported as a failed guide, or event, whatever it was that failed.
    """
    decided = [(decision.position, 0, _line(decision)) for decision in plan.decisions]
    failed = [(failure.position, 1, _failure_line(failure)) for failure in plan.failures]
    return [line for *_, line in sorted(decided + failed, key=lambda item: item[:2])]


def summary_text(
    lines: Iterable[SummaryLine], show_phone: Callable[[str], str], *, idle: str = ""
) -> str:
    """The whole text; ``idle`` when there is nothing to say (live runs stay silent)."""
    shown: Sequence[str] = [line.text(show_phone) for line in lines]
    return "\n".join(shown) or idle


def _line(decision: Decision) -> SummaryLine:
    return SummaryLine(ledger_phone(decision.phone), decision.kind, done=True)


def _failure_line(failure: BookingFailure) -> SummaryLine:
    kind = "event" if failure.stage == BookingStatus.COMPLETED else "guide"
    return SummaryLine(ledger_phone(failure.booking.phone), kind, done=False)
