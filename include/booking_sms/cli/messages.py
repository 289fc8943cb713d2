"""``booking-sms message preview``: texts as customers get them."""

from __future__ import annotations

import typer

from booking_sms.cli.catalogs import catalog_of, settings
from booking_sms.cli.console import JsonOption, fail, out, print_facts, print_json
from booking_sms.domain.catalog import Catalog
from booking_sms.domain.price import plain_number
from booking_sms.domain.rule import Rule
from booking_sms.pipeline.preview import preview

message_app = typer.Typer(no_args_is_help=True, help="Texts as customers get them.")
RulesOption = typer.Option("legacy", "--rules", help="Name of the rule set.")


def register(app: typer.Typer) -> None:
    """Add the command group to the main application."""
    app.add_typer(message_app, name="message")


@message_app.command("preview")
def preview_message(
    rule: str = typer.Argument(help="Name of a rule."),
    store: str = typer.Option("", "--store", help="Store id; default: the first store."),
    rules: str = RulesOption,
    as_json: bool = JsonOption,
) -> None:
    """Show a rule's text for an invented booking: text, bytes, class, estimated cost."""
    catalog = catalog_of(rules)
    message = preview(catalog, text_rule(catalog, rule), store or first_store(catalog))
    facts = {
        "subject": message.subject,
        "sender": message.sender,
        "type": message.message_type.value,
        "class": message.message_class.value,
        "bytes": message.bytes_used,
        "estimated_krw": plain_number(settings().prices.of(message.message_type)),
        "template": f"{message.template}@{message.template_digest}",
    }
    if as_json:
        print_json({**facts, "content": message.content})
        return
    print_facts(f"rule {rule}", facts, as_json=False)
    out.print(message.content, highlight=False, markup=False)


def text_rule(catalog: Catalog, name: str) -> Rule:
    """The rule of this name that texts customers; one clear line if there is none."""
    known = {rule.name: rule for rule in catalog.rules.rules if not rule.is_notice}
    if name not in known:
        raise fail(f"no rule {name!r} that texts customers; known: {', '.join(known)}")
    return known[name]


def first_store(catalog: Catalog) -> str:
    """The store that is decided first."""
    return next(iter(catalog.stores.stores))
