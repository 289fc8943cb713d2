"""Opens and closes a shadow campaign, after its prerequisites were looked at one by one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

import structlog

from booking_sms.bootstrap import Application
from booking_sms.config.settings import INCLUDE
from booking_sms.domain.booking import KST
from booking_sms.domain.errors import ActionRefused, BookingSmsError
from booking_sms.domain.window import WINDOW_LENGTH, Window, last_end
from booking_sms.parity.dataset import read_dataset
from booking_sms.pipeline.shadow_ledger import ShadowLedger
from booking_sms.workflow.campaigns import CLOSED, NOTE, OPEN, Campaign, read_campaign
from booking_sms.workflow.shadowing import read_table, snapshot_key

log = structlog.get_logger(__name__)

GOLDENS = INCLUDE / "golden" / "legacy-decisions.jsonl"


@dataclass(frozen=True, kw_only=True)
class Prerequisite:
    """One thing that must hold before a campaign proves anything, and how to make it hold."""

    name: str
    ok: bool
    found: str
    fix: str


def prerequisites(app: Application) -> tuple[Prerequisite, ...]:
    """Look at all of them; one that cannot be looked at does not hold, and says why."""
    checks: tuple[tuple[str, Callable[[Application], str], str], ...] = (
        ("delivery mode is comparison", _mode, "booking-sms control set-mode comparison"),
        ("no other campaign is open", _none_open, "booking-sms campaign close"),
        ("rule set is legacy", _rule_set, "set BOOKING_SMS_RULE_SET=legacy"),
        ("stores are known", _stores, "add include/stores/ID.yaml for each branch"),
        ("hmac key is there", _hmac, "set hmac_key in booking_sms_default"),
        ("predecessor's table is readable", _table, "allow Scan on the sms table; doctor"),
        ("session is borrowed", _session, "the predecessor must run and stay logged in"),
        (
            "goldens agree",
            _goldens,
            "booking-sms parity --golden include/golden/legacy-decisions.jsonl",
        ),
        ("alert channel is set up", _channel, "set slack_default (or telegram_default)"),
    )
    return tuple(_look(app, *check) for check in checks)


def bootstrap(
    app: Application, name: str = "", *, dry_run: bool = False, texts: bool = True
) -> tuple[dict[str, Any], tuple[Prerequisite, ...]]:
    """Open a campaign on the table as it is now; the facts and what was looked at.

    Refuses (ActionRefused) when a prerequisite does not hold; with ``dry_run`` nothing is written.
    Without ``texts`` the gateway's list is not read, for a predecessor that sends elsewhere.
    """
    looked = prerequisites(app)
    facts = {**_facts(app, name), "texts": texts}
    missing = [one for one in looked if not one.ok]
    if dry_run:
        return facts, looked
    if missing:
        told = "; ".join(f"{one.name}: {one.found} (fix: {one.fix})" for one in missing)
        raise ActionRefused(f"the campaign was not opened: {told}")
    return open_campaign(app, facts), looked


def open_campaign(app: Application, facts: dict[str, Any]) -> dict[str, Any]:
    """Read the table, keep it as the start, copy it into the shadow ledger, then say: open.

    The note comes last: before it nothing looks at any of this, so a crash leaves no campaign.
    """
    campaign = Campaign(
        campaign=facts["campaign"],
        started_at=datetime.fromisoformat(facts["started_at"]),
        first=Window.from_name(facts["first_window"]),
        facts=facts,
    )
    before = Window(campaign.first.as_of - WINDOW_LENGTH)
    app.stage.write(snapshot_key(campaign, before), read_table(app))
    shadow = ShadowLedger(app.plans, app.sealer, campaign.campaign, campaign.first)
    known = shadow.begin(row for page in app.ledger.pages() for row in page)
    kept = {**facts, "bookings_at_start": known}
    app.plans.put(campaign.plan_id, kept)
    app.control.put_note(NOTE, {"campaign": campaign.campaign, "status": OPEN})
    log.info("shadow_campaign_opened", **kept)
    return kept


def close_campaign(app: Application, *, by: str, reason: str) -> dict[str, Any]:
    """End the open campaign at the last window; its records stay."""
    campaign = read_campaign(app)
    if campaign is None:
        raise ActionRefused("no campaign is open")
    ended = {
        **campaign.facts,
        "last_window": Window(last_end(app.clock.now())).name,
        "closed_at": app.clock.now().isoformat(),
        "closed_by": by,
        "closed_because": reason,
    }
    app.plans.put(campaign.plan_id, ended)
    app.control.put_note(NOTE, {"campaign": campaign.campaign, "status": CLOSED})
    app.control.record_change(campaign.plan_id, CLOSED, by=by, reason=reason)
    return ended


def _facts(app: Application, name: str) -> dict[str, Any]:
    """What is compared with what: without it a result cannot be told from another."""
    catalog, now = app.catalog(), app.clock.now()
    named = name or f"validation-{int(now.timestamp())}"
    return {
        "campaign": named,
        "status": OPEN,
        "started_at": now.astimezone(UTC).isoformat(),
        "first_window": Window(last_end(now) + WINDOW_LENGTH).name,
        "rule_set": catalog.rules.name,
        "rules_digest": catalog.rules.digest,
        "catalog_digest": catalog.digest,
        "code_version": app.code_version,
        "stores": list(catalog.stores.stores),
        "dataset": _dataset(),
    }


def _dataset() -> dict[str, Any]:
    return read_dataset(GOLDENS.parent).stamp()


def _look(
    app: Application, name: str, check: Callable[[Application], str], fix: str
) -> Prerequisite:
    try:
        return Prerequisite(name=name, ok=True, found=check(app), fix=fix)
    except (BookingSmsError, OSError) as error:
        return Prerequisite(name=name, ok=False, found=str(error), fix=fix)


def _require(holds: object, found: str) -> str:
    if not holds:
        raise ActionRefused(found)
    return found


def _mode(app: Application) -> str:
    mode = app.control.delivery_mode()
    return _require(mode == "comparison", f"delivery mode {mode}")


def _none_open(app: Application) -> str:
    campaign = read_campaign(app)
    return _require(campaign is None, f"open: {campaign.campaign if campaign else 'none'}")


def _rule_set(app: Application) -> str:
    rules = app.catalog().rules
    return _require(rules.name == "legacy", f"rule set {rules.name}")


def _stores(app: Application) -> str:
    number = len(app.store_ids())
    return _require(number, f"{number} stores")


def _hmac(app: Application) -> str:
    return _require(app.connections.own.hmac_key, "hmac key of booking_sms_default")


def _table(app: Application) -> str:
    rows = sum(map(len, app.ledger.pages()))
    return _require(rows, f"{rows} rows in the sms table")


def _session(app: Application) -> str:
    return f"session {app.session.ensure_valid()['state']}"


def _goldens(app: Application) -> str:
    from booking_sms.adapters.naver.parsing import parse_booking
    from booking_sms.parity.explained import explained_file, read_explained
    from booking_sms.parity.golden import golden_parity

    today = app.clock.now().astimezone(KST).date()
    catalog = app.catalog()
    known = read_explained(explained_file(app.settings.home, "legacy"), catalog.rules)
    report = golden_parity(GOLDENS, catalog, parse_booking, known, today=today)
    return _require(report.passed, f"{report.scenarios} scenarios, passed: {report.passed}")


def _channel(app: Application) -> str:
    names = ", ".join(app.channels) or "none"
    return _require(app.channels, f"channels: {names}")


def as_rows(looked: tuple[Prerequisite, ...]) -> list[dict[str, Any]]:
    """For people and JSON."""
    return [asdict(one) for one in looked]
