"""The type checker's proof that every DynamoDB store is its port."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from booking_sms import ports
    from booking_sms.adapters import dynamodb

    PORTS: tuple[
        type[ports.SmsJobRepository],
        type[ports.BodyStore],
        type[ports.LegacyLedger],
        type[ports.WindowRepository],
        type[ports.ControlRepository],
        type[ports.PlanRepository],
        type[ports.SessionStore],
        type[ports.SessionStore],
        type[ports.LoginLock],
    ] = (
        dynamodb.DynamoDbSmsJobRepository,
        dynamodb.DynamoDbBodyStore,
        dynamodb.DynamoDbLegacyLedger,
        dynamodb.DynamoDbWindowRepository,
        dynamodb.DynamoDbControlRepository,
        dynamodb.DynamoDbPlanRepository,
        dynamodb.DynamoDbSessionStore,
        dynamodb.BorrowedSessionStore,
        dynamodb.DynamoDbLoginLock,
    )
