"""One login at a time on however many machines: an item with an owner and an end."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from booking_sms.adapters.dynamodb.expressions import Expression
from booking_sms.adapters.dynamodb.table import Table
from booking_sms.adapters.dynamodb.table_schema import TableNames
from booking_sms.ports import TransportClock

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient

LOCK_KEY = {"id": "booking_sms#login_lock"}


class DynamoDbLoginLock:
    """The lock item, beside the session it guards."""

    def __init__(
        self, client: DynamoDBClient, tables: TableNames, *, clock: TransportClock
    ) -> None:
        self._table = Table(client, tables.session)
        self._clock = clock

    def acquire(self, owner: str, ttl: timedelta) -> bool:
        """Take or extend the lock for ``ttl``; False while another owner holds it."""
        now_ms = self._clock.now_ms()
        terms = Expression()
        lock = {**LOCK_KEY, "owner": owner, "until": now_ms + ttl // timedelta(milliseconds=1)}
        reasons = (
            terms.is_absent("id"),  # nobody ever held it
            terms.equals("owner", owner),  # it is ours: a repeated try, or more time
            terms.compares("until", "<=", now_ms),  # its owner died with it
        )
        return self._table.put_if(lock, " OR ".join(reasons), terms)

    def release(self, owner: str) -> None:
        """Give the lock back; a lock that is another's by now stays with it."""
        terms = Expression()
        ours = terms.equals("owner", owner)
        self._table.update(LOCK_KEY, f"SET {terms.equals('until', 0)}", terms, condition=ours)
