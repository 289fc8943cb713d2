"""A comparison as plain data: for the gate, for the log, for people. Digests stay inside."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from booking_sms.domain.window import WINDOW_LENGTH
from booking_sms.parity.shadow.model import DB, SMS, Compared, Finding, WindowSides

NOT_OBSERVABLE = ("telegram",)
"""Nobody can look into the predecessor's chat; its lines are compared on goldens only."""
MASK_KEEPS = 3


def result_of(
    compared: Compared, *, campaign: str, ran_at: datetime, started_at: datetime
) -> dict[str, Any]:
    """The campaign's result: counts only. ``started_at`` is the first window's end."""
    found = compared.findings
    since = zero_mismatch_since(compared, started_at)
    clean = [end for end in compared.windows if since is not None and end >= since]
    return {
        "kind": "shadow",
        "campaign": campaign,
        "ran_at": ran_at.isoformat(),
        "windows": len(compared.windows),
        "windows_not_observed": [end.isoformat() for end in compared.unobserved],
        "windows_of_other_rules": [end.isoformat() for end in compared.other_rules],
        "stores_not_observed": {
            end.isoformat(): list(stores) for end, stores in compared.stores_unobserved.items()
        },
        "stores": len(compared.stores - {""}),
        "compared": sum(compared.pairs.values()) + len(found),
        "legacy_items": compared.legacy_items,
        "candidate_items": compared.candidate_items,
        "mismatches": len(compared.mismatches),
        "explained": len(found) - len(compared.mismatches),
        "unexplained": len(compared.mismatches),
        "explained_by_cause": dict(Counter(one.explained for one in found if one.explained)),
        "shifted_by_one_window": compared.shifted,
        "pending": compared.pending,
        "not_compared": compared.not_compared,
        "not_comparable": len(decisions_not_comparable(compared)),
        "not_comparable_because": dict(Counter(decisions_not_comparable(compared).values())),
        "by_kind": dict(compared.by_kind),
        "channels": {DB: _channel(compared, DB), SMS: _channel(compared, SMS)},
        "not_observable": [*NOT_OBSERVABLE, *([] if compared.texts_observed else [SMS])],
        "zero_mismatch_since": since.isoformat() if since else None,
        "days_without_mismatch": round(len(clean) * WINDOW_LENGTH.total_seconds() / 86_400, 3),
        "vacuous": vacuous(compared),
    }


def decisions_not_comparable(compared: Compared) -> dict[tuple[str, str, datetime], str]:
    """The candidate's decisions that the predecessor could not take, with why; each once."""
    found = compared.not_comparable
    return {(one.booking_num, one.kind, one.window): one.what for one in found}


def zero_mismatch_since(compared: Compared, started_at: datetime) -> datetime | None:
    """First window of the current clean stretch: it ends at a mismatch, later of its ends, and at
    a window or a store that was not observed.
    """
    ends = [max(one.window, one.other or one.window) for one in compared.mismatches]
    broken = max((*ends, *compared.unobserved, *compared.stores_unobserved), default=None)
    after = [end for end in compared.windows if broken is None or end > broken]
    return max(started_at, after[0]) if after else None


def vacuous(compared: Compared) -> list[str]:
    """Why this comparison proves nothing; empty if it proves something."""
    checks = {
        "no window was observed on both sides": not compared.windows,
        "the candidate decided nothing": not compared.candidate_items,
        "the predecessor decided nothing": not compared.legacy_items,
        "nothing could be paired": not compared.pairs.get(DB),
        "no text of the predecessor was listed": compared.texts_observed
        and not compared.sent_items,
    }
    return [reason for reason, holds in checks.items() if holds]


def window_rows(windows: Sequence[WindowSides], compared: Compared) -> list[dict[str, Any]]:
    """One row a window: what each side did and what differed."""
    differing = Counter(one.window for one in compared.mismatches)
    explained = Counter(one.window for one in compared.findings if one.explained)
    return [
        {
            "window": one.as_of.isoformat(),
            "observed": one.is_observed,
            "other_rules": one.other_rules,
            "unread_stores": list(one.unread),
            "candidate": _size(one.candidate),
            "legacy": _size(one.changes),
            "texts": _size(one.texts),
            "mismatches": differing[one.as_of],
            "explained": explained[one.as_of],
        }
        for one in sorted(windows, key=lambda side: side.as_of)
    ]


def mismatch_table(compared: Compared) -> list[dict[str, Any]]:
    """Every difference, one row each: store and the booking's last digits, never a person."""
    return [_row(one) for one in compared.findings]


def _row(one: Finding) -> dict[str, Any]:
    return {
        "channel": one.channel,
        "what": one.what,
        "store": one.store_id,
        "booking": masked_booking(one.booking_num),
        "kind": one.kind,
        "window": one.window.isoformat(),
        "other_window": one.other.isoformat() if one.other else None,
        "explained": one.explained,
    }


def masked_booking(booking_num: str) -> str:
    """The store and the last digits: enough to find it, too little to look a person up."""
    store, _, number = booking_num.partition("_")
    return f"{store}_***{number[-MASK_KEEPS:]}" if number else ""


def _channel(compared: Compared, channel: str) -> dict[str, Any] | None:
    if channel == SMS and not compared.texts_observed:
        return None
    found = [one for one in compared.findings if one.channel == channel]
    return {
        "equal": compared.pairs.get(channel, 0),
        "mismatches": sum(not one.explained for one in found),
        "explained": sum(bool(one.explained) for one in found),
        "not_comparable": sum(one.channel == channel for one in compared.not_comparable),
    }


def _size(items: Sequence[object] | None) -> int | None:
    return None if items is None else len(items)
