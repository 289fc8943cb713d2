"""Was the dashboard of comparisons looked at? By a look at what it would draw, not by a promise."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from booking_sms.bootstrap import Application
from booking_sms.monitoring.clients import Clients, make_clients
from booking_sms.monitoring.comparing import ABSENT, Drift, dashboard_drift
from booking_sms.monitoring.template import Dashboard, Template, read_template

if TYPE_CHECKING:
    from types_boto3_cloudwatch import CloudWatchClient

RECENT = timedelta(hours=24)
AHEAD = timedelta(minutes=1)
"""A data point of this very minute counts."""
COMPARISON = "-comparison"
OFF = "off"


def installed_template(app: Application, clients: Clients, **given: str) -> Template:
    """The template for this installation's settings; KeyError or ValueError as its reader."""
    settings = app.settings
    parameters = {
        "OperationsNamespace": settings.metrics_namespace,
        "ComparisonNamespace": settings.metrics_comparison_namespace,
        "TablePrefix": settings.table_prefix,
        **given,
    }
    return read_template(parameters, region=clients.region, account=clients.account)


def comparison_dashboard(app: Application) -> Callable[[], bool | None]:
    """A look at the dashboard of comparisons; it answers None where metrics are switched off.

    True if it stands as the template says and each number that it draws was published within a
    day. botocore's errors are the caller's.
    """

    def look() -> bool | None:
        if OFF in (app.settings.metrics_namespace, app.settings.metrics_comparison_namespace):
            return None
        clients = make_clients(app.connections.aws)
        template = installed_template(app, clients)
        # Comparisons are dated by when they were made, whatever a world's clock says.
        now = datetime.fromtimestamp(app.transport_clock.now_ms() / 1000, UTC)
        return not list(dashboard_gaps(template, clients, now))

    return look


def stored_dashboard(client: CloudWatchClient, name: str) -> str | None:
    """A dashboard's body; None if there is no such dashboard."""
    try:
        return client.get_dashboard(DashboardName=name)["DashboardBody"]
    except ClientError as error:
        if error.response["Error"]["Code"] == "ResourceNotFound":
            return None
        raise


def dashboard_gaps(template: Template, clients: Clients, now: datetime) -> Iterator[Drift]:
    """What keeps the dashboard of comparisons from showing all that it should."""
    (board,) = (one for one in template.dashboards if one.name.endswith(COMPARISON))
    yield from dashboard_drift(board, stored_dashboard(clients.cloudwatch, board.name))
    for namespace, name in sorted(_drawn(board)):
        if not _is_fed(clients, namespace, name, now):
            said = f"a data point within {RECENT}"
            yield Drift(thing=board.name, field=name, expected=said, found=ABSENT)


def _drawn(board: Dashboard) -> set[tuple[str, str]]:
    """(namespace, name) of the metrics without dimensions that its widgets draw."""
    rows = (row for one in board.widgets for row in one["properties"].get("metrics", ()))
    named = ([part for part in row if isinstance(part, str)] for row in rows)
    return {(row[0], row[1]) for row in named if len(row) == 2}


def _is_fed(clients: Clients, namespace: str, name: str, now: datetime) -> bool:
    answer = clients.cloudwatch.get_metric_statistics(
        Namespace=namespace,
        MetricName=name,
        StartTime=now - RECENT,
        EndTime=now + AHEAD,
        Period=int(timedelta(hours=1).total_seconds()),
        Statistics=["SampleCount"],
    )
    return bool(answer["Datapoints"])
