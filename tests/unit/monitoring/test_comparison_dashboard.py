"""A dashboard counts as looked at only if it stands and shows every number."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from accounts import AWS, make_account
from moto import mock_aws

from booking_sms.adapters.aws.metrics import CloudWatchMetricsSink
from booking_sms.domain.metric_catalogue import COMPARISON, data_point, of_block
from booking_sms.monitoring.applying import apply_template
from booking_sms.monitoring.clients import Clients
from booking_sms.monitoring.dashboard import dashboard_gaps
from booking_sms.monitoring.template import Template, read_template

pytestmark = pytest.mark.slow
NAMES = [spec.name for spec in of_block(COMPARISON) if not spec.dimensions]


@pytest.fixture
def clients() -> Iterator[Clients]:
    with mock_aws():
        yield make_account()


@pytest.fixture
def template(clients: Clients) -> Template:
    return read_template({}, region=AWS.region, account=clients.account)


def publish(clients: Clients, template: Template, names: list[str], at: datetime) -> None:
    sink = CloudWatchMetricsSink(clients.cloudwatch, template.parameters["ComparisonNamespace"])
    assert sink.put([data_point(name, 1, at) for name in names]).failed == 0


def fields(clients: Clients, template: Template) -> list[str]:
    return [gap.field for gap in dashboard_gaps(template, clients, datetime.now(UTC))]


def test_it_stands_and_shows_every_number(clients: Clients, template: Template) -> None:
    list(apply_template(template, clients))
    publish(clients, template, NAMES, datetime.now(UTC))

    assert fields(clients, template) == []


def test_one_that_is_not_there_shows_nothing(clients: Clients, template: Template) -> None:
    publish(clients, template, NAMES, datetime.now(UTC))

    assert fields(clients, template) == ["dashboard"]


@pytest.mark.parametrize("missing", ["SMSMismatchCount", "ComparisonMatchPercentage"])
def test_a_number_that_nobody_published_lately_is_missing(
    clients: Clients, template: Template, missing: str
) -> None:
    list(apply_template(template, clients))
    now = datetime.now(UTC)
    publish(clients, template, [name for name in NAMES if name != missing], now)
    publish(clients, template, [missing], now - timedelta(hours=30))

    assert fields(clients, template) == [missing]
