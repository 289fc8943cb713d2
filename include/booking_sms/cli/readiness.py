"""``booking-sms readiness``: may the new system go live? Measured, packaged, signed, decided."""

from __future__ import annotations

from pathlib import Path

import typer

from booking_sms import workflow
from booking_sms.bench.thresholds import measure_thresholds
from booking_sms.cli import composition
from booking_sms.cli.console import JsonOption, fail, print_facts, print_json, print_table
from booking_sms.monitoring.clients import aws_errors
from booking_sms.monitoring.dashboard import comparison_dashboard
from booking_sms.pipeline.operator import Person
from booking_sms.readiness.decision import GO, ROLES, Decision
from booking_sms.readiness.package import INCOMPLETE
from booking_sms.readiness.package_folder import problems_of

app = typer.Typer(no_args_is_help=True, help="Go live or not: measure, package, sign, decide.")
CampaignOption = typer.Option(..., "--campaign", help="Id of the validation campaign.")
ValidationOption = typer.Option(
    None, "--validation", help="File of the campaigns' sections, instead of the setting's."
)
COLUMNS = ("criterion", "verdict", "why")


@app.command("collect")
def collect(campaign: str = CampaignOption, as_json: bool = JsonOption) -> None:
    """Measure parity, comparator, limits and metrics again, and keep them as evidence."""
    composed = composition.application()
    thresholds, look = measure_thresholds(composed), comparison_dashboard(composed)
    with aws_errors():
        kept = workflow.collect_evidence(composed, campaign, thresholds, look)
    print_facts("evidence", kept, as_json=as_json)


@app.command("check")
def check(campaign: str = CampaignOption, as_json: bool = JsonOption) -> None:
    """Measure the nine criteria and write nothing; exit 0 if all pass."""
    document = workflow.check_readiness(composition.application(), campaign).document()
    if as_json:
        print_json(document)
    else:
        rows = [
            (one["name"], one["verdict"], "; ".join(one["reasons"])) for one in document["criteria"]
        ]
        print_table(f"readiness of {campaign}", COLUMNS, rows)
    if document["passed"] < document["total"]:
        raise fail(f"{document['passed']} of {document['total']} criteria pass", code=1)


@app.command("package")
def package(
    campaign: str = CampaignOption,
    folder: Path = typer.Option(..., "--out", help="Empty or new folder for the package."),
    as_json: bool = JsonOption,
) -> None:
    """Freeze the evidence, and copy it with its checksums; exit 1 if it is incomplete."""
    manifest = workflow.export_package(composition.application(), campaign, folder)
    if as_json:
        print_json(manifest)
    else:
        rows = [(one["filename"], one["type"], one["size"]) for one in manifest["files"]]
        print_table("files", ("file", "type", "bytes"), rows)
        facts = ("package_hash", "completeness", "missing", "artifact_count", "total_size")
        print_facts(campaign, {name: manifest[name] for name in facts}, as_json=False)
    if manifest["completeness"] == INCOMPLETE:
        raise fail(f"the package lacks: {', '.join(manifest['missing'])}", code=1)


@app.command("verify")
def verify(
    folder: Path = typer.Argument(help="Folder of a package."),
    signed_hash: str = typer.Option("", "--hash", help="Hash of the package that was signed."),
    as_json: bool = JsonOption,
) -> None:
    """Check every checksum of a package; each file that is not as packed is named."""
    problems = problems_of(folder, signed_hash)
    if as_json:
        print_json({"folder": str(folder), "ok": not problems, "problems": list(problems)})
    if problems:
        raise fail("; ".join(problems), code=1)
    if not as_json:
        print_facts("package", {"folder": folder, "checksums": "all as packed"}, as_json=False)


@app.command("sign")
def sign(
    campaign: str = CampaignOption,
    role: str = typer.Option(..., "--role", help=", ".join(ROLES)),
    package_hash: str = typer.Option(..., "--hash", help="Hash of the package that was read."),
    by: str = typer.Option(..., "--by", help="Who signs."),
    reason: str = typer.Option(..., "--reason", help="Why."),
    reject: bool = typer.Option(False, "--reject", help="Say no instead of yes."),
    as_json: bool = JsonOption,
) -> None:
    """Give one role's word on a package; a package that changes needs it again."""
    person = Person(by=by, reason=reason)
    signed = workflow.sign_package(
        composition.application(), campaign, role, package_hash, person, approved=not reject
    )
    print_facts(f"sign-off of {role}", signed.document(), as_json=as_json)


@app.command("decide")
def decide(
    campaign: str = CampaignOption,
    validation: Path | None = ValidationOption,
    as_json: bool = JsonOption,
) -> None:
    """Decide, keep the decision, write VALIDATION.md, tell people; exit 0 on GO only."""
    decision = workflow.decide_readiness(composition.application(), campaign, validation=validation)
    _show(decision, as_json=as_json)
    if decision.decision != GO:
        raise fail(f"{decision.decision}: {len(decision.reasons)} reasons", code=1)


@app.command("report")
def report(
    campaign: str = CampaignOption,
    validation: Path | None = ValidationOption,
    as_json: bool = JsonOption,
) -> None:
    """Write the campaign's section of VALIDATION.md as things stand; nothing is decided."""
    composed = composition.application()
    decision, changed = workflow.report_readiness(composed, campaign, validation=validation)
    file = validation or composed.settings.validation_file
    facts = {"file": str(file), "changed": changed, "would_be": decision.decision}
    print_facts(f"section of {campaign}", facts, as_json=as_json)


def _show(decision: Decision, *, as_json: bool) -> None:
    document = decision.document()
    if as_json:
        print_json(document)
        return
    print_facts(f"decision on {decision.campaign}", document, as_json=False)
