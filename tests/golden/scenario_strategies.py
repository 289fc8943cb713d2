"""Scenarios that nobody recorded: odd rows, odd phones, repeats, boundary seconds."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

from hypothesis import strategies as st

KOREA = timezone(timedelta(hours=9))
STORES = ("900101", "900103", "900999")
BOOKING_IDS = (10000001, 10000002, 10000003)
PHONES = ("01000001234", "01000005678", "0100001234", "050000001234", "0200000100")
OPTIONS = (
    "무료 인화지 (네이버 포토리뷰 약속 시)",
    "인스타 업로드 이벤트",
    "원본 파일 전체 제공",
    "무선 리모컨 대여",
    "네 이버",
)
ODD_FLAGS = (True, False, False, False, None, "missing")
HOURS = (0, 8, 14, 19, 20, 20, 20, 21, 23)
LEAD_MINUTES = (-4320, -1, 0, 1, 60, 60, 119, 119, 120, 120, 121, 1440)


def _utc(instant: datetime) -> str:
    return instant.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


@st.composite
def instants(draw: st.DrawFn) -> datetime:
    """Minutes and seconds lie where hours and two-hour windows begin and end."""
    return datetime(
        2026,
        3,
        draw(st.integers(1, 31)),
        draw(st.sampled_from(HOURS)),
        draw(st.sampled_from((0, 1, 20, 40, 59))),
        draw(st.sampled_from((0, 0, 1, 7, 30, 59))),
        tzinfo=KOREA,
    )


@st.composite
def payloads(draw: st.DrawFn, now: datetime, code: str) -> dict[str, Any]:
    """One booking of a small pool, so that repeats within and across lists are common."""
    minute = now.replace(second=0)
    start = minute + timedelta(
        minutes=draw(st.sampled_from(LEAD_MINUTES)), seconds=draw(st.sampled_from((0, 0, 1, 59)))
    )
    snapshot: dict[str, Any] = {
        "startDateTime": _utc(start),
        "endDateTime": _utc(start + timedelta(hours=1)),
    }
    names = draw(st.none() | st.just("missing") | st.lists(st.sampled_from(OPTIONS), max_size=3))
    if names != "missing":
        snapshot["bookingOptionJson"] = names and [{"name": name} for name in names]
    return {
        "bookingId": draw(st.sampled_from(BOOKING_IDS)),
        "businessId": int(draw(st.sampled_from(STORES))),
        "bookingStatusCode": code,
        "name": draw(st.sampled_from(("김하늘", "이 바다", ""))),
        "phone": draw(st.sampled_from(PHONES)),
        "snapshotJson": snapshot,
    }


@st.composite
def rows(draw: st.DrawFn, payload: dict[str, Any]) -> dict[str, Any]:
    """A row of a booking, or of its former phone; flags may be null or not there at all."""
    phone = draw(st.sampled_from((payload["phone"],) * 4 + PHONES))
    row: dict[str, Any] = {
        "booking_num": f"{payload['businessId']}_{payload['bookingId']}",
        "phone": f"{phone[:3]}-{phone[3:7]}-{phone[7:]}",
        "name": "김하늘",
        "booking_time": "2026-03-02 15:00:00",
    }
    for flag in ("confirm_sms", "remind_sms", "option_sms"):
        value = draw(st.sampled_from(ODD_FLAGS))
        if value != "missing":
            row[flag] = value
    return row


@st.composite
def scenarios(draw: st.DrawFn) -> dict[str, Any]:
    """One scenario line, without an expected outcome."""
    now = draw(instants())
    confirmed = draw(st.lists(payloads(now, "RC03"), max_size=5))
    completed = draw(st.lists(payloads(now, "RC08"), max_size=4))
    if confirmed and draw(st.booleans()):  # the same booking in both lists
        completed.append({**draw(st.sampled_from(confirmed)), "bookingStatusCode": "RC08"})
    known = [p for p in (*confirmed, *completed) if draw(st.integers(0, 2))]
    before = {(row["booking_num"], row["phone"]): row for row in (draw(rows(p)) for p in known)}
    return {
        "id": "drawn",
        "category": "random",
        "now": now.isoformat(),
        "stores": list(STORES),
        "confirmed": confirmed,
        "completed": completed,
        "ledger_before": list(before.values()),
    }
