"""Where things are kept: tables, secrets, keys, the stage and the evidence."""

from __future__ import annotations

from collections.abc import Iterator
from os import W_OK, access
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

from botocore.exceptions import ClientError

from booking_sms.bootstrap import Application
from booking_sms.diagnosis.finding import Check
from booking_sms.domain.errors import (
    ConfigError,
    SecretMissing,
    SettingsInvalid,
    TableMissing,
)

SECRET = "secret:"  # noqa: S105 (the mark of a reference, not a secret)
TELLS_NOTHING = frozenset({"UnknownOperationException", "ValidationException"})
"""What a stand-in answers that knows no point-in-time recovery."""


def checks(app: Application, *, fix: bool) -> Iterator[Check]:
    """``fix`` creates missing tables; nothing else is ever changed."""
    yield Check(
        name="tables",
        see=lambda: app.create_tables() if fix else app.check_tables(),
        fix="booking-sms doctor --fix",
    )
    yield Check(
        name="table schemas",
        see=lambda: schemas(app),
        fix="another program's table has this name: set BOOKING_SMS_TABLE_PREFIX, or restore it",
    )
    yield Check(
        name="table recovery",
        see=lambda: recovery(app),
        fix="booking-sms monitoring apply",
        severity="should",
    )
    yield Check(
        name="secrets",
        see=lambda: secrets(app),
        fix="put the value into AWS Secrets Manager under the name before the #:"
        " aws secretsmanager put-secret-value",
    )
    yield Check(
        name="encryption key",
        see=lambda: encryption(app),
        fix="put a Fernet key into booking_sms_default (password), and any text as hmac_key;"
        " env.template has the command",
    )
    yield Check(
        name="payload stage",
        see=lambda: stage(app),
        fix="make the folder or bucket of BOOKING_SMS_STAGE_URL writable for this user",
    )
    yield Check(
        name="evidence",
        see=lambda: evidence(app),
        fix="make the folder or bucket of BOOKING_SMS_EVIDENCE_URL writable for this user",
        severity="should",
    )


def schemas(app: Application) -> str:
    """Each table that is there has our keys and indexes, and can be used."""
    from booking_sms.adapters.dynamodb.table_schema import OPEN_INDEX, SCHEMAS

    wrong = []
    for schema in SCHEMAS:
        table = _described(app, app.settings.table_prefix + schema.name)
        if table is None:
            continue
        keys = tuple(key["AttributeName"] for key in table["KeySchema"])
        indexes = {index["IndexName"] for index in table.get("GlobalSecondaryIndexes", ())}
        if table["TableStatus"] not in ("ACTIVE", "UPDATING"):
            wrong.append(f"{table['TableName']} is {table['TableStatus']}")
        if keys != schema.key_names:
            wrong.append(f"{table['TableName']} has the key {', '.join(keys)}")
        if schema.has_open_index and OPEN_INDEX not in indexes:
            wrong.append(f"{table['TableName']} lacks the index {OPEN_INDEX}")
    if wrong:
        raise SettingsInvalid("; ".join(wrong))
    return "keys and indexes as they have to be"


def _described(app: Application, name: str) -> Any:
    """A table as DynamoDB tells it; None for one that is not there."""
    from booking_sms.adapters.dynamodb.errors import store_errors

    try:
        with store_errors(name):
            return app.dynamodb_client.describe_table(TableName=name)["Table"]
    except TableMissing:
        return None


def recovery(app: Application) -> str:
    """Point-in-time recovery of the outbox and of the predecessor's table."""
    names = [app.settings.table_prefix + name for name in ("sms", "sms_jobs", "sms_control")]
    try:
        off = [name for name in names if not _is_recoverable(app.dynamodb_client, name)]
    except ClientError as error:
        if error.response.get("Error", {}).get("Code") in TELLS_NOTHING:
            return "not told by this stand-in of DynamoDB"
        raise
    if off:
        raise SettingsInvalid(f"no point-in-time recovery: {', '.join(off)}")
    return "point-in-time recovery is on"


def _is_recoverable(client: Any, name: str) -> bool:
    told = client.describe_continuous_backups(TableName=name)["ContinuousBackupsDescription"]
    state = told.get("PointInTimeRecoveryDescription", {}).get("PointInTimeRecoveryStatus")
    return bool(state == "ENABLED")


def secrets(app: Application) -> str:
    """Every ``secret:`` reference of every store resolves; all that do not are named."""
    names = [
        str(value).removeprefix(SECRET)
        for store in app.load_catalog().stores.stores.values()
        for value in store.facts.values()
        if str(value).startswith(SECRET)
    ]
    missing = {name: problem for name in names if (problem := _problem(app, name))}
    if missing:
        told = ", ".join(f"{name} ({problem})" for name, problem in missing.items())
        raise SecretMissing(f"{len(missing)} of {len(names)} references: {told}")
    return f"{len(names)} references resolve"


def _problem(app: Application, name: str) -> str:
    """Why a reference does not resolve; a store that does not answer is asked no further."""
    try:
        app.secrets.get(name)
    except ConfigError as error:
        return error.code
    return ""


def encryption(app: Application) -> str:
    """What is sealed now can be opened, and digests of phones have a key."""
    if app.sealer.open(app.sealer.seal("probe")) != "probe":
        raise SettingsInvalid("what the key seals, no key opens")
    if not app.connections.own.hmac_key:
        raise SettingsInvalid("hmac_key is empty")
    return f"seals and opens, {len(app.connections.own.fernet_keys)} keys"


def stage(app: Application) -> str:
    """A probe is written and read again; it goes with the stage's next sweep."""
    key = f"doctor/{uuid4().hex}"
    if app.stage.read(app.stage.write(key, {"probe": key})) != {"probe": key}:
        raise SettingsInvalid("what was written reads differently")
    return f"{app.settings.staging} writes and reads"


def evidence(app: Application) -> str:
    """The local folder, or its first parent, may be written; nothing is, evidence is kept."""
    url = app.settings.evidence
    if not url.startswith("file:"):
        return f"{url}: not tried, what is written there stays"
    path = Path(urlsplit(url).path)
    existing = next(place for place in (path, *path.parents) if place.exists())
    if not access(existing, W_OK):
        raise SettingsInvalid(f"{existing} may not be written")
    return url
