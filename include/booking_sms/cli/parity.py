"""``booking-sms parity``: does the candidate decide as was recorded, and would we notice if not?"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import typer

from booking_sms.adapters.clock import SystemClock
from booking_sms.adapters.naver.parsing import parse_booking
from booking_sms.cli.catalogs import catalog_of, include_folder
from booking_sms.cli.console import JsonOption, err, fail, print_json, print_table, tracked
from booking_sms.domain.rule import RuleSet
from booking_sms.parity.compare import ParityReport, compare
from booking_sms.parity.dataset import read_dataset
from booking_sms.parity.excerpt import cut_from
from booking_sms.parity.explained import Explanation, explained_file, read_explained
from booking_sms.parity.golden import recorded_outcome
from booking_sms.parity.masking import shown_all
from booking_sms.parity.mutation import LEAST_KINDS, Comparator, mutate
from booking_sms.parity.noise import Noise, learn_noise, read_outcomes, undecided
from booking_sms.parity.page import PageSource
from booking_sms.parity.report_files import write_report
from booking_sms.parity.result import Result, as_result
from booking_sms.parity.scenario import read_scenarios
from booking_sms.parity.told import decide_and_tell

app = typer.Typer(
    invoke_without_command=True,
    help="Compare the rules' decisions with recorded ones; 0 only if nothing is unexplained.",
)
PINNED = Path("golden") / "legacy-decisions.jsonl"
SHOWN_DIFFERENCES = 20
GoldenOption = typer.Option(
    None, "--golden", help="Scenarios with recorded outcomes, JSONL; default: the pinned ones."
)
RulesOption = typer.Option("legacy", "--rules", help="Name of the rule set.")
ExplainedOption = typer.Option(None, "--explained", help="Intended differences, YAML.")
OutOption = typer.Option(None, "--out", help="Folder for report.html, mismatches.csv, result.json.")
ControlOption = typer.Option(
    [], "--control", help="Outcomes of the control, JSONL; twice: what differs is noise."
)
PartialOption = typer.Option(False, "--partial", help="The file is a part of the pinned one.")


@app.callback()
def parity(
    ctx: typer.Context,
    golden: Path | None = GoldenOption,
    rules: str = RulesOption,
    explained: Path | None = ExplainedOption,
    partial: bool = PartialOption,
    out: Path | None = OutOption,
    control: list[Path] = ControlOption,
    as_json: bool = JsonOption,
) -> None:
    """Compare the rules' decisions with recorded ones; 0 only if nothing is left unexplained."""
    if ctx.invoked_subcommand is not None:
        return
    catalog, path = catalog_of(rules), golden or _pinned()
    scenarios = read_scenarios(path, recorded=True)
    noise = _noise(control)
    actual = [
        decide_and_tell(scenario, catalog, parse_booking)
        for scenario in tracked(scenarios, "deciding")
    ]
    again = [decide_and_tell(scenario, catalog, parse_booking) for scenario in scenarios]
    entries = _explanations(explained, catalog.rules)
    expected = [recorded_outcome(scenario) for scenario in scenarios]
    now = SystemClock().now()
    paths = noise.paths if noise else ()
    report = compare(
        expected, actual, catalog.rules, entries, today=now.date(), noise=paths
    ).with_undecided(undecided(actual, again))
    result = as_result(report, _stamp(path), now)
    _print_report(report, result, as_json=as_json)
    if out is not None:
        _write(
            out,
            PageSource(
                report=report,
                result=result,
                rules=catalog.rules,
                today=now.date(),
                explanations=entries,
                expected=expected,
                noise=noise,
            ),
        )
    cut = "" if partial else cut_from(path, _pinned())
    if cut:
        raise fail(f"{cut}; --partial allows it", code=1)
    if not report.passed:
        raise typer.Exit(1)


@app.command("mutate")
def mutate_comparator(
    golden: Path | None = GoldenOption, rules: str = RulesOption, as_json: bool = JsonOption
) -> None:
    """Put faults of every kind into right outcomes; 0 only if the comparator sees each."""
    catalog, path, now = catalog_of(rules), golden or _pinned(), SystemClock().now()
    outcomes = [recorded_outcome(one) for one in read_scenarios(path, recorded=True)]
    entries = _explanations(None, catalog.rules)
    mutation = mutate(outcomes, Comparator.ours(catalog.rules, entries, now.date()))
    document = mutation.as_dict(now)
    if as_json:
        print_json(document)
    else:
        counts = ("mutants", "kinds", "killed", "survived")
        print_table("mutation", ("what", "value"), ((name, document[name]) for name in counts))
    if mutation.survivors:
        raise fail(f"the comparator does not see: {', '.join(mutation.survivors[:10])}", code=1)
    if not mutation.passed:
        raise fail(
            f"{path}: too poor to prove anything: {mutation.kinds} kinds of faults fit, "
            f"{LEAST_KINDS} are needed",
            code=1,
        )


def _noise(control: list[Path]) -> Noise | None:
    """What two controls teach; None without any."""
    if not control:
        return None
    if len(control) != 2:
        raise fail("--control: give two files, of two runs of the same control")
    return learn_noise(*(read_outcomes(path) for path in control))


def _write(folder: Path, source: PageSource) -> None:
    try:
        path = write_report(folder, source)
    except OSError as error:
        raise fail(f"{folder}: cannot be written: {error.strerror}") from None
    err.print(f"report: {path}", highlight=False, markup=False, soft_wrap=True)


def _stamp(path: Path) -> dict[str, Any] | None:
    """The dataset that the pinned file belongs to; None for any other file."""
    is_pinned = path.resolve() == _pinned().resolve()
    return read_dataset(_pinned().parent).stamp() if is_pinned else None


def _pinned() -> Path:
    return include_folder() / PINNED


def _explanations(path: Path | None, rules: RuleSet) -> tuple[Explanation, ...]:
    """Entries of the named file, which must exist, or of the rule set's own, which need not."""
    own = explained_file(include_folder(), rules.name)
    if path is None and not own.exists():
        return ()
    return read_explained(path or own, rules)


def _print_report(report: ParityReport, document: Result, *, as_json: bool) -> None:
    if as_json:
        print_json(document)
    else:
        counts = [(name, *count.as_dict().values()) for name, count in report.channels.items()]
        print_table("parity", ("channel", "expected", "actual", "mismatches"), counts)
        rest = ("scenarios", "match_percentage", "explained", "unexplained", "critical", "warnings")
        print_table("result", ("what", "value"), ((name, document[name]) for name in rest))
    for reason in report.vacuous:
        err.print(f"[red]vacuous:[/red] {reason}", highlight=False)
    for entry in document["expired"]:
        err.print(
            f"expired: {entry['field']} of {entry['rule']}: since {entry['expired_on']} "
            f"({entry['days']} days), decided by {entry['owner']}",
            highlight=False,
            markup=False,
            soft_wrap=True,
        )
    lines = list(shown_all(report.unexplained))
    for line in lines[:SHOWN_DIFFERENCES]:
        err.print(line, highlight=False, markup=False, soft_wrap=True)
    hidden = len(lines) - SHOWN_DIFFERENCES
    if hidden > 0:
        err.print(f"... and {hidden} more", highlight=False)
