"""What differs between the rules in use and those to come, and what of it would text twice."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from booking_sms.domain.booking import KST
from booking_sms.domain.catalog import Catalog
from booking_sms.domain.rule import Rule, RuleSet


@dataclass(frozen=True, kw_only=True)
class CatalogChange:
    """Names of what was added, removed or changed between two catalogs."""

    rules_added: tuple[str, ...]
    rules_removed: tuple[str, ...]
    rules_changed: tuple[str, ...]
    texts: tuple[str, ...]
    stores: tuple[str, ...]

    @property
    def touches_sent_texts(self) -> bool:
        """Whether customers may hold a text that reads differently now."""
        return bool(self.texts or self.stores)

    def as_dict(self) -> dict[str, list[str]]:
        """JSON-able."""
        return {
            "rules_added": list(self.rules_added),
            "rules_removed": list(self.rules_removed),
            "rules_changed": list(self.rules_changed),
            "texts": list(self.texts),
            "stores": list(self.stores),
        }


def catalog_change(live: Catalog, to_come: Catalog) -> CatalogChange:
    """What takes effect when one catalog takes the place of another."""
    was = {rule.name: rule.digest for rule in live.rules.rules}
    will_be = {rule.name: rule.digest for rule in to_come.rules.rules}
    texts = _differing(live.messages.templates, to_come.messages.templates)
    if live.messages.replacements != to_come.messages.replacements:
        texts = (*texts, "_replacements")
    stores = _differing(live.stores.stores, to_come.stores.stores)
    if _chain_of(live) != _chain_of(to_come):
        stores = (*stores, "_chain")
    return CatalogChange(
        rules_added=tuple(name for name in will_be if name not in was),
        rules_removed=tuple(name for name in was if name not in will_be),
        rules_changed=tuple(n for n in will_be if n in was and was[n] != will_be[n]),
        texts=texts,
        stores=stores,
    )


def resend_dangers(live: RuleSet, to_come: RuleSet, at: datetime) -> tuple[str, ...]:
    """Why customers would get again what they have, if the rules to come were live from ``at``.

    Identity is (booking, kind, phone, occurrence): a new name of a kind or another occurrence
    makes every message a new one, unless ``formerly`` or ``effective_from`` says otherwise.
    """
    return (*_renamed_kinds(live, to_come), *_changed_occurrences(live, to_come, at))


def _renamed_kinds(live: RuleSet, to_come: RuleSet) -> Iterator[str]:
    was = {rule.name: rule for rule in live.rules}
    for rule in to_come.rules:
        old = was[rule.name].kind if rule.name in was else rule.kind
        if old != rule.kind and old not in rule.formerly:
            yield (
                f"rule {rule.name}: its kind was {old} and becomes {rule.kind}: who has the old "
                f"one would get it again; write formerly: [{old}]"
            )


def _changed_occurrences(live: RuleSet, to_come: RuleSet, at: datetime) -> Iterator[str]:
    """Rules of one kind agree on occurrence, so any live rule of the kind speaks for it."""
    was: dict[str, Rule] = {}
    for rule in live.rules:
        was.setdefault(rule.kind, rule)
    for rule in to_come.rules:
        old = was.get(rule.kind, rule)
        is_dated = rule.effective_from is not None and rule.effective_from >= at
        if old.occurrence != rule.occurrence and not is_dated:
            moment = f"{at.astimezone(KST):%Y-%m-%dT%H:%M%z}"
            yield (
                f"rule {rule.name}: kind {rule.kind} was sent {old.occurrence} and becomes "
                f"{rule.occurrence}: who has it would get it again; write effective_from: an "
                f"instant after {moment[:-2]}:{moment[-2:]}"
            )


def _differing(before: Mapping[str, Any], after: Mapping[str, Any]) -> tuple[str, ...]:
    names = sorted({*before, *after})
    return tuple(name for name in names if before.get(name) != after.get(name))


def _chain_of(catalog: Catalog) -> tuple[str, str, str]:
    stores = catalog.stores
    return stores.default_sender, stores.brand, stores.opt_out_number
