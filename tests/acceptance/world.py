"""One shared embedded world, and installations of the product in it that share nothing else."""

from __future__ import annotations

import contextlib
import io
import itertools
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any
from unittest import mock

import boto3
import httpx
from boto3.dynamodb.types import TypeDeserializer, TypeSerializer
from dotenv import dotenv_values

from booking_sms.adapters.dynamodb import DynamoDbSessionStore, TableNames
from booking_sms.bootstrap import Application, build_application
from booking_sms.cli.app import main
from booking_sms.config.connections import Connections
from booking_sms.config.settings import Settings
from booking_sms.ports import SessionRecord

PROJECT = Path(__file__).resolve().parents[2]
BOOKING_SMS = Path(sys.executable).with_name("booking-sms")
AT = "2026-03-02T14:00:00+09:00"
FIRST_STORE = "900101"
SERVICES = ("sens", "telegram", "slack", "naver_booking", "naver_login")
CONFIG = {
    # Carriers are quick here, so that one reconcile sees the end of every text.
    "sens": {
        "progression": {"processing": 0, "completed": 0},
        "skew_limit_s": 300,
        "list_delay_s": 0,
    },
    "naver": {"expired_form": "expired_redirect", "require_partner_visit": False},
}
_numbers = itertools.count(1)


class World:
    """The running world: its environment and its control API."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def up(self) -> None:
        """Start it without bookings; each test brings its own."""
        self._run("up", "--at", AT, "--stores", "8", "--bookings", "0")

    def down(self) -> None:
        """Stop every process of it."""
        self._http.close()
        self._run("down")

    def _run(self, command: str, *arguments: str) -> None:
        done = subprocess.run(
            [sys.executable, "-m", "sandbox", command, "--dir", str(self.folder), *arguments],
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
            cwd=PROJECT,
            env=os.environ | {"PYTHONPATH": str(PROJECT / "include")},
        )
        assert done.returncode == 0, done.stderr

    @cached_property
    def environ(self) -> dict[str, str]:
        """What ``booking-sms sandbox env`` exports."""
        values = dotenv_values(self.folder / "world.env", interpolate=False)
        return {name: value for name, value in values.items() if value}

    @cached_property
    def urls(self) -> dict[str, str]:
        """Address of each service by name."""
        return dict(json.loads((self.folder / "world.json").read_text())["urls"])

    def processes(self) -> list[int]:
        """Process ids of the world."""
        facts = json.loads((self.folder / "world.json").read_text())
        return [process["pid"] for process in facts["processes"].values()]

    @cached_property
    def _http(self) -> httpx.Client:
        return httpx.Client(base_url=self.urls["control"], timeout=20, trust_env=False)

    @cached_property
    def dynamodb(self) -> Any:
        """The tables as another system sees them."""
        connection = json.loads(self.environ["AIRFLOW_CONN_AWS_DEFAULT"])
        return boto3.client(
            "dynamodb",
            region_name="ap-northeast-2",
            endpoint_url=self.urls["dynamodb"],
            aws_access_key_id=connection["login"],
            aws_secret_access_key=connection["password"],
        )

    def control(self, method: str, path: str, body: Any = None) -> Any:
        """One call of the control API."""
        answer = self._http.request(method, path, json=body)
        assert answer.is_success, answer.text
        return answer.json()

    def begin(self, at: str = AT, bookings: int = 0) -> None:
        """A new day: nothing received, nothing wrong, clock at ``at``."""
        self.control("DELETE", "/control/faults")
        self.control("POST", "/control/reset", {"services": list(SERVICES)})
        self.control("PUT", "/control/config", CONFIG)
        self.control("POST", "/control/seed", {"at": at, "bookings": bookings})

    def now(self) -> str:
        """The world's instant."""
        return str(self.control("GET", "/control/clock")["now"])

    def set_clock(self, at: str) -> None:
        """Move the world to an instant."""
        self.control("PUT", "/control/clock", {"now": at})

    def fault(self, service: str, operation: str, kind: str, **more: Any) -> None:
        """Script a fault; once unless told otherwise."""
        body = {"service": service, "operation": operation, "kind": kind, **more}
        self.control("POST", "/control/faults", body)

    def book(self, store: str = FIRST_STORE, **facts: Any) -> dict[str, Any]:
        """Add a booking of an invented customer, confirmed an hour ago, tomorrow by default."""
        times = {"registered_at": "2026-03-02T12:55:00+09:00"}
        times |= {"confirmed_at": "2026-03-02T13:00:00+09:00"}
        return dict(
            self.control("POST", "/control/naver/bookings", {"store": store, **times, **facts})
        )

    def texts(self, to: str = "") -> list[dict[str, Any]]:
        """What the phones received, oldest first."""
        return list(self.control("GET", f"/inbox.json?to={to}"))

    def notes(self, channel: str) -> list[str]:
        """What Telegram or Slack shows."""
        return [note["text"] for note in self.control("GET", "/inbox/notes.json")[channel]]

    def sign_in(self) -> tuple[Mapping[str, Any], ...]:
        """Log in at Naver with a plain form; the cookies as a browser would have them."""
        naver = json.loads(self.environ["AIRFLOW_CONN_NAVER_DEFAULT"])
        url = f"{naver['extra']['login_url']}/nidlogin.login"
        answer = self._http.post(url, data={"id": naver["login"], "pw": naver["password"]})
        self._http.cookies.clear()
        return tuple(
            {"name": name, "value": value, "domain": httpx.URL(url).host, "path": "/"}
            for name, value in answer.cookies.items()
        )

    def logins(self) -> int:
        """How often somebody logged in at Naver."""
        return int(self.control("GET", "/control/naver/account")["logins"])


@dataclass(frozen=True)
class Done:
    """A finished command."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """The one JSON document on stdout."""
        return json.loads(self.out)

    @property
    def said(self) -> str:
        """Everything that was printed."""
        return self.out + self.err


class Installation:
    """The product with tables, stage and environment of its own."""

    def __init__(self, world: World, stage: Path) -> None:
        self.world = world
        self.stage = stage
        self.prefix = f"acceptance-{next(_numbers)}-"
        self.environ = world.environ | {
            "BOOKING_SMS_WORLD": str(stage / "no-world-of-its-own"),
            "BOOKING_SMS_TABLE_PREFIX": self.prefix,
            "BOOKING_SMS_STAGE_URL": stage.as_uri(),
            "BOOKING_SMS_SENDS_PER_SECOND": "200",
        }
        self._opened = contextlib.ExitStack()

    def __enter__(self) -> Installation:
        return self

    def __exit__(self, *error: object) -> None:
        self._opened.close()

    def ready(self, mode: str = "live") -> Installation:
        """Tables, a delivery mode and a stored session."""
        self.app.create_tables()
        self.app.control.set_delivery_mode(mode, by="acceptance", reason="test")
        self.keep_session(self.world.sign_in())
        return self

    @cached_property
    def app(self) -> Application:
        """The composed application, in this process."""
        settings = Settings.from_environ(self.environ)
        app = build_application(settings, Connections.from_environ(self.environ))
        self._opened.callback(app.close)
        return app

    # -- commands -----------------------------------------------------------------------------

    def cli(self, *arguments: str, **environ: str) -> Done:
        """Run ``booking-sms`` in this process; an error that it does not handle is raised."""
        out, err = io.StringIO(), io.StringIO()
        with (
            mock.patch.dict(os.environ, self.environ | environ),
            mock.patch.object(sys, "argv", ["booking-sms", *arguments]),
            contextlib.redirect_stdout(out),
            contextlib.redirect_stderr(err),
        ):
            try:
                main()
                code = 0
            except SystemExit as end:
                code = int(end.code or 0)
        return Done(code, out.getvalue(), err.getvalue())

    def run(self, at: str = AT, **environ: str) -> Any:
        """``booking-sms run`` that must succeed; its JSON."""
        done = self.cli("run", "--at", at, "--json", **environ)
        assert done.code == 0, done.err
        return done.json

    def dispatch(self, **environ: str) -> dict[str, int]:
        """``booking-sms dispatch``; counts by outcome."""
        return dict(self.cli("dispatch", "--json", **environ).json["counts"])

    def reconcile(self, **environ: str) -> Any:
        """``booking-sms reconcile``; its JSON."""
        return self.cli("reconcile", "--json", **environ).json

    def start(self, *arguments: str, **environ: str) -> subprocess.Popen[str]:
        """Start ``booking-sms`` as a process of its own."""
        kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
        return subprocess.Popen(
            [str(BOOKING_SMS), *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=kept | self.environ | environ,
            cwd=PROJECT,
        )

    def process(self, *arguments: str, **environ: str) -> Done:
        """Run ``booking-sms`` as a process of its own."""
        process = self.start(*arguments, **environ)
        out, err = process.communicate(timeout=120)
        return Done(process.returncode, out, err)

    # -- tables -------------------------------------------------------------------------------

    def items(self, table: str) -> list[dict[str, Any]]:
        """Every item of a table, in plain values."""
        pages = self.world.dynamodb.get_paginator("scan").paginate(TableName=self.prefix + table)
        read = TypeDeserializer().deserialize
        return [
            {name: read(value) for name, value in item.items()}
            for page in pages
            for item in page["Items"]
        ]

    def put(self, table: str, item: Mapping[str, Any]) -> None:
        """Put an item, as another system would."""
        write = TypeSerializer().serialize
        stored = {name: write(value) for name, value in item.items()}
        self.world.dynamodb.put_item(TableName=self.prefix + table, Item=stored)

    def drop(self, table: str) -> None:
        """Delete a table."""
        self.world.dynamodb.delete_table(TableName=self.prefix + table)

    def ledger(self) -> list[dict[str, Any]]:
        """LEGACY's table, sorted by key."""
        return sorted(self.items("sms"), key=lambda row: (row["booking_num"], row["phone"]))

    def jobs(self) -> list[dict[str, Any]]:
        """The outbox's jobs."""
        items = self.items("sms_jobs")
        return [item for item in items if not item["booking_num"].startswith("req#")]

    def states(self) -> dict[str, str]:
        """State of each job by kind; for tests with one booking."""
        return {job["kind"]: job["state"] for job in self.jobs()}

    def forget_session(self) -> None:
        """As before the first login."""
        self.keep_session(())

    def keep_session(self, cookies: tuple[Mapping[str, Any], ...]) -> None:
        """Store a session, as a login of an earlier run would have."""
        store = DynamoDbSessionStore(
            self.world.dynamodb, TableNames(self.prefix), sealer=self.app.sealer
        )
        store.save(SessionRecord(cookies=cookies, state="VALID"))


def eventually(question: Callable[[], bool], seconds: float = 15.0) -> bool:
    """Ask until the answer is yes, or for so long."""
    until = time.monotonic() + seconds
    while not question():
        if time.monotonic() > until:
            return False
        time.sleep(0.03)
    return True


@contextlib.contextmanager
def running(process: subprocess.Popen[str]) -> Iterator[subprocess.Popen[str]]:
    """A process that is gone after the block, whatever happened in it."""
    try:
        yield process
    finally:
        process.kill()
        process.communicate()
