"""Whether every text was withheld while the two systems were compared."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from booking_sms.ports import OperatorChange
from booking_sms.readiness.checks import Check

COMPARISON = "comparison"
MODE, STORE_MODE = "mode", "mode#"
"""Names under which changes of the chain's and of a store's mode are recorded."""


@dataclass(frozen=True, kw_only=True)
class Modes:
    """Delivery modes as they are now, by store, and every recorded change of them."""

    now: Mapping[str, str]
    changes: Sequence[OperatorChange]


def now_comparing(modes: Modes) -> Check:
    """Every store is in comparison mode at this moment."""
    others = {store: mode for store, mode in modes.now.items() if mode != COMPARISON}
    return Check(
        what="stores not in comparison mode now",
        required="none",
        value=others,
        ok=not others if modes.now else None,
        reason="there is no store",
    )


def compared_throughout(modes: Modes, start: datetime) -> Check:
    """No change since the start left the mode, and the one before it had set it.

    Without any recorded change since then the mode of now is the mode of the start.
    """
    changes = sorted(filter(_is_of_mode, modes.changes), key=lambda change: change.at)
    since = [change for change in changes if change.at > start]
    before = [change.value for change in changes if change.at <= start and change.name == MODE]
    left = [f"{one.name} {one.value} at {one.at.isoformat()}" for one in _leaving(since)]
    late = bool(before) and before[-1] != COMPARISON
    unknown = any(change.name == MODE for change in since) and not before
    told = [*left, *(["not yet set at the start"] if late else [])]
    return Check(
        what="times the mode was left during the campaign",
        required="none",
        value=told,
        ok=None if unknown and not told else not told,
        reason="no record says which mode was in force at the start",
    )


def _is_of_mode(change: OperatorChange) -> bool:
    return change.name == MODE or change.name.startswith(STORE_MODE)


def _leaving(changes: Sequence[OperatorChange]) -> list[OperatorChange]:
    return [change for change in changes if change.value != COMPARISON]
