"""Steps of a shadow campaign, as ``shadow_parity`` and ``booking-sms campaign`` call them.

The predecessor's table is read whole, on purpose: its rows carry no instant, so only the
difference of two reads tells what it did. It is never written, and neither is a text sent.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Mapping
from datetime import timedelta
from functools import partial
from typing import Any

import structlog

from booking_sms.bootstrap import Application
from booking_sms.domain.errors import ActionRefused, DispatchError, PayloadConflict
from booking_sms.domain.window import WINDOW_LENGTH, Window, last_end, windows_between
from booking_sms.parity.publishing import publish_parity
from booking_sms.parity.shadow.compare import compare
from booking_sms.parity.shadow.model import DB, SMS, SentText, WindowSides
from booking_sms.parity.shadow.record import (
    Snapshot,
    changes_between,
    decisions_of,
    open_reach,
    owners_of,
    sides_as_json,
    sides_from_json,
    snapshot_row,
)
from booking_sms.parity.shadow.result import mismatch_table, result_of, window_rows
from booking_sms.pipeline.comparison import comparison_id, phone_digest
from booking_sms.pipeline.once_a_day import tell_once_a_day
from booking_sms.pipeline.parallel import in_parallel
from booking_sms.workflow.campaigns import Campaign, read_campaign
from booking_sms.workflow.steps import Summary

log = structlog.get_logger(__name__)

JUDGED_WITH = 2
"""Windows on each side that decide about one: its own tolerance, and that of its neighbours."""

DAY_NOTE, OTHER_RULES_NOTE = "shadow_day", "shadow_other_rules"
OTHER_RULES = (
    "SHADOW: the rules, texts or stores are not those that the campaign was opened with: its"
    " windows do not count. Put them back, or: booking-sms campaign close, then bootstrap"
)


def read_legacy(app: Application, window: Window) -> Summary:
    """Keep what the table holds now as the read of this window; the first read of it stays.

    A later look would show later flags, so a task that runs again must not read again.
    """
    campaign = require_open(app)
    key = snapshot_key(campaign, window)
    if key not in app.stage.list(key):
        try:
            app.stage.write(key, read_table(app))
        except PayloadConflict:
            log.info("shadow_read_was_kept", window=window.name)
    rows = sum(map(len, app.stage.read(key)))
    return {"campaign": campaign.campaign, "window": window.name, "key": key, "rows": rows}


def read_table(app: Application) -> list[list[dict[str, Any]]]:
    """The predecessor's whole table without a person: numbers, digests, starts, flags."""
    hmac_key = app.connections.own.hmac_key
    return [[snapshot_row(row, hmac_key) for row in page] for page in app.ledger.pages()]


def compare_window(app: Application, window: Window) -> Summary:
    """Record what the predecessor did in this window, and judge the one before; counts only."""
    campaign = require_open(app)
    record = _record_of(app, campaign, window)
    app.plans.put(_record_id(campaign, window), sides_as_json(record))
    judged = Window(window.as_of - WINDOW_LENGTH)
    found = [one for one in _around(app, campaign, judged) if one["window"] == judged.name]
    sides = _sides(app, campaign, judged)
    return {
        "campaign": campaign.campaign,
        "window": window.name,
        "judged": judged.name,
        "legacy": None if record.changes is None else len(record.changes),
        "texts": None if record.texts is None else len(record.texts),
        "observed": _observed(sides),
        "other_rules": sides.other_rules,
        "mismatches": [one for one in found if not one["explained"]],
        "explained": sum(bool(one["explained"]) for one in found),
    }


def report_shadow(app: Application, window: Window, compared: Summary) -> Summary:
    """A line in the log and numbers each window, a line with a day's first; a mismatch is told.

    Numbers that nobody takes fail nothing. The campaign's own stay out of them: a mismatch of
    days ago would alarm every night.
    """
    rows = compared["mismatches"]
    counts = {key: value for key, value in compared.items() if key != "mismatches"}
    log.info("shadow_window", **counts, mismatches=len(rows))
    if rows:
        app.alert(
            f"SHADOW: {len(rows)} mismatches in window {compared['judged']}"
            f" ({_counted(rows)}). Details: booking-sms campaign status"
        )
    if compared["observed"] and app.comparison_metrics is not None:
        publish_parity(_window_result(app, compared), app.comparison_metrics, log)
    about, campaign = window.as_of, compared["campaign"]
    if compared["other_rules"]:
        tell = partial(app.alert, OTHER_RULES)
        tell_once_a_day(app.control, OTHER_RULES_NOTE, about, tell, about=campaign)
    tell_once_a_day(app.control, DAY_NOTE, about, partial(_log_day, app), about=campaign)
    return {**counts, "mismatches": len(rows)}


def _log_day(app: Application) -> bool:
    """The campaign so far; a result has its own "kind", which is not the event's name."""
    day = campaign_result(app)
    log.info("shadow_day", **{key: day[key] for key in day if key != "kind"})
    return True


def _observed(sides: WindowSides) -> list[str]:
    """The channels in which both sides of a window were seen."""
    channels = {DB: sides.changes, SMS: sides.texts} if sides.candidate is not None else {}
    return [name for name, side in channels.items() if side is not None]


def _window_result(app: Application, compared: Summary) -> dict[str, Any]:
    """One window as a result; a channel that was not read has no number, which is not zero."""
    found = Counter(row["channel"] for row in compared["mismatches"])
    return {
        "kind": "shadow",
        "campaign": compared["campaign"],
        "ran_at": app.clock.now().isoformat(),
        "unexplained": len(compared["mismatches"]),
        "channels": {name: {"mismatches": found[name]} for name in compared["observed"]},
    }


def campaign_result(app: Application, name: str | None = None) -> dict[str, Any]:
    """The result of the whole campaign up to its last read: counts, no person."""
    return campaign_report(app, name)["result"]  # type: ignore[no-any-return]


def campaign_report(app: Application, name: str | None = None) -> dict[str, Any]:
    """Result, a row for each window, and the masked table of differences."""
    campaign = read_campaign(app, name)
    if campaign is None:
        raise ActionRefused(f"no campaign {name or 'is open'}: booking-sms campaign bootstrap")
    sides = campaign_sides(app, campaign)
    found = compare(sides)
    result = result_of(
        found,
        campaign=campaign.campaign,
        ran_at=app.clock.now(),
        started_at=campaign.first.as_of,
    )
    rows = window_rows(sides, found)
    return {"result": result, "windows": rows, "differences": mismatch_table(found)}


def campaign_sides(app: Application, campaign: Campaign) -> list[WindowSides]:
    """Every window since the start that may have been read by now; unread ones stand empty."""
    until = campaign.facts.get("last_window") or last_end(app.clock.now()).isoformat()
    windows = list(windows_between(campaign.first.as_of, Window.from_name(until).as_of))
    sides = _all_sides(app, campaign, windows)
    # The last window may not have been read yet: that is no gap.
    return sides[:-1] if sides and sides[-1].changes is None else sides


def require_open(app: Application) -> Campaign:
    """The open campaign, or a refusal that says how to open one."""
    campaign = read_campaign(app)
    if campaign is None:
        raise ActionRefused("no campaign is open: booking-sms campaign bootstrap")
    return campaign


def snapshot_key(campaign: Campaign, window: Window) -> str:
    """Where the read of a window is staged."""
    return f"shadow/{campaign.campaign}/{window.as_of:%Y%m%dT%H%M}/table"


def _record_of(app: Application, campaign: Campaign, window: Window) -> WindowSides:
    after: Snapshot = app.stage.read(snapshot_key(campaign, window))
    before, since = _read_before(app, campaign, window)
    if before is None:
        return WindowSides(as_of=window.as_of)
    return WindowSides(
        as_of=window.as_of,
        changes=changes_between(before, after),
        since=since.as_of if since else None,
        texts=_texts_of(app, window, owners_of(after)) if campaign.facts["texts"] else None,
        reach=open_reach(before, app.store_ids()),
    )


def _read_before(
    app: Application, campaign: Campaign, window: Window
) -> tuple[Snapshot | None, Window | None]:
    """The last read before this window, with its window."""
    prefix = f"shadow/{campaign.campaign}/"
    mine = snapshot_key(campaign, window)
    earlier = [key for key in app.stage.list(prefix) if key < mine]
    if not earlier:
        return None, None
    stamp = earlier[-1].split("/")[2]
    first = campaign.first.as_of - WINDOW_LENGTH
    known = windows_between(first, window.as_of - WINDOW_LENGTH)
    since = next(one for one in known if f"{one.as_of:%Y%m%dT%H%M}" == stamp)
    return app.stage.read(earlier[-1]), since


def _texts_of(
    app: Application, window: Window, owners: Mapping[str, str]
) -> tuple[SentText, ...] | None:
    """What the gateway lists for the window's twenty minutes; None if it cannot be read."""
    end = window.as_of + WINDOW_LENGTH - timedelta(seconds=1)
    hmac_key = app.connections.own.hmac_key
    try:
        rows = app.gateway.list_between(window.as_of, end)
    except DispatchError as error:
        log.warning("shadow_texts_unread", window=window.name, error=error.code)
        return None
    found = ((phone_digest(hmac_key, row.to), row) for row in rows)
    return tuple(
        SentText(
            to=digest,
            body_sha=hashlib.sha256(row.content.encode()).hexdigest() if row.content else "",
            at=row.requested_at,
            booking_num=owners.get(digest, ""),
        )
        for digest, row in found
    )


def _around(app: Application, campaign: Campaign, window: Window) -> list[dict[str, Any]]:
    """Differences of the few windows around one, as the masked table has them."""
    reach = JUDGED_WITH * WINDOW_LENGTH
    first = max(window.as_of - reach, campaign.first.as_of)
    windows = list(windows_between(first, window.as_of + reach))
    return mismatch_table(compare(_all_sides(app, campaign, windows)))


def _all_sides(app: Application, campaign: Campaign, windows: list[Window]) -> list[WindowSides]:
    read = _read_stores(app, windows)
    stores = tuple(campaign.facts["stores"])

    def sides(window: Window) -> WindowSides:
        unread = tuple(store for store in stores if store not in read[window.name])
        return _sides_of(app, campaign, window, unread)

    return in_parallel(sides, windows)


def _sides(app: Application, campaign: Campaign, window: Window) -> WindowSides:
    """Both sides of one window; before the campaign nobody is on either."""
    if window < campaign.first:
        return WindowSides(as_of=window.as_of)
    return _all_sides(app, campaign, [window])[0]


def _read_stores(app: Application, windows: list[Window]) -> dict[str, set[str]]:
    """By window, the stores that the candidate has read and decided; one that is absent has not."""
    found: dict[str, set[str]] = {window.name: set() for window in windows}
    for store in app.store_ids() if windows else ():
        for row in app.windows.of_store(store, windows[0].as_of, windows[-1].as_of):
            if row.is_decided and row.window.name in found:
                found[row.window.name].add(store)
    return found


def _sides_of(
    app: Application, campaign: Campaign, window: Window, unread: tuple[str, ...]
) -> WindowSides:
    """Both sides of a window; a plan that no store took part in is no side."""
    record = app.plans.get(_record_id(campaign, window))
    plan = app.plans.get(comparison_id(window))
    sides = sides_from_json(record) if record else WindowSides(as_of=window.as_of)
    is_other = plan is not None and plan.get("catalog") != campaign.facts["catalog_digest"]
    is_decided = not is_other and set(unread) != set(campaign.facts["stores"])
    return WindowSides(
        as_of=window.as_of,
        candidate=decisions_of(plan) if plan and is_decided else None,
        changes=sides.changes,
        since=sides.since,
        texts=sides.texts,
        reach=sides.reach,
        unread=unread,
        other_rules=is_other,
    )


def _record_id(campaign: Campaign, window: Window) -> str:
    return f"shadow#{campaign.campaign}#{window.name}"


def _counted(rows: list[dict[str, Any]]) -> str:
    found = Counter(f"{row['channel']} {row['kind']}: {row['what']}" for row in rows)
    return ", ".join(f"{name} {number}" for name, number in sorted(found.items()))
