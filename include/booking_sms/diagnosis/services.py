"""The outside services: there, willing, and with the same clock. Nothing is sent or posted."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlsplit

import httpx

from booking_sms.bootstrap import Application
from booking_sms.diagnosis.finding import Check
from booking_sms.domain.errors import ConnectionInvalid, ConnectionMissing, SettingsInvalid

TIMEOUT_S = 5
MOST_SKEW_S = 60
"""SENS refuses a timestamp of 300 s; a clock that drifts is told of long before."""
ALARMS = "booking-sms-"


def checks(app: Application) -> Iterator[Check]:
    """Those that a text needs come first."""
    made = app.connections
    naver, sens = made.naver, made.sens
    yield Check(
        name="naver login host",
        see=lambda: reachable(naver.login_url),
        fix="correct login_url in naver_default; is there a network, a proxy, a firewall?",
    )
    yield Check(
        name="naver booking host",
        see=lambda: reachable(naver.booking_url),
        fix="correct booking_url in naver_default; is there a network, a proxy, a firewall?",
    )
    yield Check(
        name="sens host",
        see=lambda: reachable(sens.base_url),
        fix="correct host and port of sens_default; is there a network, a proxy, a firewall?",
    )
    yield Check(
        name="sens signature",
        see=lambda: signature(app),
        fix="correct login, password and service_id of sens_default, and set the clock",
    )
    yield Check(
        name="clock",
        see=lambda: skew(app),
        fix="timedatectl set-ntp true, and wait a minute",
    )
    yield from _people(app)
    yield from _watchers(app)


def _people(app: Application) -> Iterator[Check]:
    yield Check(
        name="telegram",
        see=lambda: telegram(app),
        fix="correct password (the bot's token) in telegram_default, or define it",
        severity="should",
    )
    yield Check(
        name="slack",
        see=lambda: slack(app),
        fix="correct host and password of slack_default, or define it",
        severity="should",
    )


def _watchers(app: Application) -> Iterator[Check]:
    yield Check(
        name="cloudwatch",
        see=lambda: cloudwatch(app),
        fix="allow ListMetrics and DescribeAlarms to the role of aws_default",
        severity="should",
    )
    yield Check(
        name="alarms",
        see=lambda: alarms(app),
        fix="booking-sms monitoring apply",
        severity="should",
    )
    yield Check(
        name="sns topic",
        see=lambda: topic(app),
        fix="booking-sms monitoring apply, then put the topic's ARN into"
        " BOOKING_SMS_NOTICES_TOPIC_ARN",
        severity="should",
    )
    yield Check(
        name="airflow",
        see=lambda: airflow(app),
        fix="docker compose ps, then restart what is not healthy; or correct airflow_default",
        severity="should",
    )


def reachable(url: str) -> str:
    """Any HTTP answer will do: the service is there."""
    answer = httpx.get(url, timeout=TIMEOUT_S, trust_env=False)
    return f"{url} answers {answer.status_code}"


def signature(app: Application) -> str:
    """SENS takes our key, clock and service: it is asked for the texts of the last minute."""
    now = datetime.fromtimestamp(app.transport_clock.now_ms() / 1000, UTC)
    listed = app.gateway.list_between(now - timedelta(minutes=1), now)
    return f"accepted, {len(listed)} texts of the last minute"


def skew(app: Application) -> str:
    """Our clock beside the ``Date`` of SENS's answer, which is in whole seconds."""
    answer = httpx.get(app.connections.sens.base_url, timeout=TIMEOUT_S, trust_env=False)
    told = answer.headers.get("date")
    if told is None:
        return "not told by SENS"
    apart = app.transport_clock.now_ms() / 1000 - parsedate_to_datetime(told).timestamp()
    if abs(apart) > MOST_SKEW_S:
        raise SettingsInvalid(f"{apart:+.0f} s apart from SENS's clock, most is {MOST_SKEW_S} s")
    return f"within {MOST_SKEW_S} s of SENS's clock"


def telegram(app: Application) -> str:
    """The bot exists. The token is part of the address, so no error may show that."""
    made = app.connections.telegram
    if made is None:
        raise ConnectionMissing("telegram_default is not defined: the owner hears nothing")
    url = f"{made.base_url}/bot{made.token}/getMe"
    answer = httpx.get(url, timeout=TIMEOUT_S, trust_env=False)
    if answer.is_error:
        raise ConnectionInvalid(f"getMe answers {answer.status_code}")
    return "the bot answers"


def slack(app: Application) -> str:
    """The webhook's host answers; the webhook itself would post, so it is not asked."""
    made = app.connections.slack
    if made is None:
        raise ConnectionMissing("slack_default is not defined: the team hears nothing")
    parts = urlsplit(made.webhook_url)
    return reachable(f"{parts.scheme}://{parts.netloc}")


def cloudwatch(app: Application) -> str:
    """Metrics may be listed."""
    client, namespace = _aws(app, "cloudwatch"), app.settings.metrics_namespace
    found = client.list_metrics(Namespace=namespace).get("Metrics", [])
    return f"{len(found)} metrics in {namespace}"


def alarms(app: Application) -> str:
    """Alarms are there, and none has its actions switched off."""
    pages = (
        _aws(app, "cloudwatch").get_paginator("describe_alarms").paginate(AlarmNamePrefix=ALARMS)
    )
    found = [alarm for page in pages for alarm in page["MetricAlarms"]]
    muted = [alarm["AlarmName"] for alarm in found if not alarm["ActionsEnabled"]]
    if not found:
        raise SettingsInvalid(f"no alarm is called {ALARMS}...")
    if muted:
        raise SettingsInvalid(f"actions are off: {', '.join(muted)}")
    return f"{len(found)} alarms"


def topic(app: Application) -> str:
    """The topic of notices exists."""
    arn = app.settings.notices_topic_arn
    if not arn:
        raise SettingsInvalid("BOOKING_SMS_NOTICES_TOPIC_ARN is not set: notices skip SNS")
    _aws(app, "sns").get_topic_attributes(TopicArn=arn)
    return arn.rsplit(":", 1)[-1]


def airflow(app: Application) -> str:
    """Every component is healthy, as Airflow says itself."""
    if app.airflow is None:
        return "airflow_default is not defined: not looked at"
    ill = [one.name for one in app.airflow.health() if not one.is_healthy]
    if ill:
        raise SettingsInvalid(f"not healthy: {', '.join(ill)}")
    return "every component is healthy"


def _aws(app: Application, service: str) -> Any:
    """A client that gives up soon."""
    from botocore.config import Config

    from booking_sms.transport.aws_session import make_session

    aws = app.connections.aws
    session = make_session(
        region=aws.region, access_key_id=aws.access_key, secret_access_key=aws.secret_key
    )
    config = Config(
        connect_timeout=TIMEOUT_S, read_timeout=TIMEOUT_S, retries={"total_max_attempts": 1}
    )
    return session.client(service, endpoint_url=aws.endpoint_url, config=config)  # type: ignore[call-overload]
