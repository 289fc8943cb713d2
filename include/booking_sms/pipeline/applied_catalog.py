"""Which rules, texts and stores the pipeline uses: those that somebody applied, by name.

Until anything is applied the files are read at every window. From then on what was applied
counts, whatever becomes of the files: a catalog is kept whole under its digest, and one note
points at it. The pointer is written last, so a crash on the way leaves everything as it was.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from pydantic import ValidationError

from booking_sms.domain.booking import KST
from booking_sms.domain.catalog import Catalog
from booking_sms.domain.catalog_change import resend_dangers
from booking_sms.domain.errors import RuleInvalid
from booking_sms.pipeline.rule_source import LAST_GOOD, Notes, catalog_or_last_good, pack, unpack
from booking_sms.ports import ControlRepository

APPLIED = "applied-catalog"
KEPT = 50
"""How many applications the history remembers; the catalogs themselves are never deleted."""


@dataclass(frozen=True, kw_only=True)
class Applied:
    """One application: what became live, by whom, why and when (ISO), and what it replaced.

    ``rule_set`` is the file's name; ``previous`` the digest to which a revert goes back, empty
    if there is none; ``reverts`` the digest that a revert put aside.
    """

    digest: str
    rule_set: str
    by: str
    reason: str
    at: str
    previous: str = ""
    reverts: str = ""

    def as_dict(self) -> dict[str, str]:
        """JSON-able."""
        return asdict(self)


def applied_history(notes: Notes) -> tuple[Applied, ...]:
    """Applications and reverts, newest first; the first is live. Empty: nothing was applied."""
    note = notes.get_note(APPLIED) or {}
    return tuple(Applied(**entry) for entry in note.get("history", ()))


def rule_set_in_use(notes: Notes, default: str) -> str:
    """Name of the rule set that was applied last; the default if nothing was."""
    history = applied_history(notes)
    return history[0].rule_set if history else default


def stored_catalog(notes: Notes, digest: str) -> Catalog:
    """A catalog that was applied once; RuleInvalid if it cannot be read back."""
    return _unpacked(notes.get_note(_name_of(digest)), f"the applied rules {digest}")


def catalog_in_use(load: Callable[[], Catalog], notes: Notes) -> tuple[Catalog, str | None]:
    """What the pipeline decides by, and an alert if that is not what it should be.

    The applied catalog; if none was, the files, or the last good ones where they are invalid.
    """
    history = applied_history(notes)
    if not history:
        return catalog_or_last_good(load, notes)
    try:
        return stored_catalog(notes, history[0].digest), None
    except RuleInvalid as error:
        catalog, problem = catalog_or_last_good(load, notes)
        return catalog, f"{error}; the files are in use\n{problem or ''}".strip()


def live_catalog(notes: Notes) -> Catalog | None:
    """What the last window was decided by, without a write; None before the first window."""
    history = applied_history(notes)
    if history:
        return stored_catalog(notes, history[0].digest)
    note = notes.get_note(LAST_GOOD)
    return _unpacked(note, "the last good rules") if note else None


def apply_catalog(
    control: ControlRepository,
    catalog: Catalog,
    *,
    rule_set: str,
    by: str,
    reason: str,
    at: datetime,
) -> Applied:
    """Make a catalog live from the next window on; raises RuleInvalid if it would text twice."""
    history, live = applied_history(control), live_catalog(control)
    if live is not None:
        _refuse_dangers(live, catalog, at)
    if live is not None and not history:
        _keep(control, live)
    before = history[0].digest if history else live.digest if live else ""
    entry = Applied(
        digest=catalog.digest,
        rule_set=rule_set,
        by=by,
        reason=reason,
        at=_text_of(at),
        previous=before if before != catalog.digest else "",
    )
    _keep(control, catalog)
    _point_at(control, entry)
    return entry


def revert_catalog(control: ControlRepository, *, by: str, reason: str, at: datetime) -> Applied:
    """Go back to what was live before the last application; a second revert goes further back.

    Raises RuleInvalid when there is nothing to go back to, or when it would text twice.
    """
    history = applied_history(control)
    steps = _steps(history)
    if len(steps) < 2:
        raise RuleInvalid("nothing to go back to: no other rules were applied before")
    current, target = steps[-1], steps[-2]
    catalog = stored_catalog(control, target)
    _refuse_dangers(stored_catalog(control, current), catalog, at)
    names = {one.digest: one.rule_set for one in reversed(history)}
    entry = Applied(
        digest=target,
        rule_set=names.get(target, catalog.rules.name),
        by=by,
        reason=reason,
        at=_text_of(at),
        previous=steps[-3] if len(steps) > 2 else "",
        reverts=current,
    )
    _point_at(control, entry)
    return entry


def standing(notes: Notes, load: Callable[[str], Catalog]) -> str:
    """Whether the files are what is live, in words; ``load`` reads a rule set's files."""
    history = applied_history(notes)
    if not history:
        return "nothing was applied: the files are read at every window"
    live = history[0]
    said = f"{live.rule_set} {live.digest}, applied {live.at} by {live.by}"
    try:
        files = load(live.rule_set)
        is_same = files.digest == stored_catalog(notes, live.digest).digest
    except RuleInvalid as error:
        return f"{said}; not live yet: {str(error).splitlines()[0]}"
    return said if is_same else f"{said}; the files {files.digest}: not live yet"


def _steps(history: Sequence[Applied]) -> list[str]:
    """Digests from the first known to the live one, without what was reverted."""
    steps = [history[-1].previous] if history and history[-1].previous else []
    for entry in reversed(history):
        if entry.reverts and steps[-2:-1] == [entry.digest]:
            steps.pop()
        else:
            steps.append(entry.digest)
    return steps


def _refuse_dangers(live: Catalog, to_come: Catalog, at: datetime) -> None:
    dangers = resend_dangers(live.rules, to_come.rules, at)
    if dangers:
        raise RuleInvalid("\n".join(("refused, customers would be texted again:", *dangers)))


def _point_at(control: ControlRepository, entry: Applied) -> None:
    """The trail first, the pointer last."""
    verb = "revert to " if entry.reverts else ""
    control.record_change(
        "rules", f"{verb}{entry.rule_set} {entry.digest}", by=entry.by, reason=entry.reason
    )
    history = (entry, *applied_history(control))[:KEPT]
    control.put_note(APPLIED, {"history": [one.as_dict() for one in history]})


def _unpacked(note: Mapping[str, Any] | None, what: str) -> Catalog:
    try:
        return unpack(str((note or {})["packed"]))
    except (KeyError, ValueError, zlib.error, ValidationError):
        raise RuleInvalid(f"{what} cannot be read") from None


def _keep(notes: Notes, catalog: Catalog) -> None:
    name = _name_of(catalog.digest)
    if notes.get_note(name) is None:
        notes.put_note(name, _document(catalog))


def _document(catalog: Catalog) -> dict[str, Any]:
    return {"digest": catalog.digest, "packed": pack(catalog)}


def _name_of(digest: str) -> str:
    return f"catalog-{digest}"


def _text_of(at: datetime) -> str:
    return at.astimezone(KST).isoformat(timespec="seconds")
