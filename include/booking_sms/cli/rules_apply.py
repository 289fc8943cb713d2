"""``booking-sms rules apply|revert|history``: how an owner's edit becomes what is sent."""

from __future__ import annotations

from typing import Any

import typer

from booking_sms.bootstrap import Application
from booking_sms.cli import composition
from booking_sms.cli.catalogs import catalog_of
from booking_sms.cli.console import JsonOption, err, fail, print_facts, print_json, print_table
from booking_sms.cli.control import ByOption, ReasonOption
from booking_sms.domain.catalog import Catalog
from booking_sms.domain.catalog_change import CatalogChange, catalog_change
from booking_sms.domain.errors import RuleInvalid
from booking_sms.pipeline.applied_catalog import (
    Applied,
    applied_history,
    apply_catalog,
    live_catalog,
    revert_catalog,
    rule_set_in_use,
    standing,
    stored_catalog,
)
from booking_sms.pipeline.preview import text_problems

OUTDATED = "booking-sms message outdated"
COLUMNS = ("at", "what", "rules", "digest", "by", "reason")


def apply(
    rules: str = typer.Argument("", help="Name of a rule set; default: the one in use."),
    by: str = ByOption,
    reason: str = ReasonOption,
    as_json: bool = JsonOption,
) -> None:
    """Make rules, texts and stores live from the next window on, with who and why.

    Refused, and nothing changes: invalid files, texts that cannot be rendered, and changes by
    which customers would get again what they have.
    """
    app = composition.application()
    history = applied_history(app.control)
    name = rules or rule_set_in_use(app.control, app.settings.rule_set)
    catalog = catalog_of(name)
    _refuse_broken_texts(catalog)
    live = live_catalog(app.control)
    if history and live is not None and live.digest == catalog.digest:
        print_facts("rules", {"live": history[0].as_dict(), "changed": False}, as_json=as_json)
        return
    entry = apply_catalog(
        app.control, catalog, rule_set=name, by=by, reason=reason, at=app.clock.now()
    )
    _tell(app, entry, catalog_change(live, catalog) if live else None, as_json=as_json)


def revert(by: str = ByOption, reason: str = ReasonOption, as_json: bool = JsonOption) -> None:
    """Go back to the rules, texts and stores that were live before; again: further back."""
    app = composition.application()
    entry = revert_catalog(app.control, by=by, reason=reason, at=app.clock.now())
    before = stored_catalog(app.control, entry.reverts)
    now_live = stored_catalog(app.control, entry.digest)
    _tell(app, entry, catalog_change(before, now_live), as_json=as_json)


def history(as_json: bool = JsonOption) -> None:
    """What was applied and reverted, by whom and why; the first line is live."""
    app = composition.application()
    entries = applied_history(app.control)
    state = standing(app.control, catalog_of)
    if as_json:
        print_json({"live": state, "history": [entry.as_dict() for entry in entries]})
        return
    print_table("rules applied", COLUMNS, map(_row, entries))
    err.print(f"live: {state}", highlight=False, markup=False, soft_wrap=True)


def _row(entry: Applied) -> tuple[str, ...]:
    what = f"revert of {entry.reverts}" if entry.reverts else "apply"
    return entry.at, what, entry.rule_set, entry.digest, entry.by, entry.reason


def _refuse_broken_texts(catalog: Catalog) -> None:
    problems = [
        f"rule {found.rule}, store {found.store_id}: {found.problem}"
        for found in text_problems(catalog)
    ]
    if problems:
        raise RuleInvalid("\n".join(("refused, texts cannot be rendered:", *problems)))


def _tell(app: Application, entry: Applied, change: CatalogChange | None, *, as_json: bool) -> None:
    """Answer the command, and tell the owner's channel what is live now."""
    told = app.tell_owner(owner_note(entry, change))
    facts: dict[str, Any] = {"live": entry.as_dict(), "changed": True, "told": told}
    if change is not None:
        facts |= change.as_dict()
        if change.touches_sent_texts:
            facts["next"] = OUTDATED
    print_facts("rules", facts, as_json=as_json)
    if not told:
        fail("the owner could not be told; the rules are live all the same")


def owner_note(entry: Applied, change: CatalogChange | None) -> str:
    """What the owner reads: what is live now, who did it and why, and what changed."""
    verb = "되돌렸습니다" if entry.reverts else "적용했습니다"
    lines = [
        f"규칙을 {verb}: {entry.rule_set} ({entry.digest})",
        f"다음 회차부터 쓰입니다. {entry.by}: {entry.reason}",
    ]
    words = (
        ("새 규칙", change.rules_added),
        ("없앤 규칙", change.rules_removed),
        ("바뀐 규칙", change.rules_changed),
        ("바뀐 문자", change.texts),
        ("바뀐 매장", change.stores),
    ) if change else ()  # fmt: skip
    return "\n".join([*lines, *(f"{word}: {', '.join(names)}" for word, names in words if names)])
