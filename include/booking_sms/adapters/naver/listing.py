"""Reads whole queries: every page, each booking once, checked against Naver's own count.

The list moves while it is read: a booking that arrives or leaves between two pages makes rows
repeat or go missing. Reading until a short page finds late arrivals, the count finds losses.
"""

from __future__ import annotations

from typing import Any

from booking_sms.adapters.naver.booking_api import StoreBookings
from booking_sms.adapters.naver.parsing import booking_reference
from booking_sms.adapters.naver.query import PAGE_SIZE, describe
from booking_sms.domain.errors import BookingApiUnavailable
from booking_sms.domain.fetch_plan import FetchPlan, FetchQuery

Rows = dict[str, Any]
"""Payloads by booking id; one without a usable id has a key of its own."""

_READINGS = 2


def read_plan(store: StoreBookings, plan: FetchPlan) -> Rows:
    """All payloads of a plan. A booking found by several queries counts once: the last wins."""
    rows: Rows = {}
    for query in plan.queries:
        rows.update(read_query(store, query))
    return rows


def read_query(store: StoreBookings, query: FetchQuery) -> Rows:
    """All payloads of one query.

    When fewer come than Naver counts, the query is read once more; when that is short as well,
    BookingApiUnavailable: half a day is not a day.
    """
    counted, rows = 0, Rows()
    for _ in range(_READINGS):
        counted = store.count(query)
        rows = _read_pages(store, query) if counted else Rows()
        if len(rows) >= counted:
            return rows
    raise BookingApiUnavailable(
        "the list is shorter than its count",
        store=store.store_id,
        query=describe(query, 0),
        counted=counted,
        collected=len(rows),
    )


def _read_pages(store: StoreBookings, query: FetchQuery) -> Rows:
    """Pages until a short one, or until one brings nothing new."""
    rows: Rows = {}
    page = 0
    while True:
        payloads = store.page(query, page)
        known = len(rows)
        for position, payload in enumerate(payloads):
            rows[booking_reference(payload) or f"?{_place(query, page, position)}"] = payload
        if len(payloads) < PAGE_SIZE or len(rows) == known:
            return rows
        page += 1


def _place(query: FetchQuery, page: int, position: int) -> str:
    return f"{describe(query, page)} row {position}"
