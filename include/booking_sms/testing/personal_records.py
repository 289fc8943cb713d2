"""Erasure on the in-memory stores, under the same conditions as on the tables."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime

from booking_sms.domain.booking import KST
from booking_sms.domain.retention import ERASED, is_blank
from booking_sms.domain.sms_job import LedgerEntry, SmsJob
from booking_sms.testing.jobs import InMemorySmsJobRepository
from booking_sms.testing.tables import (
    InMemoryBodyStore,
    InMemoryLegacyLedger,
    InMemoryPlanRepository,
)

NEW = datetime.max.replace(tzinfo=UTC)


class InMemoryPersonalRecords:
    """Works on the insides of the other in-memory stores.

    ``written_at`` are the instants of texts; others count as new.
    """

    def __init__(
        self,
        jobs: InMemorySmsJobRepository,
        ledger: InMemoryLegacyLedger,
        bodies: InMemoryBodyStore,
        plans: InMemoryPlanRepository,
    ) -> None:
        self._jobs = jobs._jobs
        self._rows = ledger._rows
        self._texts = bodies.texts
        self._plans = plans._plans
        self.written_at: dict[str, datetime] = {}

    def blank_job(self, job: SmsJob) -> bool:
        """Blank a job that stands as it was read."""
        if not self._stands(job):
            return False
        nobody = LedgerEntry(phone="", name="", flag=job.ledger.flag)
        stored = self._jobs[job.booking_num, job.sort_key]
        self._jobs[job.booking_num, job.sort_key] = replace(
            stored, to=ERASED, ledger=nobody, body_sha=ERASED
        )
        return True

    def erase_job(self, job: SmsJob) -> bool:
        """Erase a blank job that stands as it was read."""
        key = (job.booking_num, job.sort_key)
        if not self._stands(job) or not is_blank(self._jobs[key]):
            return False
        del self._jobs[key]
        return True

    def ledger_rows(self) -> Iterator[tuple[str, str, datetime | None]]:
        """(booking, phone, visit) of every row."""
        for row in sorted(self._rows.values(), key=lambda one: one.key):
            yield row.booking_num, row.phone, _visit_of(str(row.item.get("booking_time", "")))

    def blank_row(self, booking_num: str, phone: str) -> bool:
        """Blank the name of a row."""
        row = self._rows.get((booking_num, phone))
        if row is None or row.item.get("name") == ERASED:
            return False
        self._rows[row.key] = row.with_values(name=ERASED)
        return True

    def erase_row(self, booking_num: str, phone: str) -> bool:
        """Erase a row."""
        return self._rows.pop((booking_num, phone), None) is not None

    def texts(self) -> Iterator[tuple[str, datetime]]:
        """(digest, written) of every text."""
        yield from [(sha256, self.written_at.get(sha256, NEW)) for sha256 in self._texts]

    def erase_text(self, sha256: str, before: datetime) -> bool:
        """Erase a text that is still as old."""
        if sha256 not in self._texts or self.written_at.get(sha256, NEW) >= before:
            return False
        del self._texts[sha256]
        return True

    def plans(self) -> Iterator[tuple[str, datetime]]:
        """(id, over) of repair plans and of the rows of shadow campaigns."""
        for plan_id in list(self._plans):
            if plan_id.startswith("repair#"):
                yield plan_id, self._instant(plan_id, "created_at")
            elif plan_id.startswith("shadow-row#"):
                yield plan_id, self._instant(f"campaign#{plan_id.split('#')[1]}", "closed_at")

    def erase_plan(self, plan_id: str) -> None:
        """Erase a plan."""
        self._plans.pop(plan_id, None)

    def _instant(self, plan_id: str, name: str) -> datetime:
        said = json.loads(self._plans.get(plan_id, "{}")).get(name)
        return datetime.fromisoformat(said) if said else NEW

    def _stands(self, job: SmsJob) -> bool:
        stored = self._jobs.get((job.booking_num, job.sort_key))
        return stored is not None and (stored.state, stored.attempt) == (job.state, job.attempt)


def _visit_of(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(text).replace(tzinfo=KST)
    except ValueError:
        return None
