"""The candidate's own ledger while the predecessor runs: its table at the start, then ours.

The predecessor's later flags are never looked at, so a difference stays visible instead of being
healed by the other side. One sealed item a booking in ``sms_plans``: read and written singly.
Every flag remembers the window that set it, and a window sees only what came before it, so that
running a window again decides the same.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from booking_sms.domain.ledger import LedgerRow, blank_row
from booking_sms.domain.sms_job import SmsJob
from booking_sms.domain.window import Window
from booking_sms.pipeline.job_batch import JobBatch
from booking_sms.pipeline.parallel import in_parallel
from booking_sms.pipeline.plan_document import Seals
from booking_sms.ports import PlanRepository

AT_START = ""
"""The window of what was there when the campaign began: before every name."""


class ShadowLedger:
    """Rows of one campaign. ``rows`` reads as of a window, ``remember`` adds what it decided."""

    def __init__(self, plans: PlanRepository, sealer: Seals, campaign: str, window: Window) -> None:
        self._plans = plans
        self._sealer = sealer
        self._campaign = campaign
        self._window = window.name

    def rows(self, booking_nums: Iterable[str]) -> tuple[LedgerRow, ...]:
        """All rows of these bookings as they were before this window."""
        wanted = list(dict.fromkeys(booking_nums))
        found = in_parallel(self._of_booking, wanted)
        return tuple(row for rows in found for row in rows)

    def begin(self, rows: Iterable[LedgerRow]) -> int:
        """Keep the predecessor's rows; what was kept before stays. Returns the bookings."""
        by_booking: defaultdict[str, dict[str, Any]] = defaultdict(dict)
        for row in rows:
            item = dict(row.item)
            flags = {name: AT_START for name, value in item.items() if value is True}
            by_booking[row.booking_num][row.phone] = {
                "item": item, "seen": AT_START, "flags": flags,
            }  # fmt: skip
        in_parallel(lambda number: self._merge(number, by_booking[number]), list(by_booking))
        return len(by_booking)

    def remember(self, batch: JobBatch) -> int:
        """Add what a window's plan decided, its shadowed decisions as well; idempotent."""
        jobs = [job for job, _ in batch.jobs if job.is_text]
        by_booking: defaultdict[str, list[SmsJob]] = defaultdict(list)
        for job in (*jobs, *batch.shadowed):
            by_booking[job.booking_num].append(job)
        in_parallel(lambda number: self._remember(number, by_booking[number]), list(by_booking))
        return len(by_booking)

    def _remember(self, booking_num: str, jobs: Sequence[SmsJob]) -> None:
        new: dict[str, Any] = {}
        for job in jobs:
            row = blank_row(job)
            entry = new.setdefault(
                row.phone, {"item": dict(row.item), "seen": self._window, "flags": {}}
            )
            if job.ledger.flag:
                entry["flags"][job.ledger.flag] = self._window
        self._merge(booking_num, new)

    def _merge(self, booking_num: str, new: Mapping[str, Any]) -> None:
        known = self._load(booking_num)
        merged = dict(known)
        for phone, entry in new.items():
            old = known.get(phone, entry)
            flags = {**entry["flags"], **old["flags"]}
            earliest = {
                name: min(found[name] for found in (entry["flags"], old["flags"]) if name in found)
                for name in flags
            }
            seen = min(old["seen"], entry["seen"])
            merged[phone] = {"item": old["item"], "seen": seen, "flags": earliest}
        if merged != known:
            self._plans.put(self._id(booking_num), {"sealed": self._sealer.seal(_dump(merged))})

    def _of_booking(self, booking_num: str) -> tuple[LedgerRow, ...]:
        rows = self._load(booking_num)
        return tuple(
            LedgerRow(booking_num=booking_num, phone=phone, item=self._as_it_was(rows[phone]))
            for phone in sorted(rows)
            if self._is_before(rows[phone]["seen"])
        )

    def _as_it_was(self, entry: Mapping[str, Any]) -> dict[str, Any]:
        set_before = {name: self._is_before(at) for name, at in entry["flags"].items()}
        return {**entry["item"], **set_before}

    def _is_before(self, window: str) -> bool:
        return window < self._window

    def _load(self, booking_num: str) -> dict[str, Any]:
        kept = self._plans.get(self._id(booking_num))
        if kept is None:
            return {}
        opened = self._sealer.open(kept["sealed"])
        return dict(json.loads(opened)) if opened is not None else {}

    def _id(self, booking_num: str) -> str:
        return f"shadow-row#{self._campaign}#{booking_num}"


def _dump(rows: Mapping[str, Any]) -> str:
    return json.dumps(rows, ensure_ascii=False, default=str)
