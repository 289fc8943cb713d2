"""``booking-sms run``, ``dispatch`` and ``reconcile``: one pass, for people without a scheduler."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import typer

from booking_sms import workflow
from booking_sms.adapters.clock import SystemClock
from booking_sms.bootstrap import Application
from booking_sms.cli.composition import application
from booking_sms.cli.console import JsonOption, fail, instant_of, print_facts
from booking_sms.cli.places import BOOKING_CODES, booking_place, sens_place
from booking_sms.config.connections import is_loopback_url
from booking_sms.domain.errors import ExtractError
from booking_sms.domain.window import OLD_AFTER, Window
from booking_sms.telemetry.run_metrics import DISPATCH, ETL, RECONCILE, measured_task

ALL_SHARDS = tuple(range(16))
UNSENT = ("not_sent", "store_failed", "incident", "waiting:paused", "waiting:text_unreadable")


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
    instant = instant_of("--at", at) if at else None
    composed = application(at=instant)
    window = Window(instant or composed.clock.now().replace(second=0, microsecond=0))
    refuse_far_instant(composed, window)
    composed.check_tables()
    result = run_window(composed, window)
    print_facts(f"window {window.name}", result, as_json=as_json)
    end_with(unread(composed, result) + unsent(composed, result["dispatched"]))


def run_window(app: Application, window: Window) -> dict[str, Any]:
    """The whole main job for one window; the same steps as the DAGs.

    What was decided before and is due goes out even if Naver cannot be read now.
    """
    try:
        with measured_task(app, ETL, "open_session"):
            opened = workflow.open_session(app, window)
    except ExtractError:
        workflow.window_report(app, window, [], None)
        send_due(app)
        raise
    with measured_task(app, ETL, "extract_store"):
        extracts, failed = workflow.extract_stores(app, window, opened["stores"])
    decided = decide_and_load(app, window, extracts) if extracts else {}
    with measured_task(app, ETL, "report_window", is_last=bool(decided)):
        report, _ = workflow.window_report(app, window, extracts, decided.get("loaded"))
    return {
        "window": window.name,
        "session": opened["session"],
        "bookings": {item["store"]: item["bookings"] for item in extracts},
        "quarantined": sum(item["quarantined"] for item in extracts),
        "failed_stores": sorted(failed),
        "failures": failed,
        "checks": decided.get("checks", {}),
        "planned": decided.get("planned", {}),
        "loaded": decided.get("loaded", {}).get("counts", {}),
        "accounting": report["accounting"],
        "dispatched": without_keys(send_due(app)),
    }


def decide_and_load(
    app: Application, window: Window, extracts: list[dict[str, Any]]
) -> dict[str, Any]:
    """Check, plan and load what was read."""
    with measured_task(app, ETL, "check_bookings"):
        checked = workflow.check_bookings(app, window, extracts)
    with measured_task(app, ETL, "plan_jobs"):
        planned = workflow.plan_jobs(app, window, extracts)
    with measured_task(app, ETL, "load_jobs"):
        loaded = workflow.load_jobs(app, window, planned["plan_key"])
    return {"checks": checked, "planned": planned["counts"], "loaded": loaded}


def send_due(app: Application) -> dict[str, Any]:
    """Send what is due and tell the owner."""
    with measured_task(app, DISPATCH, "claim_and_send"):
        dispatched = workflow.claim_and_send(app, ALL_SHARDS)
    with measured_task(app, DISPATCH, "report_dispatch", is_last=True):
        workflow.report_dispatch(app, [dispatched])
    return dispatched


def unread(app: Application, result: Mapping[str, Any]) -> list[str]:
    """One line about the stores that could not be read, if there are any."""
    failures = result["failures"]
    if not failures:
        return []
    told = ", ".join(f"{store} {code}" for store, code in sorted(failures.items()))
    is_naver = BOOKING_CODES.issuperset(failures.values())
    place = f" [{booking_place(app.connections)}]" if is_naver else ""
    return [f"stores not read: {told}{place}"]


def unsent(app: Application, dispatched: Mapping[str, Any]) -> list[str]:
    """One line about texts that were due and could not be sent, if there are any.

    A switch that somebody turned is no failure, and neither is a doubt: reconcile settles it.
    """
    counts = dispatched["counts"].items()
    failures = [f"{name} {count}" for name, count in counts if name.startswith(UNSENT)]
    place = sens_place(app.connections)
    return [f"texts not sent, they wait: {', '.join(failures)} [{place}]"] if failures else []


def end_with(problems: list[str]) -> None:
    """Print each problem and end with exit code 1; nothing without any."""
    for problem in problems:
        fail(problem)
    if problems:
        raise typer.Exit(1)


def without_keys(dispatched: Mapping[str, Any]) -> dict[str, Any]:
    """A dispatch result in counts: the keys of single jobs are for the report, not for people."""
    return {key: value for key, value in dispatched.items() if key not in {"accepted", "jobs"}}


def refuse_far_instant(app: Application, window: Window) -> None:
    """A pinned instant far from now is for the embedded world only: a real SENS would send."""
    far = abs(SystemClock().now() - window.as_of) > OLD_AFTER + timedelta(seconds=1)
    if far and not is_loopback_url(app.connections.sens.base_url):
        raise fail("--at is more than 2 windows from now, and the SENS host is not loopback")


def dispatch(as_json: bool = JsonOption) -> None:
    """Send what is due now."""
    composed = application()
    composed.check_tables()
    result = without_keys(send_due(composed))
    print_facts("dispatch", result, as_json=as_json)
    end_with(unsent(composed, result))


def reconcile(as_json: bool = JsonOption) -> None:
    """Settle doubts against SENS's list, poll delivery reports, expire what is too late."""
    composed = application()
    composed.check_tables()
    with measured_task(composed, RECONCILE, "reconcile", is_last=True):
        result = {
            "settled": workflow.settle_unknown_outcomes(composed),
            "delivery": workflow.poll_delivery_reports(composed),
            "expired": workflow.expire_overdue(composed),
        }
    print_facts("reconcile", result, as_json=as_json)
    unavailable = sum(part.get("list_unavailable", 0) for part in result.values())
    if unavailable:
        place = sens_place(composed.connections)
        end_with([f"SENS's list could not be read for {unavailable} texts, they wait [{place}]"])
