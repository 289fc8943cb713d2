"""Loads rules, messages and stores as one whole and checks what they say of each other."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import date
from pathlib import Path

from booking_sms.config.messages_loader import load_messages
from booking_sms.config.rules_loader import read_rule_file, rule_set_of
from booking_sms.config.stores_loader import load_stores
from booking_sms.config.yaml_source import YamlSource
from booking_sms.domain.catalog import Catalog
from booking_sms.domain.errors import RuleInvalid, TextNotEncodable, TextNotLawful, TextTooLong
from booking_sms.domain.message import MessageClass
from booking_sms.domain.rule import Rule, Scope
from booking_sms.domain.rule_limits import leaves_of
from booking_sms.domain.rule_review import Severity, review
from booking_sms.domain.store import StoreDirectory
from booking_sms.domain.template import (
    ADVERTISING_LABEL,
    MessageCatalog,
    MessageTemplate,
    check_advertising,
    check_subject,
)
from booking_sms.domain.text_language import names_in

ONE_BOOKING, MANY_BOOKINGS = frozenset({"booking", "store"}), frozenset({"bookings", "count"})
Problem = tuple[str, str]
"""Key of the rule that is wrong, and what is wrong with it."""


def load_catalog(home: Path, rule_set: str) -> Catalog:
    """Rules ``home/rules/NAME.yaml`` with ``home/messages`` and ``home/stores``.

    Raises RuleInvalid: one line per problem, each with file and line.
    """
    source = read_rule_file(rule_set, home / "rules")
    return catalog_with(source, load_texts(source.path.parent, home), load_stores(home / "stores"))


def load_texts(rules: Path, home: Path) -> MessageCatalog:
    """The chain's texts, with those in ``messages/`` in the rules' folder where it has some."""
    return load_messages(home / "messages", rules / "messages")


def catalog_with(source: YamlSource, messages: MessageCatalog, stores: StoreDirectory) -> Catalog:
    """The rules of a parsed file with texts and stores; RuleInvalid with every problem."""
    catalog = Catalog(rules=rule_set_of(source), messages=messages, stores=stores)
    problems = [*cross_problems(source, catalog), *review_lines(source, catalog, Severity.ERROR)]
    if problems:
        raise RuleInvalid("\n".join(problems))
    return catalog


def review_lines(
    source: YamlSource, catalog: Catalog, severity: Severity, today: date | None = None
) -> list[str]:
    """What the review of the rules says at this severity, each line with file and line.

    With ``today``, the Korean date, also what is over by then.
    """
    return [
        source.problem(finding.loc, finding.message)
        for finding in review(catalog.rules, today)
        if finding.severity is severity
    ]


def cross_problems(source: YamlSource, catalog: Catalog) -> Iterator[str]:
    """What is wrong between rules, texts and stores; each line names the rule's file and line."""
    for number, rule in enumerate(catalog.rules.rules):
        for key, message in _rule_problems(rule, catalog):
            yield source.problem(("rules", number, key), message)
        for leaf, place in leaves_of(rule.when, ("rules", number, "when")):
            for store_id in _unknown_stores(getattr(leaf, "store_ids", ()), catalog):
                yield source.problem((*place, "store_ids"), no_store(store_id))


def _rule_problems(rule: Rule, catalog: Catalog) -> Iterator[Problem]:
    for store_id in _unknown_stores(rule.stores, catalog):
        yield "stores", no_store(store_id)
    stage, _, store_id = rule.rollout.partition(":")
    if stage == "store" and store_id not in catalog.stores.stores:
        yield "rollout", no_store(store_id)
    if not rule.template:  # a log_event: the model lets no other rule go without
        return
    template = catalog.messages.templates.get(rule.template)
    if template is None:
        known = ", ".join(sorted(catalog.messages.templates))
        yield "template", f"no text is called {rule.template!r}; known: {known}"
        return
    if rule.is_notice != (template.form == "notice"):
        wanted = "a notice" if rule.is_notice else "a text for customers"
        yield "template", f"{rule.action} needs {wanted}; {template.name} has form {template.form}"
        return
    if rule.is_notice:
        yield from _notice_problems(rule, template)
        return
    yield from _text_problems(rule, template, catalog.stores)
    yield from _subject_problems(template, catalog.stores)


def _unknown_stores(store_ids: Iterable[str], catalog: Catalog) -> list[str]:
    return [store_id for store_id in store_ids if store_id not in catalog.stores.stores]


def no_store(store_id: str) -> str:
    """What to say of a store that nobody described."""
    return f"no store file describes {store_id}"


def _notice_problems(rule: Rule, template: MessageTemplate) -> Iterator[Problem]:
    """A digest speaks of ``bookings``, a line about one of ``booking``; neither has the other."""
    foreign = ONE_BOOKING if rule.scope is Scope.RUN else MANY_BOOKINGS
    for where, source in template.sources.items():
        found = sorted(names_in(source) & foreign)
        if found:
            named = ", ".join(found)
            yield "template", f"{template.name}, {where}: scope {rule.scope} has no {named}"


def _text_problems(
    rule: Rule, template: MessageTemplate, stores: StoreDirectory
) -> Iterator[Problem]:
    for where, raw in template.sources.items():
        text = with_chain_values(raw, stores)
        if rule.message_class is MessageClass.ADVERTISING:
            try:
                check_advertising(text, stores.brand)
            except TextNotLawful as error:
                yield "template", f"{template.name}, {where}: {error}"
        elif ADVERTISING_LABEL in text:
            yield "message_class", f"{template.name}, {where} is labelled {ADVERTISING_LABEL}"


def _subject_problems(template: MessageTemplate, stores: StoreDirectory) -> Iterator[Problem]:
    subject = with_chain_values(template.subject, stores)
    if "{" in subject:  # it depends on the booking: render checks it
        return
    try:
        check_subject(subject)
    except (TextTooLong, TextNotEncodable) as error:
        yield "template", f"{template.name}, subject: {error}"


def with_chain_values(text: str, stores: StoreDirectory) -> str:
    """The source with the chain's own values filled in: what is the same in every message."""
    for name, value in (("brand", stores.brand), ("opt_out_number", stores.opt_out_number)):
        text = re.sub(rf"\{{\{{\s*{name}\s*\}}\}}", value, text)
    return text
