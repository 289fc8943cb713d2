"""``booking-sms faults``: campaigns that try to make the outbox double or lose a text."""

from __future__ import annotations

import time
from typing import Any

import typer
from rich.progress import Progress

from booking_sms.cli.console import JsonOption, err, print_facts
from booking_sms.faults.campaign import RealCampaign, run_campaign
from booking_sms.faults.simulation import Campaign, Result, simulate
from booking_sms.telemetry.log_stream import be_silent

app = typer.Typer(no_args_is_help=True, help="Try to make the outbox double or lose a text.")
SendsOption = typer.Option(10_000, "--sends", min=1, help="Messages to send.")
SeedOption = typer.Option(1, "--seed", help="Everything that is drawn follows from it.")
DispatchersOption = typer.Option(3, "--dispatchers", min=1, max=16, help="Senders at once.")


@app.command()
def run(
    sends: int = typer.Option(600, "--sends", min=1, help="Messages to send."),
    seed: int = SeedOption,
    dispatchers: int = DispatchersOption,
    as_json: bool = JsonOption,
) -> None:
    """Kill and stop real dispatchers at every durable step, against a SENS that lies.

    Starts a world of its own on this machine and removes it. Exits 1 when a text was doubled,
    lost, left unsettled or settled wrongly.
    """
    be_silent()
    be_silent()
    campaign = RealCampaign(sends=sends, seed=seed, dispatchers=dispatchers)
    started = time.monotonic()
    with Progress(console=err, transient=True, disable=not err.is_terminal) as progress:
        task = progress.add_task("sending", total=sends)
        result = run_campaign(campaign, lambda done: progress.update(task, completed=done))
    facts: dict[str, Any] = {
        **result.verdict.as_dict(),
        "faults": result.faults,
        "lost_answers": result.dropped_answers,
        "seconds": round(time.monotonic() - started, 1),
    }
    print_facts(f"faults, seed {seed}", facts, as_json=as_json)
    if not result.verdict.is_clean:
        raise typer.Exit(1)


@app.command()
def simulation(
    sends: int = SendsOption,
    seed: int = SeedOption,
    dispatchers: int = DispatchersOption,
    reconcile: bool = typer.Option(True, help="Off: doubts are sent again without a look."),
    fence: bool = typer.Option(True, help="Off: every write goes through, whoever was faster."),
    as_json: bool = JsonOption,
) -> None:
    """Run the product's dispatch and reconcile in virtual time, killed and frozen at any call.

    Exits 1 when a text was doubled, lost, left unsettled or settled wrongly. Without reconcile
    or without the fence it must find some: that is what shows that the campaign can fail.
    """
    be_silent()
    campaign = Campaign(
        sends=sends, seed=seed, dispatchers=dispatchers, reconciles=reconcile, is_fenced=fence
    )
    started = time.monotonic()
    result = _simulate(campaign)
    facts = _facts(result) | {"seconds": round(time.monotonic() - started, 1)}
    print_facts(f"simulation, seed {seed}", facts, as_json=as_json)
    if not result.verdict.is_clean:
        raise typer.Exit(1)


def _simulate(campaign: Campaign) -> Result:
    with Progress(console=err, transient=True, disable=not err.is_terminal) as progress:
        task = progress.add_task("sending", total=campaign.sends)
        return simulate(campaign, on_world=lambda done: progress.advance(task, done.verdict.sends))


def _facts(result: Result) -> dict[str, Any]:
    faults = {name: number for name, number in sorted(result.faults.items()) if number}
    return {**result.verdict.as_dict(), "faults": faults}
