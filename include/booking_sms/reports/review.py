"""The month's review: a checklist with the figures that a person judges it by."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from booking_sms.domain.booking import KST
from booking_sms.reports.page import environment

FULL, MANY_NOTICES = 80, 5
"""Percent of a cap from which on it is tight; notices a day from which on thresholds are tuned."""
OLD_LOGS_DAYS = 35


@dataclass(frozen=True, kw_only=True)
class Item:
    """One line: what was measured, whether somebody should look, and what to do then."""

    topic: str
    figure: str
    look: bool
    do: str

    def as_dict(self) -> dict[str, Any]:
        """JSON-able."""
        return {"topic": self.topic, "figure": self.figure, "look": self.look, "do": self.do}


@dataclass(frozen=True, kw_only=True)
class Figures:
    """What a month came to. ``logs`` are None where nobody measured them."""

    first: date
    last: date
    texts: Mapping[str, int | float]
    counted_texts: int
    monthly_cap: int
    notices: Mapping[str, Mapping[str, int]]
    troubles_told: int
    canaries: Sequence[bool]
    erasure: Mapping[str, int]
    silences: int
    changes: int
    logs: Mapping[str, float] | None = None

    @property
    def days(self) -> int:
        """Days of the month."""
        return (self.last - self.first).days + 1


def checklist(figures: Figures) -> list[Item]:
    """The review's lines, in the order in which they are gone through."""
    return [
        _caps(figures),
        _cost(figures),
        _delivery(figures),
        _alarms(figures),
        *(_channel(name, counts) for name, counts in figures.notices.items()),
        _canary(figures),
        _erasure(figures),
        _logs(figures),
        _silences(figures),
        _changes(figures),
    ]


def review_page(figures: Figures, made_at: datetime) -> str:
    """The checklist as one page that opens offline."""
    template = environment().get_template("review.html")
    return template.render(
        first=figures.first,
        last=figures.last,
        made_at=made_at.astimezone(KST).strftime("%Y-%m-%d %H:%M"),
        items=[item.as_dict() for item in checklist(figures)],
    )


def _caps(figures: Figures) -> Item:
    cap, used = figures.monthly_cap, figures.counted_texts
    percent = round(100 * used / cap) if cap else 0
    return Item(
        topic="Texts against the month's cap",
        figure=f"{used:,} of {cap:,} ({percent} %)" if cap else f"{used:,}, no cap",
        look=percent >= FULL,
        do="ask the vendor for a higher quota, then raise BOOKING_SMS_MONTHLY_TEXT_CAP",
    )


def _cost(figures: Figures) -> Item:
    return Item(
        topic="Cost",
        figure=f"₩{figures.texts['krw']:,} estimated for {figures.texts['accepted']:,} texts",
        look=False,
        do="compare with the vendor's bill; correct BOOKING_SMS_PRICE_* when it differs",
    )


def _delivery(figures: Figures) -> Item:
    lost = figures.texts["undelivered"] + figures.texts["refused"]
    asked = figures.texts["accepted"] + figures.texts["refused"]
    percent = 100 * lost / asked if asked else 0.0
    return Item(
        topic="Texts that did not arrive",
        figure=f"{lost:,} of {asked:,} ({percent:.1f} %)",
        look=percent > 1,
        do="booking-sms outbox stats names reasons; correct numbers in Naver, ask the carrier",
    )


def _alarms(figures: Figures) -> Item:
    a_day = figures.troubles_told / figures.days
    return Item(
        topic="Thresholds of alarms",
        figure=f"{figures.troubles_told:,} troubles told, {a_day:.1f} a day",
        look=a_day > MANY_NOTICES,
        do="tune the alarm that told most, in monitoring/; a silence needs an issue and an end",
    )


def _channel(name: str, counts: Mapping[str, int]) -> Item:
    return Item(
        topic=f"Notices by {name}",
        figure=f"{counts['sent']:,} taken, {counts['failed']:,} refused",
        look=counts["failed"] > 0,
        do="runbook: notices-failed",
    )


def _canary(figures: Figures) -> Item:
    sung, red = len(figures.canaries), list(figures.canaries).count(False)
    return Item(
        topic="Alert canary",
        figure=f"{sung} of {figures.days} days, {red} red",
        look=red > 0 or sung < figures.days,
        do="runbook: canary-silent",
    )


def _erasure(figures: Figures) -> Item:
    runs = figures.erasure["runs"]
    return Item(
        topic="Erasure of personal data",
        figure=(
            f"{runs} of {figures.days} nights, {figures.erasure['blanked']:,} blanked, "
            f"{figures.erasure['erased']:,} erased"
        ),
        look=runs < figures.days,
        do="clear the red runs of ledger_maintenance; each night makes up for those before",
    )


def _logs(figures: Figures) -> Item:
    if figures.logs is None:
        return Item(
            topic="Log rotation", figure="not measured", look=True, do="run this review in Airflow"
        )
    oldest = figures.logs["oldest_days"]
    return Item(
        topic="Log rotation",
        figure=f"{figures.logs['megabytes']:,.0f} MB, the oldest {oldest:.0f} days old",
        look=oldest > OLD_LOGS_DAYS,
        do="look at clean_airflow of ledger_maintenance, and at the retention of the log group",
    )


def _silences(figures: Figures) -> Item:
    return Item(
        topic="Silences",
        figure=f"{figures.silences} in use",
        look=figures.silences > 0,
        do="is each issue still being worked on? Take out what is not",
    )


def _changes(figures: Figures) -> Item:
    return Item(
        topic="Changes by people",
        figure=f"{figures.changes} in the month",
        look=False,
        do="booking-sms control show: is every override still wanted?",
    )
