"""The outside services' addresses and credentials, from Airflow connections in any form.

Airflow's hooks pass their Connection's fields; the CLI reads the same connections from
``AIRFLOW_CONN_<ID>`` in JSON form. Either way the same checks run, and every problem of every
connection is reported at once.
"""

from __future__ import annotations

import ipaddress
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from booking_sms.domain.errors import ConnectionInvalid, ConnectionMissing

Fields = Mapping[str, Any]

NAVER, SENS, TELEGRAM, SLACK, AWS, OWN = (
    "naver_default",
    "sens_default",
    "telegram_default",
    "slack_default",
    "aws_default",
    "booking_sms_default",
)
CONNECTION_IDS = (NAVER, SENS, TELEGRAM, SLACK, AWS, OWN)
"""What a task needs; each costs it a question to Airflow."""
AIRFLOW = "airflow_default"
"""What the watchdog needs beside these: tasks have no use for it."""


def is_loopback_url(url: str) -> bool:
    """Whether a URL's host is this machine: the only place where a simulated clock is valid."""
    host = urlsplit(url).hostname or ""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


@dataclass(frozen=True, kw_only=True)
class NaverConnection:
    """Portal login and the base URLs of the login host and the partner booking host."""

    username: str = field(repr=False)
    password: str = field(repr=False)
    login_url: str
    booking_url: str


@dataclass(frozen=True, kw_only=True)
class SensConnection:
    """SENS endpoint and keys."""

    base_url: str
    access_key: str = field(repr=False)
    secret_key: str = field(repr=False)
    service_id: str


@dataclass(frozen=True, kw_only=True)
class TelegramConnection:
    """Telegram bot and the owner's chat."""

    base_url: str
    token: str = field(repr=False)
    chat_id: str


@dataclass(frozen=True, kw_only=True)
class SlackConnection:
    """Slack incoming webhook; the URL itself is a secret."""

    webhook_url: str = field(repr=False)


@dataclass(frozen=True, kw_only=True)
class AwsConnection:
    """AWS account or its stand-ins. Empty endpoints mean AWS itself."""

    region: str
    access_key: str | None = field(default=None, repr=False)
    secret_key: str | None = field(default=None, repr=False)
    endpoint_url: str | None = None
    dynamodb_endpoint_url: str | None = None


@dataclass(frozen=True, kw_only=True)
class AirflowConnection:
    """Airflow's API and an account that may look; a viewer suffices."""

    base_url: str
    username: str = field(repr=False)
    password: str = field(repr=False)


@dataclass(frozen=True, kw_only=True)
class OwnConnection:
    """Our own keys: Fernet keys (newest first) for cookies and texts, the key of phone digests."""

    fernet_keys: tuple[str, ...] = field(repr=False)
    hmac_key: bytes = field(repr=False)


@dataclass(frozen=True, kw_only=True)
class Connections:
    """All connections, checked."""

    naver: NaverConnection
    sens: SensConnection
    telegram: TelegramConnection | None
    slack: SlackConnection | None
    aws: AwsConnection
    own: OwnConnection
    airflow: AirflowConnection | None = None

    def secrets(self) -> list[str]:
        """Every value of ours that no log may show."""
        naver, sens, own = self.naver, self.sens, self.own
        found = [naver.password, sens.access_key, sens.secret_key, *own.fernet_keys]
        found.append(own.hmac_key.decode("utf-8", "replace"))
        if self.telegram is not None:
            found.append(self.telegram.token)
        if self.slack is not None:
            found.append(self.slack.webhook_url)
        return [*found, self.aws.access_key or "", self.aws.secret_key or ""]

    @classmethod
    def from_mappings(cls, connections: Mapping[str, Fields]) -> Connections:
        """Build from ``{conn_id: fields}`` as Airflow names them.

        Raises ConnectionMissing or ConnectionInvalid with every problem found. Telegram and
        Slack are optional: a system without them still sends door codes.
        """
        problems: list[str] = []
        built = {
            conn_id: _build(conn_id, connections.get(conn_id), builder, problems, optional)
            for conn_id, builder, optional in _BUILDERS
        }
        _raise_problems(problems)
        return cls(
            naver=built[NAVER],
            sens=built[SENS],
            telegram=built[TELEGRAM],
            slack=built[SLACK],
            aws=built[AWS],
            own=built[OWN],
            airflow=built[AIRFLOW],
        )

    @classmethod
    def from_environ(cls, environ: Mapping[str, str]) -> Connections:
        """Build from ``AIRFLOW_CONN_<ID>`` variables in JSON form."""
        problems: list[str] = []
        mappings = {
            conn_id: _parse_variable(conn_id, environ, problems)
            for conn_id in (*CONNECTION_IDS, AIRFLOW)
            if environ.get(variable_of(conn_id))
        }
        _raise_problems(problems)
        return cls.from_mappings({key: value for key, value in mappings.items() if value})

    def endpoints(self) -> tuple[str, ...]:
        """Every URL that a run may talk to; AWS itself counts by its public host."""
        amazon = f"https://{self.aws.region}.amazonaws.com"
        urls = [
            self.naver.login_url,
            self.naver.booking_url,
            self.sens.base_url,
            self.aws.endpoint_url or amazon,
            self.aws.dynamodb_endpoint_url or self.aws.endpoint_url or amazon,
        ]
        urls += [self.telegram.base_url] if self.telegram else []
        urls += [self.slack.webhook_url] if self.slack else []
        urls += [self.airflow.base_url] if self.airflow else []
        return tuple(urls)

    @property
    def is_loopback_only(self) -> bool:
        """Whether every endpoint is on this machine (the embedded world)."""
        return all(is_loopback_url(url) for url in self.endpoints())


def aws_from_environ(environ: Mapping[str, str]) -> AwsConnection | None:
    """The AWS connection alone, for who needs no other; None where it is not defined.

    Raises ConnectionInvalid with every problem found.
    """
    if not environ.get(variable_of(AWS)):
        return None
    problems: list[str] = []
    fields = _parse_variable(AWS, environ, problems)
    built: AwsConnection | None = _build(AWS, fields or {}, _aws, problems, optional=False)
    _raise_problems(problems)
    return built


def variable_of(conn_id: str) -> str:
    """Environment variable of a connection id."""
    return f"AIRFLOW_CONN_{conn_id.upper()}"


def _raise_problems(problems: list[str]) -> None:
    missing = [text for text in problems if text.endswith("is not defined")]
    if missing and len(missing) == len(problems):
        raise ConnectionMissing("; ".join(problems))
    if problems:
        raise ConnectionInvalid("; ".join(problems))


def _parse_variable(conn_id: str, environ: Mapping[str, str], problems: list[str]) -> Fields | None:
    name = variable_of(conn_id)
    try:
        fields = json.loads(environ[name])
    except ValueError:
        problems.append(f"{name}: not JSON (write the connection in Airflow's JSON form)")
        return None
    if not isinstance(fields, dict):
        problems.append(f"{name}: must be a JSON object")
        return None
    return {**fields, "extra": _extra(name, fields.get("extra"), problems)}


def _extra(name: str, extra: Any, problems: list[str]) -> Fields:
    """Airflow allows the extra as an object or as a JSON string."""
    if isinstance(extra, str) and extra.strip():
        try:
            extra = json.loads(extra)
        except ValueError:
            problems.append(f"{name}: extra is not JSON")
            return {}
    if extra and not isinstance(extra, Mapping):
        problems.append(f"{name}: extra must be an object")
        return {}
    return extra or {}


class _Reader:
    """Reads one connection's fields and collects what is wrong with them."""

    def __init__(self, conn_id: str, fields: Fields, problems: list[str]) -> None:
        self.conn_id = conn_id
        self.fields = fields
        self.extra: Fields = _extra(conn_id, fields.get("extra"), problems)
        self.problems = problems

    def text(self, name: str, source: Fields | None = None) -> str:
        """A required, non-empty text field."""
        label = f"extra.{name}" if source is not None else name
        value = (self.fields if source is None else source).get(name)
        if value in (None, ""):
            self.problems.append(f"connection {self.conn_id}: {label} is missing")
            return ""
        return str(value)

    def url(self, name: str) -> str:
        """A base URL in the extra, without a trailing slash."""
        text = self.text(name, self.extra)
        return self._checked_url(f"extra.{name}", text) if text else ""

    def endpoint(self, value: Any, label: str) -> str | None:
        """An optional base URL from anywhere in the extra."""
        return self._checked_url(f"extra.{label}", str(value)) if value else None

    def host_url(self) -> str:
        """Base URL of schema, host and port."""
        host = self.text("host")
        if not host:
            return ""
        schema = self.fields.get("schema") or "https"
        port = f":{self.fields['port']}" if self.fields.get("port") else ""
        if "://" in host:
            return self._checked_url("host", host)
        return self._checked_url("schema://host:port", f"{schema}://{host}{port}")

    def _checked_url(self, label: str, text: str) -> str:
        if not _is_http_url(text):
            self.problems.append(f"connection {self.conn_id}: {label} is not an http(s) URL")
        return text.rstrip("/")


def _is_http_url(text: str) -> bool:
    try:
        parts = urlsplit(text)
        return parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:  # a port that is no number
        return False


def _build(
    conn_id: str,
    fields: Fields | None,
    builder: Callable[[_Reader], Any],
    problems: list[str],
    optional: bool,
) -> Any:
    if fields is None:
        if not optional:
            problems.append(f"connection {conn_id} ({variable_of(conn_id)}) is not defined")
        return None
    return builder(_Reader(conn_id, fields, problems))


def _naver(read: _Reader) -> NaverConnection:
    return NaverConnection(
        username=read.text("login"),
        password=read.text("password"),
        login_url=read.url("login_url"),
        booking_url=read.url("booking_url"),
    )


def _sens(read: _Reader) -> SensConnection:
    return SensConnection(
        base_url=read.host_url(),
        access_key=read.text("login"),
        secret_key=read.text("password"),
        service_id=read.text("service_id", read.extra),
    )


def _telegram(read: _Reader) -> TelegramConnection:
    return TelegramConnection(
        base_url=read.host_url(),
        token=read.text("password"),
        chat_id=read.text("chat_id", read.extra),
    )


def _slack(read: _Reader) -> SlackConnection:
    """Airflow's slackwebhook: the URL is host and password joined, or the password alone."""
    secret = read.text("password")
    if secret.startswith(("http://", "https://")):
        return SlackConnection(webhook_url=secret)
    return SlackConnection(webhook_url=f"{read.host_url()}/{secret.lstrip('/')}")


def _aws(read: _Reader) -> AwsConnection:
    dynamodb = (read.extra.get("service_config") or {}).get("dynamodb") or {}
    return AwsConnection(
        region=read.text("region_name", read.extra),
        access_key=read.fields.get("login") or None,
        secret_key=read.fields.get("password") or None,
        endpoint_url=read.endpoint(read.extra.get("endpoint_url"), "endpoint_url"),
        dynamodb_endpoint_url=read.endpoint(
            dynamodb.get("endpoint_url"), "service_config.dynamodb.endpoint_url"
        ),
    )


def _airflow(read: _Reader) -> AirflowConnection:
    return AirflowConnection(
        base_url=read.host_url(), username=read.text("login"), password=read.text("password")
    )


def _own(read: _Reader) -> OwnConnection:
    keys = tuple(key.strip() for key in read.text("password").split(",") if key.strip())
    return OwnConnection(fernet_keys=keys, hmac_key=read.text("hmac_key", read.extra).encode())


_BUILDERS: tuple[tuple[str, Callable[[_Reader], Any], bool], ...] = (
    (NAVER, _naver, False),
    (SENS, _sens, False),
    (TELEGRAM, _telegram, True),
    (SLACK, _slack, True),
    (AWS, _aws, False),
    (OWN, _own, False),
    (AIRFLOW, _airflow, True),
)
