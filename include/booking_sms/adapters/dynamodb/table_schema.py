"""The tables: names, keys, the index of open jobs, and their creation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from booking_sms.adapters.dynamodb.errors import error_code, store_errors
from booking_sms.domain.errors import TableMissing

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient
    from types_boto3_dynamodb.literals import ScalarAttributeTypeType
    from types_boto3_dynamodb.type_defs import (
        CreateTableInputTypeDef,
        KeySchemaElementTypeDef,
    )

OPEN_INDEX = "open"


@dataclass(frozen=True, kw_only=True)
class TableSchema:
    """One table: its bare name, its keys, and whether it has the index of open jobs."""

    name: str
    partition_key: str
    sort_key: str | None = None
    has_open_index: bool = False

    @property
    def key_names(self) -> tuple[str, ...]:
        """Names of the primary key's attributes."""
        return (
            (self.partition_key,)
            if self.sort_key is None
            else (
                self.partition_key,
                self.sort_key,
            )
        )


SCHEMAS = (
    TableSchema(name="sms", partition_key="booking_num", sort_key="phone"),
    TableSchema(name="session", partition_key="id"),
    TableSchema(
        name="sms_jobs", partition_key="booking_num", sort_key="sort_key", has_open_index=True
    ),
    TableSchema(name="sms_bodies", partition_key="sha256"),
    TableSchema(name="sms_windows", partition_key="store_id", sort_key="as_of"),
    TableSchema(name="sms_control", partition_key="name"),
    TableSchema(name="sms_plans", partition_key="plan_id"),
)


@dataclass(frozen=True)
class TableNames:
    """Full table names: a prefix keeps several installations apart in one account."""

    prefix: str = ""

    @property
    def sms(self) -> str:
        """LEGACY's ledger."""
        return self.prefix + "sms"

    @property
    def session(self) -> str:
        """Naver sessions."""
        return self.prefix + "session"

    @property
    def jobs(self) -> str:
        """The outbox."""
        return self.prefix + "sms_jobs"

    @property
    def bodies(self) -> str:
        """Texts by digest."""
        return self.prefix + "sms_bodies"

    @property
    def windows(self) -> str:
        """Coverage by store and window."""
        return self.prefix + "sms_windows"

    @property
    def control(self) -> str:
        """Modes, switches, counters, notes."""
        return self.prefix + "sms_control"

    @property
    def plans(self) -> str:
        """Previews and comparison plans."""
        return self.prefix + "sms_plans"


def missing_tables(client: DynamoDBClient, prefix: str = "") -> list[str]:
    """Full names of the tables that do not exist, in the order of ``SCHEMAS``."""
    names = [prefix + schema.name for schema in SCHEMAS]
    return [name for name in names if not _exists(client, name)]


def ensure_tables(client: DynamoDBClient, prefix: str = "") -> list[str]:
    """Create what is missing and wait until it is usable; return the names that were created.

    Safe to repeat and to run at the same time elsewhere. Never changes a table that exists.
    """
    missing = set(missing_tables(client, prefix))
    created = [
        prefix + schema.name
        for schema in SCHEMAS
        if prefix + schema.name in missing and _create(client, schema, prefix)
    ]
    waiter = client.get_waiter("table_exists")
    for name in sorted(missing):
        with store_errors(name):
            waiter.wait(TableName=name, WaiterConfig={"Delay": 1, "MaxAttempts": 60})
    return created


def _exists(client: DynamoDBClient, name: str) -> bool:
    try:
        with store_errors(name):
            client.describe_table(TableName=name)
    except TableMissing:
        return False
    return True


def _create(client: DynamoDBClient, schema: TableSchema, prefix: str) -> bool:
    name = prefix + schema.name
    with store_errors(name):
        try:
            client.create_table(**_definition(schema, name))
        except ClientError as error:
            if error_code(error) != "ResourceInUseException":
                raise
            return False
    return True


def _definition(schema: TableSchema, name: str) -> CreateTableInputTypeDef:
    types: dict[str, ScalarAttributeTypeType] = dict.fromkeys(schema.key_names, "S")
    definition: CreateTableInputTypeDef = {
        "TableName": name,
        "KeySchema": _key_schema(schema.key_names),
        "BillingMode": "PAY_PER_REQUEST",
        "AttributeDefinitions": [],
    }
    if schema.has_open_index:
        types |= {"open_shard": "N", "due_at": "S"}
        definition["GlobalSecondaryIndexes"] = [
            {
                "IndexName": OPEN_INDEX,
                "KeySchema": _key_schema(("open_shard", "due_at")),
                "Projection": {"ProjectionType": "KEYS_ONLY"},
            }
        ]
    definition["AttributeDefinitions"] = [
        {"AttributeName": attribute, "AttributeType": kind} for attribute, kind in types.items()
    ]
    return definition


def _key_schema(names: tuple[str, ...]) -> list[KeySchemaElementTypeDef]:
    keys: list[KeySchemaElementTypeDef] = [{"AttributeName": names[0], "KeyType": "HASH"}]
    if len(names) > 1:
        keys.append({"AttributeName": names[1], "KeyType": "RANGE"})
    return keys
