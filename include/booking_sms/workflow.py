"""The main job's steps, as the DAG tasks and the CLI call them: one function a task.

Each takes the composed Application and returns JSON-able counts and keys, never a person, so
its result may travel through XCom. What happens inside each step lives in ``pipeline``.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from functools import partial
from typing import Any

import structlog

from booking_sms.bootstrap import Application
from booking_sms.domain.booking import KST, Booking
from booking_sms.domain.catalog import Catalog
from booking_sms.domain.decision import WindowPlan
from booking_sms.domain.errors import (
    BookingSmsError,
    ConfigError,
    GatewayListUnavailable,
    LoadError,
    StoresFailed,
    WindowRefused,
)
from booking_sms.domain.ledger import Ledger
from booking_sms.domain.sms_job import SmsJob
from booking_sms.domain.window import (
    WINDOW_LENGTH,
    CoverageStatus,
    StoreCoverage,
    Window,
    is_window_end,
)
from booking_sms.pipeline import (
    audit,
    delivery,
    dispatch,
    gaps,
    guard,
    load,
    plan,
    reconcile,
    report,
    rule_stats,
    settle,
    watch,
)
from booking_sms.pipeline import extract as extraction
from booking_sms.pipeline.cap_forecast import CapStanding
from booking_sms.pipeline.cap_watch import alert_on_caps, read_cap_standings, stopping_caps
from booking_sms.pipeline.catch_up import tell_catch_up
from booking_sms.pipeline.changes import ChangePlanner
from booking_sms.pipeline.day_totals import day_totals
from booking_sms.pipeline.old_plans import settle_old_plan
from booking_sms.pipeline.once_a_day import tell_once_a_day
from booking_sms.pipeline.operator import Person
from booking_sms.pipeline.pacing import workers_of
from booking_sms.pipeline.plan_document import read_plan, write_plan
from booking_sms.pipeline.repair_execution import (
    ExecutionReport,
    approve_repair,
    execute_repair,
)
from booking_sms.pipeline.repair_plan import (
    RepairCaps,
    RepairPlan,
    RepairRequest,
    read_repair,
)
from booking_sms.pipeline.repair_preview import preview_repair, windows_between
from booking_sms.pipeline.repair_services import RepairServices
from booking_sms.pipeline.resend import TextMaker
from booking_sms.pipeline.send_gate import pause_begun
from booking_sms.pipeline.text_alerts import alert_on_texts

Summary = dict[str, Any]
CLOCK_TOLERANCE = timedelta(minutes=1)
"""A worker's clock may be this much behind the scheduler's."""
PAUSE_ALERT = "pause_alert"
log = structlog.get_logger(__name__)


def resolve_window(
    app: Application,
    data_interval_end: datetime | None,
    window_end_param: str | None,
    run_type: str,
) -> Window:
    """The window of a DAG run: ``window_end`` for manual runs, else its data interval's end.

    Raises WindowRefused when neither is given, when the instant is not the end of a window,
    when a scheduled one lies before ``effective_from``, or when it is still to come on the
    business clock.
    """
    window = Window(_window_end(data_interval_end, window_end_param))
    if run_type == "scheduled" and app.settings.is_before_start(window.as_of):
        raise WindowRefused("the window lies before effective_from", window=window.name)
    if window.as_of > app.clock.now() + CLOCK_TOLERANCE:
        raise WindowRefused("the window has not ended yet", window=window.name)
    return window


def _window_end(data_interval_end: datetime | None, window_end_param: str | None) -> datetime:
    if window_end_param:
        as_of = _parse_window_end(window_end_param)
    elif data_interval_end is not None:
        as_of = data_interval_end
    else:
        raise WindowRefused("a manual run needs the parameter window_end (ISO, with offset)")
    if not is_window_end(as_of):
        raise WindowRefused("windows end at :00, :20 and :40", window_end=as_of.isoformat())
    return as_of


def _parse_window_end(text: object) -> datetime:
    try:
        as_of = datetime.fromisoformat(text if isinstance(text, str) else "")
    except ValueError:
        raise WindowRefused("window_end is not an ISO instant", window_end=text) from None
    if as_of.tzinfo is None:
        raise WindowRefused("window_end has no offset", window_end=text)
    return as_of


def open_session(app: Application, window: Window) -> Summary:
    """Make sure that Naver lets us in, before any store is asked; the stores to extract.

    A login that fails leaves every store's window failed, visibly, and is raised.
    """
    try:
        session = dict(app.session.ensure_valid())
    except BookingSmsError as error:  # also a browser that is not installed
        for store_id in app.store_ids():
            record_failed_store(app, window, store_id, error)
        raise
    return {"session": session, "stores": list(app.store_ids()), "window": window.name}


def extract_store(app: Application, window: Window, store_id: str, attempt: int = 1) -> Summary:
    """Fetch and stage one store; a failure is recorded as a failed window and raised."""
    app.catalog().stores.get(store_id)
    try:
        summary = _extract(app, window, store_id, attempt)
    except BookingSmsError as error:
        record_failed_store(app, window, store_id, error)
        raise
    return summary.as_dict()


def _extract(
    app: Application, window: Window, store_id: str, attempt: int
) -> extraction.ExtractSummary:
    """A current window is read anew; an old one by its own snapshot, else reconstructed."""
    if not window.is_old(app.clock.now()):
        return extraction.extract_store(app.source, app.stage, window, store_id, attempt)
    snapshot = extraction.find_snapshot(app.stage, window, store_id)
    if snapshot is not None:
        return extraction.summary_of(extraction.load_staged(app.stage, snapshot), snapshot)
    return extraction.extract_store(
        app.source, app.stage, window, store_id, attempt, reconstruct=True
    )


def extract_stores(
    app: Application, window: Window, stores: Iterable[str]
) -> tuple[list[Summary], dict[str, str]]:
    """Extract store by store in this process; one failing does not stop the others."""
    extracts: list[Summary] = []
    failed: dict[str, str] = {}
    for store_id in stores:
        try:
            extracts.append(extract_store(app, window, store_id))
        except ConfigError:
            raise  # not this store's fault: none would come
        except BookingSmsError as error:
            failed[store_id] = error.code
    return extracts, failed


def record_failed_store(
    app: Application, window: Window, store_id: str, error: BookingSmsError
) -> None:
    """Write a failed window for a store, with the error's name as reason."""
    app.windows.record(
        StoreCoverage(
            store_id=store_id, window=window, status=CoverageStatus.FAILED, reason=error.code
        )
    )


def check_bookings(app: Application, window: Window, extracts: Sequence[Summary]) -> Summary:
    """Great Expectations over what was extracted; critical failures are paged, not fatal.

    Refuses (StoresFailed) when no store came at all.
    """
    from booking_sms.quality.bookings import check_staged  # heavy: pandas and GX

    if not extracts:
        raise StoresFailed("no store could be read", window=window.name)
    result = check_staged(app.stage, [item["key"] for item in extracts], app.store_ids(), window)
    if not result["success"]:
        app.alert(f"booking checks failed in window {window.name}: {', '.join(result['failed'])}")
    return result


def plan_jobs(app: Application, window: Window, extracts: Sequence[Summary]) -> Summary:
    """Decide for every booking, render, and stage the plan (sealed); counts and its key.

    Store by store: what one task holds in memory is the largest store and the messages made.
    """
    if not extracts:
        raise StoresFailed("no store could be read", window=window.name)
    catalog = app.catalog()
    found: dict[str, gaps.GapCounts] = {}
    changer = _change_planner(app, window, catalog)
    batch = load.build_batch(
        _plans(app, window, catalog, extracts, changer, found),
        window,
        catalog,
        app.secrets,
        hmac_key=app.connections.own.hmac_key,
        code_version=app.code_version,
        now=app.clock.now(),
        day_totals=partial(
            day_totals, window.as_of, app.stage, app.sealer, app.jobs, catalog.stores
        ),
    )
    batch = changer.complete(batch)
    alert_on_texts(batch, catalog.messages, app.control, app.clock.now(), app.alert)
    key = write_plan(app.stage, app.sealer, window, replace(batch, gaps=found))
    return {"plan_key": key, "counts": batch.counts()}


def _plans(
    app: Application,
    window: Window,
    catalog: Catalog,
    extracts: Iterable[Summary],
    changer: ChangePlanner,
    found: dict[str, gaps.GapCounts],
) -> Iterator[WindowPlan]:
    """One plan a staged store, read when its turn comes, and that of the digests.

    What a store's gap has lost is put into ``found`` on the way.
    """
    terms = (catalog.rules, catalog.stores, window, app.rollout_stages())
    reader = gaps.GapReader(*terms)
    digests = load.gather_digests(app.jobs, catalog.rules)
    chunks = (_chunk(app, window, item, changer, reader, found) for item in extracts)
    return plan.plan_stores(plan.WindowPlanner(*terms), chunks, digests)


def _chunk(
    app: Application,
    window: Window,
    item: Summary,
    changer: ChangePlanner,
    reader: gaps.GapReader,
    found: dict[str, gaps.GapCounts],
) -> tuple[tuple[Booking, ...], Ledger]:
    """One staged store's bookings and what will be known of them once their changes are made."""
    bookings = extraction.load_bookings(app.stage, [item["key"]])
    ledger = load.gather_ledger(app.ledger, app.jobs, bookings, foresee=changer.foresee)
    missed = _missed_before(app, window, item["store"])
    if missed:
        found[item["store"]] = reader.lost(missed, bookings, ledger)
    return bookings, ledger


def _missed_before(app: Application, window: Window, store_id: str) -> list[Window]:
    """The gap that this window heals; an old one is a backfill or a repair and heals none."""
    if window.is_old(app.clock.now()):
        return []
    missed = gaps.missed_before(app.windows, store_id, window)
    return [one for one in missed if not app.settings.is_before_start(one.as_of)]


def _change_planner(app: Application, window: Window, catalog: Catalog) -> ChangePlanner:
    own = app.connections.own
    maker = TextMaker(
        catalog=catalog,
        secrets=app.secrets,
        hmac_key=own.hmac_key,
        code_version=app.code_version,
    )
    return ChangePlanner(maker, is_old=window.is_old(app.clock.now()))


def load_jobs(app: Application, window: Window, plan_key: str) -> Summary:
    """Change the jobs that wait, then enqueue the staged plan: body, then job, if absent."""
    batch = read_plan(app.stage, app.sealer, plan_key)
    if app.control.delivery_mode() == "comparison":
        compared = load.store_comparison(batch, window, app.plans)
        return {**compared.as_dict(), "gaps": batch.gaps}
    is_late, dropped = window.is_old(app.clock.now()), dict[str, int]()
    if is_late and batch.jobs:
        old = settle_old_plan(batch, app.source, app.clock.now())
        batch, dropped = old.batch, dict(old.dropped)
        # The accounting reads what was loaded, not what was planned before the second look.
        plan_key = write_plan(app.stage, app.sealer, window, batch)
    summary = load.load_jobs(batch, app.jobs, app.bodies, is_late=is_late)
    if summary.conflicts:
        app.alert(f"INCIDENT: {summary.conflicts} jobs exist with another payload ({window.name})")
    return {
        **summary.as_dict(),
        "plan_key": plan_key,
        "gaps": batch.gaps,
        "dropped": dropped,
    }


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
    if failed:
        raise StoresFailed("stores could not be read", stores=" ".join(failed), window=window.name)
    return result


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
    jobs, accounting = _account(app, window, loaded)
    text = report.window_text(window, coverage, jobs, app.catalog().stores)
    if text:
        app.tell_owner(text)
    tell_catch_up(app.control, window, coverage, app.catalog().stores, app.clock.now(), app.page)
    return {"window": window.name, "accounting": accounting, "failed_stores": failed}, failed


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


def claim_and_send(
    app: Application, shards: Sequence[int], should_stop: Callable[[], bool] = lambda: False
) -> Summary:
    """Drain what is due now in these shards, at their part of the configured rate."""
    policy = app.dispatch_policy(workers_of(len(shards)))
    return dispatch.dispatch_shards(app.dispatch_services, shards, policy, should_stop).as_dict()


def report_dispatch(app: Application, results: Sequence[Mapping[str, Any]]) -> Summary:
    """Tell the owner what was sent, masked, silent when nothing was; page if sending paused.

    The team hears of caps that are near, and everybody of one that holds texts.
    """
    keys = [tuple(key) for item in results for key in item.get("accepted", ())]
    text = report.dispatch_text(app.jobs, app.catalog().stores, keys)
    if text:
        app.tell_owner(text)
    stopped = sorted({reason for item in results for reason in item.get("stopped", ())})
    paused = [reason for reason in stopped if reason.startswith("paused_")]
    if paused:
        _page_pause(app, paused)
    _watch_caps(app, results)
    return {"accepted": len(keys), "told": bool(text), "stopped": stopped}


def _page_pause(app: Application, paused: Sequence[str]) -> None:
    """Once when it begins, and once a day while it is renewed; rather twice than not at all."""
    page = partial(app.page, f"SENS: all sending is paused ({', '.join(paused)}); texts wait")
    try:
        began = pause_begun(app.control)
        tell_once_a_day(app.control, PAUSE_ALERT, app.clock.now(), page, about=began)
    except LoadError:
        page()


def _watch_caps(app: Application, results: Sequence[Mapping[str, Any]]) -> None:
    """Look at the caps after a run that sent something or was stopped by one; idle ones cost none.

    Caps that cannot be read fail nothing: what was sent has been told.
    """
    counts: Counter[str] = Counter()
    for item in results:
        counts.update(item.get("counts", {}))
    stopping = stopping_caps(counts)
    if not stopping and not any(item.get("accepted") for item in results):
        return
    try:
        alert_on_caps(
            look_at_caps(app),
            stopping,
            app.control,
            app.clock.now(),
            alert=app.alert,
            page=app.page,
        )
    except LoadError as error:
        log.warning("caps_not_read", code=error.code)


def look_at_caps(app: Application) -> tuple[CapStanding, ...]:
    """Where the day's and the month's caps stand, with a forecast."""
    return read_cap_standings(app.dispatch_services, app.dispatch_policy(1).caps)


def settle_unknown_outcomes(app: Application) -> Summary:
    """Settle every doubt that SENS's list can settle."""
    return settle.settle_unknown_outcomes(app.dispatch_services, app.reconcile_policy()).as_dict()


def poll_delivery_reports(app: Application) -> Summary:
    """Ask SENS for the carriers' final words, and for who refused advertising."""
    summary = delivery.poll_delivery_reports(app.dispatch_services, app.reconcile_policy())
    return {**summary.as_dict(), "opt_outs": _refresh_opt_outs(app)}


def _refresh_opt_outs(app: Application) -> int | None:
    """How many were copied; None if SENS's list cannot be read now.

    Nobody gets more advertising by that: SENS fails it to those who refused.
    """
    try:
        return reconcile.refresh_opt_outs(app.dispatch_services)
    except GatewayListUnavailable as error:
        log.warning("opt_outs_not_read", reason=error.context.get("reason"))
        return None


def expire_overdue(app: Application) -> Summary:
    """Expire what is too late to send."""
    return reconcile.expire_overdue(app.dispatch_services).as_dict()


def audit_day(app: Application, day: date | None = None) -> audit.AuditReport:
    """The two-way proof of a day (by default yesterday); residue is told to the team, in counts."""
    services = app.dispatch_services
    found = audit.audit_day(services, app.reconcile_policy(), day or audit.yesterday(services))
    if not found.is_clean:
        app.alert(_audit_text(found))
    return found


def _audit_text(found: audit.AuditReport) -> str:
    kinds = Counter(residue.kind for residue in found.residue)
    if found.unreadable:
        kinds["unreadable_item"] = len(found.unreadable)
    told = ", ".join(f"{kind} {number}" for kind, number in sorted(kinds.items()))
    return f"AUDIT of {found.day}: {told}. Details: booking-sms audit --day {found.day}"


def guard_visits(app: Application) -> guard.GuardReport:
    """One round of the visit guard, on the bookings as Naver shows them now."""
    now = app.clock.now().timestamp()
    length = WINDOW_LENGTH.total_seconds()
    window = Window(datetime.fromtimestamp(now - now % length, KST))
    return guard.guard_visits(
        guard.GuardServices(
            jobs=app.jobs,
            ledger=app.ledger,
            control=app.control,
            clock=app.clock,
            stores=app.catalog().stores,
            read_store=lambda store_id: app.source.fetch_store(store_id, window).bookings,
            page=app.page,
        )
    )


def watch_windows(app: Application) -> watch.WatchReport:
    """One look at the coverage of all stores, for gaps and silence."""
    settings = app.settings
    return watch.watch_windows(
        watch.WatchServices(
            windows=app.windows,
            control=app.control,
            clock=app.clock,
            stores=app.catalog().stores,
            page=app.page,
            policy=watch.WatchPolicy(
                no_bookings_hours=settings.no_bookings_hours,
                band_low_percent=settings.bookings_band_low_percent,
                band_high_percent=settings.bookings_band_high_percent,
                effective_from=settings.effective_from,
            ),
        )
    )


# --- repairs: a backfill that is read before it is run ----------------------------------------


def repair_request(
    app: Application,
    first: str,
    last: str,
    *,
    stores: Sequence[str] = (),
    kinds: Sequence[str] = (),
    held: bool = False,
) -> RepairRequest:
    """What a person asks a repair for: windows by their ends (ISO, with offset), both included.

    Without both ends only ``held`` makes sense. Raises WindowRefused.
    """
    if bool(first) != bool(last):
        raise WindowRefused("a range of windows needs both its ends")
    ends: tuple[datetime, ...] = ()
    if first:
        since, until = (_window_end(None, text) for text in (first, last))
        ends = windows_between(since, until, app.clock.now())
    return RepairRequest(windows=ends, stores=tuple(stores), kinds=tuple(kinds), held=held)


def preview_effects(app: Application, request: RepairRequest, by: str) -> RepairPlan:
    """Work out and store what a repair would do; nothing is sent or enqueued."""
    app.session.ensure_valid()
    return preview_repair(_repair_services(app), request, by)


def read_repair_plan(app: Application, plan_id: str) -> RepairPlan:
    """A stored repair plan; ActionRefused for an unknown one."""
    return read_repair(app.plans, app.sealer, plan_id)


def approve_plan(app: Application, plan_id: str, plan_hash: str, person: Person) -> RepairPlan:
    """Record that a person allows this very plan; raises ActionRefused."""
    return approve_repair(_repair_services(app), plan_id, plan_hash, person)


def execute_plan(
    app: Application, plan_id: str, plan_hash: str, *, dry_run: bool = True
) -> ExecutionReport:
    """Carry an approved plan out, or only say what would be done now; raises ActionRefused."""
    app.session.ensure_valid()
    return execute_repair(_repair_services(app), plan_id, plan_hash, dry_run=dry_run)


def _repair_services(app: Application) -> RepairServices:
    catalog, settings = app.catalog(), app.settings
    return RepairServices(
        jobs=app.jobs,
        bodies=app.bodies,
        ledger=app.ledger,
        windows=app.windows,
        control=app.control,
        plans=app.plans,
        stage=app.stage,
        sealer=app.sealer,
        source=app.source,
        secrets=app.secrets,
        clock=app.clock,
        catalog=catalog,
        rollout=app.rollout_stages(),
        prices=settings.prices,
        caps=RepairCaps(
            max_texts=settings.repair_max_texts,
            max_krw=settings.repair_max_krw,
            max_age_hours=settings.repair_max_age_hours,
        ),
        hmac_key=app.connections.own.hmac_key,
        code_version=app.code_version,
        day_totals=partial(
            day_totals, stage=app.stage, sealer=app.sealer, jobs=app.jobs, stores=catalog.stores
        ),
    )
