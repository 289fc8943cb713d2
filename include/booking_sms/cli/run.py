"""``booking-sms run``, ``dispatch`` and ``reconcile``: one pass, for people without a scheduler."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import typer

from booking_sms import workflow
from booking_sms.adapters.clock import SystemClock
from booking_sms.bootstrap import Application
from booking_sms.cli.composition import application
from booking_sms.cli.console import JsonOption, fail, print_facts
from booking_sms.config.connections import is_loopback_url
from booking_sms.domain.window import OLD_AFTER, Window

ALL_SHARDS = tuple(range(16))


def register(app: typer.Typer) -> None:
    """Add the commands to the main application."""
    app.command("run")(run)
    app.command("dispatch")(dispatch)
    app.command("reconcile")(reconcile)


def run(
    at: str = typer.Option("", help="as_of and business clock, ISO with offset; default: now."),
    as_json: bool = JsonOption,
) -> None:
    """Extract, plan, load and dispatch once, in this process."""
    instant = parse_instant(at) if at else None
    composed = application(at=instant)
    window = Window(instant or composed.clock.now().replace(second=0, microsecond=0))
    refuse_far_instant(composed, window)
    result = run_window(composed, window)
    print_facts(f"window {window.name}", result, as_json=as_json)
    if result["failed_stores"]:
        raise fail(f"stores not read: {', '.join(result['failed_stores'])}", code=1)


def run_window(app: Application, window: Window) -> dict[str, Any]:
    """The whole main job for one window; the same steps as the DAGs."""
    opened = workflow.open_session(app, window)
    extracts, failed = workflow.extract_stores(app, window, opened["stores"])
    checked = workflow.check_bookings(app, window, extracts)
    planned = workflow.plan_jobs(app, window, extracts)
    loaded = workflow.load_jobs(app, window, planned["plan_key"])
    report, _ = workflow.window_report(app, window, extracts, loaded)
    dispatched = workflow.claim_and_send(app, ALL_SHARDS)
    workflow.report_dispatch(app, [dispatched])
    return {
        "window": window.name,
        "session": opened["session"],
        "bookings": {item["store"]: item["bookings"] for item in extracts},
        "quarantined": sum(item["quarantined"] for item in extracts),
        "failed_stores": sorted(failed),
        "checks": checked,
        "planned": planned["counts"],
        "loaded": loaded["counts"],
        "accounting": report["accounting"],
        "dispatched": without_keys(dispatched),
    }


def without_keys(dispatched: Mapping[str, Any]) -> dict[str, Any]:
    """A dispatch result in counts: the keys of single jobs are for the report, not for people."""
    return {key: value for key, value in dispatched.items() if key not in {"accepted", "jobs"}}


def parse_instant(text: str) -> datetime:
    """Parse an aware ISO instant; one clear line otherwise."""
    try:
        instant = datetime.fromisoformat(text)
    except ValueError:
        raise fail(f"--at: not an ISO instant: {text!r}") from None
    if instant.tzinfo is None:
        raise fail(f"--at: {text!r} has no offset; write for example {text}+09:00")
    return instant


def refuse_far_instant(app: Application, window: Window) -> None:
    """A pinned instant far from now is for the embedded world only: a real SENS would send."""
    far = abs(SystemClock().now() - window.as_of) > OLD_AFTER + timedelta(seconds=1)
    if far and not is_loopback_url(app.connections.sens.base_url):
        raise fail("--at is more than 2 windows from now, and the SENS host is not loopback")


def dispatch(as_json: bool = JsonOption) -> None:
    """Send what is due now."""
    composed = application()
    result = workflow.claim_and_send(composed, ALL_SHARDS)
    workflow.report_dispatch(composed, [result])
    print_facts("dispatch", without_keys(result), as_json=as_json)


def reconcile(as_json: bool = JsonOption) -> None:
    """Settle doubts against SENS's list, poll delivery reports, expire what is too late."""
    composed = application()
    result = {
        "settled": workflow.settle_unknown_outcomes(composed),
        "delivery": workflow.poll_delivery_reports(composed),
        "expired": workflow.expire_overdue(composed),
    }
    print_facts("reconcile", result, as_json=as_json)
