"""The gate at a window's end: coverage, accounting, notices."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from booking_sms.bootstrap import Application
from booking_sms.domain.errors import (
    AccountingBroken,
    StoresFailed,
)
from booking_sms.domain.sms_job import SmsJob
from booking_sms.domain.window import (
    CoverageStatus,
    StoreCoverage,
    Window,
)
from booking_sms.pipeline import (
    gaps,
    report,
    rule_stats,
)
from booking_sms.pipeline.catch_up import tell_catch_up
from booking_sms.pipeline.plan_document import read_plan
from booking_sms.telemetry.log_events import ERROR, INFO, log_event
from booking_sms.telemetry.publishing import publish
from booking_sms.telemetry.run_metrics import window_points
from booking_sms.workflow.steps import Summary


def report_window(
    app: Application,
    window: Window,
    extracts: Sequence[Summary],
    loaded: Mapping[str, Any] | None,
) -> Summary:
    """The gate: coverage, accounting, notice; then StoresFailed naming every store that is missing.

    The accounting identity is proved from the outbox for what this window planned; it raises
    AccountingBroken if a message has no outcome.
    """
    result, failed = window_report(app, window, extracts, loaded)
    require_stores(window, failed)
    return result


def require_stores(window: Window, failed: Sequence[str]) -> None:
    """Raise StoresFailed naming every store that is missing."""
    if failed:
        raise StoresFailed("stores could not be read", stores=" ".join(failed), window=window.name)


def window_report(
    app: Application,
    window: Window,
    extracts: Sequence[Summary],
    loaded: Mapping[str, Any] | None,
) -> tuple[Summary, list[str]]:
    """Write coverage, account for every message, tell the owner; also the stores that failed."""
    coverage = _record_coverage(app, window, extracts, loaded)
    failed = [row.store_id for row in coverage if report.is_unread(row)]
    if failed:
        app.alert(f"window {window.name}: stores not read: {', '.join(failed)}")
    jobs, accounting = _account_and_measure(app, window, extracts, loaded)
    text = report.window_text(window, coverage, jobs, app.catalog().stores)
    if text:
        app.tell_owner(text)
    tell_catch_up(app.control, window, coverage, app.catalog().stores, app.clock.now(), app.page)
    log_event(
        "run_completed",
        level=ERROR if failed else INFO,
        window=window.name,
        status="failure" if failed else "success",
        bookings=sum(row.bookings for row in coverage),
        failed_stores=failed,
        accounting=accounting,
    )
    return {"window": window.name, "accounting": accounting, "failed_stores": failed}, failed


def _account_and_measure(
    app: Application,
    window: Window,
    extracts: Sequence[Summary],
    loaded: Mapping[str, Any] | None,
) -> tuple[list[SmsJob], dict[str, Any]]:
    """As ``_account``, and what monitoring has to know of it, also when it does not add up.

    Where nothing was accounted there is no number: a zero would say that all was.
    """
    unaccounted = None
    try:
        accounted = _account(app, window, loaded)
        unaccounted = 0 if loaded else None
    except AccountingBroken as broken:
        unaccounted = int(broken.context.get("number") or 1)
        raise
    finally:
        publish(app, lambda at: window_points(extracts, unaccounted, at))
    return accounted


def _account(
    app: Application, window: Window, loaded: Mapping[str, Any] | None
) -> tuple[list[SmsJob], dict[str, Any]]:
    """The window's planned jobs as they stand in the outbox, and their accounting identity.

    What each rule did is added to the day's counts, once a window.
    """
    if not loaded or not loaded.get("plan_key"):
        return [], {}
    batch = read_plan(app.stage, app.sealer, str(loaded["plan_key"]))
    overtaken = [(num, sort_key) for num, sort_key in loaded.get("overtaken", ())]
    identity = report.window_accounting(batch, app.jobs, overtaken)
    rule_stats.count_window(app.control, window, batch.rules)
    keys = [(job.booking_num, job.sort_key) for job, _ in batch.jobs]
    return report.read_jobs(app.jobs, keys), identity.as_dict()


def _record_coverage(
    app: Application,
    window: Window,
    extracts: Sequence[Summary],
    loaded: Mapping[str, Any] | None,
) -> list[StoreCoverage]:
    """One record a store; a store that did not come keeps the reason written when it failed."""
    came = {item["store"]: item for item in extracts}
    rows = []
    for store_id in app.store_ids():
        if store_id in came:
            row = _coverage(window, came[store_id], loaded)
            app.windows.record(row)
        else:
            row = _failed_row(app, window, store_id)
        rows.append(row)
    return rows


def _failed_row(app: Application, window: Window, store_id: str) -> StoreCoverage:
    for known in app.windows.of_store(store_id, window.as_of, window.as_of):
        if known.status is CoverageStatus.FAILED:
            return known
    row = StoreCoverage(
        store_id=store_id, window=window, status=CoverageStatus.FAILED, reason="NotExtracted"
    )
    app.windows.record(row)
    return row


def _coverage(window: Window, item: Summary, loaded: Mapping[str, Any] | None) -> StoreCoverage:
    """Covered, or partial where a booking could not be read or its state then is not known.

    What was read and never decided covers nothing: the next window has to know of it.
    """
    if not loaded:
        return StoreCoverage(
            store_id=item["store"],
            window=window,
            status=CoverageStatus.FAILED,
            bookings=item["bookings"],
            quarantined=item["quarantined"],
            reason=report.NOT_DECIDED,
        )
    causes = {name: item[name] for name in ("quarantined", "unknown_then") if item[name]}
    return StoreCoverage(
        store_id=item["store"],
        window=window,
        status=CoverageStatus.PARTIAL if causes else CoverageStatus.COVERED,
        bookings=item["bookings"],
        quarantined=item["quarantined"],
        reason=", ".join(causes),
        counts=tuple(causes.items()),
        heals=gaps.healed_windows(loaded.get("gaps", {}).get(item["store"], {})),
        reconstructed=item.get("reconstructed", False),
    )
