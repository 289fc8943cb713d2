"""``booking-sms monitoring``: what watches the system is put there, compared, and tried out."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import typer

from booking_sms.bootstrap import Application
from booking_sms.cli.catalogs import settings
from booking_sms.cli.composition import application
from booking_sms.cli.console import JsonOption, fail, log_to_stderr, print_json, print_table
from booking_sms.config.connections import aws_from_environ
from booking_sms.config.settings import Settings, effective_environ
from booking_sms.monitoring.clients import Clients, aws_errors, is_stand_in, make_clients
from booking_sms.monitoring.template import SOMEWHERE, Template, read_template

if TYPE_CHECKING:
    from booking_sms.monitoring.drill.medium import Medium

app = typer.Typer(no_args_is_help=True, help="Alarms, dashboards, queries: apply, check, drill.")
ParameterOption = typer.Option(
    [], "--parameter", metavar="NAME=VALUE", help="A parameter of the template, other than default."
)


@app.command()
def apply(
    stack: bool = typer.Option(False, "--stack", help="The whole template, by CloudFormation."),
    parameter: list[str] = ParameterOption,
    as_json: bool = JsonOption,
) -> None:
    """Put topic, log group, alarms, dashboards and queries there; safe to repeat."""
    from booking_sms.monitoring.applying import apply_template

    template, clients = _installation(application(), parameter)
    with aws_errors():
        if stack:
            return _deploy(template, clients, as_json=as_json)
        applied = list(apply_template(template, clients))
    if as_json:
        print_json([one.as_dict() for one in applied])
    else:
        rows = ((one.kind, one.name, one.done) for one in applied)
        print_table(f"monitoring {template.prefix}", ("what", "name", "done"), rows)
    return None


@app.command()
def check(
    recent: int = typer.Option(
        0, "--recent", min=0, help="Also: no data point of a regular metric for so many hours."
    ),
    parameter: list[str] = ParameterOption,
    as_json: bool = JsonOption,
) -> None:
    """Compare what is there with the template, and alarms with metrics and runbook; exit 1 on
    any difference.
    """
    from booking_sms.monitoring.checking import check_applied, check_fed, check_template

    template, clients = _installation(application(), parameter)
    with aws_errors():
        found = [*check_template(template), *check_applied(template, clients)]
        if recent:
            found += check_fed(template, clients, datetime.now(UTC), timedelta(hours=recent))
    if as_json:
        print_json({"alarms": len(template.alarms), "drift": [one.as_dict() for one in found]})
    else:
        rows = ((one.thing, one.field, one.expected, one.found) for one in found)
        print_table("monitoring drift", ("what", "field", "expected", "found"), rows)
    if found:
        raise typer.Exit(1)


@app.command()
def drill(
    alarm: list[str] = typer.Option([], "--alarm", help="Only this one, by its runbook entry."),
    rename: list[str] = typer.Option(
        [], "--rename", metavar="OLD=NEW", help="Publish a metric under another name: must fail."
    ),
    parameter: list[str] = ParameterOption,
    as_json: bool = JsonOption,
) -> None:
    """Make every alarm fire and clear, by what publishes its metric; exit 1 unless each does.

    In a world of its own, in memory; its numbers go to the stand-in of CloudWatch if there is
    one, to memory otherwise. Never to a real account.
    """
    from booking_sms.monitoring.drill.run import DrillReport, run_drills
    from booking_sms.monitoring.drill.scenarios import SCENARIOS

    log_to_stderr()
    template = _template({**_from_settings(settings()), **pairs_of("--parameter", parameter)})
    with aws_errors():
        medium = _medium()
        drills = run_drills(
            template,
            SCENARIOS,
            medium,
            now=datetime.now(UTC),
            renamed=pairs_of("--rename", rename),
            entries=alarm,
        )
        done = tuple(drills)
    report = DrillReport(medium=medium.name, drills=done)
    if as_json:
        print_json(report.as_dict())
    else:
        rows = ((one.alarm, one.fired, one.after_s, one.cleared, one.failure) for one in done)
        columns = ("alarm", "fired", "after (s)", "cleared", "failure")
        print_table(f"alarm drill, {medium.name}", columns, rows)
    if not report.is_good:
        raise typer.Exit(1)


def _medium() -> Medium:
    """Needs no connection: a drill can be held where nothing is installed."""
    from booking_sms.monitoring.drill.medium import CloudWatchMedium, MemoryMedium

    aws = aws_from_environ(effective_environ())
    if aws is None or not is_stand_in(aws):
        return MemoryMedium()
    return CloudWatchMedium(aws, make_clients(aws))


def _installation(composed: Application, given: list[str]) -> tuple[Template, Clients]:
    """The template for this installation's settings, and clients of its account."""
    with aws_errors():
        clients = make_clients(composed.connections.aws)
    parameters = {**_from_settings(composed.settings), **pairs_of("--parameter", given)}
    return _template(parameters, region=clients.region, account=clients.account), clients


def _template(
    parameters: dict[str, str],
    *,
    region: str = SOMEWHERE["region"],
    account: str = SOMEWHERE["account"],
) -> Template:
    try:
        return read_template(parameters, region=region, account=account)
    except (KeyError, ValueError) as error:
        raise fail(f"--parameter: {error.args[0]}") from None


def _from_settings(own: Settings) -> dict[str, str]:
    named = {
        "OperationsNamespace": own.metrics_namespace,
        "ComparisonNamespace": own.metrics_comparison_namespace,
    }
    switched_off = [name for name, value in named.items() if value == "off"]
    if switched_off:
        raise fail(f"metrics are off, so no alarm could fire: {', '.join(switched_off)}")
    return {**named, "TablePrefix": own.table_prefix}


def pairs_of(option: str, given: list[str]) -> dict[str, str]:
    """NAME=VALUE each; one clear line otherwise."""
    for text in given:
        if "=" not in text:
            raise fail(f"{option}: not NAME=VALUE: {text!r}")
    return dict(text.split("=", 1) for text in given)


def _deploy(template: Template, clients: Clients, *, as_json: bool) -> None:
    from booking_sms.monitoring.stack import deploy_stack

    change = deploy_stack(clients, template, mark=datetime.now(UTC).strftime("%Y%m%d-%H%M%S"))
    if as_json:
        print_json(change.as_dict())
    else:
        rows = ((one,) for one in change.changes)
        print_table(f"stack {change.stack}: {change.done}", ("change",), rows)
