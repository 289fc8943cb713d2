"""Repairs: a backfill that is read before it is run."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import partial

from booking_sms.bootstrap import Application
from booking_sms.domain.errors import (
    WindowRefused,
)
from booking_sms.pipeline.day_totals import day_totals
from booking_sms.pipeline.operator import Person
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
from booking_sms.workflow.windows import parse_window_end


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
        since, until = (parse_window_end(text) for text in (first, last))
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
