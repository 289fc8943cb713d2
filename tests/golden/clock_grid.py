"""Every hour of a day, every edge of a rule: scenarios laid on a grid of instants.

One scenario holds a booking for each lead (minutes from the instant's minute to the start) and
each state of its row, and completed bookings for hour 20.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

KOREA = timezone(timedelta(hours=9))
ORDINARY = date(2026, 3, 2)
EDGE_DAYS = (
    date(2026, 3, 31),  # the end of a month
    date(2026, 4, 1),
    date(2026, 12, 31),  # the end of a year
    date(2027, 1, 1),
    date(2028, 2, 29),
)
MINUTES, SECONDS = (0, 59), (0, 1, 59)
LEADS = (-1, 0, 1, 2, 119, 120, 121)
"""With seconds 0, 1 and 59 of now: starts a second before, at, and after each edge."""
CONFIRMED_ROWS: dict[str, dict[str, Any] | None] = {
    "no row": None,
    "confirmed": {"confirm_sms": True, "remind_sms": False, "option_sms": False},
    "not confirmed": {"confirm_sms": False, "remind_sms": False, "option_sms": False},
    "reminded": {"confirm_sms": True, "remind_sms": True, "option_sms": False},
    "no remind flag": {"confirm_sms": True, "option_sms": False},
    "no confirm flag": {"remind_sms": False, "option_sms": False},
}
COMPLETED_ROWS: dict[str, dict[str, Any] | None] = {
    "no row": None,
    "not told": {"confirm_sms": True, "remind_sms": True, "option_sms": False},
    "told": {"confirm_sms": True, "remind_sms": True, "option_sms": True},
    "no option flag": {"confirm_sms": True, "remind_sms": True},
}
PROMISE, OTHER = "인스타 업로드 이벤트", "무선 리모컨 대여"


def instants(day: date, hours: range = range(24)) -> Iterator[datetime]:
    """The grid's instants of one day in Korea."""
    for hour in hours:
        for minute in MINUTES:
            for second in SECONDS:
                yield datetime(day.year, day.month, day.day, hour, minute, second, tzinfo=KOREA)


def scenario_at(now: datetime) -> dict[str, Any]:
    """Every lead with every state of a row, at one instant."""
    confirmed, completed, ledger = [], [], []
    for lead in LEADS:
        for flags in CONFIRMED_ROWS.values():
            start = now.replace(second=0) + timedelta(minutes=lead)
            payload = _payload(10_000_000 + len(confirmed), "RC03", start, OTHER)
            confirmed.append(payload)
            ledger += _rows(payload, flags)
    for option in (PROMISE, OTHER):
        for flags in COMPLETED_ROWS.values():
            payload = _payload(
                20_000_000 + len(completed), "RC08", now - timedelta(hours=3), option
            )
            completed.append(payload)
            ledger += _rows(payload, flags)
    return {
        "id": now.isoformat(),
        "now": now.isoformat(),
        "confirmed": confirmed,
        "completed": completed,
        "ledger_before": ledger,
    }


def distances(now: datetime) -> set[int]:
    """Seconds from an instant to the starts that its scenario holds."""
    minute = now.replace(second=0)
    return {int((minute + timedelta(minutes=lead) - now).total_seconds()) for lead in LEADS}


def _payload(number: int, code: str, start: datetime, option: str) -> dict[str, Any]:
    """A booking whose start carries seconds as well: both sides have to drop them."""
    instant = start.replace(second=number % 60).astimezone(UTC)
    return {
        "bookingId": number,
        "businessId": 900101,
        "bookingStatusCode": code,
        "name": "김하늘",
        "phone": f"0100{number % 10_000_000:07d}",
        "snapshotJson": {
            "startDateTime": instant.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "endDateTime": (instant + timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "bookingOptionJson": [{"name": option}],
        },
    }


def _rows(payload: dict[str, Any], flags: dict[str, Any] | None) -> list[dict[str, Any]]:
    phone = payload["phone"]
    row = {
        "booking_num": f"900101_{payload['bookingId']}",
        "phone": f"{phone[:3]}-{phone[3:7]}-{phone[7:]}",
        "name": "김하늘",
        "booking_time": "2026-03-02 15:00:00",
    }
    return [] if flags is None else [{**row, **flags}]
