"""Steps that decide and load."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from time import perf_counter

from booking_sms.bootstrap import Application
from booking_sms.domain.booking import Booking
from booking_sms.domain.catalog import Catalog
from booking_sms.domain.decision import WindowPlan
from booking_sms.domain.errors import (
    StoresFailed,
)
from booking_sms.domain.ledger import Ledger
from booking_sms.domain.window import (
    Window,
)
from booking_sms.pipeline import extract as extraction
from booking_sms.pipeline import (
    gaps,
    load,
    plan,
)
from booking_sms.pipeline.build import build_batch
from booking_sms.pipeline.changes import ChangePlanner
from booking_sms.pipeline.comparison import store_comparison
from booking_sms.pipeline.day_totals import day_totals
from booking_sms.pipeline.gather import gather_digests, gather_ledger
from booking_sms.pipeline.job_batch import JobBatch
from booking_sms.pipeline.old_plans import settle_old_plan
from booking_sms.pipeline.plan_document import read_plan, write_plan
from booking_sms.pipeline.resend import TextMaker
from booking_sms.pipeline.text_alerts import alert_on_texts
from booking_sms.telemetry.log_events import log_event, since_ms
from booking_sms.workflow.campaigns import shadow_of
from booking_sms.workflow.steps import Summary


def plan_jobs(app: Application, window: Window, extracts: Sequence[Summary]) -> Summary:
    """Decide for every booking, render, and stage the plan (sealed); counts and its key.

    Store by store: what one task holds in memory is the largest store and the messages made.
    """
    if not extracts:
        raise StoresFailed("no store could be read", window=window.name)
    begun, catalog = perf_counter(), app.catalog()
    found: dict[str, gaps.GapCounts] = {}
    changer = _change_planner(app, window, catalog)
    batch = build_batch(
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
    _tell_plan(window, batch, begun)
    return {"plan_key": key, "counts": batch.counts()}


def _tell_plan(window: Window, batch: JobBatch, begun: float) -> None:
    for name, counts in batch.rules.items():
        log_event("rule_evaluated", window=window.name, rule_name=name, counts=counts.as_dict())
    planned, took = len(batch.jobs), since_ms(begun)
    log_event("jobs_planned", window=window.name, planned=planned, duration_ms=took)


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
    digests = gather_digests(app.jobs, catalog.rules)
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
    ledger = gather_ledger(
        shadow_of(app, window) or app.ledger, app.jobs, bookings, foresee=changer.foresee
    )
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
        shadow = shadow_of(app, window)
        if shadow is not None:
            shadow.remember(batch)
        compared = store_comparison(batch, window, app.plans, app.connections.own.hmac_key)
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
