"""DynamoDB: the outbox and everything else that is stored.

Written for the weakest engine we support: single-item conditional writes only, no
transactions, no TTL, and the item is read back after a failed condition.
"""

from booking_sms.adapters.dynamodb.body_store import DynamoDbBodyStore
from booking_sms.adapters.dynamodb.client import make_client
from booking_sms.adapters.dynamodb.control_repository import DynamoDbControlRepository
from booking_sms.adapters.dynamodb.job_repository import DynamoDbSmsJobRepository
from booking_sms.adapters.dynamodb.legacy_ledger import DynamoDbLegacyLedger
from booking_sms.adapters.dynamodb.login_lock import DynamoDbLoginLock
from booking_sms.adapters.dynamodb.personal_records import DynamoDbPersonalRecords
from booking_sms.adapters.dynamodb.plan_repository import DynamoDbPlanRepository
from booking_sms.adapters.dynamodb.sealing import Sealer
from booking_sms.adapters.dynamodb.session_store import (
    BorrowedSessionStore,
    DynamoDbSessionStore,
)
from booking_sms.adapters.dynamodb.table_schema import TableNames, ensure_tables, missing_tables
from booking_sms.adapters.dynamodb.window_repository import DynamoDbWindowRepository

__all__ = [
    "BorrowedSessionStore",
    "DynamoDbBodyStore",
    "DynamoDbControlRepository",
    "DynamoDbLegacyLedger",
    "DynamoDbLoginLock",
    "DynamoDbPersonalRecords",
    "DynamoDbPlanRepository",
    "DynamoDbSessionStore",
    "DynamoDbSmsJobRepository",
    "DynamoDbWindowRepository",
    "Sealer",
    "TableNames",
    "ensure_tables",
    "make_client",
    "missing_tables",
]
