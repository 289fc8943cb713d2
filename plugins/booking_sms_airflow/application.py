"""Builds the Application of a task from Airflow's connections.

The command line builds the same Application from ``AIRFLOW_CONN_*`` variables, so a task and an
operator's shell never talk to different places. Everything heavy is imported late: DAG files
import this package while they are parsed.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from airflow.sdk import BaseHook
from airflow.sdk.exceptions import AirflowNotFoundException
from airflow.sdk.log import mask_secret

if TYPE_CHECKING:
    from airflow.sdk import Connection

    from booking_sms.bootstrap import Application

Fields = Mapping[str, Any]


def current_application(instead: Mapping[str, str] | None = None) -> Application:
    """Compose the Application of this process; raises ConfigError with every problem at once.

    ``instead`` names other connections for some of ours: ``{"sens_default": "sens_test"}``.
    """
    from booking_sms.bootstrap import build_application
    from booking_sms.config.connections import CONNECTION_IDS, Connections
    from booking_sms.config.settings import Settings

    settings = Settings.from_environ(os.environ)
    fields = fields_of(CONNECTION_IDS, instead or {})
    return build_application(settings, Connections.from_mappings(fields))


def fields_of(conn_ids: Iterable[str], instead: Mapping[str, str]) -> dict[str, Fields]:
    """Fields of those connections that are defined; the package says which others it misses."""
    return {
        conn_id: fields
        for conn_id in conn_ids
        for fields in _defined(instead.get(conn_id, conn_id))
    }


def connection_fields(connection: Connection) -> dict[str, Any]:
    """A Connection as plain fields, its secrets masked in every log from here on."""
    extra = connection.extra_dejson
    mask_secrets(connection.password, extra)
    return {
        "conn_type": connection.conn_type,
        "host": connection.host,
        "schema": connection.schema,
        "port": connection.port,
        "login": connection.login,
        "password": connection.password,
        "extra": extra,
    }


def mask_secrets(password: str | None, extra: Mapping[str, Any]) -> None:
    """Tell Airflow's log masker what must never be shown: passwords and keys, one by one."""
    secrets = [*(password or "").split(","), str(extra.get("hmac_key") or "")]
    for secret in (part.strip() for part in secrets):
        if secret:
            mask_secret(secret)


def _defined(conn_id: str) -> Iterator[Fields]:
    try:
        connection = BaseHook.get_connection(conn_id)
    except AirflowNotFoundException:
        return
    yield connection_fields(connection)
