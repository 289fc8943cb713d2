"""``sms_jobs``: each move is one conditional write on state and fencing token.

A failed condition may be our own earlier try whose answer was lost, so the item is read back:
every write leaves a token of its own in the item, by which it recognises itself.
"""

from __future__ import annotations

import secrets
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

import structlog

from booking_sms.adapters.dynamodb.expressions import Expression
from booking_sms.adapters.dynamodb.job_item import (
    KEY,
    WRITE_TOKEN,
    condition_of,
    item_of,
    job_key,
    job_of,
    update_of,
)
from booking_sms.adapters.dynamodb.table import Row, Table
from booking_sms.adapters.dynamodb.table_schema import OPEN_INDEX, TableNames
from booking_sms.adapters.dynamodb.values import instant_text
from booking_sms.domain.errors import JobUnreadable, StoreUnavailable
from booking_sms.domain.incidents import keep_incident
from booking_sms.domain.job_moves import (
    PlannedWrite,
    incident_note,
    payload_conflict,
    plan_amendment,
    plan_move,
)
from booking_sms.domain.sms_job import FINAL, Move, SmsJob
from booking_sms.ports import ControlRepository, StoredJob, UnreadableItem

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient


log = structlog.get_logger(__name__)


class DynamoDbSmsJobRepository:
    """The outbox. ``control`` keeps a note of each payload conflict, for a person to judge."""

    def __init__(
        self, client: DynamoDBClient, tables: TableNames, *, control: ControlRepository
    ) -> None:
        self._table = Table(client, tables.jobs)
        self._control = control

    def insert_if_absent(self, job: SmsJob) -> bool:
        """Write a new job; False if the same was there.

        Raises PayloadConflict when the key is taken by another payload (both texts stay in
        ``sms_bodies``), StoreThrottled or StoreUnavailable when trying again is safe.
        """
        token = _new_token()
        terms = Expression()
        if self._table.put_if(item_of(job, token), terms.is_absent("booking_num"), terms):
            return True
        item = self._table.get(job_key(job))
        if item is None:
            raise StoreUnavailable("a job was there and is not", job_id=job.job_id)
        if item.get(WRITE_TOKEN) == token:
            return True
        self._refuse_conflict(job_of(item), job)
        return False

    def get(self, booking_num: str, sort_key: str) -> SmsJob | None:
        """Return the job, strongly consistent, or None."""
        item = self._table.get({"booking_num": booking_num, "sort_key": sort_key})
        return job_of(item) if item else None

    def of_booking(self, booking_num: str) -> tuple[SmsJob, ...]:
        """All jobs of a booking, strongly consistent, by sort key."""
        terms = Expression()
        items = self._table.query(terms.equals("booking_num", booking_num), terms)
        return tuple(_readable(items))

    def open_jobs(self, shard: int, due_until: datetime) -> tuple[SmsJob, ...]:
        """Open jobs of a shard, oldest due first.

        The index is a hint that lags: every job is read again from the base table and judged
        by what stands there.
        """
        jobs = _readable(self._table.get_many(self._hints(shard, due_until)))
        found = [job for job in jobs if job.state not in FINAL and job.due_at <= due_until]
        return tuple(sorted(found, key=lambda job: (job.due_at, job.booking_num, job.sort_key)))

    def move(self, job: SmsJob, move: Move, **changes: Any) -> SmsJob | None:
        """Apply a move under the conditions of ``domain.job_moves``; None: the race was lost.

        Raises IllegalMove when the caller's own copy forbids the move, StoreThrottled or
        StoreUnavailable when nothing is known: the move may then have been applied.
        """
        return self._write(job, plan_move(job, move, changes))

    def amend(self, job: SmsJob, **changes: Any) -> SmsJob | None:
        """Change fields on the same state and attempt; None when the job moved on."""
        return self._write(job, plan_amendment(job, changes))

    def everything(self) -> Iterator[StoredJob | UnreadableItem]:
        """Every item but claims of request ids. Scans the base table: the audit only."""
        for item in self._table.scan_items():
            if not (str(item.get("booking_num")).startswith("req#") and "owner_key" in item):
                yield _stored(item)

    def index_again(self, job: SmsJob) -> bool:
        """Set or remove the index key, by the job's state, unless the job moved on."""
        terms = Expression()
        if job.state in FINAL:
            update = f"REMOVE {terms.name('open_shard')}"
        else:
            update = f"SET {terms.equals('open_shard', job.open_shard)}"
        same = f"{terms.equals('state', job.state)} AND {terms.equals('attempt', job.attempt)}"
        return self._table.update(job_key(job), update, terms, condition=same) is not None

    def count_by_reason(self) -> Mapping[tuple[str, str, str], int]:
        """{(kind, state, reason): n} of jobs that have a reason. Scans the base table: reports."""
        terms = Expression()
        condition = f"attribute_exists({terms.name('state')})"
        rows = self._table.scan(("kind", "state", "reason"), condition, terms)
        return Counter(
            (_word(row, "kind"), _word(row, "state"), _word(row, "reason"))
            for row in rows
            if row.get("reason")
        )

    def count_by_state(self, window: str | None = None) -> Mapping[tuple[str, str, str], int]:
        """{(store, kind, state): n}. Scans the base table: reports and the audit only."""
        terms = Expression()
        # Claims of request ids live in this table too; they have no state.
        condition = f"attribute_exists({terms.name('state')})"
        if window is not None:
            condition += f" AND {terms.equals('window', window)}"
        rows = self._table.scan(("store_id", "kind", "state"), condition, terms)
        return Counter(
            (_word(row, "store_id"), _word(row, "kind"), _word(row, "state")) for row in rows
        )

    def _hints(self, shard: int, due_until: datetime) -> list[Row]:
        terms = Expression()
        due = terms.compares("due_at", "<=", instant_text(due_until))
        condition = f"{terms.equals('open_shard', shard)} AND {due}"
        items = self._table.query(condition, terms, index=OPEN_INDEX)
        return [{name: item[name] for name in KEY} for item in items]

    def _write(self, job: SmsJob, write: PlannedWrite) -> SmsJob | None:
        token = _new_token()
        terms = Expression()
        shard = job.open_shard if write.enters_index else None
        update = update_of(write, token, terms, shard)
        item = self._table.update(job_key(job), update, terms, condition=condition_of(write, terms))
        return job_of(item) if item else self._won_before(job, write, token)

    def _won_before(self, job: SmsJob, write: PlannedWrite, token: str) -> SmsJob | None:
        """The stored job if this very write, or one with the same outcome, stands there."""
        item = self._table.get(job_key(job))
        if item is None:
            return None
        stored = job_of(item)
        if item.get(WRITE_TOKEN) == token or write.is_already_done(stored):
            return stored
        return None

    def _refuse_conflict(self, stored: SmsJob, offered: SmsJob) -> None:
        if stored.payload_hash == offered.payload_hash:
            return
        conflict = payload_conflict(stored, offered)
        keep_incident(self._control, offered.job_id, incident_note(conflict), conflict.context)
        raise conflict


def _readable(items: Iterable[Row]) -> Iterator[SmsJob]:
    """The jobs among items; one that is no job is named in the log and stops nothing."""
    for item in items:
        try:
            yield job_of(item)
        except JobUnreadable as error:
            log.error("job_unreadable", **error.context)


def _stored(item: Row) -> StoredJob | UnreadableItem:
    try:
        job = job_of(item)
    except JobUnreadable as error:
        return UnreadableItem(**error.context)
    wanted = None if job.state in FINAL else job.open_shard
    return StoredJob(job=job, is_indexed=item.get("open_shard") == wanted)


def _word(row: Row, attribute: str) -> str:
    """An attribute for a count; an item that is no job of ours may lack it."""
    return str(row.get(attribute, "?"))


def _new_token() -> str:
    return secrets.token_hex(8)
