"""Environment variables of Airflow's processes and of our commands in the embedded world.

What the user's shell says about Airflow or about connections never gets through: an exported
production connection must not meet an embedded run.
"""

from __future__ import annotations

import base64
import json
import os
import secrets
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from dotenv import dotenv_values

from local_stack.layout import PROJECT, Layout

LOOPBACK = "127.0.0.1"
USER = "admin"
WATCHDOG = "watchdog"
"""An account that may look and nothing else."""
OURS = ("AIRFLOW_", "AIRFLOW__", "BOOKING_SMS_", "PYTHONPATH", "PYTHONDONTWRITEBYTECODE")


@dataclass(frozen=True)
class Keys:
    """Secrets that the components share; made once for an Airflow home."""

    jwt: str
    api: str
    fernet: str
    password: str

    @classmethod
    def of(cls, home: Path) -> Keys:
        """Those of this home, made at the first call and readable by their owner only."""
        path = home / "keys.json"
        if not path.exists():
            write_private(path, json.dumps(_new_keys()))
        return cls(**json.loads(path.read_text()))


def _new_keys() -> dict[str, str]:
    return {
        "jwt": secrets.token_urlsafe(48),
        "api": secrets.token_urlsafe(32),
        "fernet": base64.urlsafe_b64encode(secrets.token_bytes(32)).decode(),
        "password": secrets.token_urlsafe(9),
    }


def write_private(path: Path, text: str) -> None:
    """Write a file that only its owner may read."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch(mode=0o600)
    path.write_text(text)


def free_port(preferred: int = 0) -> int:
    """A free loopback port: the preferred one if nobody has it."""
    for port in (preferred, 0):
        with socket.socket() as sock:
            try:
                sock.bind((LOOPBACK, port))
            except OSError:
                continue
            return int(sock.getsockname()[1])
    raise OSError("no free port on 127.0.0.1")


def clean_environ(environ: Mapping[str, str] = os.environ) -> dict[str, str]:
    """The shell's environment without anything that steers Airflow or this project."""
    kept = {key: value for key, value in environ.items() if not key.startswith(OURS)}
    return {**kept, "NO_PROXY": "127.0.0.1,localhost", "no_proxy": "127.0.0.1,localhost"}


def world_environ(layout: Layout) -> dict[str, str]:
    """Connections and settings of the embedded world, as it wrote them down."""
    values = dotenv_values(layout.world / "world.env", interpolate=False)
    return {key: value for key, value in values.items() if value}


def command_environ(layout: Layout) -> dict[str, str]:
    """Environment of our own commands: the shell's, the world's, and no other host than this."""
    return {
        **clean_environ(),
        **world_environ(layout),
        "BOOKING_SMS_WORLD": str(layout.world),
        "BOOKING_SMS_STAGE_URL": f"file://{layout.world / 'stage'}",
        "BOOKING_SMS_LOOPBACK_ONLY": "true",
        # moto stores alarms and never evaluates them.
        "BOOKING_SMS_CANARY_ALARM": "off",
        "GX_ANALYTICS_ENABLED": "false",
        "SE_OFFLINE": "true",
        "SE_AVOID_STATS": "true",
        "PYTHONUNBUFFERED": "1",
    }


def watchdog_environ(layout: Layout, port: int) -> dict[str, str]:
    """How the watchdog asks this machine's Airflow."""
    password = Keys.of(layout.airflow_home).password
    account = {"conn_type": "http", "login": WATCHDOG, "password": password}
    place = {"schema": "http", "host": LOOPBACK, "port": port}
    return {"AIRFLOW_CONN_AIRFLOW_DEFAULT": json.dumps({**account, **place})}


def airflow_environ(layout: Layout, port: int) -> dict[str, str]:
    """Environment of Airflow's components: one machine, SQLite, four tasks at once."""
    keys = Keys.of(layout.airflow_home)
    passwords = layout.airflow_home / "passwords.json"
    write_private(passwords, json.dumps({USER: keys.password, WATCHDOG: keys.password}))
    url = f"http://{LOOPBACK}:{port}"
    return {
        **command_environ(layout),
        "AIRFLOW_HOME": str(layout.airflow_home),
        "AIRFLOW__CORE__DAGS_FOLDER": str(PROJECT / "dags"),
        "AIRFLOW__CORE__PLUGINS_FOLDER": str(PROJECT / "plugins"),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__CORE__EXECUTOR": "LocalExecutor",
        "AIRFLOW__CORE__PARALLELISM": "4",
        "AIRFLOW__CORE__DEFAULT_TIMEZONE": "Asia/Seoul",
        "AIRFLOW__CORE__FERNET_KEY": keys.fernet,
        "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"{url}/execution/",
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS": f"{USER}:admin,{WATCHDOG}:viewer",
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE": str(passwords),
        # SQLite has one writer: the others wait for it, up to half a minute instead of five
        # seconds, after which Airflow would answer with an error.
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{layout.database}?timeout=30",
        "AIRFLOW__API__HOST": LOOPBACK,
        "AIRFLOW__API__PORT": str(port),
        "AIRFLOW__API__BASE_URL": url,
        "AIRFLOW__API__WORKERS": "1",
        "AIRFLOW__API__SECRET_KEY": keys.api,
        "AIRFLOW__API_AUTH__JWT_SECRET": keys.jwt,
        # A run takes seconds here: the usual second of sleep between tasks would double it.
        "AIRFLOW__SCHEDULER__SCHEDULER_IDLE_SLEEP_TIME": "0.25",
        # What a stopped stack left as running must not block the next one for five minutes.
        "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT": "120",
        "AIRFLOW__DAG_PROCESSOR__REFRESH_INTERVAL": "30",
        # Airflow's own usage reports stay home.
        "AIRFLOW__USAGE_DATA_COLLECTION__ENABLED": "False",
    }
