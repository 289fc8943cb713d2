"""Blanks and erases personal data in the tables: one conditional write each, all repeatable."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from booking_sms.adapters.dynamodb.expressions import Expression
from booking_sms.adapters.dynamodb.job_item import job_key
from booking_sms.adapters.dynamodb.plan_repository import DynamoDbPlanRepository
from booking_sms.adapters.dynamodb.table import Row, Table
from booking_sms.adapters.dynamodb.table_schema import TableNames
from booking_sms.domain.booking import KST
from booking_sms.domain.retention import ERASED
from booking_sms.domain.sms_job import FINAL, SmsJob, open_shard_of

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient

REPAIR, SHADOW_ROW = "repair#", "shadow-row#"
_FERNET = 0x80
"""First byte of a Fernet token; eight bytes of seconds follow in the clear, no key is needed."""


class DynamoDbPersonalRecords:
    """ports.PersonalRecords on our tables and on LEGACY's ledger."""

    def __init__(self, client: DynamoDBClient, tables: TableNames) -> None:
        self._jobs = Table(client, tables.jobs)
        self._rows = Table(client, tables.sms)
        self._bodies = Table(client, tables.bodies)
        self._plans = Table(client, tables.plans)
        self._documents = DynamoDbPlanRepository(client, tables)

    def blank_job(self, job: SmsJob) -> bool:
        """Blank recipient, ledger entry and text of a job that still stands as it was read."""
        terms = Expression()
        same = f"{terms.equals('state', job.state)} AND {terms.equals('attempt', job.attempt)}"
        flag = {"flag": job.ledger.flag} if job.ledger.flag else {}
        changes: Row = {"to": ERASED, "ledger": flag, "body_sha": ERASED}
        if job.state not in FINAL:
            changes["open_shard"] = open_shard_of(ERASED)
        update = f"SET {terms.assignments(changes)}"
        return self._jobs.update(job_key(job), update, terms, condition=same) is not None

    def erase_job(self, job: SmsJob) -> bool:
        """Erase a job that is blank; False for one that is not, or that has moved on."""
        terms = Expression()
        blank = terms.equals("to", ERASED)
        same = f"{terms.equals('state', job.state)} AND {terms.equals('attempt', job.attempt)}"
        return self._jobs.delete_if(job_key(job), f"{blank} AND {same}", terms)

    def ledger_rows(self) -> Iterator[tuple[str, str, datetime | None]]:
        """(booking, phone, visit) of every row; None for a visit that is no instant."""
        for row in self._rows.scan_items():
            yield str(row["booking_num"]), str(row["phone"]), _visit_of(row.get("booking_time"))

    def blank_row(self, booking_num: str, phone: str) -> bool:
        """Blank the name; False if it was blank, or the row is gone."""
        terms = Expression()
        named = f"{terms.compares('name', '<>', ERASED)}"
        key = {"booking_num": booking_num, "phone": phone}
        update = f"SET {terms.equals('name', ERASED)}"
        there = f"attribute_exists({terms.name('booking_num')})"
        return self._rows.update(key, update, terms, condition=f"{there} AND {named}") is not None

    def erase_row(self, booking_num: str, phone: str) -> bool:
        """Erase a row; False if it is gone."""
        terms = Expression()
        there = f"attribute_exists({terms.name('booking_num')})"
        return self._rows.delete_if({"booking_num": booking_num, "phone": phone}, there, terms)

    def texts(self) -> Iterator[tuple[str, datetime]]:
        """(digest, written) of every text; its sealed form carries the time."""
        for row in self._bodies.scan_items():
            written_at = _written_at(str(row["sealed"]))
            if written_at is not None:
                yield str(row["sha256"]), written_at

    def erase_text(self, sha256: str, before: datetime) -> bool:
        """Erase a text that is still as old; False if it was sealed anew meanwhile, or is gone."""
        row = self._bodies.get({"sha256": sha256})
        written_at = _written_at(str(row["sealed"])) if row else None
        if row is None or written_at is None or written_at >= before:
            return False
        terms = Expression()
        same = terms.equals("sealed", row["sealed"])
        return self._bodies.delete_if({"sha256": sha256}, same, terms)

    def plans(self) -> Iterator[tuple[str, datetime]]:
        """(id, over) of repair plans, by when they were made, and of a shadow campaign's rows.

        The rows are over when their campaign was closed; while it is open they are as young as
        can be.
        """
        closed: dict[str, datetime] = {}
        for row in self._plans.scan_items():
            plan_id = str(row["plan_id"])
            if "parts" not in row:  # a part of another item
                continue
            if plan_id.startswith(REPAIR):
                yield plan_id, self._instant(plan_id, "created_at")
            elif plan_id.startswith(SHADOW_ROW):
                campaign = plan_id.split("#")[1]
                if campaign not in closed:
                    closed[campaign] = self._instant(f"campaign#{campaign}", "closed_at")
                yield plan_id, closed[campaign]

    def erase_plan(self, plan_id: str) -> None:
        """Erase a plan: its head first, so that nobody reads half of it."""
        head = self._plans.get({"plan_id": plan_id}) or {}
        self._plans.delete({"plan_id": plan_id})
        for name in head.get("parts", ()):
            self._plans.delete({"plan_id": name})

    def _instant(self, plan_id: str, name: str) -> datetime:
        """An instant of a plan; one that it does not say is as late as can be."""
        document = self._documents.get(plan_id) or {}
        try:
            return datetime.fromisoformat(document[name])
        except (KeyError, ValueError):
            return datetime.max.replace(tzinfo=UTC)


def _written_at(sealed: str) -> datetime | None:
    try:
        head = base64.urlsafe_b64decode(sealed[:12])
    except ValueError:
        return None
    if len(head) != 9 or head[0] != _FERNET:
        return None
    return datetime.fromtimestamp(int.from_bytes(head[1:9], "big"), UTC)


def _visit_of(text: Any) -> datetime | None:
    """LEGACY's visit: ``2026-03-02 16:00:00`` in Korea."""
    try:
        instant = datetime.fromisoformat(str(text))
    except ValueError:
        return None
    return instant if instant.tzinfo else instant.replace(tzinfo=KST)
