"""The owner's evening line: what the day's windows planned, and what became of it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from booking_sms.bootstrap import Application
from booking_sms.domain.booking import KST
from booking_sms.pipeline.day_totals import day_totals
from booking_sms.pipeline.once_a_day import tell_once_a_day
from booking_sms.workflow.steps import Summary

NOTE, NOTE_BY_HAND = "daily_summary", "daily_summary#by_hand"
_WORDS = {
    "refused": "거절",
    "undelivered": "전달 실패",
    "held": "보류",
    "expired": "기한 만료",
    "in_flight": "발송 중",
}


def tell_day(app: Application, evening: datetime | None = None, asked_by: str = "") -> Summary:
    """Tell the owner once a day; a day without a message is silent. Counts only, nobody in them.

    ``evening`` is the instant that the line is about, so a run that is repeated the next morning
    tells of its own day. Without it a person asks, in the run ``asked_by``, about the day so far:
    that is told too, and leaves the evening its line.
    """
    at = (evening or app.clock.now()).astimezone(KST)
    totals = day_totals(at, app.stage, app.sealer, app.jobs, app.catalog().stores)
    if not totals["planned"]:
        return {"told": False, **totals}
    text = summary_of_day(at, totals)
    note, about = (NOTE, "") if evening else (NOTE_BY_HAND, asked_by)
    told = tell_once_a_day(app.control, note, at, lambda: app.tell_owner(text), about=about)
    return {"told": told, **totals}


def summary_of_day(now: datetime, totals: Mapping[str, Any]) -> str:
    """The lines that the owner reads."""
    lines = [
        f"{now:%m-%d} 하루 요약: 발송 {totals['sent']}건 / 대상 {totals['planned']}건",
        *([_listed("종류", totals["kinds"])] if totals["kinds"] else []),
        *([_listed("지점", totals["stores"])] if totals["stores"] else []),
    ]
    rest = {word: totals[name] for name, word in _WORDS.items() if totals[name]}
    return "\n".join([*lines, *([_listed("확인 필요", rest)] if rest else [])])


def _listed(what: str, counts: Mapping[str, int]) -> str:
    return f"{what}: " + ", ".join(f"{name} {number}" for name, number in counts.items())
