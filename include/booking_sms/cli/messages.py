"""``booking-sms message preview|lint|outdated``: texts as customers get them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import typer

from booking_sms.adapters.naver.parsing import parse_booking
from booking_sms.cli import composition
from booking_sms.cli.catalogs import catalog_of, settings
from booking_sms.cli.console import JsonOption, fail, out, print_facts, print_json, print_table
from booking_sms.cli.outdated import outbox_of, outdated, text_maker
from booking_sms.domain.booking import Booking
from booking_sms.domain.catalog import Catalog
from booking_sms.domain.phone import mask_phone, parse_phone
from booking_sms.domain.price import plain_number
from booking_sms.domain.rule import Rule
from booking_sms.parity.outcome import bookings_of
from booking_sms.parity.scenario import read_scenarios
from booking_sms.pipeline.lint import LintReport, lint
from booking_sms.pipeline.preview import preview, sample_booking
from booking_sms.pipeline.resend import enqueue_manual, preview_job

message_app = typer.Typer(no_args_is_help=True, help="Texts as customers get them.")
message_app.command()(outdated)
RulesOption = typer.Option("legacy", "--rules", help="Name of the rule set.")


def register(app: typer.Typer) -> None:
    """Add the command group to the main application."""
    app.add_typer(message_app, name="message")


@message_app.command("preview")
def preview_message(
    rule: str = typer.Argument(help="Name of a rule."),
    store: str = typer.Option("", "--store", help="Store id; default: the first store."),
    rules: str = RulesOption,
    send_to_me: str = typer.Option("", "--send-to-me", help="Also text it to an own number."),
    by: str = typer.Option("", "--by", help="Who has it sent."),
    reason: str = typer.Option("", "--reason", help="Why."),
    as_json: bool = JsonOption,
) -> None:
    """Show a rule's text for an invented booking: text, bytes, class, estimated cost.

    With --send-to-me it also goes, without secrets, to a number of BOOKING_SMS_OWN_NUMBERS.
    """
    catalog = catalog_of(rules)
    chosen, store_id = text_rule(catalog, rule), store or first_store(catalog)
    message = preview(catalog, chosen, store_id)
    facts: dict[str, Any] = {
        "subject": message.subject,
        "sender": message.sender,
        "type": message.message_type.value,
        "class": message.message_class.value,
        "bytes": message.bytes_used,
        "estimated_krw": plain_number(settings().prices.of(message.message_type)),
        "template": f"{message.template}@{message.template_digest}",
    }
    if send_to_me:
        facts["job_id"] = _send_to_me(catalog, chosen, store_id, send_to_me, by, reason)
    if as_json:
        print_json({**facts, "content": message.content})
        return
    print_facts(f"rule {rule}", facts, as_json=False)
    out.print(message.content, highlight=False, markup=False)


def _send_to_me(
    catalog: Catalog, rule: Rule, store_id: str, phone: str, by: str, reason: str
) -> str:
    """Enqueue the preview; id of its job."""
    if not (by and reason):
        raise fail("--send-to-me needs --by and --reason")
    digits = own_number(phone)
    app = composition.application()
    app.use_catalog(catalog)
    outbox = outbox_of(app)
    job, text = preview_job(text_maker(app), rule, store_id, digits, outbox, app.clock.now())
    enqueue_manual(job, text, outbox, by=by, reason=reason)
    return job.job_id


def own_number(phone: str) -> str:
    """Digits of a registered own number; one clear line for any other."""
    number = parse_phone(phone)
    if number.digits not in settings().own_digits:
        raise fail(f"{mask_phone(phone)} is not registered in BOOKING_SMS_OWN_NUMBERS")
    return number.digits


@message_app.command("lint")
def lint_messages(
    golden: Path | None = typer.Option(None, "--golden", help="Bookings to try, JSONL."),
    rules: str = RulesOption,
    as_json: bool = JsonOption,
) -> None:
    """Render every text at every store for every booking; exit 1 if any would be held.

    Without a file one invented booking is tried. Secrets are placeholders.
    """
    catalog = catalog_of(rules)
    report = lint(catalog, _bookings(golden, first_store(catalog)))
    _print_lint(report, as_json=as_json)
    if report.errors:
        raise typer.Exit(1)


def _bookings(golden: Path | None, store_id: str) -> list[Booking]:
    if golden is None:
        return [sample_booking(store_id)]
    scenarios = read_scenarios(golden, recorded=False)
    found = [one for scenario in scenarios for one in bookings_of(scenario, parse_booking)]
    if not found:
        raise fail(f"{golden}: no booking in any scenario")
    return found


def _print_lint(report: LintReport, *, as_json: bool) -> None:
    facts = {
        "templates": report.templates,
        "rendered": report.rendered,
        "errors": report.errors,
        "warnings": len(report.findings) - report.errors,
    }
    found = [finding.as_dict() for finding in report.findings]
    if as_json:
        print_json({**facts, "findings": found})
        return
    print_facts("message lint", facts, as_json=False)
    columns = tuple(found[0]) if found else ("findings",)
    print_table("findings", columns, (tuple(one.values()) for one in found))


def text_rule(catalog: Catalog, name: str) -> Rule:
    """The rule of this name that texts customers; one clear line if there is none."""
    known = {rule.name: rule for rule in catalog.rules.rules if not rule.is_notice}
    if name not in known:
        raise fail(f"no rule {name!r} that texts customers; known: {', '.join(known)}")
    return known[name]


def first_store(catalog: Catalog) -> str:
    """The store that is decided first."""
    return next(iter(catalog.stores.stores))
