"""The smaller stores in memory: texts, LEGACY's ledger, windows, plans, payloads, secrets."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from booking_sms.domain.coverage import coverage_rank
from booking_sms.domain.errors import ConfigError, PayloadConflict, SecretMissing
from booking_sms.domain.ledger import FLAG_OF_KIND, LedgerKey, LedgerRow, blank_row
from booking_sms.domain.sms_job import SmsJob
from booking_sms.domain.window import StoreCoverage
from booking_sms.ports import RequestOwner


class InMemoryBodyStore:
    """Texts by sha256. ``writes`` counts the texts that were new or unreadable.

    ``sealed`` are digests of texts that no key opens; one that is put again opens again.
    """

    def __init__(self) -> None:
        self.texts: dict[str, str] = {}
        self.sealed: set[str] = set()
        self.writes = 0

    def put(self, content: str) -> str:
        """Keep the text once; return its sha256 hex."""
        digest = hashlib.sha256(content.encode()).hexdigest()
        if digest not in self.texts or digest in self.sealed:
            self.texts[digest] = content
            self.sealed.discard(digest)
            self.writes += 1
        return digest

    def get(self, sha256: str) -> str:
        """Return the text; KeyError if unknown, ConfigError if sealed."""
        if sha256 in self.sealed:
            raise ConfigError("no encryption key opens this text", body=sha256)
        return self.texts[sha256]

    def get_many(self, sha256s: Sequence[str]) -> Mapping[str, str]:
        """Texts by sha256; what is unknown or sealed is left out."""
        readable = self.texts.keys() - self.sealed
        return {sha256: self.texts[sha256] for sha256 in sha256s if sha256 in readable}


class InMemoryLegacyLedger:
    """LEGACY's ``sms`` rows and the claimed SENS request ids."""

    def __init__(self, rows: Iterable[LedgerRow] = ()) -> None:
        self._rows: dict[LedgerKey, LedgerRow] = {row.key: row for row in rows}
        self.claims: dict[str, RequestOwner] = {}
        self.page_rows = 0

    def rows(self, booking_nums: Iterable[str]) -> tuple[LedgerRow, ...]:
        """All rows of these bookings, by booking in the order asked, then by phone."""
        wanted = tuple(dict.fromkeys(booking_nums))
        found = sorted(self._rows.values(), key=lambda row: row.phone)
        return tuple(row for num in wanted for row in found if row.booking_num == num)

    def mark_accepted(self, job: SmsJob) -> None:
        """Set the job's flag; what is there already stays. No flag, no row."""
        flag = job.ledger.flag
        if not flag:
            return
        if flag not in FLAG_OF_KIND.values():
            raise ValueError(f"{flag!r} is no flag of the ledger")
        row = blank_row(job)
        stored = self._rows.get(row.key, row)
        self._rows[row.key] = row.with_values(**{**stored.item, flag: True})

    def claim_request(
        self, job: SmsJob, request_id: str, *, instead_of: RequestOwner | None = None
    ) -> bool:
        """Claim a SENS request id; True if it is this job's."""
        owner = RequestOwner(job.booking_num, job.sort_key)
        if instead_of is not None and self.claims.get(request_id) == instead_of:
            self.claims[request_id] = owner
        return self.claims.setdefault(request_id, owner) == owner

    def request_owners(self, request_ids: Sequence[str]) -> Mapping[str, RequestOwner]:
        """Who claimed these requests."""
        return {name: self.claims[name] for name in request_ids if name in self.claims}

    def pages(self) -> Iterator[tuple[LedgerRow, ...]]:
        """The whole table, ``page_rows`` rows a page, in the order of their hashed number."""
        rows = sorted(self._rows.values(), key=lambda row: _scan_place(row.booking_num))
        size = self.page_rows or len(rows) or 1
        for start in range(0, len(rows), size):
            yield tuple(rows[start : start + size])

    def put(self, row: LedgerRow) -> None:
        """Store a row as LEGACY would."""
        self._rows[row.key] = row


def _scan_place(booking_num: str) -> str:
    return hashlib.sha256(booking_num.encode()).hexdigest()


class InMemoryWindowRepository:
    """Coverage by store and window."""

    def __init__(self) -> None:
        self._rows: dict[tuple[str, datetime], StoreCoverage] = {}

    def record(self, coverage: StoreCoverage) -> None:
        """Keep the coverage unless a better one is known."""
        key = (coverage.store_id, coverage.window.as_of)
        stored = self._rows.get(key)
        if stored and coverage_rank(coverage.status) < coverage_rank(stored.status):
            return
        self._rows[key] = coverage

    def of_store(
        self, store_id: str, since: datetime, until: datetime
    ) -> tuple[StoreCoverage, ...]:
        """Coverage of a store with since <= as_of <= until, oldest first."""
        found = [
            coverage
            for (store, as_of), coverage in self._rows.items()
            if store == store_id and since <= as_of <= until
        ]
        return tuple(sorted(found, key=lambda coverage: coverage.window))


class InMemoryPlanRepository:
    """Plans by id, as JSON gives them back."""

    def __init__(self) -> None:
        self._plans: dict[str, str] = {}

    def put(self, plan_id: str, plan: Mapping[str, Any]) -> None:
        """Keep a JSON-able plan."""
        self._plans[plan_id] = json.dumps(plan)

    def get(self, plan_id: str) -> Mapping[str, Any] | None:
        """Return the plan or None."""
        stored = self._plans.get(plan_id)
        return json.loads(stored) if stored is not None else None


class InMemoryPayloadStage:
    """Staged documents by key, as JSON gives them back.

    ``written_at`` are the instants of documents that are not to count as new.
    """

    def __init__(self) -> None:
        self._documents: dict[str, str] = {}
        self.written_at: dict[str, datetime] = {}

    def write(self, key: str, document: Any) -> str:
        """Keep a document; PayloadConflict when the key is taken."""
        if key in self._documents:
            raise PayloadConflict("a staged object is never overwritten", key=key)
        self._documents[key] = json.dumps(document)
        return key

    def read(self, key: str) -> Any:
        """Return the document; KeyError for an unknown key."""
        return json.loads(self._documents[key])

    def list(self, prefix: str) -> tuple[str, ...]:
        """Keys that start with a prefix, sorted."""
        return tuple(sorted(key for key in self._documents if key.startswith(prefix)))

    def delete_older_than(self, days: int = 7, *, now: datetime) -> int:
        """Delete documents whose ``written_at`` lies further back; how many."""
        end = now - timedelta(days=days)
        old = [key for key in self._documents if self.written_at.get(key, now) < end]
        for key in old:
            del self._documents[key]
        return len(old)


class InMemorySecretSource:
    """Values of ``secret:`` references from a dictionary."""

    def __init__(self, values: Mapping[str, str] | None = None) -> None:
        self.values = dict(values or {})

    def get(self, name: str) -> str:
        """Return the value, or raise SecretMissing with the reference."""
        if name not in self.values:
            raise SecretMissing(name=name)
        return self.values[name]
