"""LEGACY's ``sms`` table, which it must be able to take back at any time.

No row of ours before a message is accepted: LEGACY knows a new booking by the missing row.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from booking_sms.adapters.dynamodb.expressions import Expression
from booking_sms.adapters.dynamodb.table import Table
from booking_sms.adapters.dynamodb.table_schema import TableNames
from booking_sms.domain.ledger import FLAG_OF_KIND, LedgerRow, blank_row
from booking_sms.domain.sms_job import SmsJob
from booking_sms.ports import RequestOwner

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient

READERS = 16
CLAIM = "claim"
_CLAIMED = "req#"


class DynamoDbLegacyLedger:
    """LEGACY's rows, and the claims of SENS request ids (in ``sms_jobs``, under ``req#``)."""

    def __init__(self, client: DynamoDBClient, tables: TableNames) -> None:
        self._rows = Table(client, tables.sms)
        self._claims = Table(client, tables.jobs)

    def rows(self, booking_nums: Iterable[str]) -> tuple[LedgerRow, ...]:
        """All rows of these bookings, by booking in the order asked, then by phone.

        One query a booking (the phone is part of the key), some at a time in threads.
        """
        wanted = tuple(dict.fromkeys(booking_nums))
        if len(wanted) < 2:
            return tuple(row for num in wanted for row in self._of_booking(num))
        with ThreadPoolExecutor(max_workers=min(READERS, len(wanted))) as readers:
            return tuple(row for rows in readers.map(self._of_booking, wanted) for row in rows)

    def pages(self) -> Iterator[tuple[LedgerRow, ...]]:
        """The whole table, in the pages of its scan: a shadow campaign only."""
        for page in self._rows.scan_pages():
            yield tuple(
                LedgerRow(booking_num=item["booking_num"], phone=item["phone"], item=item)
                for item in page
            )

    def mark_accepted(self, job: SmsJob) -> None:
        """Set the job's flag; name, time and the other flags only where there is no row yet.

        A job without a flag (a kind that LEGACY does not know) leaves no row. Idempotent.
        """
        flag = job.ledger.flag
        if not flag:
            return
        if flag not in FLAG_OF_KIND.values():
            raise ValueError(f"{flag!r} is no flag of the ledger")
        row = blank_row(job)
        key = {"booking_num": row.booking_num, "phone": row.phone}
        rest = {name: value for name, value in row.item.items() if name not in (*key, flag)}
        terms = Expression()
        kept = ", ".join(terms.default(name, value) for name, value in rest.items())
        self._rows.update(key, f"SET {terms.equals(flag, True)}, {kept}", terms)

    def claim_request(
        self, job: SmsJob, request_id: str, *, instead_of: RequestOwner | None = None
    ) -> bool:
        """Claim a SENS request id; True if it is this job's, also when it was before."""
        owner = {"owner_booking": job.booking_num, "owner_key": job.sort_key}
        terms = Expression()
        # Absent: one row of SENS's list settles one job and no other.
        condition = terms.is_absent("booking_num")
        if instead_of is not None:
            booking = terms.equals("owner_booking", instead_of.booking_num)
            condition += f" OR ({booking} AND {terms.equals('owner_key', instead_of.sort_key)})"
        claim = {**_claim_key(request_id), **owner, "attempt": job.attempt}
        if self._claims.put_if(claim, condition, terms):
            return True
        stored = self._claims.get(_claim_key(request_id)) or {}
        return owner.items() <= stored.items()

    def request_owners(self, request_ids: Sequence[str]) -> Mapping[str, RequestOwner]:
        """Who claimed these requests; nobody's are left out. Strong reads."""
        found = self._claims.get_many([_claim_key(name) for name in request_ids])
        return {
            row["booking_num"].removeprefix(_CLAIMED): RequestOwner(
                row["owner_booking"], row["owner_key"]
            )
            for row in found
        }

    def _of_booking(self, booking_num: str) -> tuple[LedgerRow, ...]:
        terms = Expression()
        items = self._rows.query(terms.equals("booking_num", booking_num), terms)
        return tuple(
            LedgerRow(booking_num=booking_num, phone=item["phone"], item=item) for item in items
        )


def _claim_key(request_id: str) -> dict[str, str]:
    return {"booking_num": f"{_CLAIMED}{request_id}", "sort_key": CLAIM}
