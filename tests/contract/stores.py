"""All stores of one kind, as the pipeline would be given them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from cryptography.fernet import Fernet

from booking_sms import ports, testing
from booking_sms.adapters import dynamodb
from booking_sms.adapters.dynamodb.table_schema import SCHEMAS

HMAC_KEY = b"contract-suite"
FERNET_KEY = Fernet.generate_key().decode()


@dataclass(frozen=True, kw_only=True)
class Stores:
    kind: str
    clock: testing.FixedClock
    transport_clock: testing.FixedTransportClock
    jobs: ports.SmsJobRepository
    bodies: ports.BodyStore
    ledger: ports.LegacyLedger
    windows: ports.WindowRepository
    control: ports.ControlRepository
    plans: ports.PlanRepository
    sessions: ports.SessionStore
    login_lock: ports.LoginLock


def memory_stores() -> Stores:
    clock = testing.FixedClock(testing.NOW)
    transport_clock = testing.FixedTransportClock(testing.NOW_MS)
    control = testing.InMemoryControlRepository(clock)
    return Stores(
        kind="memory",
        clock=clock,
        transport_clock=transport_clock,
        jobs=testing.InMemorySmsJobRepository(control),
        bodies=testing.InMemoryBodyStore(),
        ledger=testing.InMemoryLegacyLedger(),
        windows=testing.InMemoryWindowRepository(),
        control=control,
        plans=testing.InMemoryPlanRepository(),
        sessions=testing.InMemorySessionStore(),
        login_lock=testing.InMemoryLoginLock(transport_clock),
    )


def dynamodb_stores(client: Any, prefix: str) -> Stores:
    clock = testing.FixedClock(testing.NOW)
    transport_clock = testing.FixedTransportClock(testing.NOW_MS)
    tables = dynamodb.TableNames(prefix)
    sealer = dynamodb.Sealer([FERNET_KEY])
    control = dynamodb.DynamoDbControlRepository(client, tables, clock=clock, hmac_key=HMAC_KEY)
    return Stores(
        kind="dynalite",
        clock=clock,
        transport_clock=transport_clock,
        jobs=dynamodb.DynamoDbSmsJobRepository(client, tables, control=control),
        bodies=dynamodb.DynamoDbBodyStore(client, tables, sealer=sealer),
        ledger=dynamodb.DynamoDbLegacyLedger(client, tables),
        windows=dynamodb.DynamoDbWindowRepository(client, tables),
        control=control,
        plans=dynamodb.DynamoDbPlanRepository(client, tables),
        sessions=dynamodb.DynamoDbSessionStore(client, tables, sealer=sealer),
        login_lock=dynamodb.DynamoDbLoginLock(client, tables, clock=transport_clock),
    )


def wipe(client: Any, prefix: str) -> None:
    """Empty all tables: a test starts on nothing."""
    for schema in SCHEMAS:
        name = prefix + schema.name
        pages = client.get_paginator("scan").paginate(TableName=name)
        for item in [item for page in pages for item in page["Items"]]:
            client.delete_item(TableName=name, Key={key: item[key] for key in schema.key_names})
