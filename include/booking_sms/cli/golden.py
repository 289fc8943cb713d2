"""``booking-sms golden``: check, extend and pin the golden datasets."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Any

import typer

from booking_sms.adapters.clock import SystemClock
from booking_sms.bench.parity import measure_parity, measure_reads
from booking_sms.cli.catalogs import include_folder
from booking_sms.cli.composition import application
from booking_sms.cli.console import JsonOption, err, fail, print_facts, print_json, print_table
from booking_sms.domain.errors import BookingSmsError
from booking_sms.parity.dataset import Dataset, problems_of, read_dataset
from booking_sms.parity.dataset_change import (
    add_lines,
    changes_of,
    new_entry,
    new_outcomes,
    refresh,
)
from booking_sms.parity.invented import NAMES, invented_names
from booking_sms.parity.masking import shown
from booking_sms.parity.own import check_own
from booking_sms.quality.thresholds import judged, percentile
from booking_sms.workflow.own_expectations import own_decider

SHOWN_DIFFERENCES = 40


class Form(StrEnum):
    """What a line holds: bookings and a ledger, or the start of a run."""

    SCENARIO = "scenario"
    SESSION = "session"


app = typer.Typer(
    no_args_is_help=True, help="Golden datasets: recordings and our own expectations."
)
FolderOption = typer.Option(None, "--folder", help="Folder of the dataset; default: golden/.")
ReasonOption = typer.Option(..., "--reason", help="Why the dataset changes; kept in the manifest.")


@app.command("verify")
def verify(folder: Path | None = FolderOption, as_json: bool = JsonOption) -> None:
    """Every file against the manifest, and own expectations against what we decide today."""
    dataset = read_dataset(folder or _golden())
    problems = list(problems_of(dataset))
    own = check_own(dataset, own_decider(include_folder())) if not problems else []
    facts: dict[str, Any] = {
        "ok": not problems and all(result.passed for result in own),
        **dataset.stamp(),
        "legacy": _scenarios(dataset, "legacy"),
        "own": {result.name: result.as_dict() for result in own},
        "problems": problems,
    }
    print_facts("golden", facts, as_json=as_json)
    for line in [*problems, *(line for result in own for line in result.differences)]:
        err.print(line, highlight=False, markup=False, soft_wrap=True)
    if not facts["ok"]:
        raise typer.Exit(1)


@app.command("add")
def add(
    file: Path = typer.Argument(..., help="Scenarios with expected outcomes, JSONL."),
    to: str = typer.Option("own", "--to", help="Own expectations: own, or own-NAME."),
    rules: str = typer.Option("legacy", "--rules", help="Rule set of a new file."),
    form: Form = typer.Option(Form.SCENARIO, "--form", help="What a line of a new file is."),
    reason: str = ReasonOption,
    invented: list[str] = typer.Option([], "--invented", help="A name that is nobody's."),
    folder: Path | None = FolderOption,
    as_json: bool = JsonOption,
) -> None:
    """Add scenarios to our own expectations; refuses whatever could be a person's."""
    dataset = read_dataset(folder or _golden())
    before = _mark_invented(dataset.folder, invented)
    try:
        entry = new_entry(rules, form.value)
        added = add_lines(dataset, file, to, own_decider(include_folder()), entry, reason=reason)
    except Exception:
        _restore(dataset.folder, before)
        raise
    name = f"{to}.jsonl"
    facts = {"file": name, "scenarios": added.manifest.files[name].scenarios, **added.stamp()}
    print_facts("golden add", facts, as_json=as_json)


@app.command("refresh")
def refresh_command(
    reason: str = ReasonOption,
    yes: bool = typer.Option(False, "--yes", help="Write what is shown."),
    folder: Path | None = FolderOption,
    as_json: bool = JsonOption,
) -> None:
    """Pin own expectations as we decide today; shows each change and needs ``--yes``."""
    dataset = read_dataset(folder or _golden())
    found = new_outcomes(dataset, own_decider(include_folder()))
    changes = changes_of(found)
    for change in changes[:SHOWN_DIFFERENCES]:
        err.print(shown(change), highlight=False, markup=False, soft_wrap=True)
    if changes and not yes:
        raise fail(f"{len(changes)} expectations would change; read them, then add --yes", code=1)
    after = refresh(dataset, found, reason)
    facts = {"changed": len(changes), "was": dataset.manifest.version, **after.stamp()}
    print_facts("golden refresh", facts, as_json=as_json)


@app.command("measure")
def measure(
    reads: int = typer.Option(200, "--reads", min=0, help="DynamoDB reads; 0 measures none."),
    window_s: float | None = typer.Option(
        None, "--window-s", help="Seconds of a window's DAG run, as Airflow shows it."
    ),
    as_json: bool = JsonOption,
) -> None:
    """Measure time, memory and latency, and judge them; 1 if a limit is passed.

    What is not measured is shown as such and never counts as good.
    """
    values = {**measure_parity(include_folder()), "pipeline_window": window_s}
    values["dynamodb_read_p99"] = percentile(_read_times(reads), 0.99)
    result = judged(values, SystemClock().now())
    if as_json:
        print_json(result)
    else:
        columns = ("name", "value", "limit", "unit", "ok", "light")
        rows = ([each[column] for column in columns] for each in result["measures"])
        print_table("thresholds", columns, rows)
    if any(each["ok"] is False for each in result["measures"]):
        raise typer.Exit(1)


def _read_times(reads: int) -> list[float]:
    """Milliseconds of reads of a booking that nobody has, through the outbox; () if unreachable."""
    if not reads:
        return []
    try:
        jobs = application().jobs
        return measure_reads(lambda: jobs.of_booking("threshold_probe"), reads)
    except BookingSmsError as error:
        err.print(f"DynamoDB is not measured: {error.code}", highlight=False)
        return []


def _golden() -> Path:
    return include_folder() / "golden"


def _scenarios(dataset: Dataset, kind: str) -> dict[str, int]:
    return {name: file.scenarios for name, file in dataset.named(kind).items()}


def _mark_invented(folder: Path, names: list[str]) -> frozenset[str]:
    """Put names on the list of invented ones; the list as it was."""
    before = invented_names(folder)
    _restore(folder, before | set(names))
    return before


def _restore(folder: Path, names: frozenset[str]) -> None:
    if names != invented_names(folder):
        (folder / NAMES).write_text("".join(f"{name}\n" for name in sorted(names)), "utf-8")
